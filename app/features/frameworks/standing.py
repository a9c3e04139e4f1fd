"""How it stands, read from our tables: results, findings, attestations, scores. Nothing is written or decided here."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, tuple_
from sqlmodel import Session, col, select

from app.db import reading
from app.features.frameworks.rows import (
    AttestationRow,
    ControlResultRow,
    FindingAcceptanceRow,
    FindingDeviationRow,
    FindingRow,
    FindingStepRow,
    FrameworkScoreRow,
)


class FindingState(StrEnum):
    """How it stands with a finding. Its deviations stand for ever."""

    OPEN = "open"
    REMEDIATING = "remediating"  # its remediation is wanted, and has not been done
    REMEDIATED = "remediated"  # done; a later run of the test has still to show it
    ACCEPTED = "accepted"  # by two persons, until a day
    CLOSED = "closed"


UNSETTLED = frozenset({FindingState.OPEN, FindingState.REMEDIATING, FindingState.ACCEPTED})
"""The states in which a control is not effective, whatever the newest result is."""


class Said(StrEnum):
    """What a person did about a test that no machine makes."""

    ATTESTED = "attested"
    COUNTERSIGNED = "countersigned"
    INSPECTED = "inspected"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationShown:
    """One deviation: the record's position (empty for a gap), its time and why it is one."""

    position: str
    time: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultShown:
    """What one run of a test showed: over which period and population, and the first hundred deviations."""

    test: str
    control: str
    kind: str
    outcome: str
    tested_at: datetime
    period_start: datetime
    period_end: datetime
    query: str
    population: int
    population_sha256: str
    first: str
    last: str
    first_time: str
    last_time: str
    revisions: tuple[str, ...]
    deviation_count: int
    deviations: tuple[DeviationShown, ...]
    decision_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    """One step of a finding's history: its state from then on, who did it, a stable `code`, words if there are any."""

    number: int
    state: FindingState
    at: datetime
    by: str
    code: str
    note: str
    decision_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceShown:
    """That a person, in a role, would accept a finding until then."""

    until: datetime
    person: str
    role: str
    reason: str
    at: datetime
    decision_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingShown:
    """A finding. `steps`, `deviations` and `acceptances` are there where one finding was asked for."""

    id: str
    control: str
    test: str
    severity: str
    owner: str
    state: FindingState
    opened_at: datetime
    due_at: datetime
    accepted_until: datetime | None
    remediation: str
    deviation_count: int
    changed_at: datetime
    decision_id: str
    deviations: tuple[DeviationShown, ...] = ()
    steps: tuple[StepShown, ...] = ()
    acceptances: tuple[AcceptanceShown, ...] = ()

    def overdue(self, now: datetime) -> bool:
        """Tell whether it should have been dealt with by now."""
        return self.state in {FindingState.OPEN, FindingState.REMEDIATING} and now >= self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationShown:
    """What a person stated about a test. `of`: the attestation that a countersignature is for."""

    decision_id: str
    test: str
    kind: Said
    of: str | None
    person: str
    role: str
    statement: str
    conclusion: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreShown:
    """A framework on a day (YYYY-MM-DD, UTC): its criteria, and how many of them are what; the four add up to all.

    `effective`: every control that serves it is; `idle`: nothing happened that could be tested; `deviating`: some
    control has deviations that are not dealt with; `unknown`: no control serves it, or what was tested is stale.
    """

    framework: str
    day: str
    criteria: int
    effective: int
    idle: int
    deviating: int
    unknown: int

    @property
    def permille(self) -> int:
        """Return the share of criteria whose controls are all effective, in thousandths, rounded down."""
        return self.effective * 1000 // self.criteria if self.criteria else 0


