"""Which rules and gates the tests of a bundle reach: a line that runs need not be a gate that was seen to fail.

A gate is a set of rules that name it, often on one line, so the lines that ran say little of it. Here the gates tell
themselves: in a second run each rule of a gate tells when it held, and each decision which gates passed. What the
report looks like is `test_report`'s business. Runs policies in this process.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.pdp.bundle import Action, Bundle
from app.pdp.engine import Engine
from app.pdp.gate_sources import gate_rules
from app.pdp.syntax import Module, Rule
from app.pdp.test_engines import TestEngines
from app.pdp.test_report import Coverage, GateCoverage, RuleCoverage

_HELD: Final = "omega.held"
_DECIDED: Final = "omega.decided"
_END: Final = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The tests, by number, in which a rule of a gate held (by file and line), and a gate passed or failed."""

    held: Mapping[tuple[str, int], set[int]] = field(default_factory=dict)
    passed: Mapping[tuple[str, str], set[int]] = field(default_factory=dict)
    failed: Mapping[tuple[str, str], set[int]] = field(default_factory=dict)


def watch(bundle: Bundle, modules: Sequence[Module], tests: Sequence[tuple[str, Callable[[Engine], object]]]) -> Seen:
    """Run `tests` on engines whose gates tell what becomes of them; `modules` is the syntax of the bundle.

    Each test comes with the name of the package or action that it is of.
    """
    held: dict[tuple[str, int], set[int]] = {}
    passed: dict[tuple[str, str], set[int]] = {}
    failed: dict[tuple[str, str], set[int]] = {}
    number = 0

    def hold(told: str) -> str:
        file, line, gate = told.split(_END)
        held.setdefault((file, int(line)), set()).add(number)
        return gate

    def decide(told: Sequence[Any]) -> bool:
        name, gates = told
        for gate in bundle.actions[name].rules:
            (passed if gate in gates else failed).setdefault((name, gate), set()).add(number)
        return True

    sources = {**bundle.modules, **bundle.tests}
    by_file = {module.file: module for module in modules}
    for action in bundle.actions.values():
        sources[action.file] = _telling(by_file[action.file], action)
    engines = TestEngines(bundle, sources, watch={_HELD: hold, _DECIDED: decide})
    for number, (of, test) in enumerate(tests):  # noqa: B007 - `hold` and `decide` read it
        test(engines.of(of))
    return Seen(held=held, passed=passed, failed=failed)


def rule_coverage(
    bundle: Bundle, modules: Sequence[Module], coverage: Mapping[str, Coverage], seen: Seen
) -> tuple[RuleCoverage, ...]:
    """Return what the tests reached of each rule of the modules that decide, given the lines that they ran."""
    named = {
        (module.file, module.line(rule.span)): gate
        for action in bundle.actions.values()
        for gate, module, rule in gate_rules(modules, action)
    }
    found = []
    for module in modules:
        for rule in module.rules if module.file in bundle.modules else ():
            line = module.line(rule.span)
            gate = named.get((module.file, line))
            one = RuleCoverage(
                package=".".join(module.package[1:]),
                rule=f"{rule.name} {gate}" if gate else rule.name,
                file=module.file,
                line=line,
                reached=_is_reached(module, rule, coverage.get(module.file)),
                held=None if gate is None else len(seen.held.get((module.file, line), ())),
            )
            found.append(one)
    return tuple(sorted(found, key=lambda each: (each.file, each.line)))


def gate_coverage(bundle: Bundle, seen: Seen) -> tuple[GateCoverage, ...]:
    """Return in how many tests each gate of each action was seen to pass, and to fail."""
    return tuple(
        GateCoverage(
            action=action.name,
            gate=gate,
            title=rule.title,
            severity=rule.severity,
            enforcement=rule.enforcement,
            file=action.file,
            line=rule.line,
            passed=len(seen.passed.get((action.name, gate), ())),
            failed=len(seen.failed.get((action.name, gate), ())),
        )
        for action in sorted(bundle.actions.values(), key=lambda each: each.file)
        for gate, rule in sorted(action.rules.items(), key=lambda each: each[1].line)
    )


def _is_reached(module: Module, rule: Rule, lines: Coverage | None) -> bool:
    """Tell whether a line of the rule ran; a rule without a line that could run needs no test.

    A module of which nothing ran has no lines.
    """
    if lines is None:
        return False
    last = module.source.count(b"\n", 0, rule.span["end"]) + 1
    own = frozenset(range(module.line(rule.span), last + 1))
    return bool(own & lines.covered) or not own & lines.missed


def _telling(module: Module, action: Action) -> str:
    """Return the source of an action with its gates and its decision telling what becomes of them."""
    source = module.source
    for start, end, text in sorted(_edits(module, action), reverse=True):
        source = source[:start] + text.encode() + source[end:]
    return source.decode()


def _edits(module: Module, action: Action) -> Iterator[tuple[int, int, str]]:
    for gate, _, rule in gate_rules([module], action):
        key = rule.head["key"]["String"]["span"]
        told = _END.join((module.file, str(module.line(rule.span)), gate))
        yield key["start"] - 1, key["end"] + 1, f'{_HELD}("{told}")'
    decisions = [rule for rule in module.rules if rule.name == "decision"]
    if len(decisions) == 1 and not decisions[0].bodies:  # anything else is not admitted
        end = decisions[0].span["end"]
        yield end, end, f' if {_DECIDED}(["{action.name}", passed])'
