"""What a policy may be written of, as far as one can tell without running it.

Owns the rules about single constructs: calls, references, equality, `not`, `with`, recursion. The engine finds a
misspelt name only when it evaluates the rule, never finds recursion, and dies of it; so these are found here, with
their place.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from app.pdp.builtins import BUILTINS
from app.pdp.bundle import Bundle
from app.pdp.errors import BundleError
from app.pdp.syntax import Module, Path, Rule, brackets, is_static, nodes, references, span_of, static_path

_MAX_CHAIN: Final = 64
_ENVIRONMENT: Final = {"action": ("name",), "environment": ("time", "tenant", "caller")}
_REGO_V1: Final = ("rego", "v1")
_TAKES_PATHS: Final = frozenset({"json.filter", "json.remove"})
_CONSTANTS: Final = frozenset({"String", "Number", "True", "False", "Null"})

_Key = tuple[Path, str]
"""A rule: its package and its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Everything a reference may lead to. `rules` are the rules of all modules, `data` the document beside them."""

    rules: Mapping[Path, Mapping[str, Rule]]
    data: dict[str, Any]
    schemas: Mapping[str, dict[str, Any]]

    def package_of(self, path: Path) -> Path | None:
        """Return the longest package that `path` begins with."""
        starts = (path[:length] for length in range(len(path), 0, -1))
        return next((start for start in starts if start in self.rules), None)


def lint(bundle: Bundle, modules: Sequence[Module]) -> None:
    """Check every rule of `modules`, the syntax of the bundle's modules and tests.

    Raises:
        BundleError: with the place of the first thing that is wrong.
    """
    rules: dict[Path, dict[str, Rule]] = {}
    for module in modules:
        rules.setdefault(module.package, {}).update({rule.name: rule for rule in module.rules})
    schemas = {action.file: action.contract.schema for action in bundle.actions.values()}
    names = _Names(rules=rules, data=json.loads(bundle.data), schemas=schemas)
    for module in modules:
        _lint_module(module, names, is_test=module.file in bundle.tests)
    _lint_recursion(modules, names)


def _lint_module(module: Module, names: _Names, *, is_test: bool) -> None:
    for path, span in module.imported:
        if path != _REGO_V1 and (path[0] != "data" or path == ("data",) or not _leads_somewhere(names, path)):
            module.refuse(span, f"imports `{'.'.join(path)}`, which this bundle does not have")
    for rule in module.rules:
        local = _arguments(rule)
        for call in nodes(rule.parts(), "Call"):
            _lint_call(module, names, call)
        if not is_test:
            _lint_rule(module, names, rule, local)


def _lint_rule(module: Module, names: _Names, rule: Rule, local: frozenset[str]) -> None:
    """Hold a rule that decides to what a test need not keep."""
    for negated in nodes(rule.parts(), "NotExpr"):
        _lint_not(module, negated, local)
    for mocked in _mocks(rule.parts()):
        module.refuse(mocked, "`with` is for tests; write the rule as a function of what changes")
    for reference in references(rule.parts()):
        _lint_reference(module, names, _meant(module, reference, local), span_of(reference))
    for operation in (*nodes(rule.parts(), "BoolExpr"), *nodes(rule.parts(), "AssignExpr")):
        if operation["op"] in {"Eq", "Ne"}:
            _lint_equality(module, names, operation, local)


def _lint_call(module: Module, names: _Names, call: dict[str, Any]) -> None:
    written = static_path(call["fcn"])
    path, given = module.resolve(call["fcn"]), len(call["params"])
    package = names.package_of(path)
    name = ".".join(written)
    if package and len(path) == len(package) + 1 and path[-1] in names.rules[package]:
        wanted = names.rules[package][path[-1]].arity
    elif name in BUILTINS:
        wanted = BUILTINS[name]
    else:
        module.refuse(call["span"], f"`{name}` is no function that a policy may call; see docs/builtins.md")
    if given == wanted:
        if name in _TAKES_PATHS:
            _lint_paths(module, names, call["params"][1])
        return
    if name == "walk":
        module.refuse(call["span"], "write `walk(x, [path, value])`; the engine finds nothing with `:= walk(x)`")
    module.refuse(call["span"], f"`{name}` takes {wanted} arguments, not {given}; assign the result with `:=`")


def _lint_paths(module: Module, names: _Names, paths: dict[str, Any]) -> None:
    """Refuse paths that begin with `/`: OPA overlooks it, the engine finds nothing there, and nothing is removed."""
    for listing in (*nodes(paths, "Array"), *nodes(paths, "Set")):
        for item in listing["items"]:
            if item.get("String", {}).get("value", "").startswith("/"):
                module.refuse(span_of(item), "write the path without its first `/`; the engine finds nothing with it")
    path = _meant(module, paths, frozenset())
    datum = _datum(names.data, path[1:]) if path[:1] == ("data",) else None
    if isinstance(datum, list) and any(isinstance(each, str) and each.startswith("/") for each in datum):
        module.refuse(span_of(paths), "write the paths in the data without their first `/`; the engine finds nothing")


def _lint_not(module: Module, negated: dict[str, Any], local: frozenset[str]) -> None:
    """Refuse `not` before anything but a name: engines differ where a part of what it denies is undefined."""

    def is_defined(index: dict[str, Any]) -> bool:
        return bool(_CONSTANTS & index.keys()) or ("Var" in index and not module.resolve(index, local))

    if not static_path(negated["expr"]) or not all(map(is_defined, brackets(negated["expr"]))):
        module.refuse(
            negated["span"],
            "`not` stands before a name alone, else it holds where a part is undefined, and in OPA it does not; "
            "write the opposite (`a < b`, `f(x) == false`), or name the condition as a rule and write `not <rule>`",
        )


def _mocks(part: Any) -> Iterator[dict[str, int]]:
    """Yield the span of every `with`."""
    if isinstance(part, list):
        for value in part:
            yield from _mocks(value)
    elif isinstance(part, dict):
        yield from (each["span"] for each in part.get("with_mods", ()))
        for value in part.values():
            yield from _mocks(value)


def _lint_reference(module: Module, names: _Names, path: Path, span: dict[str, int]) -> None:
    """Refuse a reference that can never lead anywhere: the engine takes it for undefined."""
    if path[:1] == ("input",):
        if module.file in names.schemas and _in_contract(names.schemas[module.file], path[1:]) is None:
            module.refuse(span, f"the contract does not name `{'.'.join(path)}`; the policy would never see it")
    elif path == ("data",):
        module.refuse(span, "name what you read of `data`")
    elif path and not _leads_somewhere(names, path):
        module.refuse(span, f"there is no `{'.'.join(path)}`")


def _in_contract(schema: dict[str, Any], path: Path) -> dict[str, Any] | None:
    """Return what the contract says about `path`, a path in the input; None if it does not name it."""
    if not path:
        return {}
    if path[0] in _ENVIRONMENT and (len(path) < 2 or path[1:] in {(name,) for name in _ENVIRONMENT[path[0]]}):  # noqa: PLR2004
        return {}
    node: dict[str, Any] | None = schema
    for name in path:
        node = node.get("properties", {}).get(name) if node else None
    return node


def _leads_somewhere(names: _Names, path: Path) -> bool:
    package = names.package_of(path)
    if package:
        return len(path) == len(package) or path[len(package)] in names.rules[package]
    if any(known[: len(path)] == path for known in names.rules):
        return True
    return path[1] == "rules" or _datum(names.data, path[1:]) is not None


def _datum(data: Any, path: Path) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _lint_equality(module: Module, names: _Names, operation: dict[str, Any], local: frozenset[str]) -> None:
    """Refuse equality on numbers that need not be whole: engines differ in their last digit."""
    for side in (operation["lhs"], operation["rhs"]):
        path = _meant(module, side, local)
        literal = side.get("Number", {}).get("value")
        datum = _datum(names.data, path[1:]) if path[:1] == ("data",) else None
        schema = _in_contract(names.schemas.get(module.file, {}), path[1:]) if path[:1] == ("input",) else None
        if isinstance(literal, float) or isinstance(datum, float) or "number" in (schema or {}).get("type", ()):
            module.refuse(operation["span"], "compare numbers that need not be whole with `<=` or `>=`, not equality")


def _meant(module: Module, node: Any, local: frozenset[str]) -> Path:
    """Return the whole path of a reference, through rules that only name another (`limits := data.thresholds.x`)."""
    path = module.resolve(node, local)
    own = len(module.package)
    seen = set()
    while path[:own] == module.package and len(path) > own and path not in seen:
        seen.add(path)
        named = [rule for rule in module.rules if rule.name == path[own]]
        value = named[0].head["assign"]["value"] if len(named) == 1 and _is_plain(named[0]) else {}
        if not is_static(value):
            break
        path = (*module.resolve(value), *path[own + 1 :])
    return path


def _is_plain(rule: Rule) -> bool:
    return rule.kind == "Compr" and not rule.bodies and bool(rule.head["assign"]) and is_static(rule.head["refr"])


def _arguments(rule: Rule) -> frozenset[str]:
    return frozenset(variable["value"] for variable in nodes(rule.head.get("args", []), "Var"))


def _lint_recursion(modules: Sequence[Module], names: _Names) -> None:
    """Refuse rules that depend on themselves, and chains of rules so long that the engine would run out of stack."""
    places: dict[_Key, str] = {}
    graph: dict[_Key, set[_Key]] = {}
    for module in modules:
        for rule in module.rules:
            key = (module.package, rule.name)
            places.setdefault(key, module.place(rule.span))
            graph.setdefault(key, set()).update(_dependencies(module, rule, names))
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        first, *_ = error.args[1]
        raise BundleError(
            f"{places[first]}: rule `{first[1]}` depends on itself; the engine would not return"
        ) from None
    length: dict[_Key, int] = {}
    for key in order:
        length[key] = 1 + max((length[each] for each in graph[key]), default=0)
        if length[key] > _MAX_CHAIN:
            raise BundleError(f"{places[key]}: rule `{key[1]}` stands on a chain of more than {_MAX_CHAIN} rules")


def _dependencies(module: Module, rule: Rule, names: _Names) -> Iterator[_Key]:
    for reference in references(rule.parts()):
        path = module.resolve(reference, _arguments(rule))
        package = names.package_of(path)
        if package and len(path) > len(package):
            if path[len(package)] in names.rules[package]:
                yield package, path[len(package)]
        elif path[:1] == ("data",):
            below = (known for known in names.rules if known[: len(path)] == path)
            yield from ((known, name) for known in below for name in names.rules[known])
