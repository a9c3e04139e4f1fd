"""The till of a marketplace: prices and rates of billing, signals and verdicts of fraud detection, a provider."""

import time
from collections.abc import Callable, Collection
from typing import Any

from sqlmodel import Session, select

from app.db import reading
from app.features.marketplace.billing import coupons
from app.features.marketplace.billing.commission import rates_of, split
from app.features.marketplace.billing.coupon import Discount
from app.features.marketplace.billing.coupons import usable
from app.features.marketplace.billing.errors import CouponError
from app.features.marketplace.billing.plans import plan_of
from app.features.marketplace.billing.pricing import Quote, quote
from app.features.marketplace.billing.rows import CouponRow, PlanRow, RedemptionRow
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.fraud.cases import keep_attempt, keep_denied
from app.features.marketplace.fraud.features import Attempt, signals
from app.features.marketplace.fraud.verdict import risk_of
from app.features.marketplace.payments import Payments
from app.features.marketplace.rows import AgentRow, PartyRow, Tier
from app.features.marketplace.sales.rows import OrderRow
from app.features.marketplace.sales.till import Enforce, Price, Till, Wanted
from app.pdp.bundle import Bundle
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError


def till_of(
    payments: Payments,
    bundle: Callable[[], Bundle],
    enforce: Enforce,
    *,
    targets: Collection[str] = (),
    now: Callable[[], float] = time.time,
) -> Till:
    """Return the till.

    Args:
        payments: moves money.
        bundle: returns the policies in force, which have the rates.
        enforce: asks the decision point for fraud detection, which keeps what was denied.
        targets: who is told of a case.
        now: Unix seconds.
    """

    def risk(session: Session, row: OrderRow) -> dict[str, Any]:
        return risk_of(signals(session, attempt_of(row, int(now()))))

    def allowed(session: Session, row: OrderRow, permit: Permit) -> None:
        attempt = attempt_of(row, int(now()))
        keep_attempt(session, attempt, signals(session, attempt), permit.decision, permit.decision_id)

    def denied(row: OrderRow, error: DeniedError) -> None:
        attempt = attempt_of(row, int(now()))
        with reading() as session:
            measured = signals(session, attempt)
        keep_denied(enforce, attempt, measured, error, targets=targets, now=int(now()))

    return Till(
        payments=payments,
        price=lambda session, wanted, at: price(session, wanted, at, bundle()),
        redeem=redeem,
        restore=restore,
        risk=risk,
        allowed=allowed,
        denied=denied,
        now=now,
    )


def attempt_of(row: OrderRow, at: int) -> Attempt:
    """Return an order as fraud detection sees it; from where it was ordered stands in the order."""
    known = {"device": row.account, "network": "", "card": row.source} | row.attempt
    return Attempt(
        order=row.id,
        at=at,
        buyer=row.buyer,
        agent=row.agent,
        amount_minor=row.gross,
        coupon=bool(row.coupons),
        **known,
    )


def price(session: Session, wanted: Wanted, at: int, bundle: Bundle) -> Price:
    """Return what something costs, by our own plans, coupons and rates.

    Raises:
        UnknownError: there is no such plan of this agent on sale.
        CouponError: a coupon cannot be had by this buyer.
        PlanError: so much is not sold.
        MarketDataError: policy data have no rates.
    """
    made = _quoted(session, wanted, at)
    agent = session.get_one(AgentRow, wanted.agent)
    developer = session.get_one(PartyRow, agent.developer)
    parts = split(made.earned, Tier(developer.tier), rates_of(bundle))
    return Price(
        listed=made.list,
        gross=made.gross,
        promotion=made.funded,
        fee=parts.fee,
        protection=parts.protection,
        net=parts.developer,
        reserve=parts.reserve,
    )


def redeem(session: Session, row: OrderRow, decision_id: str) -> None:
    """Use up the coupons that made an order's price, and as much of a credit as they took off.

    Raises:
        CouponError: one cannot be had any more, or takes off something else by now.
    """
    if not row.coupons:
        return
    plan = plan_of(session.get_one(PlanRow, row.plan))
    found = usable(session, row.coupons, buyer=row.buyer, agent=row.agent, at=row.created_at)
    made = quote(plan, row.quantity, found, at=row.created_at)
    if (made.gross.minor, made.funded.minor) != (row.gross, row.promotion):
        raise CouponError("a coupon takes off something else by now")
    coupons.redeem(session, made, order=row.id, buyer=row.buyer, now=row.created_at, decision_id=decision_id)


def restore(session: Session, row: OrderRow) -> None:
    """Give the coupons of an order back for which nothing was paid."""
    for used in session.exec(select(RedemptionRow).where(RedemptionRow.order == row.id)):
        kept = session.get_one(CouponRow, used.coupon, with_for_update=True)
        if kept.discount == Discount.CREDIT.value:
            kept.amount += used.amount
        else:
            kept.uses += 1
        session.delete(used)


def _quoted(session: Session, wanted: Wanted, at: int) -> Quote:
    row = session.get(PlanRow, wanted.plan)
    if row is None or row.agent != wanted.agent or row.retired_at is not None:
        raise UnknownError("there is no such plan on sale")
    found = usable(session, wanted.coupons, buyer=wanted.buyer, agent=wanted.agent, at=at)
    return quote(plan_of(row), wanted.quantity, found, at=at)