def results(*, test: str | None = None, control: str | None = None, most: int = 200) -> list[ResultShown]:
    """Return the newest results, the newest first: of all tests, of one, or of those of a control."""
    wanted = [*_of(ControlResultRow.test, test), *_of(ControlResultRow.control, control)]
    newest = col(ControlResultRow.tested_at).desc(), col(ControlResultRow.test)
    with reading() as session:
        rows = session.exec(select(ControlResultRow).where(*wanted).order_by(*newest).limit(most)).all()
        return [_result(row) for row in rows]


def latest() -> dict[str, ResultShown]:
    """Return the newest result of each test that was ever run, by test."""
    with reading() as session:
        return latest_in(session)


def latest_in(session: Session) -> dict[str, ResultShown]:
    """Return the same within a transaction."""
    ends = select(ControlResultRow.test, func.max(col(ControlResultRow.tested_at))).group_by(col(ControlResultRow.test))
    key = tuple_(col(ControlResultRow.test), col(ControlResultRow.tested_at))
    rows = session.exec(select(ControlResultRow).where(key.in_(ends))).all()
    return {row.test: _result(row) for row in sorted(rows, key=lambda row: row.test)}


def findings(  # noqa: PLR0913 - what can be asked for
    *,
    states: Collection[FindingState] | None = None,
    control: str | None = None,
    test: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int = 500,
) -> list[FindingShown]:
    """Return findings, the newest first.

    Args:
        states: those in one of these.
        control: of this control.
        test: of this test.
        since: those that were not closed before then, whenever they were opened.
        until: those that were opened before then.
        most: so many.
    """
    wanted = [*_of(FindingRow.control, control), *_of(FindingRow.test, test)]
    if states is not None:
        wanted.append(col(FindingRow.state).in_([each.value for each in states]))
    if since is not None:
        closed = and_(
            col(FindingRow.state) == FindingState.CLOSED.value, col(FindingRow.changed_at) < milliseconds(since)
        )
        wanted.append(~closed)
    if until is not None:
        wanted.append(col(FindingRow.opened_at) < milliseconds(until))
    newest = col(FindingRow.opened_at).desc(), col(FindingRow.id)
    with reading() as session:
        return [_finding(row) for row in session.exec(select(FindingRow).where(*wanted).order_by(*newest).limit(most))]


def in_period(start: datetime, end: datetime) -> list[FindingShown]:
    """Return every finding that was open, or opened, in a period, oldest first, with its deviations and its history.

    A finding that was remediated in the period is among them.
    """
    found = findings(since=start, until=end, most=100_000)
    with reading() as session:
        return [_whole(session, each) for each in reversed(found)]


def finding(finding_id: str) -> FindingShown | None:
    """Return one finding with its deviations and its history, or None."""
    with reading() as session:
        row = session.get(FindingRow, finding_id)
        return None if row is None else _whole(session, _finding(row))


def attestations(test: str, most: int = 50) -> list[AttestationShown]:
    """Return what persons stated about a test, the newest first."""
    with reading() as session:
        return attestations_in(session, test)[:most]


def attestations_in(session: Session, test: str) -> list[AttestationShown]:
    """Return all of it, within a transaction."""
    return _attestations(session, AttestationRow.test == test)


def all_attestations() -> dict[str, list[AttestationShown]]:
    """Return what persons stated, the newest first, by test."""
    found: dict[str, list[AttestationShown]] = {}
    with reading() as session:
        for each in _attestations(session):
            found.setdefault(each.test, []).append(each)
    return found


def _attestations(session: Session, *wanted: Any) -> list[AttestationShown]:
    newest = col(AttestationRow.at).desc(), col(AttestationRow.decision_id)
    rows = session.exec(select(AttestationRow).where(*wanted).order_by(*newest)).all()
    return [
        AttestationShown(
            decision_id=row.decision_id,
            test=row.test,
            kind=Said(row.kind),
            of=row.of,
            person=row.person,
            role=row.role,
            statement=row.statement,
            conclusion=row.conclusion,
            at=moment(row.at),
        )
        for row in rows
    ]


