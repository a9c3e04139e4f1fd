"""From a document to a decision: pure, and never an exception where a deny will do.

Owns the order of the questions (is the action known, may the caller state facts for it, does the contract hold, what
does the policy say) and what counts as an answer of a policy. Evaluates nothing itself, records nothing.

A policy's `allow` is not believed: it must follow from the gates that failed and what METADATA says of them.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.pdp.bundle import Action, Bundle
from app.pdp.errors import EvaluationError
from app.pdp.model import Decision, Diagnostic, Enforcement, Override
from app.pdp.strict_json import MAX_BYTES, encode, parse_result

Evaluate = Callable[[str, bytes], Awaitable[bytes]]
"""Asks for a query with an input (JSON text) and returns the engine's answer (JSON text), or raises EvaluationError."""

MAX_OBLIGATIONS: Final = 16
MAX_OBLIGATIONS_BYTES: Final = 4_096

SUPPORTED: Final = "supported_obligations"
"""The member of a context in which a caller lists the types of obligations it can meet (AuthZEN Obligations Profile,
draft 1). No contract has to name it, and no policy sees it unless one does.
"""

BY_CHANCE: Final = frozenset({"evaluation_timeout", "evaluation_crashed", "evaluators_busy"})
"""Diagnostics that say nothing of the policy: asked again, it may answer."""

