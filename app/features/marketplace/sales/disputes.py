"""Disputes: a buyer's bank takes money back, and says later whether it keeps it.

The provider's webhook is kept as it comes, in whatever order and however often; what it means to the books is decided
on one step at a time.
"""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, col, select

from app.features.marketplace.acting import effect
from app.features.marketplace.errors import ChangedError, UnknownError
from app.features.marketplace.sales.giving_back import give_back, take_back
from app.features.marketplace.sales.orders import order_of
from app.features.marketplace.sales.rows import DisputeRow, DisputeState, OrderRow
from app.features.marketplace.sales.till import Till
from app.pdp.enforce import Permit
from app.pdp.model import Entity

_ENDED: Final = frozenset({DisputeState.WON.value, DisputeState.LOST.value})


def report(  # noqa: PLR0913 - what a webhook says
    session: Session,
    dispute: str,
    charge: str,
    *,
    amount: int,
    fee: int,
    state: DisputeState,
    at: int,
    decision_id: str,
) -> DisputeRow:
    """Keep what a verified webhook says of a dispute. That it was opened changes nothing once its end is known.

    Raises:
        UnknownError: no order was paid with this charge.
    """
    row = session.get(DisputeRow, dispute, with_for_update=True)
    if row is None:
        order = session.exec(select(OrderRow).where(OrderRow.charge == charge)).first()
        if order is None:
            raise UnknownError("no order was paid with this charge")
        row = DisputeRow(
            id=dispute,
            order=order.id,
            amount=amount,
            fee=fee,
            state=DisputeState.REPORTED.value,
            reported=state.value,
            at=at,
            decision_id=decision_id,
        )
        session.add(row)
    elif row.reported not in _ENDED:
        row.reported = state.value
    return row


def waiting(session: Session) -> Sequence[str]:
    """Return the ids of the disputes of which the books do not say yet what the provider said, in their order."""
    statement = select(DisputeRow).where(col(DisputeRow.state) != col(DisputeRow.reported))
    return [row.id for row in session.exec(statement.order_by(col(DisputeRow.at), DisputeRow.id))]


def facts(session: Session, dispute: str, *, lock: bool = False) -> Entity:
    """Return a dispute as `marketplace.dispute` sees it: with the next step, and what is left of the order."""
    row = session.get_one(DisputeRow, dispute)
    order = order_of(session, row.order, lock=lock)
    row = session.get_one(DisputeRow, dispute, with_for_update=lock or None)
    return Entity(
        type="dispute",
        id=dispute,
        properties={
            "order": order.id,
            "state": row.state,
            "step": _next(row).value,
            "amount_minor": row.amount,
            "left_minor": order.gross - order.refunded - order.refunding,
        },
    )


def book(till: Till, permit: Permit) -> DisputeState:
    """Book the step that `permit` allows, and return the state after it.

    Raises:
        ChangedError: there is another step to take by now.
    """
    dispute = permit.request.resource.id
    with effect(permit, lambda session: facts(session, dispute, lock=True), now=till.now) as session:
        row = session.get_one(DisputeRow, dispute)
        order, state = order_of(session, row.order), _next(row)
        decision_id, at = permit.decision_id, till.at()
        match state:
            case DisputeState.OPEN:
                key = f"{dispute}:open"
                give_back(
                    session,
                    order,
                    row.amount,
                    key=key,
                    kind="dispute",
                    decision_id=decision_id,
                    at=at,
                    fee=row.fee,
                )
            case DisputeState.WON:
                take_back(session, order, row.amount, key=f"{dispute}:won", decision_id=decision_id, at=at)
            case DisputeState.LOST:
                pass
            case DisputeState.REPORTED:
                raise ChangedError("there is nothing to book")
        row.state, row.decision_id = state.value, permit.decision_id
    return state


def open_on(session: Session, order: str) -> bool:
    """Tell whether a dispute of an order is not ended."""
    found = session.exec(select(DisputeRow.state).where(DisputeRow.order == order))
    return any(state not in _ENDED for state in found)


def _next(row: DisputeRow) -> DisputeState:
    if row.state == DisputeState.REPORTED.value:
        return DisputeState.OPEN
    return DisputeState(row.reported)