def scores(framework: str | None = None, *, days: int = 365) -> list[ScoreShown]:
    """Return the scores of one framework, or of all, of the newest `days` days there are, the oldest first."""
    newest = select(FrameworkScoreRow.day).distinct().order_by(col(FrameworkScoreRow.day).desc()).limit(days)
    wanted = [*_of(FrameworkScoreRow.framework, framework), col(FrameworkScoreRow.day).in_(newest)]
    order = col(FrameworkScoreRow.day), col(FrameworkScoreRow.framework)
    with reading() as session:
        rows = session.exec(select(FrameworkScoreRow).where(*wanted).order_by(*order)).all()
        return [
            ScoreShown(
                framework=row.framework,
                day=row.day,
                criteria=row.criteria,
                effective=row.effective,
                idle=row.idle,
                deviating=row.deviating,
                unknown=row.unknown,
            )
            for row in rows
        ]


def moment(value: int) -> datetime:
    """Return a time that is kept as Unix milliseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)


def milliseconds(value: datetime) -> int:
    """Return a time as Unix milliseconds."""
    return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def stored(deviations: Iterable[DeviationShown]) -> str:
    """Return deviations as a row keeps them."""
    return json.dumps([[each.position, each.time, each.reason] for each in deviations])


def _of(column: Any, value: str | None) -> list[ColumnElement[bool]]:
    return [] if value is None else [col(column) == value]


def _result(row: ControlResultRow) -> ResultShown:
    return ResultShown(
        test=row.test,
        control=row.control,
        kind=row.kind,
        outcome=row.outcome,
        tested_at=moment(row.tested_at),
        period_start=moment(row.period_start),
        period_end=moment(row.period_end),
        query=row.query,
        population=row.population,
        population_sha256=row.population_sha256,
        first=row.first,
        last=row.last,
        first_time=row.first_time,
        last_time=row.last_time,
        revisions=tuple(json.loads(row.revisions)),
        deviation_count=row.deviation_count,
        deviations=tuple(
            DeviationShown(position=position, time=time, reason=reason)
            for position, time, reason in json.loads(row.deviations)
        ),
        decision_id=row.decision_id,
    )


def _finding(row: FindingRow) -> FindingShown:
    return FindingShown(
        id=row.id,
        control=row.control,
        test=row.test,
        severity=row.severity,
        owner=row.owner,
        state=FindingState(row.state),
        opened_at=moment(row.opened_at),
        due_at=moment(row.due_at),
        accepted_until=None if row.accepted_until is None else moment(row.accepted_until),
        remediation=row.remediation,
        deviation_count=row.deviation_count,
        changed_at=moment(row.changed_at),
        decision_id=row.decision_id,
    )


def _whole(session: Session, found: FindingShown) -> FindingShown:
    deviations = session.exec(
        select(FindingDeviationRow)
        .where(FindingDeviationRow.finding == found.id)
        .order_by(col(FindingDeviationRow.time), col(FindingDeviationRow.key))
    )
    steps = session.exec(
        select(FindingStepRow).where(FindingStepRow.finding == found.id).order_by(col(FindingStepRow.number))
    )
    accepted = session.exec(
        select(FindingAcceptanceRow)
        .where(FindingAcceptanceRow.finding == found.id)
        .order_by(col(FindingAcceptanceRow.at), col(FindingAcceptanceRow.folded))
    )
    return replace(
        found,
        deviations=tuple(DeviationShown(position=row.position, time=row.time, reason=row.reason) for row in deviations),
        steps=tuple(
            StepShown(
                number=row.number,
                state=FindingState(row.state),
                at=moment(row.at),
                by=row.by,
                code=row.code,
                note=row.note,
                decision_id=row.decision_id,
            )
            for row in steps
        ),
        acceptances=tuple(
            AcceptanceShown(
                until=moment(row.until),
                person=row.person,
                role=row.role,
                reason=row.reason,
                at=moment(row.at),
                decision_id=row.decision_id,
            )
            for row in accepted
        ),
    )