_MAX_MEMBERS: Final = 16
_MOST_ANSWERED: Final = 64  # answers of an action that are kept
_MAX_ANSWERED_BYTES: Final = 4_096
_MAX_INPUT_BYTES: Final = MAX_BYTES + 1_024  # a request and the environment
_MEMBERS: Final = frozenset({"allow", "passed", "failed", "obligations"})
_OVERRIDDEN, _USED = "overridden", frozenset({"gate", "id"})
_OVERRIDES: Final = "overrides"
_MEMBER: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_IDENTIFIER: Final = re.compile(r"[a-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision, and how far it came: what the record may name depends on it.

    `action_known`: policy has this action. `contract_held`: the facts, and so the types of subject and resource, are
    as the contract says. `names_resource`: it held, and it says that ids of such resources never name a person.
    """

    decision: Decision
    action_known: bool = False
    contract_held: bool = False
    names_resource: bool = False


async def decide(bundle: Bundle, evaluate: Evaluate, document: dict[str, Any]) -> Decided:
    """Return what the policies of `bundle` decide on `document`, as `request.document` or `parse_document` made it.

    The same bundle and document give the same decision, whenever and wherever; a time-out alone is no part of that.

    Raises:
        EvaluatorsGoneError: nobody can evaluate any more.
    """
    try:
        question = _question(bundle, document)
    except (KeyError, TypeError, ValueError):  # code built the document, and not as a request is built
        return Decided(decision=_denied("malformed_request"))
    if isinstance(question, Decided):
        return question
    action, text = question
    decision = await _evaluated(action, evaluate, text, document["environment"])
    return Decided(
        decision=_within_reach(decision, document["context"]),
        action_known=True,
        contract_held=True,
        names_resource=action.contract.public_resource_id,
    )


def cut_off(result: Mapping[str, Any]) -> bool:
    """Tell whether an evaluation was ended from outside, by the document of its decision: no rule decided it."""
    return any(found["code"] in BY_CHANCE for found in result["diagnostics"])


def _question(bundle: Bundle, document: dict[str, Any]) -> tuple[Action, bytes] | Decided:
    """Return what to ask the policy, and with which input, or the decision where it need not be asked."""
    action = bundle.actions.get(document["action"]["name"])
    if action is None:
        return Decided(decision=_denied("unknown_action", "action/name"))
    if refused := _caller_refused(bundle, action.name, document):
        return Decided(decision=refused, action_known=True)
    exact = action.contract.holds_exactly(document)
    if not exact and (found := action.contract.check(document)):
        return Decided(decision=Decision(allow=False, diagnostics=found), action_known=True)
    if not _is_text_list(document["context"].get(SUPPORTED, [])):
        return Decided(decision=_denied("fact_type", f"context/{SUPPORTED}"), action_known=True, contract_held=True)
    return action, encode(document if exact else action.contract.prune(document))


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _within_reach(decision: Decision, context: dict[str, Any]) -> Decision:
    """Return an allow as a deny where the caller says what it can do, and an obligation asks for something else.

    What is not done is done under no obligation: the deny carries none.
    """
    if not decision.allow or SUPPORTED not in context:
        return decision
    if {each["type"] for each in decision.obligations} <= set(context[SUPPORTED]):
        return decision
    found = Diagnostic(code="obligation_unsupported", path=f"context/{SUPPORTED}")
    return replace(decision, allow=False, obligations=(), diagnostics=(found,), overrides=())


def _denied(code: str, path: str = "") -> Decision:
    return Decision(allow=False, diagnostics=(Diagnostic(code=code, path=path),))


def _caller_refused(bundle: Bundle, action: str, document: dict[str, Any]) -> Decision | None:
    caller = bundle.callers.get(document["environment"]["caller"])
    if caller is None or caller.tenant != document["environment"]["tenant"] or action not in caller.actions:
        return _denied("caller_not_registered", "environment/caller")
    if document["subject"]["type"] not in caller.subject_types:
        return _denied("caller_not_registered", "subject/type")
    return None


async def _evaluated(action: Action, evaluate: Evaluate, text: bytes, environment: dict[str, Any]) -> Decision:
    if len(text) > _MAX_INPUT_BYTES:
        return _denied("input_too_large")
    try:
        return _decision(action, await evaluate(action.query, text), environment)
    except EvaluationError as error:
        return _denied(error.code)


def _decision(action: Action, answer: bytes, environment: Mapping[str, Any]) -> Decision:
    """Return the decision in an answer; most answers of an action say the same, so that it is known already.

    It is not where the answer alone does not say it: where gates change by date, and where overrides are stated.

    Raises:
        EvaluationError: see `_answer`.
    """
    if action.dated or _OVERRIDES in environment:
        return _answer(action, parse_result(answer), environment)
    known = action.answered.get(answer)
    if known is None:
        known = _answer(action, parse_result(answer), environment)
        if len(answer) <= _MAX_ANSWERED_BYTES:
            if len(action.answered) >= _MOST_ANSWERED:
                action.answered.clear()
            action.answered[answer] = known
    return known


def _answer(action: Action, result: Any, environment: Mapping[str, Any]) -> Decision:
    """Return the decision in an answer of the engine, given what the decision point stated.

    Raises:
        EvaluationError: there is none in it (`undefined`), it has another shape (`malformed_decision`), or its `allow`
            does not follow from its gates (`inconsistent_decision`).
    """
    match result:
        case {"result": [{"expressions": [{"value": answer}]}]}:
            pass
        case _:
            raise EvaluationError("undefined")
    if not isinstance(answer, dict) or answer.keys() - {_OVERRIDDEN} != _MEMBERS:
        raise EvaluationError("malformed_decision")
    allow, passed, failed = answer["allow"], answer["passed"], answer["failed"]
    _verify_gates(passed, failed, action.rules.keys())
    obligations = _obligations(answer["obligations"])
    violations = tuple(action.violation(gate, environment["time"]) for gate in sorted(failed))
    blocking = {violation.id for violation in violations if violation.enforcement is Enforcement.BLOCKING}
    overrides = _overrides(answer.get(_OVERRIDDEN, []), blocking, environment)
    if type(allow) is not bool:
        raise EvaluationError("malformed_decision")
    if allow is not (blocking == {override.gate for override in overrides}):
        raise EvaluationError("inconsistent_decision")
    return Decision(
        allow=allow,
        passed=tuple(sorted(passed)),
        failed=tuple(sorted(failed)),
        violations=tuple(each for each in violations if each.enforcement is not Enforcement.DRAFT),
        obligations=obligations,
        overrides=overrides if allow else (),
    )


def _overrides(value: Any, blocking: Collection[str], environment: Mapping[str, Any]) -> tuple[Override, ...]:
    """Return for each gate that is overridden the first grant that may be used for it.

    Raises:
        EvaluationError: the policy names a gate that does not deny, or a grant that the decision point did not state.
    """
    if not value:
        return ()
    stated = {(each["gate"], each["id"]): number for number, each in enumerate(environment.get(_OVERRIDES, ()))}
    if not isinstance(value, list) or not all(isinstance(each, dict) and each.keys() == _USED for each in value):
        raise EvaluationError("malformed_decision")
    used = [(each["gate"], each["id"]) for each in value]
    if not all(isinstance(name, str) for each in used for name in each):
        raise EvaluationError("malformed_decision")
    if any(each not in stated or each[0] not in blocking for each in used):
        raise EvaluationError("inconsistent_decision")
    first = dict(sorted(used, key=stated.__getitem__, reverse=True))
    return tuple(Override(gate=gate, id=each) for gate, each in sorted(first.items()))


def _verify_gates(passed: Any, failed: Any, gates: Collection[str]) -> None:
    """Raise unless each gate of the action stands in one of the two, once."""
    if not isinstance(passed, list) or not isinstance(failed, list) or len(passed) + len(failed) != len(gates):
        raise EvaluationError("malformed_decision")
    named = passed + failed
    if not all(isinstance(gate, str) for gate in named) or set(named) != gates:
        raise EvaluationError("malformed_decision")


def _obligations(value: Any) -> tuple[dict[str, Any], ...]:
    """Return the obligations in the order the policy gave them, members sorted by name."""
    if not isinstance(value, list) or len(value) > MAX_OBLIGATIONS or not all(map(_is_obligation, value)):
        raise EvaluationError("malformed_decision")
    if len({each["id"] for each in value}) != len(value) or len(encode(value)) > MAX_OBLIGATIONS_BYTES:
        raise EvaluationError("malformed_decision")
    return tuple(dict(sorted(each.items())) for each in value)


def _is_obligation(value: Any) -> bool:
    """Tell whether this is an obligation: identifiers, integers and booleans, nothing that people write."""
    if not isinstance(value, dict) or len(value) > _MAX_MEMBERS:
        return False
    if not isinstance(value.get("id"), str) or not isinstance(value.get("type"), str):
        return False
    return all(
        _MEMBER.fullmatch(name) and (isinstance(each, int) or (isinstance(each, str) and _IDENTIFIER.fullmatch(each)))
        for name, each in value.items()
    )
