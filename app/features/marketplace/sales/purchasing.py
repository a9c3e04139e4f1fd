"""From an order to a paid order: two decisions, one charge.

`marketplace.order` lets a buyer have an order at all, `marketplace.purchase` lets it be charged. The order says that it
may be charged before the provider is asked, and the provider is asked under a key of the order: whatever dies in
between is gone on with under the same key.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.db import reading, writing
from app.features.marketplace.acting import effect, give_up
from app.features.marketplace.errors import ChangedError
from app.features.marketplace.money import Money
from app.features.marketplace.payments import PaymentError
from app.features.marketplace.rows import AgentRow
from app.features.marketplace.sales.errors import RacedError, ReusedKeyError
from app.features.marketplace.sales.orders import book_sale, hash_of, listing, order_of
from app.features.marketplace.sales.rows import OrderRow, OrderState
from app.features.marketplace.sales.till import Enforce, Till, Wanted
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import Entity, EvaluationRequest

OPEN: Final = frozenset({OrderState.PLACED.value, OrderState.VERIFYING.value})
"""The states in which the purchase may be decided on."""

NEW: Final = "new"
"""What policy is told of an order that there is not yet."""

_VERIFY, _HOLD = "verify_buyer", frozenset({"alert_security", "hold_for_review"})


def facts(session: Session, order: str, buyer: str, *, lock: bool = False) -> Entity:
    """Return an order as `marketplace.order` sees it; one that there is not yet is the buyer's own."""
    row = session.get(OrderRow, order, with_for_update=lock or None)
    state, owner = (NEW, buyer) if row is None else (row.state, row.buyer)
    return Entity(type="order", id=order, properties={"buyer": owner, "state": state})


def body_of(wanted: Wanted, *, licence_accepted: bool) -> str:
    """Return the hash of what a buyer asked for."""
    return hash_of(
        {
            "buyer": wanted.buyer,
            "agent": wanted.agent,
            "plan": wanted.plan,
            "quantity": wanted.quantity,
            "coupons": list(wanted.coupons),
            "source": wanted.source,
            "licence": licence_accepted,
        }
    )


def draft(  # noqa: PLR0913 - what an order is made of
    till: Till,
    order: str,
    wanted: Wanted,
    *,
    account: str,
    licence_accepted: bool,
    attempt: Mapping[str, Any],
) -> OrderRow:
    """Return the order that there is, or else the one that is wanted, priced, and not kept yet.

    Raises:
        ReusedKeyError: there is one, of something else.
        MarketplaceError: it has no price.
    """
    body = body_of(wanted, licence_accepted=licence_accepted)
    with reading() as session:
        row = session.get(OrderRow, order)
        if row is None:
            agent = session.get(AgentRow, wanted.agent)
            price = till.price(session, wanted, till.at())
    if row is not None:
        if row.body_hash != body:
            raise ReusedKeyError("the key was used for another order")
        return row
    return OrderRow(
        id=order,
        buyer=wanted.buyer,
        developer=agent.developer if agent else "",
        agent=wanted.agent,
        plan=wanted.plan,
        quantity=wanted.quantity,
        coupons=list(wanted.coupons),
        currency=price.gross.currency,
        listed=price.listed.minor,
        gross=price.gross.minor,
        promotion=price.promotion.minor,
        fee=price.fee.minor,
        protection=price.protection.minor,
        net=price.net.minor,
        reserve=price.reserve.minor,
        state=OrderState.PLACED.value,
        licence_accepted=licence_accepted,
        attempt=dict(attempt),
        source=wanted.source,
        account=account,
        body_hash=body,
        created_at=till.at(),
        decision_id="",
    )


