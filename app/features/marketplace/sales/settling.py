"""Payments that are under way: what was permitted, and of which nobody knows yet whether the provider did it.

Each is gone on with by a decision of its own and under the key of the first attempt, so that nothing is done twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, select

from app.db import reading
from app.features.marketplace.acting import effect, give_up
from app.features.marketplace.sales import payouts, purchasing, refunds
from app.features.marketplace.sales.orders import moment, order_of
from app.features.marketplace.sales.rows import (
    BackState,
    OrderRow,
    OrderState,
    PayoutRow,
    PayoutState,
    RefundRow,
)
from app.features.marketplace.sales.till import Till
from app.pdp.enforce import Permit
from app.pdp.model import Entity


class Kind(StrEnum):
    """What kind of payment it is."""

    CHARGE = "charge"
    REFUND = "refund"
    PAYOUT = "payout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A payment that is under way. `since`: Unix seconds."""

    kind: Kind
    id: str
    since: int


def pending(session: Session) -> Iterator[Pending]:
    """Yield the payments of which it is not known whether the provider did them, the oldest first of each kind."""
    orders = select(OrderRow).where(OrderRow.state == OrderState.CHARGING.value)
    for order in session.exec(orders.order_by(col(OrderRow.created_at), OrderRow.id)):
        yield Pending(kind=Kind.CHARGE, id=order.id, since=order.created_at)
    refunded = select(RefundRow).where(RefundRow.state == BackState.PENDING.value)
    for refund in session.exec(refunded.order_by(col(RefundRow.at), RefundRow.id)):
        yield Pending(kind=Kind.REFUND, id=refund.id, since=refund.at)
    sent = select(PayoutRow).where(PayoutRow.state == PayoutState.IN_TRANSIT.value, col(PayoutRow.payout).is_(None))
    for payout in session.exec(sent.order_by(col(PayoutRow.at), PayoutRow.id)):
        yield Pending(kind=Kind.PAYOUT, id=payout.id, since=payout.at)


def facts(session: Session, kind: Kind, payment: str, *, lock: bool = False) -> Entity:
    """Return a payment as `marketplace.settle` sees it."""
    match kind:
        case Kind.CHARGE:
            order = order_of(session, payment, lock=lock)
            state, since = _state(order.state == OrderState.CHARGING.value), order.created_at
        case Kind.REFUND:
            refund = session.get_one(RefundRow, payment)
            order_of(session, refund.order, lock=lock)
            refund = session.get_one(RefundRow, payment, with_for_update=lock or None)
            state, since = _state(refund.state == BackState.PENDING.value), refund.at
        case Kind.PAYOUT:
            payout = session.get_one(PayoutRow, payment, with_for_update=lock or None)
            state, since = _state_of(payout), payout.at
    return Entity(type="payment", id=payment, properties={"kind": kind.value, "state": state, "since": moment(since)})


def settle(till: Till, permit: Permit) -> bool:
    """Go on with the payment that `permit` is about; tell whether it is settled now.

    The provider is asked first, outside of any transaction; what became of it is the effect.

    Raises:
        ChangedError: somebody else has settled it meanwhile.
    """
    kind, payment, _ = _of(permit)
    done = _asked(till, kind, payment)
    if done is None:
        give_up(permit, now=till.now)
        return False
    with effect(permit, lambda session: facts(session, kind, payment, lock=True), now=till.now) as session:
        _keep(till, session, permit, done)
    return True


def _asked(till: Till, kind: Kind, payment: str) -> tuple[str, ...] | None:
    """Return what the provider said, ids that are empty where it did nothing; None where nobody knows."""
    with reading() as session:
        match kind:
            case Kind.CHARGE:
                order = order_of(session, payment)
            case Kind.REFUND:
                refund = session.get_one(RefundRow, payment)
                order = order_of(session, refund.order)
            case Kind.PAYOUT:
                payout = session.get_one(PayoutRow, payment)
    match kind:
        case Kind.CHARGE:
            charge = purchasing.charged_by(till, order)
            return None if charge is None else (charge,)
        case Kind.REFUND:
            given = refunds.given_by(till, refund, order)
            return None if given is None else (given,)
        case Kind.PAYOUT:
            return _sent(till, payout)


def _sent(till: Till, row: PayoutRow) -> tuple[str, ...] | None:
    match row.reported:
        case PayoutState.PAID.value:
            return ()
        case PayoutState.FAILED.value:
            return () if payouts.reversed_by(till, row) else None
        case _:
            return payouts.sent_by(till, row)


def _keep(till: Till, session: Session, permit: Permit, done: tuple[str, ...]) -> None:
    kind, payment, decision_id = _of(permit)
    match kind, done:
        case Kind.CHARGE, (charge,):
            purchasing.keep_charge(till, session, payment, charge, decision_id)
        case Kind.REFUND, (given,):
            refunds.keep_refund(till, session, payment, given, decision_id)
        case Kind.PAYOUT, (transfer, payout):
            payouts.keep_sent(till, session, payment, (transfer, payout), decision_id)
        case _:
            row = session.get_one(PayoutRow, payment)
            payouts.close(till, session, row, PayoutState(row.reported), decision_id)


def _of(permit: Permit) -> tuple[Kind, str, str]:
    resource = permit.request.resource
    return Kind(resource.properties["kind"]), resource.id, permit.decision_id


def _state(open_: bool) -> str:  # noqa: FBT001 - one of two words
    return "pending" if open_ else "done"


def _state_of(row: PayoutRow) -> str:
    if row.state != PayoutState.IN_TRANSIT.value:
        return "done"
    if row.payout is None:
        return "pending"
    return "reported" if row.reported else "done"
