"""The till of a marketplace: prices and rates of billing, signals and verdicts of fraud detection, a provider."""

import time
from collections.abc import Callable, Collection
from typing import Any

from sqlmodel import Session, col, select, update

from app.db import reading
from app.features.marketplace.billing.commission import rates_of, split
from app.features.marketplace.billing.coupon import Coupon, Discount, Funding
from app.features.marketplace.billing.errors import CouponError
from app.features.marketplace.billing.plan import Interval, Kind, Plan, parse_steps
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
    """Use the coupons of an order up, once for each buyer; the database refuses the one use too many.

    Raises:
        CouponError: one cannot be had any more.
    """
    for code in row.coupons:
        once = f"{code}:{row.buyer}"
        used = session.exec(
            select(RedemptionRow).where(RedemptionRow.coupon == code, RedemptionRow.once == once)
        ).first()
        left = (
            update(CouponRow)
            .where(col(CouponRow.code) == code, col(CouponRow.uses) > 0)
            .values(uses=CouponRow.uses - 1)
        )
        if used is not None or not session.connection().execute(left).rowcount:
            raise CouponError("a coupon cannot be had any more")
        session.add(
            RedemptionRow(
                coupon=code,
                order=row.id,
                buyer=row.buyer,
                once=once,
                amount=0,
                at=row.created_at,
                decision_id=decision_id,
            )
        )


def restore(session: Session, row: OrderRow) -> None:
    """Give the coupons of an order back for which nothing was paid."""
    for used in session.exec(select(RedemptionRow).where(RedemptionRow.order == row.id)):
        more = update(CouponRow).where(col(CouponRow.code) == used.coupon).values(uses=CouponRow.uses + 1)
        session.connection().execute(more)
        session.delete(used)


def _quoted(session: Session, wanted: Wanted, at: int) -> Quote:
    row = session.get(PlanRow, wanted.plan)
    if row is None or row.agent != wanted.agent or row.retired_at is not None:
        raise UnknownError("there is no such plan on sale")
    plan = Plan(
        id=row.id,
        agent=row.agent,
        kind=Kind(row.kind),
        currency=row.currency,
        interval=Interval(row.interval),
        steps=parse_steps(row.steps),
        per=row.per,
        least=row.least,
        support=row.support,
    )
    return quote(plan, wanted.quantity, [_coupon(session, code, wanted.buyer) for code in wanted.coupons], at=at)


def _coupon(session: Session, code: str, buyer: str) -> Coupon:
    row = session.get(CouponRow, code)
    if row is None or row.uses <= 0 or row.buyer not in {None, buyer}:
        raise CouponError("a coupon cannot be had")
    return Coupon(
        code=row.code,
        discount=Discount(row.discount),
        funding=Funding(row.funding),
        basis_points=row.basis_points,
        least=row.least,
        amount=row.amount,
        currency=row.currency,
        agent=row.agent,
        from_=row.valid_from,
        until=row.valid_until,
    )