def purchase(till: Till, enforce: Enforce, permit: Permit, row: OrderRow, *, verified: bool = False) -> OrderRow:
    """Return the order after whatever could be done about it: paid, declined, waiting for somebody, refused.

    Args:
        till: what is sold with.
        enforce: asks whether it may be charged.
        permit: of `marketplace.order`.
        row: of `draft`.
        verified: the buyer has passed an additional verification.

    Raises:
        MarketplaceError: nothing was done, or somebody else is doing it.
    """
    if row.state not in OPEN:
        give_up(permit, now=till.now)
        return row  # where it is being charged, `settling` goes on with it, as long as the provider knows the key
    try:
        allowed = enforce(_asked(till, permit, row, verified=verified))
    except DeniedError as error:
        kept = _keep(till, permit, row, _called_for(error))
        till.denied(kept, error)
        return kept
    _keep(till, permit, row, OrderState.PLACED)
    let_charge(till, allowed, row.id, lambda session: listing(session, row.agent, lock=True))
    return pay(till, allowed, row.id)


def let_charge(
    till: Till,
    permit: Permit,
    order: str,
    about: Callable[[Session], Entity],
    before: Collection[str] = OPEN,
) -> None:
    """Keep that an order in one of the states `before` may be charged, with its coupons used up.

    Raises:
        ChangedError: it is in another state by now, or what was decided on is described differently.
        MarketplaceError: a coupon cannot be had any more.
    """
    with effect(permit, about, now=till.now) as session:
        kept = order_of(session, order, lock=True)
        if kept.state not in before:
            raise ChangedError("the order is not open any more")
        till.redeem(session, kept, permit.decision_id)
        till.allowed(session, kept, permit)
        kept.state, kept.decision_id = OrderState.CHARGING.value, permit.decision_id


def pay(till: Till, permit: Permit, order: str) -> OrderRow:
    """Charge an order that may be charged, and keep what became of it."""
    with reading() as session:
        row = order_of(session, order)
    if row.state != OrderState.CHARGING.value:
        return row
    charge = charged_by(till, row)
    if charge is None:
        return row
    with writing(permit) as session:
        return keep_charge(till, session, order, charge, permit.decision_id)


def keep_charge(till: Till, session: Session, order: str, charge: str, decision_id: str) -> OrderRow:
    """Keep what became of a charge: its id, empty where the provider took nothing."""
    row = order_of(session, order, lock=True)
    if row.state != OrderState.CHARGING.value:
        return row
    if charge or not row.gross:
        book_sale(session, row, charge=charge, decision_id=decision_id, at=till.at())
    else:
        till.restore(session, row)
        row.state = OrderState.DECLINED.value
    return row


def charged_by(till: Till, row: OrderRow) -> str | None:
    """Return the id of the charge; empty where there is none for sure, or nothing to pay, None where nobody knows."""
    if not row.gross:
        return ""
    try:
        return till.payments.charge(row.id, Money(row.currency, row.gross), source=row.source, key=f"{row.id}:charge")
    except PaymentError as error:
        return "" if error.certain else None


def _asked(till: Till, permit: Permit, row: OrderRow, *, verified: bool) -> EvaluationRequest:
    with reading() as session:
        about, risk = listing(session, row.agent), till.risk(session, row)
    context: dict[str, Any] = {"risk": dict(risk), "licence_accepted": row.licence_accepted}
    if verified:
        context["additional_verification"] = True
    return EvaluationRequest(
        subject=permit.request.subject, action="marketplace.purchase", resource=about, context=context
    )


def _called_for(error: DeniedError) -> OrderState:
    called_for = {each["id"] for each in error.decision.obligations}
    if _VERIFY in called_for:
        return OrderState.VERIFYING
    return OrderState.HELD if called_for & _HOLD else OrderState.REFUSED


def _keep(till: Till, permit: Permit, row: OrderRow, state: OrderState) -> OrderRow:
    """Keep an order in the state that the decision on its purchase leaves it in."""
    with effect(permit, lambda session: facts(session, row.id, row.buyer, lock=True), now=till.now) as session:
        kept = session.get(OrderRow, row.id)
        if kept is None:
            kept = OrderRow(**row.model_dump())
            session.add(kept)
        kept.state, kept.decision_id = state.value, permit.decision_id
        try:
            session.flush()
        except IntegrityError as raced:
            raise RacedError("the same order is being placed") from raced
    return kept
