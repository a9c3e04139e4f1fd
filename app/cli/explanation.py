"""An explanation in plain words, line by line."""

import json
from collections.abc import Iterator

from app.decision_log import Explained, Outcome
from app.pdp.explain import ExplainedGate, ExplainedRule, Explanation, State

_MARKS = {State.PASSED: "passed   ", State.FAILED: "FAILED   ", State.NOT_ASKED: "not asked"}
_AGAIN = {
    Outcome.DIFFERS: "decided again, it differs",
    Outcome.NOT_REPRODUCIBLE: "decided again, it is not reproducible: ",
    Outcome.KEY_DESTROYED: "sealed, key destroyed: ",
}
_TOLERATED = "monitored"  # failed, and denies nothing


def told(decision_id: str, explained: Explained) -> Iterator[str]:
    """Yield what a person reads."""
    explanation = explained.explanation
    yield f"{decision_id}: {'allow' if explanation.allow else 'deny'}"
    if explained.outcome is not Outcome.REPRODUCED:
        yield f"which rules held cannot be told: {_AGAIN[explained.outcome]}{explained.reason}"
    if explanation.diagnostics:
        yield ""
        yield "No policy answered:"
        for found in explanation.diagnostics:
            yield f"  {found['code']}  {found['path']}".rstrip()
    if explanation.gates:
        yield ""
        yield "Gates:"
        for gate in explanation.gates:
            yield from _gate(gate)
    yield ""
    yield from _way(explanation)


def _gate(gate: ExplainedGate) -> Iterator[str]:
    mark = _TOLERATED if gate.state is State.FAILED and not gate.denies else _MARKS[gate.state]
    rule = gate.rule
    yield f"  {mark}  {rule.id}: {rule.title}"
    yield f"             {rule.severity}, {rule.enforcement}; {', '.join(rule.controls)}"
    for each in gate.rules:
        yield f"             {_rule(each)}"
    for fact in gate.facts or ():
        value = json.dumps(fact.value, ensure_ascii=True) if fact.stated else "(missing)"
        yield f"               {fact.path} = {value}"


def _rule(rule: ExplainedRule) -> str:
    place = f"{rule.source.file}:{rule.source.line}"
    if rule.lines is None:
        return place
    if rule.held:
        return f"{place} held"
    lines = ", ".join(map(str, rule.lines)) or "none"
    return f"{place} did not hold; lines evaluated: {lines}"


def _way(explanation: Explanation) -> Iterator[str]:
    if explanation.allow:
        yield "Nothing has to change: it was allowed."
        return
    yield "For an allow, this has to become true:"
    for change in explanation.changes:
        facts = f" ({', '.join(change.facts)})" if change.facts else ""
        yield f"  {change.id}: {change.say}{facts}"
