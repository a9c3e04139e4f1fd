"""The tables of prices and payments: plans, coupons and their redemptions, metered usage, invoices, webhooks.

Times: Unix seconds. Amounts: minor units. Constraints hold the floors: a coupon is redeemed no more often than it was
granted, a usage event and a webhook count once.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from app.db import ProductRow


class PlanRow(ProductRow, table=True):
    """What an agent costs. A price is never changed: it is retired, and another plan takes its place."""

    __tablename__ = "market_plan"

    id: str = Field(primary_key=True, max_length=64)
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    kind: str = Field(max_length=16)
    currency: str = Field(max_length=3)
    interval: str = Field(max_length=8)
    steps: list[dict[str, Any]] = Field(sa_type=JSON)
    per: int = 1
    least: int = Field(default=1, sa_type=BigInteger)
    support: str | None = Field(default=None, max_length=20)
    created_at: int = Field(sa_type=BigInteger)
    retired_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class CouponRow(ProductRow, table=True):
    """A discount that was granted. `uses` and `amount` are what is left of it."""

    __tablename__ = "market_coupon"
    __table_args__ = (
        CheckConstraint("uses >= 0", name="ck_market_coupon_uses"),
        CheckConstraint("amount >= 0", name="ck_market_coupon_amount"),
        UniqueConstraint("referral", name="uq_market_coupon_referral"),
    )

    code: str = Field(primary_key=True, max_length=64)
    discount: str = Field(max_length=16)
    funding: str = Field(max_length=16)
    basis_points: int = 0
    least: int = Field(default=1, sa_type=BigInteger)
    amount: int = Field(default=0, sa_type=BigInteger)
    currency: str | None = Field(default=None, max_length=3)
    agent: str | None = Field(default=None, foreign_key="market_agent.id", max_length=64, index=True)
    buyer: str | None = Field(default=None, foreign_key="market_party.id", max_length=64, index=True)
    uses: int = 1
    valid_from: int = Field(sa_type=BigInteger)
    valid_until: int = Field(sa_type=BigInteger)
    referral: str | None = Field(default=None, max_length=64)  # the order that earned it
    created_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class RedemptionRow(ProductRow, table=True):
    """That a coupon was used for an order. `once` is what it may be used once for: the buyer, or the order."""

    __tablename__ = "market_redemption"
    __table_args__ = (UniqueConstraint("coupon", "once", name="uq_market_redemption_once"),)

    coupon: str = Field(primary_key=True, foreign_key="market_coupon.code", max_length=64)
    order: str = Field(primary_key=True, max_length=64)
    buyer: str = Field(foreign_key="market_party.id", max_length=64, index=True)
    once: str = Field(max_length=160)
    amount: int = Field(sa_type=BigInteger)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class ReferralRow(ProductRow, table=True):
    """That a buyer was referred by another, with the order that may earn the credit, and when that is settled."""

    __tablename__ = "market_referral"
    __table_args__ = (UniqueConstraint("referred", name="uq_market_referral_referred"),)

    order: str = Field(primary_key=True, max_length=64)
    referrer: str = Field(foreign_key="market_party.id", max_length=64, index=True)
    referred: str = Field(foreign_key="market_party.id", max_length=64)
    refundable_until: int = Field(sa_type=BigInteger)
    withdrawn: bool = False  # the order was taken back, or disputed
    decision_id: str = Field(max_length=48)


class SubscriptionRow(ProductRow, table=True):
    """That a buyer is on a plan; what is metered, and what is due each month, goes onto its invoices."""

    __tablename__ = "market_subscription"

    id: str = Field(primary_key=True, max_length=64)
    tenant: str = Field(max_length=64, index=True)
    buyer: str = Field(foreign_key="market_party.id", max_length=64, index=True)
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    plan: str = Field(foreign_key="market_plan.id", max_length=64)
    quantity: int = Field(default=1, sa_type=BigInteger)
    begins_at: int = Field(sa_type=BigInteger)
    paid_until: int = Field(sa_type=BigInteger)  # by its order, then by its invoices; nothing of metered plans
    ends_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class UsageRow(ProductRow, table=True):
    """An event of use, once for its tenant, source and id, whatever is sent again."""

    __tablename__ = "market_usage"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant", "corrects_source", "corrects_id"],
            ["market_usage.tenant", "market_usage.source", "market_usage.event"],
            name="fk_market_usage_corrects",
        ),
        Index("ix_market_usage_open", "subscription", "invoice"),
    )

    tenant: str = Field(primary_key=True, max_length=64)
    source: str = Field(primary_key=True, max_length=200)
    event: str = Field(primary_key=True, max_length=200)
    body_hash: str = Field(max_length=64)  # SHA-256, hex, of the event's canonical bytes
    subscription: str = Field(foreign_key="market_subscription.id", max_length=64)
    quantity: int = Field(sa_type=BigInteger)  # below zero in a correction
    occurred_at: int = Field(sa_type=BigInteger, index=True)
    received_at: int = Field(sa_type=BigInteger)
    corrects_source: str | None = Field(default=None, max_length=200)
    corrects_id: str | None = Field(default=None, max_length=200)
    invoice: str | None = Field(default=None, foreign_key="market_invoice.id", max_length=96)
    decision_id: str = Field(max_length=48)


class InvoiceRow(ProductRow, table=True):
    """What a buyer owes for a month of a subscription. It is made once, and stands for good."""

    __tablename__ = "market_invoice"
    __table_args__ = (UniqueConstraint("subscription", "period", name="uq_market_invoice_period"),)

    id: str = Field(primary_key=True, max_length=96)
    subscription: str = Field(foreign_key="market_subscription.id", max_length=64)
    buyer: str = Field(foreign_key="market_party.id", max_length=64, index=True)
    period: str = Field(max_length=7)  # the month, YYYY-MM, UTC
    currency: str = Field(max_length=3)
    lines: list[dict[str, Any]] = Field(sa_type=JSON)
    total: int = Field(sa_type=BigInteger)
    carried: int = Field(default=0, sa_type=BigInteger)  # units that corrections took below zero, for the next month
    finalised_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class InboxRow(ProductRow, table=True):
    """A webhook that was received, once for its provider and event id, whatever is sent again. Its body is not kept."""

    __tablename__ = "market_inbox"

    provider: str = Field(primary_key=True, max_length=16)
    event: str = Field(primary_key=True, max_length=128)
    kind: str = Field(max_length=64)
    subject: str = Field(max_length=128, index=True)  # the payment, refund, dispute or payout that it tells of
    body_hash: str = Field(max_length=64)  # SHA-256, hex, of the bytes
    made_at: int = Field(sa_type=BigInteger)  # by the provider
    received_at: int = Field(sa_type=BigInteger)
    applied: bool  # False: something newer about the same was known
    decision_id: str = Field(max_length=48)


class StandingRow(ProductRow, table=True):
    """The newest that a provider told of a payment, refund, dispute or payout: what is older changes nothing."""

    __tablename__ = "market_standing"

    provider: str = Field(primary_key=True, max_length=16)
    subject: str = Field(primary_key=True, max_length=128)
    event: str = Field(max_length=128)
    made_at: int = Field(sa_type=BigInteger)
    rank: int  # of events of the same second, the one that ends something is the newer one
    decision_id: str = Field(max_length=48)
