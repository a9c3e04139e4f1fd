"""What is done about findings: accepted by two persons, remediated by what their test declares or by hand.

Each step runs under its permit, on rows that it reads again under lock. What was decided on is the finding as it stood;
where it stands otherwise by now, the step is refused. Whatever is done, a finding keeps its deviations and its history.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.db import reading, writing
from app.features.frameworks.errors import changed, unknown
from app.features.frameworks.history import Change, History, Told, told
from app.features.frameworks.rows import FindingAcceptanceRow, FindingDeviationRow, FindingRow
from app.features.frameworks.standing import FindingState, milliseconds
from app.pdp.enforce import Permit
from app.remediation import Case, Remediation, RemediationError

_LOG = logging.getLogger(__name__)

ACCEPTANCES: Final = 2
"""Persons that it takes to accept a finding."""

Remedies = Mapping[str, Remediation]
"""What this version can do, by name."""


def accept(  # noqa: PLR0913 - what an acceptance is made of
    permit: Permit, finding: str, *, role: str, until: datetime, reason: str, now: datetime
) -> FindingState:
    """Keep that the permit's subject would accept a finding until then; the second person makes it so.

    Raises:
        StepError: `unknown`; `changed`, since it was decided on.
    """
    person = permit.request.subject.id
    try:
        with writing(permit) as session:
            row = _found(session, permit, finding)
            given = approvals(session, finding, until)
            if len(given) != len(permit.request.resource.properties["approvals"]):
                raise changed()
            session.add(
                FindingAcceptanceRow(
                    finding=finding,
                    until=milliseconds(until),
                    folded=person.lower(),
                    person=person,
                    role=role,
                    reason=reason,
                    at=milliseconds(now),
                    decision_id=permit.decision_id,
                )
            )
            session.flush()
            state, code = FindingState(row.state), "acceptance_asked"
            if len(given) + 1 >= ACCEPTANCES:
                state, code = FindingState.ACCEPTED, "accepted"
                row.accepted_until = milliseconds(until)
            made = Change(state=state, by=person, code=code, note=reason)
            return History(session, permit, now).change(row, made).state
    except IntegrityError:
        raise changed() from None


def approvals(session: Session, finding: str, until: datetime) -> list[dict[str, str]]:
    """Return who would accept a finding until then: facts for policy."""
    mine = (col(FindingAcceptanceRow.finding) == finding, col(FindingAcceptanceRow.until) == milliseconds(until))
    rows = session.exec(select(FindingAcceptanceRow).where(*mine).order_by(col(FindingAcceptanceRow.at)))
    return [{"person": row.person, "role": row.role} for row in rows]


def approvals_of(finding: str, until: datetime) -> list[dict[str, str]]:
    """Return the same, read now."""
    with reading() as session:
        return approvals(session, finding, until)


def remediate(permit: Permit, finding: str, *, by_hand: bool, note: str, now: datetime) -> FindingState:
    """Keep that a finding was dealt with by hand, or that what its test declares is wanted.

    Raises:
        StepError: see `accept`.
    """
    state, code = (FindingState.REMEDIATED, "by_hand") if by_hand else (FindingState.REMEDIATING, "wanted")
    made = Change(state=state, by=permit.request.subject.id, code=code, note=note if by_hand else "")
    with writing(permit) as session:
        return History(session, permit, now).change(_found(session, permit, finding), made).state


def waiting() -> list[str]:
    """Return the ids of findings whose remediation is wanted, the oldest first."""
    wanted = col(FindingRow.state) == FindingState.REMEDIATING
    with reading() as session:
        return list(session.exec(select(FindingRow.id).where(wanted).order_by(col(FindingRow.changed_at))))


def perform(permit: Permit, finding: str, remedies: Remedies, by: str, now: datetime) -> Told | None:
    """Do what a finding waits for, and keep what became of it; None, where it does not wait any more.

    It may be done twice, if the process dies on the way: what is done has to be the same done once.
    """
    with reading() as session:
        row = session.get(FindingRow, finding)
        if row is None or row.state != FindingState.REMEDIATING:
            return None
        positions = session.exec(select(FindingDeviationRow.position).where(FindingDeviationRow.finding == finding))
        case = Case(finding=finding, test=row.test, positions=tuple(sorted(filter(None, positions))))
        name = row.remediation
    made = _done(permit, case, remedies.get(name), by, now)
    with writing(permit) as session:
        row = _locked(session, finding)
        if row.state != FindingState.REMEDIATING:
            return None
        return History(session, permit, now).change(row, made, news=made.state is FindingState.OPEN)


def _done(permit: Permit, case: Case, remedy: Remediation | None, by: str, now: datetime) -> Change:
    if remedy is None:
        return Change(state=FindingState.OPEN, by=by, code="no_such_remediation")
    try:
        done = remedy.run(permit, case, now)
    except RemediationError as error:
        _LOG.warning("finding %s is not remediated: %s: %s", case.finding, error.code, error)
        return Change(state=FindingState.OPEN, by=by, code=error.code)
    code = "remediated" if any(done.values()) else "nothing_to_do"
    return Change(state=FindingState.REMEDIATED, by=by, code=code, note=json.dumps({"did": remedy.name, **done}))


def facts(row: Told) -> dict[str, Any]:
    """Return what policy is told of a finding before it is remediated."""
    return {"state": row.state.value, "owner": row.owner, "remediation": row.remediation}


def look(finding: str) -> Told:
    """Return how a finding stands.

    Raises:
        StepError: `unknown`.
    """
    with reading() as session:
        row = session.get(FindingRow, finding)
    if row is None:
        raise unknown()
    return told(row, "")


def _locked(session: Session, finding: str) -> FindingRow:
    row = session.exec(select(FindingRow).where(col(FindingRow.id) == finding).with_for_update()).first()
    if row is None:
        raise unknown()
    return row


def _found(session: Session, permit: Permit, finding: str) -> FindingRow:
    """Return a finding that stands as it stood when policy decided."""
    row = _locked(session, finding)
    if row.state != permit.request.resource.properties["state"]:
        raise changed()
    return row
