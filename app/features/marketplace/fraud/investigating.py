"""Investigations into suspected fraud: taken, written down, ended. Knows neither pages nor what is sold."""

from typing import Any, Final

from sqlmodel import Session, col, select

from app.features.marketplace.acting import effect
from app.features.marketplace.errors import SayingError, UnknownError
from app.features.marketplace.fraud.labels import learn
from app.features.marketplace.fraud.rows import AttemptRow, CaseRow, CaseState, Label
from app.pdp.enforce import Permit
from app.pdp.model import Entity

LONGEST: Final = 2_000
"""Letters of a note."""

_SHOWN: Final = 200


def case_of(session: Session, case: str, *, lock: bool = False) -> CaseRow:
    """Return a case.

    Raises:
        UnknownError: there is no such case.
    """
    statement = select(CaseRow).where(CaseRow.id == case)
    row = session.exec(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise UnknownError("there is no such case")
    return row


def facts(session: Session, case: str, *, lock: bool = False) -> Entity:
    """Describe a case as policy sees it; see `case_of`."""
    row = case_of(session, case, lock=lock)
    stated = {"state": row.state, "taken_by": row.taken_by or "", "notes": len(row.notes)}
    return Entity(type="fraud_case", id=case, properties=stated)


def cases(session: Session, *, resolved: bool = False) -> list[CaseRow]:
    """Return the cases that are under way, the oldest first, or those that have ended, the newest first."""
    ended = col(CaseRow.state) == CaseState.RESOLVED.value
    opened = col(CaseRow.opened_at)
    statement = select(CaseRow).where(ended if resolved else ~ended)
    return list(session.exec(statement.order_by(opened.desc() if resolved else opened, CaseRow.id).limit(_SHOWN)).all())


def attempt_of(session: Session, row: CaseRow) -> AttemptRow | None:
    """Return the attempt that a case is about."""
    return session.get(AttemptRow, row.attempt)


def take(permit: Permit, case: str, *, now: int) -> None:
    """Have whoever is permitted investigate a case; see `effect`."""
    with effect(permit, lambda session: facts(session, case, lock=True), now=lambda: now) as session:
        row = case_of(session, case, lock=True)
        row.state, row.taken_by = CaseState.TAKEN.value, permit.request.subject.id
        row.decision_id = permit.decision_id


def note(permit: Permit, case: str, text: str, *, now: int) -> None:
    """Write down what was found.

    Raises:
        SayingError: nothing is written, or too much.
        ChangedError: see `effect`.
    """
    if not 1 <= len(text) <= LONGEST:
        raise SayingError(f"`note` has 1 to {LONGEST} letters")
    with effect(permit, lambda session: facts(session, case, lock=True), now=lambda: now) as session:
        row = case_of(session, case, lock=True)
        written: dict[str, Any] = {"by": permit.request.subject.id, "at": now, "text": text}
        row.notes = [*row.notes, written]
        row.decision_id = permit.decision_id


def resolve(permit: Permit, case: str, *, now: int) -> None:
    """End a case with the outcome that was decided on, which labels the order; see `effect`."""
    with effect(permit, lambda session: facts(session, case, lock=True), now=lambda: now) as session:
        row = case_of(session, case, lock=True)
        outcome = Label(permit.request.context["outcome"])
        row.state, row.outcome = CaseState.RESOLVED.value, outcome.value
        row.resolved_by, row.resolved_at = permit.request.subject.id, now
        row.decision_id = permit.decision_id
        learn(session, permit, row.order, outcome, now=now)
