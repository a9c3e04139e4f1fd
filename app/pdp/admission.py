"""Whether a bundle may decide: everything that must hold before the first request meets it.

Owns the order: sources are measured before the engine parses them (its parser takes exponential time for deep nesting),
the engine accepts every module, every action has the shape that makes a forgotten rule close instead of open, nothing
is used that could not be replayed, and the tests pass. Runs policies, which may take for ever or all memory;
`admission_process` does it in a process that may die.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.pdp.bundle import Action, Bundle
from app.pdp.decide import MAX_OBLIGATIONS_BYTES
from app.pdp.engine import Engine
from app.pdp.errors import BundleError, EngineError
from app.pdp.model import Decision
from app.pdp.policy_lint import lint
from app.pdp.policy_test import run_tests
from app.pdp.prescan import verify_source
from app.pdp.strict_json import encode
from app.pdp.syntax import Module, Rule, parse_syntax_trees

_MAX_DECISION_BYTES: Final = 16_384  # what a record of 64 KiB has left beside the sealed request
_DECISION: Final = ("data", "lib", "gates", "decision")


def _ignore(_: str) -> None: ...


def admit(bundle: Bundle, *, begun: Callable[[str], None] = _ignore) -> None:
    """Return if `bundle` may decide; `begun` is told where in it admission is, before the engine does anything there.

    Raises:
        BundleError: it may not; one line with the place, what is wrong, and what to write instead.
    """
    modules = []
    for file, source in {**bundle.modules, **bundle.tests}.items():
        begun(f"{file}:1:1: the module")
        modules.append(_parsed(file, source))
    by_file = {module.file: module for module in modules}
    for module in modules:
        _verify_package(module)
    for action in bundle.actions.values():
        _verify_gates(action, by_file[action.file])
        _verify_decision(action, by_file[action.file])
        _verify_size(action)
        _verify_tested(action, by_file)
    lint(bundle, modules)
    for result in run_tests(bundle, begun=begun, modules=modules).results:
        if not result.passed:
            raise BundleError(f"{result.file}:{result.line}:1: `{result.name}` fails: {result.error}")


def _parsed(file: str, source: str) -> Module:
    """Return one module, parsed on its own, so that what breaks the engine has a place."""
    verify_source(file, source)
    try:
        (module,) = parse_syntax_trees(Engine({file: source}, "{}").syntax_trees())
    except EngineError as error:
        raise BundleError(f"{error}") from None
    return module


def _verify_package(module: Module) -> None:
    wanted = ("data", *module.file.removeprefix("rego/").removesuffix(".rego").split("/"))
    if module.package != wanted:
        raise BundleError(f"{module.file}:1:1: write `package {'.'.join(wanted[1:])}`, after the file")


def _verify_gates(action: Action, module: Module) -> None:
    """Hold gates, METADATA and `required` to each other, so that none of the three can be forgotten alone."""
    first: dict[str, int] = {}
    for rule in _named(module, "passed"):
        gate = rule.head.get("key", {}).get("String", {}).get("value") if rule.kind == "Set" else None
        if gate is None or not rule.bodies:
            module.refuse(rule.span, 'a gate is written `passed contains "<gate>" if <condition>`')
        line = module.line(rule.span)
        first[gate] = min(first.get(gate, line), line)
        if gate not in action.rules:
            module.refuse(rule.span, f"gate `{gate}` has no METADATA directly above its first rule")
    for gate, described in action.rules.items():
        if first.get(gate) != described.line:
            raise BundleError(f"{module.file}:{described.line}:1: METADATA of `{gate}` is not above its first rule")
    required, rule = _required(module)
    if missing := sorted(required - first.keys()):
        module.refuse(rule.span, f"gate `{missing[0]}` is required and has no rule")
    if extra := sorted(first.keys() - required):
        module.refuse(rule.span, f"gate `{extra[0]}` has a rule and is not required; add it")


def _required(module: Module) -> tuple[set[str], Rule]:
    rules = _named(module, "required")
    if len(rules) == 1 and rules[0].kind == "Compr" and not rules[0].bodies and rules[0].head["assign"]:
        value = rules[0].head["assign"]["value"]
        gates = {item.get("String", {}).get("value") for item in value.get("Set", {}).get("items", [])}
        if gates and None not in gates:
            return gates, rules[0]
    raise BundleError(f'{_place(module, rules)}: name every gate, once, in `required := {{"<gate>", ...}}`')


def _verify_decision(action: Action, module: Module) -> None:
    """Hold `decision` to the one form in which every gate counts."""
    rules = _named(module, "decision")
    own = {name: (*module.package, name) for name in ("required", "passed")}
    if len(rules) == 1 and rules[0].kind == "Compr" and not rules[0].bodies:
        call = ((rules[0].head["assign"] or {}).get("value") or {}).get("Call", {"fcn": {}, "params": []})
        name, *sets = [*call["params"], {}, {}, {}][:3]
        stated = name.get("String", {}).get("value"), *map(module.resolve, sets)
        if module.resolve(call["fcn"]) == _DECISION and stated == (action.name, own["required"], own["passed"]):
            return
    form = f'decision := gates.decision("{action.name}", required, passed, <obligations>)'
    raise BundleError(f"{_place(module, rules)}: write, once and without a condition, `{form}`")


def _named(module: Module, name: str) -> list[Rule]:
    return [rule for rule in module.rules if rule.name == name]


def _place(module: Module, rules: list[Rule]) -> str:
    """Return the place of the last of some rules, or of the module if there is none."""
    return module.place(rules[-1].span) if rules else f"{module.file}:1:1"


def _verify_size(action: Action) -> None:
    """Raise if the worst decision of this action, every gate failed, would not fit into a record."""
    worst = Decision(allow=False, failed=tuple(action.rules), violations=tuple(action.violations.values()))
    if len(encode(worst.document())) + MAX_OBLIGATIONS_BYTES > _MAX_DECISION_BYTES:
        raise BundleError(f"{action.file}:1:1: gates and titles are too many for a record; split the action")


def _verify_tested(action: Action, modules: Mapping[str, Module]) -> None:
    file = f"{action.file.removesuffix('.rego')}_test.rego"
    tests: Any = modules[file].rules if file in modules else ()
    if not any(rule.name.startswith("test_") for rule in tests):
        raise BundleError(f"{action.file}:1:1: action `{action.name}` has no test; write `{file}`")
