"""Refunds: a part of what was paid goes back, once for each key, never more than was paid.

The amount is set aside on the order before the provider is asked; whatever dies in between is gone on with under the
same key.
"""

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.db import reading, writing
from app.features.marketplace.acting import effect
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.money import Money
from app.features.marketplace.payments import PaymentError
from app.features.marketplace.sales.errors import RacedError, ReusedKeyError
from app.features.marketplace.sales.giving_back import give_back
from app.features.marketplace.sales.orders import hash_of, moment, order_of
from app.features.marketplace.sales.rows import BackState, OrderRow, RefundRow
from app.features.marketplace.sales.till import Till
from app.pdp.enforce import Permit
from app.pdp.model import Entity


def refund_id(order: str, key: str) -> str:
    """Return the id of the refund of an order under an idempotency key: the same key is the same refund."""
    return f"ref-{hash_of([order, key])[:32]}"


def facts(session: Session, order: str, refund: str, *, lock: bool = False) -> Entity:
    """Return an order as `marketplace.refund` sees it, apart from the refund that is asked for, if it was made before.

    Raises:
        UnknownError: there is no such order, or nobody paid for it.
    """
    row = order_of(session, order, lock=lock)
    if row.paid_at is None:
        raise UnknownError("nothing was paid")
    known = session.get(RefundRow, refund)
    own = known.amount if known is not None and known.state != BackState.FAILED.value else 0
    back = row.refunded + row.refunding - own
    return Entity(
        type="order",
        id=order,
        properties={
            "buyer": row.buyer,
            "purchased_at": moment(row.paid_at),
            "refunded": back >= row.gross,
            "paid_minor": row.gross,
            "refunded_minor": back,
        },
    )


def refund(till: Till, permit: Permit, refund: str, amount: int) -> RefundRow:
    """Return the refund, made as far as the provider did it.

    Args:
        till: what money is moved with.
        permit: of `marketplace.refund`.
        refund: of `refund_id`.
        amount: minor units, as policy saw it.

    Raises:
        ReusedKeyError: the key was used for another amount.
        ChangedError: the order has changed meanwhile.
    """
    order = permit.request.resource.id
    body = hash_of({"order": order, "amount": amount})
    with reading() as session:
        known = session.get(RefundRow, refund)
    if known is not None and known.body_hash != body:
        raise ReusedKeyError("the key was used for another refund")
    if known is not None:
        return known
    made = RefundRow(
        id=refund,
        order=order,
        amount=amount,
        state=BackState.PENDING.value,
        body_hash=body,
        at=till.at(),
        decision_id=permit.decision_id,
    )
    _begin(till, permit, made)
    return give(till, permit, refund)


def give(till: Till, permit: Permit, refund: str) -> RefundRow:
    """Have the provider give a pending refund back, and keep what became of it."""
    with reading() as session:
        row = session.get_one(RefundRow, refund)
        order = order_of(session, row.order)
    if row.state != BackState.PENDING.value:
        return row
    given = given_by(till, row, order)
    if given is None:
        return row
    with writing(permit) as session:
        return keep_refund(till, session, refund, given, permit.decision_id)


def given_by(till: Till, row: RefundRow, order: OrderRow) -> str | None:
    """Return the id of the provider's refund; empty where there is none for sure, None where nobody knows."""
    amount = Money(order.currency, row.amount)
    try:
        return till.payments.refund(order.charge or "", amount, key=f"{row.id}:refund")
    except PaymentError as error:
        return "" if error.certain else None


def keep_refund(till: Till, session: Session, refund: str, given: str, decision_id: str) -> RefundRow:
    """Keep what became of a refund: the provider's id, empty where it gave nothing back."""
    known = session.get_one(RefundRow, refund)
    order = order_of(session, known.order, lock=True)
    row = session.get_one(RefundRow, refund, with_for_update=True)
    if row.state != BackState.PENDING.value:
        return row
    order.refunding -= row.amount
    row.state = BackState.DONE.value if given else BackState.FAILED.value
    row.refund = given or None
    if given:
        give_back(session, order, row.amount, key=row.id, kind="refund", decision_id=decision_id, at=till.at())
    return row


def _begin(till: Till, permit: Permit, row: RefundRow) -> None:
    """Set the amount aside on the order."""
    with effect(permit, lambda session: facts(session, row.order, row.id, lock=True), now=till.now) as session:
        order_of(session, row.order, lock=True).refunding += row.amount
        session.add(row)
        try:
            session.flush()
        except IntegrityError as error:
            raise RacedError("so much cannot be given back, or the same is being given back") from error
