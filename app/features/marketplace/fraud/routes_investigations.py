"""Purchases that were blocked or held, for trust and safety: the queue, one case, and the steps taken there."""

from datetime import UTC, datetime
from typing import Any

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.marketplace.errors import SayingError
from app.features.marketplace.feature import feature
from app.features.marketplace.fraud import investigating
from app.features.marketplace.fraud.desk import now
from app.features.marketplace.fraud.labels import told
from app.features.marketplace.fraud.rows import AttemptRow, CaseRow
from app.features.marketplace.fraud.signals import SIGNALS
from app.pdp.enforce import Permit
from app.pep import Resource, seen_other, sent, wants_page

_PPM = 1_000_000


def _queue() -> Resource:
    return Resource(type="fraud_cases", id="cases", properties={})


def _one(case: str) -> Resource:
    with reading() as session:
        investigating.case_of(session, case)
    return Resource(type="fraud_case", id=case, properties={})


def _described(case: str) -> Resource:
    with reading() as session:
        return investigating.facts(session, case)


@feature.route("/fraud", action="view_cases", resource=_queue)
def fraud_cases(_permit: Permit) -> ResponseReturnValue:
    """Show the cases under way, the oldest first, or those that have ended."""
    ended = request.args.get("show") == "resolved"
    with reading() as session:
        listed = [
            _case(row, investigating.attempt_of(session, row)) for row in investigating.cases(session, resolved=ended)
        ]
    if not wants_page():
        return jsonify(cases=listed)
    return render_template("marketplace/fraud_cases.html", cases=listed, ended=ended)


@feature.route("/fraud/<case>", action="view_cases", resource=_one)
def fraud_case(_permit: Permit, case: str) -> ResponseReturnValue:
    """Show a case: what was attempted, what was measured, what policy said, what was found."""
    with reading() as session:
        row = investigating.case_of(session, case)
        attempt = investigating.attempt_of(session, row)
        shown = _case(row, attempt) | {"labels": told(session, row.order)}
    shown["signals"] = attempt.signals if attempt else {}
    shown["notes"] = [each | {"at": _moment(each["at"])} for each in row.notes]
    if not wants_page():
        return jsonify(shown)
    raised = [
        {"says": SIGNALS[name].says, "family": SIGNALS[name].family.value, "value": value}
        for name, value in shown["signals"].items()
        if name in SIGNALS and value
    ]
    return render_template("marketplace/fraud_case.html", case=shown, raised=raised, longest=investigating.LONGEST)


@feature.route(
    "/fraud/<case>/take",
    action="investigate",
    resource=_described,
    methods=("POST",),
    context=lambda _: {"step": "take"},
)
def take_case(permit: Permit, case: str) -> ResponseReturnValue:
    """Investigate it oneself."""
    investigating.take(permit, case, now=now())
    return _done(case)


@feature.route(
    "/fraud/<case>/note",
    action="investigate",
    resource=_described,
    methods=("POST",),
    context=lambda _: {"step": "note"},
)
def note_case(permit: Permit, case: str) -> ResponseReturnValue:
    """Write down what was found."""
    investigating.note(permit, case, _text("note"), now=now())
    return _done(case)


@feature.route(
    "/fraud/<case>/resolve",
    action="resolve",
    resource=_described,
    methods=("POST",),
    context=lambda _: {"outcome": _text("outcome")},
)
def resolve_case(permit: Permit, case: str) -> ResponseReturnValue:
    """End it: it was fraud, or it was none."""
    investigating.resolve(permit, case, now=now())
    return _done(case)


def _text(name: str) -> str:
    found = sent().get(name, "")
    if not isinstance(found, str):
        raise SayingError(f"`{name}` is a text, once")
    return found.strip()


def _done(case: str) -> ResponseReturnValue:
    if wants_page():
        return seen_other("marketplace.fraud_case", case=case)
    with reading() as session:
        row = investigating.case_of(session, case)
        return jsonify(_case(row, investigating.attempt_of(session, row)))


def _case(row: CaseRow, attempt: AttemptRow | None) -> dict[str, Any]:
    names = ("id", "order", "attempt", "verdict", "state", "taken_by", "outcome", "resolved_by", "decision_id")
    shown: dict[str, Any] = {name: getattr(row, name) for name in names} | {"opened_at": _moment(row.opened_at)}
    if attempt is not None:
        score = None if attempt.score_ppm is None else attempt.score_ppm / _PPM
        known = {"score": score, "model": attempt.model, "reasons": attempt.reasons, "buyer": attempt.attempt["buyer"]}
        shown |= known | {"agent": attempt.attempt["agent"], "amount_minor": attempt.attempt["amount_minor"]}
    return shown


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
