"""What persons do about tests and findings over HTTP: attest, countersign, inspect, accept, remediate.

What policy decides on is read from our own tables and from the declared controls; what was sent is a circumstance.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from flask import jsonify
from flask.typing import ResponseReturnValue

from app.errors import problem
from app.features.frameworks import attesting, dealing, declared
from app.features.frameworks.answering import answer
from app.features.frameworks.declared import Declared, Due
from app.features.frameworks.errors import StepError
from app.features.frameworks.feature import feature
from app.features.frameworks.history import Told
from app.features.frameworks.overview import table
from app.features.frameworks.shelf import now
from app.features.frameworks.standing import FindingState, all_attestations, attestations
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, seen_other, sent, wants_page
from frameworks.control_test import ControlTest

_Made = TypeVar("_Made")
_MOST: Final = 500
_FINDING: Final = re.compile(r"fnd-[0-9a-f]{16}")
_TIME: Final = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9](?:T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z)?")


_COLUMNS: Final = {
    "test": "test",
    "kind": "kind",
    "title": "title",
    "every": "every",
    "role": "role",
    "second_role": "second role",
    "due": "due",
    "stale": "stale",
    "due_at": "due at",
    "stale_at": "stale at",
}


# what is acted on


def _test(control: str, name: str) -> tuple[Declared, ControlTest]:
    found = declared.tests(declared.controls()).get(f"{control}/{name}")
    if found is None:
        raise RefusedError(problem("not_found"))
    return found


def _due(control: str, name: str) -> Due:
    _, test = _test(control, name)
    return declared.due(control, test, attestations(test.id), now())


def _attested(control: str, name: str) -> Resource:
    _, test = _test(control, name)
    facts = {"kind": test.kind.value, "role": test.role or "", "statement": test.statement or ""}
    return Resource(type="control_test", id=test.id, properties=facts)


def _countersigned(control: str, name: str) -> Resource:
    found = _due(control, name)
    facts = {
        "waiting": found.waiting is not None,
        "second_role": found.test.second_role or "",
        "by": "" if found.waiting is None else found.waiting.person,
    }
    return Resource(type="control_test", id=found.test.id, properties=facts)


def _inspected(control: str, name: str) -> Resource:
    owner, test = _test(control, name)
    return Resource(type="control_test", id=test.id, properties={"kind": test.kind.value, "owner": owner.owner})


def _accepted(finding: str) -> Resource:
    found = _found(finding)
    facts = {
        "state": found.state.value,
        "severity": found.severity,
        "owner": found.owner,
        "approvals": dealing.approvals_of(finding, _until()),
    }
    return Resource(type="finding", id=finding, properties=facts)


def _remediated(finding: str) -> Resource:
    return Resource(type="finding", id=finding, properties=dealing.facts(_found(finding)))


def _everything() -> Resource:
    return Resource(type="frameworks", id="attestations", properties={})


# the circumstances


def _stating(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"statement": _text(said, "statement")}


def _inspecting(said: Mapping[str, Any]) -> dict[str, Any]:
    if said.get("conclusion") not in {"effective", "exceptions"}:
        raise _malformed("conclusion")
    return {"conclusion": said["conclusion"], "reason": _text(said, "reason")}


def _accepting(said: Mapping[str, Any]) -> dict[str, Any]:
    until = _until().strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"role": _text(said, "role"), "until": until, "reason": _text(said, "reason")}


def _remediating(said: Mapping[str, Any]) -> dict[str, Any]:
    by_hand = said.get("by_hand", False)
    if by_hand not in {True, False, "yes", "no"}:
        raise _malformed("by_hand")
    by_hand = by_hand in {True, "yes"}
    return {"by_hand": by_hand, "note": _text(said, "note") if by_hand else ""}


# what there is to do


@feature.route("/attestations", action="view", resource=_everything)
def attestations_due(_permit: Permit) -> ResponseReturnValue:
    """Return every test that persons make: what counts last, who is waited for, when it is due and stale."""
    said, at = all_attestations(), now()
    found = [
        declared.due(control.id, test, said.get(test.id, ()), at)
        for control, test in declared.persons_tests(declared.controls())
    ]
    rows = [_document(each, at) for each in found]
    return answer("attestations", {"attestations": rows}, table("attestations", rows, _COLUMNS))


# effects


@feature.route(
    "/tests/<control>/<name>/attest", action="attest", resource=_attested, methods=("POST",), context=_stating
)
def attest(permit: Permit, control: str, name: str) -> ResponseReturnValue:
    """Keep that somebody states what a test wants stated."""
    _, test = _test(control, name)
    return _stated(control, name, lambda: attesting.attest(permit, test, now()))


@feature.route("/tests/<control>/<name>/countersign", action="countersign", resource=_countersigned, methods=("POST",))
def countersign(permit: Permit, control: str, name: str) -> ResponseReturnValue:
    """Keep that a second person stands by it."""
    found = _due(control, name)
    of = "" if found.waiting is None else found.waiting.decision_id
    return _stated(control, name, lambda: attesting.countersign(permit, found.test, of, now()))


@feature.route(
    "/tests/<control>/<name>/inspect", action="inspect", resource=_inspected, methods=("POST",), context=_inspecting
)
def inspect(permit: Permit, control: str, name: str) -> ResponseReturnValue:
    """Keep what an auditor found."""
    _, test = _test(control, name)
    said = permit.request.context
    return _stated(
        control,
        name,
        lambda: attesting.inspect(permit, test, now(), conclusion=said["conclusion"], reason=said["reason"]),
    )


@feature.route("/findings/<finding>/accept", action="accept", resource=_accepted, methods=("POST",), context=_accepting)
def accept(permit: Permit, finding: str) -> ResponseReturnValue:
    """Keep that somebody would live with a finding until a day."""
    said = permit.request.context
    return _dealt(
        finding,
        lambda: dealing.accept(permit, finding, role=said["role"], until=_until(), reason=said["reason"], now=now()),
    )


@feature.route(
    "/findings/<finding>/remediate", action="remediate", resource=_remediated, methods=("POST",), context=_remediating
)
def remediate(permit: Permit, finding: str) -> ResponseReturnValue:
    """Have done what a test declares, or keep what was done by hand."""
    said = permit.request.context
    return _dealt(
        finding, lambda: dealing.remediate(permit, finding, by_hand=said["by_hand"], note=said["note"], now=now())
    )


def _stated(control: str, name: str, effect: Callable[[], None]) -> ResponseReturnValue:
    _tried(effect)
    if wants_page():
        return seen_other("frameworks.test", control=control, name=name)
    return jsonify(_document(_due(control, name), now())), 201


def _dealt(finding: str, effect: Callable[[], FindingState]) -> ResponseReturnValue:
    state = _tried(effect)
    if wants_page():
        return seen_other("frameworks.finding", finding=finding)
    return jsonify(finding=finding, state=state.value)


def _tried(effect: Callable[[], _Made]) -> _Made:
    try:
        return effect()
    except StepError as error:
        raise _refusal(error) from error


def _refusal(error: StepError) -> RefusedError:
    return RefusedError(problem("not_found" if error.code == "unknown" else "conflict", str(error)))


def _document(found: Due, at: datetime) -> dict[str, Any]:
    """Return how an attestation or an inspection stands as JSON values."""
    newest, waiting = found.newest, found.waiting
    return {
        "test": found.test.id,
        "control": found.control,
        "kind": found.test.kind.value,
        "title": found.test.title,
        "every": found.test.every.value,
        "role": found.test.role,
        "second_role": found.test.second_role,
        "statement": found.test.statement,
        "instruction": found.test.instruction,
        "due": found.is_due(at),
        "stale": found.is_stale(at),
        "due_at": _moment(found.due_at),
        "stale_at": _moment(found.stale_at),
        "newest": None if newest is None else {"at": _moment(newest.at), "decision_id": newest.decision_id},
        "waiting": None if waiting is None else {"at": _moment(waiting.at), "decision_id": waiting.decision_id},
    }


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _found(finding: str) -> Told:
    if not _FINDING.fullmatch(finding):
        raise RefusedError(problem("not_found"))
    return _tried(lambda: dealing.look(finding))


def _until() -> datetime:
    """Return until when somebody would accept: a time, or a day, which begins at midnight (UTC)."""
    text = sent().get("until")
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise _malformed("until")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise _malformed("until") from None


def _text(said: Mapping[str, Any], name: str) -> str:
    text = said.get(name)
    if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= _MOST:
        raise _malformed(name)
    return text


def _malformed(name: str) -> RefusedError:
    return RefusedError(problem("malformed_request", f"`{name}` is missing, or not as it has to be"))
