"""The tables of what is sold and paid. Times: Unix seconds; amounts: minor units of the row's currency."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from app.db import ProductRow


class OrderState(StrEnum):
    """How far an order is."""

    PLACED = "placed"  # nobody has decided on the purchase
    VERIFYING = "verifying"  # the buyer has to show a second factor
    HELD = "held"  # a person looks at it
    REFUSED = "refused"
    CHARGING = "charging"  # it may be paid; whether it is, the provider says
    DECLINED = "declined"  # the provider took no money
    PAID = "paid"


class BackState(StrEnum):
    """How far a refund is."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class DisputeState(StrEnum):
    """How far a dispute is."""

    REPORTED = "reported"  # the provider said so; nothing is booked
    OPEN = "open"  # the money is gone until it is decided
    WON = "won"
    LOST = "lost"


class PayoutState(StrEnum):
    """How far a payout is."""

    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"


class OrderRow(ProductRow, table=True):
    """An order, with what it was sold at; later prices and rates change nothing about it."""

    __tablename__ = "market_order"

    id: str = Field(primary_key=True, max_length=64)
    buyer: str = Field(foreign_key="market_party.id", max_length=64, index=True)
    developer: str = Field(foreign_key="market_party.id", max_length=64, index=True)
    agent: str = Field(foreign_key="market_agent.id", max_length=64, index=True)
    plan: str = Field(max_length=64)
    quantity: int = Field(sa_type=BigInteger)
    coupons: list[str] = Field(sa_type=JSON)
    currency: str = Field(max_length=3)
    listed: int = Field(sa_type=BigInteger)  # without discounts
    gross: int = Field(sa_type=BigInteger)  # what the buyer pays
    promotion: int = Field(sa_type=BigInteger)  # discounts that the platform bears
    fee: int = Field(sa_type=BigInteger)
    protection: int = Field(default=0, sa_type=BigInteger)  # what the developer pays for chargeback protection
    net: int = Field(sa_type=BigInteger)  # the developer's share, with the reserve
    reserve: int = Field(sa_type=BigInteger)
    refunding: int = Field(default=0, sa_type=BigInteger)  # permitted, and under way
    refunded: int = Field(default=0, sa_type=BigInteger)  # back with the buyer, by refund or by dispute
    returned: int = Field(default=0, sa_type=BigInteger)  # of it, what the developer bore
    escrow_left: int = Field(default=0, sa_type=BigInteger)
    reserve_left: int = Field(default=0, sa_type=BigInteger)
    state: str = Field(max_length=16, index=True)
    licence_accepted: bool
    attempt: dict[str, Any] = Field(sa_type=JSON)  # from where it was ordered, for fraud detection
    source: str = Field(max_length=128)  # the buyer's means of payment, as the provider names it
    charge: str | None = Field(default=None, max_length=128, index=True)
    account: str = Field(max_length=128)  # who ordered it for the buyer
    body_hash: str = Field(max_length=64)
    created_at: int = Field(sa_type=BigInteger)
    paid_at: int | None = Field(default=None, sa_type=BigInteger)
    escrow_released_at: int | None = Field(default=None, sa_type=BigInteger)
    reserve_released_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class RefundRow(ProductRow, table=True):
    """A refund that was permitted."""

    __tablename__ = "market_refund"

    id: str = Field(primary_key=True, max_length=64)
    order: str = Field(foreign_key="market_order.id", max_length=64, index=True)
    amount: int = Field(sa_type=BigInteger)
    state: str = Field(max_length=16, index=True)
    refund: str | None = Field(default=None, max_length=128)
    body_hash: str = Field(max_length=64)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class DisputeRow(ProductRow, table=True):
    """A dispute, by the provider's id. `reported` is what the provider last said of it."""

    __tablename__ = "market_dispute"

    id: str = Field(primary_key=True, max_length=128)
    order: str = Field(foreign_key="market_order.id", max_length=64, index=True)
    amount: int = Field(sa_type=BigInteger)
    fee: int = Field(sa_type=BigInteger)
    state: str = Field(max_length=16, index=True)
    reported: str = Field(max_length=16)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class PayoutRow(ProductRow, table=True):
    """A payout that was permitted. `reported` is what the provider last said of it; empty until it said something."""

    __tablename__ = "market_payout"

    id: str = Field(primary_key=True, max_length=64)
    developer: str = Field(foreign_key="market_party.id", max_length=64, index=True)
    currency: str = Field(max_length=3)
    amount: int = Field(sa_type=BigInteger)
    account: str = Field(max_length=128)
    state: str = Field(max_length=16, index=True)
    reported: str = Field(default="", max_length=16)
    transfer: str | None = Field(default=None, max_length=128)
    payout: str | None = Field(default=None, max_length=128, index=True)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
