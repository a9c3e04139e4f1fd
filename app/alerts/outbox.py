"""Alerts as rows: put there with what caused them, told when it is time, given up after days.

Owns when a target is told again. Knows neither HTTP nor SMTP.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from app.alerts.alert import Alert, AlertSeverity
from app.alerts.rows import AlertDeliveryRow, AlertRow
from app.pdp.enforce import Permit

Reading = Callable[[], AbstractContextManager[Session]]
Writing = Callable[[Permit], AbstractContextManager[Session]]

PAUSES: Final = (5, 30, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
"""Seconds until a target is told again, after the first failure, the second, and so on; then never: a dead letter."""

_MOST: Final = 100  # deliveries of one round


class Delivery(StrEnum):
    """How it stands with one alert and one target."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An alert that a target is to be told now, for the `attempts` + first time."""

    alert: Alert
    target: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """How many wait, and the dead ones: id of the alert, target, code of the last failure."""

    waiting: int
    dead: tuple[tuple[str, str, str], ...]


def post(session: Session, alert: Alert, targets: Iterable[str]) -> None:
    """Put `alert` where it will be told to `targets`, once the transaction of `session` is committed."""
    created = _milliseconds(alert.time.timestamp())
    session.add(
        AlertRow(
            id=alert.id,
            kind=alert.kind,
            severity=alert.severity.value,
            summary=alert.summary[:300],
            detail=json.dumps(dict(alert.detail)),
            decision_id=alert.decision_id,
            created_at=created,
        )
    )
    for target in targets:
        session.add(
            AlertDeliveryRow(alert=alert.id, target=target, state=Delivery.WAITING, attempts=0, next_at=created)
        )


class Outbox:
    """What is to be told, and what became of it."""

    def __init__(self, reading: Reading, writing: Writing) -> None:
        self._reading, self._writing = reading, writing

    def waiting(self, now: float) -> list[Waiting]:
        """Return what is to be told at `now` (Unix seconds), the oldest first."""
        rows = (
            select(AlertDeliveryRow, AlertRow)
            .join(AlertRow, col(AlertRow.id) == col(AlertDeliveryRow.alert))
            .where(_DUE, col(AlertDeliveryRow.next_at) <= _milliseconds(now))
            .order_by(col(AlertDeliveryRow.next_at))
            .limit(_MOST)
        )
        with self._reading() as session:
            return [_waiting(delivery, alert) for delivery, alert in session.execute(rows).all()]

    def empty(self, now: float) -> bool:
        """Return whether there is nothing to tell at `now`."""
        due = select(func.count()).where(_DUE, col(AlertDeliveryRow.next_at) <= _milliseconds(now))
        with self._reading() as session:
            return session.scalar(due) == 0

    def letters(self, most: int) -> Letters:
        """Return how many wait, and at most `most` dead letters."""
        dead = (
            select(AlertDeliveryRow)
            .where(col(AlertDeliveryRow.state) == Delivery.DEAD)
            .order_by(col(AlertDeliveryRow.next_at).desc())
            .limit(most)
        )
        with self._reading() as session:
            waiting = session.scalar(select(func.count()).where(_DUE)) or 0
            found = tuple((row.alert, row.target, row.code or "") for row in session.scalars(dead))
        return Letters(waiting=waiting, dead=found)

    def told(self, permit: Permit, waiting: Waiting) -> None:
        """Say that a target took it."""
        self._update(permit, waiting, state=Delivery.DELIVERED, attempts=waiting.attempts + 1, code=None)

    def failed(self, permit: Permit, waiting: Waiting, code: str, now: float, *, hopeless: bool = False) -> Delivery:
        """Say that a target did not take it; return whether it will be told again."""
        if hopeless or waiting.attempts >= len(PAUSES):
            state, pause = Delivery.DEAD, 0
        else:
            state, pause = Delivery.WAITING, PAUSES[waiting.attempts]
        after = _milliseconds(now + pause)
        self._update(permit, waiting, state=state, attempts=waiting.attempts + 1, code=code, next_at=after)
        return state

    def again(self, permit: Permit, now: float) -> int:
        """Have the dead letters told once more, from the first attempt on; return how many there were."""
        revived = (
            update(AlertDeliveryRow)
            .where(col(AlertDeliveryRow.state) == Delivery.DEAD)
            .values(state=Delivery.WAITING, attempts=0, next_at=_milliseconds(now))
        )
        with self._writing(permit) as session:
            return int(session.connection().execute(revived).rowcount)

    def forget(self, permit: Permit, before: float) -> int:
        """Delete the alerts from before `before` (Unix seconds) that nobody is to be told of any more."""
        waiting = select(col(AlertDeliveryRow.alert)).where(_DUE)
        old = select(col(AlertRow.id)).where(
            col(AlertRow.created_at) < _milliseconds(before), col(AlertRow.id).not_in(waiting)
        )
        with self._writing(permit) as session:
            connection = session.connection()
            connection.execute(delete(AlertDeliveryRow).where(col(AlertDeliveryRow.alert).in_(old)))
            gone = delete(AlertRow).where(
                col(AlertRow.created_at) < _milliseconds(before), col(AlertRow.id).not_in(waiting)
            )
            return int(connection.execute(gone).rowcount)

    def _update(self, permit: Permit, waiting: Waiting, **values: object) -> None:
        mine = update(AlertDeliveryRow).where(
            col(AlertDeliveryRow.alert) == waiting.alert.id, col(AlertDeliveryRow.target) == waiting.target
        )
        with self._writing(permit) as session:
            session.connection().execute(mine.values(**values))


_DUE: Final = col(AlertDeliveryRow.state) == Delivery.WAITING


def _waiting(delivery: AlertDeliveryRow, row: AlertRow) -> Waiting:
    alert = Alert(
        id=row.id,
        kind=row.kind,
        severity=AlertSeverity(row.severity),
        summary=row.summary,
        time=datetime.fromtimestamp(row.created_at / 1000, UTC),
        decision_id=row.decision_id,
        detail=json.loads(row.detail),
    )
    return Waiting(alert=alert, target=delivery.target, attempts=delivery.attempts)


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
