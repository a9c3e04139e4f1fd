"""The tables of systems and incidents, and how rows are read. Rows are added and never changed; times: Unix seconds.

Every row names the decision that permitted it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Text
from sqlmodel import Field, Session, col, func, select

from app.db import ProductRow
from app.features.ai_act.incident import Incident, Step, Taken
from app.features.ai_act.system import Classification


class ClassificationRow(ProductRow, table=True):
    """A class that a system was given; the newest counts."""

    __tablename__ = "ai_act_classification"

    system: str = Field(primary_key=True, max_length=128)
    number: int = Field(primary_key=True)
    kind: str = Field(max_length=16)
    description: dict[str, Any] = Field(sa_type=JSON)
    obligations: list[dict[str, Any]] = Field(sa_type=JSON)
    by: str = Field(max_length=128)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48, unique=True)
    bundle: str = Field(max_length=64)
    revision: str = Field(max_length=256)


class IncidentRow(ProductRow, table=True):
    """An incident; what became of it stand its steps for."""

    __tablename__ = "ai_act_incident"

    id: str = Field(primary_key=True, max_length=32)
    system: str | None = Field(default=None, max_length=128, index=True)
    known_at: int = Field(sa_type=BigInteger, index=True)
    decision_id: str = Field(max_length=48)


class IncidentStepRow(ProductRow, table=True):
    """A step of an incident, counted from 1."""

    __tablename__ = "ai_act_incident_step"

    incident: str = Field(foreign_key="ai_act_incident.id", primary_key=True, max_length=32)
    number: int = Field(primary_key=True)
    step: str = Field(max_length=16)
    by: str = Field(max_length=128)
    at: int = Field(sa_type=BigInteger)
    text: str = Field(sa_type=Text)
    facts: dict[str, bool] | None = Field(default=None, sa_type=JSON)
    recipient: str | None = Field(default=None, max_length=64)
    authority: str | None = Field(default=None, max_length=200)
    notified_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48, unique=True)


class ClockToldRow(ProductRow, table=True):
    """That somebody was told of a clock: `what` is `soon` or `missed`. It stands for good."""

    __tablename__ = "ai_act_clock_told"

    incident: str = Field(foreign_key="ai_act_incident.id", primary_key=True, max_length=32)
    clock: str = Field(primary_key=True, max_length=64)
    what: str = Field(primary_key=True, max_length=16)
    law: str = Field(max_length=200)
    due: int = Field(sa_type=BigInteger)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


def newest_systems(session: Session, most: int = 500) -> list[Classification]:
    """Return the class of each system, by the name of the system."""
    newest = select(ClassificationRow.system, func.max(ClassificationRow.number)).group_by(ClassificationRow.system)
    found: dict[str, int] = dict(session.exec(newest.order_by(ClassificationRow.system).limit(most)).all())
    rows = session.exec(select(ClassificationRow).where(col(ClassificationRow.system).in_(found)))
    return sorted((_system(row) for row in rows if found[row.system] == row.number), key=lambda each: each.system)


def history(session: Session, system: str) -> list[Classification]:
    """Return every class that a system was given, the newest first."""
    statement = select(ClassificationRow).where(col(ClassificationRow.system) == system)
    return [_system(row) for row in session.exec(statement.order_by(col(ClassificationRow.number).desc()))]


def incidents(session: Session, *, system: str | None = None) -> list[Incident]:
    """Return the incidents, of all systems or of one, the newest first."""
    statement = select(IncidentRow).order_by(col(IncidentRow.known_at).desc(), IncidentRow.id)
    if system is not None:
        statement = statement.where(col(IncidentRow.system) == system)
    rows = session.exec(statement).all()
    steps = _steps(session, None if system is None else [row.id for row in rows])
    return [_incident(row, steps[row.id]) for row in rows]


def incident(session: Session, identifier: str) -> Incident | None:
    """Return one incident."""
    row = session.get(IncidentRow, identifier)
    return None if row is None else _incident(row, _steps(session, [identifier])[identifier])


def told(session: Session, identifier: str | None = None) -> Sequence[ClockToldRow]:
    """Return of which clocks somebody was told, of all incidents or of one."""
    statement = select(ClockToldRow).order_by(ClockToldRow.incident, col(ClockToldRow.at), ClockToldRow.clock)
    return session.exec(statement if identifier is None else statement.where(ClockToldRow.incident == identifier)).all()


def _steps(session: Session, of: Sequence[str] | None) -> dict[str, list[IncidentStepRow]]:
    statement = select(IncidentStepRow).order_by(IncidentStepRow.incident, col(IncidentStepRow.number))
    if of is not None:
        statement = statement.where(col(IncidentStepRow.incident).in_(of))
    found: dict[str, list[IncidentStepRow]] = {}
    for row in session.exec(statement):
        found.setdefault(row.incident, []).append(row)
    return found


def _system(row: ClassificationRow) -> Classification:
    return Classification(
        system=row.system,
        kind=row.kind,
        number=row.number,
        description=row.description,
        obligations=tuple(row.obligations),
        by=row.by,
        at=row.at,
        decision_id=row.decision_id,
        bundle=row.bundle,
        revision=row.revision,
    )


def _incident(row: IncidentRow, steps: Sequence[IncidentStepRow]) -> Incident:
    taken = tuple(
        Taken(
            step=Step(each.step),
            by=each.by,
            at=each.at,
            text=each.text,
            decision_id=each.decision_id,
            facts=each.facts,
            recipient=each.recipient,
            authority=each.authority,
            notified_at=each.notified_at,
        )
        for each in steps
    )
    return Incident(id=row.id, system=row.system, known_at=row.known_at, steps=taken)
