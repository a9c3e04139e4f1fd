"""Coupons as they are kept: which hold for a buyer, how often they are used, and what a referral earns.

The last use of a coupon is one buyer's, however many ask at once: what is left is taken off in one statement that the
table's floors end, and a unique key says that nobody uses one twice.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.features.marketplace.billing.coupon import Coupon, Discount, Funding
from app.features.marketplace.billing.errors import CouponError
from app.features.marketplace.billing.pricing import Quote
from app.features.marketplace.billing.rows import CouponRow, RedemptionRow, ReferralRow

CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{5,31}", re.ASCII)
"""The form of a code."""


def coupon_of(row: CouponRow) -> Coupon:
    """Return a coupon as it is kept."""
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


def shown(code: str) -> str:
    """Return what names a coupon where its code may not stand: whoever knows the code has the discount."""
    return f"coupon-{hashlib.sha256(code.encode()).hexdigest()[:16]}"


def usable(session: Session, codes: Collection[str], *, buyer: str, agent: str, at: int) -> list[Coupon]:
    """Return the coupons of these codes, each of which holds for this buyer and agent.

    Raises:
        CouponError: one is unknown, over, used up, or not for them; which of these, is not said.
    """
    rows = session.exec(select(CouponRow).where(col(CouponRow.code).in_(codes))).all()
    found = [coupon_of(row) for row in rows if row.buyer in {None, buyer} and row.uses > 0]
    held = [each for each in found if each.agent in {None, agent} and each.from_ <= at < (each.until or at + 1)]
    if len(held) != len(set(codes)) or _used(session, held, buyer):
        raise CouponError("a coupon cannot be had")
    return held


def redeem(  # noqa: PLR0913 - who uses what for what
    session: Session, quote: Quote, *, order: str, buyer: str, now: int, decision_id: str
) -> None:
    """Use the coupons that a quote took something off with, for an order, inside the transaction that makes it.

    Raises:
        CouponError: one is used up by now, or this buyer has used it.
    """
    for code, amount in sorted(quote.coupons.items()):
        row = session.get_one(CouponRow, code)
        credit = row.discount == Discount.CREDIT.value
        left = {"amount": CouponRow.amount - amount.minor} if credit else {"uses": CouponRow.uses - 1}
        once = f"order:{order}" if row.discount != Discount.FIRST_MONTH.value else f"buyer:{buyer}"
        taken = update(CouponRow).where(col(CouponRow.code) == code).values(**left)
        row_of_use = RedemptionRow(
            coupon=code, order=order, buyer=buyer, once=once, amount=amount.minor, at=now, decision_id=decision_id
        )
        try:
            session.execute(taken)
            session.add(row_of_use)
            session.flush()
        except IntegrityError:
            raise CouponError("a coupon cannot be had") from None


def refer(  # noqa: PLR0913 - who brought whom with what
    session: Session, order: str, *, referrer: str, referred: str, refundable_until: int, decision_id: str
) -> bool:
    """Keep that a buyer's first order came by another buyer; return whether it was their first."""
    earlier = session.exec(select(ReferralRow).where(ReferralRow.referred == referred)).first()
    if earlier is not None or referrer == referred:
        return False
    session.add(
        ReferralRow(
            order=order,
            referrer=referrer,
            referred=referred,
            refundable_until=refundable_until,
            decision_id=decision_id,
        )
    )
    return True


def withdraw(session: Session, order: str, *, decision_id: str) -> None:
    """Keep that an order which was referred was taken back, or is disputed: it earns nothing any more."""
    row = session.get(ReferralRow, order)
    if row is not None:
        row.withdrawn, row.decision_id = True, decision_id


def _used(session: Session, coupons: Sequence[Coupon], buyer: str) -> bool:
    """Tell whether this buyer has used one of those that each buyer may use once."""
    codes = [each.code for each in coupons if each.discount is Discount.FIRST_MONTH]
    once = select(RedemptionRow).where(col(RedemptionRow.coupon).in_(codes), RedemptionRow.once == f"buyer:{buyer}")
    return session.exec(once).first() is not None
