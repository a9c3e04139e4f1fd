"""What an attempt turned out to be, weeks later: kept for the next model, and remembered for the next attempt."""

from typing import Any

from sqlmodel import Session, col, select

from app.features.marketplace.fraud.features import Attempt, blame
from app.features.marketplace.fraud.memory import RowMemory
from app.features.marketplace.fraud.rows import AttemptRow, Label, LabelRow
from app.pdp.enforce import Permit

_FRAUD = frozenset({Label.CHARGEBACK, Label.CONFIRMED})


def learn(session: Session, permit: Permit, order: str, label: Label, *, now: int) -> bool:
    """Keep what an order turned out to be; returns whether that is news.

    A chargeback is told by whoever takes it in, in the transaction of its effect, which `session` is; an investigation
    tells what it found. Fraud counts against buyer, device and developer from now on, once for each order.
    """
    if session.get(LabelRow, (order, label.value)) is not None:
        return False
    blamed = {*session.exec(select(LabelRow.label).where(LabelRow.order == order)).all()} & _FRAUD
    session.add(LabelRow(order=order, label=label.value, at=now, decision_id=permit.decision_id))
    found = attempted(session, order)
    if found is not None and label in _FRAUD and not blamed:
        blame(now, Attempt(**found.attempt), found.developer, RowMemory(session, lock=True))
    return True


def attempted(session: Session, order: str) -> AttemptRow | None:
    """Return the last attempt of an order."""
    statement = select(AttemptRow).where(AttemptRow.order == order)
    return session.exec(statement.order_by(col(AttemptRow.at).desc(), col(AttemptRow.decision_id).desc())).first()


def told(session: Session, order: str) -> list[dict[str, Any]]:
    """Return what an order turned out to be, the first thing first."""
    rows = session.exec(select(LabelRow).where(LabelRow.order == order).order_by(col(LabelRow.at))).all()
    return [{"label": row.label, "at": row.at, "decision_id": row.decision_id} for row in rows]
