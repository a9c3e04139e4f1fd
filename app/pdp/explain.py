"""Why a decision came out as it did, and what would have to change for an allow: pure, from what others found.

Owns what an explanation says. The rules and the facts they read come from `gate_sources`, which of them held from
`explaining`, the answer from the decision itself.

With a document an explanation holds values of facts, which are personal data: good for an operator who has opened the
sealed request; an answer over HTTP goes out without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Self

from app.pdp.bundle import Action
from app.pdp.gate_sources import RuleSource, Sources
from app.pdp.metadata import Rule
from app.pdp.model import Enforcement

_REMEDIES: Final = {
    "unknown_action": "ask for an action that the policies have",
    "caller_not_registered": "register the caller for this action and this type of subject",
    "fact_missing": "state this fact",
    "fact_type": "state this fact with the type that the contract says",
    "fact_out_of_bounds": "state this fact within the bounds that the contract sets",
    "input_too_large": "state less",
    "obligation_unsupported": "meet the obligations that the policy attaches, and say so",
    "evaluation_timeout": "ask again; if it comes back, correct the policy",
    "evaluation_crashed": "ask again; if it comes back, correct the policy",
    "evaluators_busy": "ask again",
}
_CORRECT: Final = "correct the policy, which gave no answer"


class State(StrEnum):
    """What became of a gate."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASKED = "not asked"  # the answer was there before any gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What evaluating again showed: per gate which of its rules held, per file the lines that were evaluated."""

    held: Mapping[str, tuple[bool, ...]]
    lines: Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact as the request states it; one that is not there has no value."""

    path: str
    stated: bool
    value: Any = field(default=None, repr=False)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"path": self.path, "stated": self.stated} | ({"value": self.value} if self.stated else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRule:
    """A rule of a gate. `held` and `lines`, those of its lines that were evaluated, are None without a trace."""

    source: RuleSource
    held: bool | None
    lines: tuple[int, ...] | None

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        told: dict[str, Any] = {
            "file": self.source.file,
            "line": self.source.line,
            "facts": list(self.source.facts),
        }
        if self.lines is not None:
            told |= {"held": self.held, "lines": list(self.lines)}
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedGate:
    """A gate: what METADATA says, what became of it, its rules.

    Where it failed and the request is known, `missing` has the paths of the facts that its rules read and that are not
    there; `facts` has all that they read, where values may be seen. `denies`: it alone was enough for a deny.
    """

    rule: Rule
    state: State
    rules: tuple[ExplainedRule, ...]
    facts: tuple[Fact, ...] | None
    missing: tuple[str, ...] | None
    denies: bool

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the paths of all facts that its rules read, sorted."""
        return tuple(sorted({path for rule in self.rules for path in rule.source.facts}))

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        told = {"id": self.rule.id, "state": self.state.value} | self.rule.document()
        told["rules"] = [rule.document() for rule in self.rules]
        told |= {} if self.missing is None else {"missing": list(self.missing)}
        return told if self.facts is None else told | {"facts": [fact.document() for fact in self.facts]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that has to change for an allow: a gate to pass, or a diagnostic to heal, and the facts it is about."""

    id: str
    say: str
    facts: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"id": self.id, "say": self.say, "facts": list(self.facts)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer, the gates in the order of their rules, what no policy was needed for, and the way to an allow."""

    allow: bool
    gates: tuple[ExplainedGate, ...]
    diagnostics: tuple[dict[str, str], ...]
    changes: tuple[Change, ...]

    def without_values(self) -> Self:
        """Return it without what facts say; those that are missing are still named."""
        return replace(self, gates=tuple(replace(gate, facts=None) for gate in self.gates))

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "allow": self.allow,
            "gates": [gate.document() for gate in self.gates],
            "diagnostics": list(self.diagnostics),
            "changes": [change.document() for change in self.changes],
        }


def explain(
    result: Mapping[str, Any],
    action: Action | None,
    sources: Sources,
    *,
    trace: Trace | None = None,
    document: Mapping[str, Any] | None = None,
) -> Explanation:
    """Return why a decision came out as it did.

    `result` is a decision as `Decision.document` or a record states it. `action` is None where there is none, or none
    that the reader may know of. With `document`, what was asked, failed gates show the facts they read.
    """
    gates = [] if action is None else [_gate(rule, result, sources, trace, document) for rule in action.rules.values()]
    diagnostics = tuple(result["diagnostics"])
    changes = [Change(id=gate.rule.id, say=gate.rule.title, facts=gate.reads) for gate in gates if gate.denies]
    for found in diagnostics:
        facts = (found["path"],) if found["path"] else ()
        changes.append(Change(id=found["code"], say=_REMEDIES.get(found["code"], _CORRECT), facts=facts))
    return Explanation(allow=result["allow"], gates=tuple(gates), diagnostics=diagnostics, changes=tuple(changes))


def _gate(
    rule: Rule,
    result: Mapping[str, Any],
    sources: Sources,
    trace: Trace | None,
    document: Mapping[str, Any] | None,
) -> ExplainedGate:
    state = State.NOT_ASKED
    if rule.id in result["passed"]:
        state = State.PASSED
    elif rule.id in result["failed"]:
        state = State.FAILED
    violation = next((each for each in result["violations"] if each["id"] == rule.id), None)
    if state is State.FAILED:  # what was in force then
        word = Enforcement(violation["enforcement"]) if violation else Enforcement.DRAFT
        rule = replace(rule, enforcement=word, steps=())
    denies = state is State.FAILED and rule.enforcement is Enforcement.BLOCKING and not _overridden(rule, result)
    held = trace.held.get(rule.id, ()) if trace else ()
    rules = tuple(_rule(source, number, held, trace) for number, source in enumerate(sources[rule.id]))
    gate = ExplainedGate(rule=rule, state=state, rules=rules, facts=None, missing=None, denies=denies)
    if document is None or state is not State.FAILED:
        return gate
    facts = tuple(_fact(path, document) for path in gate.reads)
    missing = tuple(fact.path for fact in facts if not fact.stated)
    return replace(gate, facts=facts, missing=missing)


def _overridden(rule: Rule, result: Mapping[str, Any]) -> bool:
    return any(each["gate"] == rule.id for each in result.get("overrides", ()))


def _rule(source: RuleSource, number: int, held: tuple[bool, ...], trace: Trace | None) -> ExplainedRule:
    if trace is None or number >= len(held):
        return ExplainedRule(source=source, held=None, lines=None)
    own = range(source.line, source.last_line + 1)
    lines = tuple(sorted(line for line in trace.lines.get(source.file, ()) if line in own))
    return ExplainedRule(source=source, held=held[number], lines=lines)


def _fact(path: str, document: Mapping[str, Any]) -> Fact:
    value: Any = document
    for name in path.split("/"):
        if not isinstance(value, dict) or name not in value:
            return Fact(path=path, stated=False)
        value = value[name]
    return Fact(path=path, stated=True, value=value)
