"""A coupon: a discount that somebody granted, and who bears it.

Knows neither how often it was redeemed (`redeeming.py`) nor the order in which discounts are taken (`pricing.py`).
"""

from dataclasses import dataclass
from enum import StrEnum

from app.features.marketplace.billing.errors import PlanError
from app.features.marketplace.money import BASIS


class Discount(StrEnum):
    """What a coupon takes off. They are taken in this order."""

    VOLUME = "volume"  # a part, from a number of units on
    ANNUAL = "annual"  # a part, where a year is paid in advance
    FIRST_MONTH = "first_month"  # the first month
    CREDIT = "credit"  # an amount, as far as there is something to pay


class Funding(StrEnum):
    """Who bears a discount: where it is the platform, the developer gets what they would have got without it."""

    DEVELOPER = "developer"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """A discount.

    Attributes:
        code: that it is named by.
        discount: what it takes off.
        funding: who bears it.
        basis_points: the part, of `volume` and `annual`.
        least: units from which on `volume` is given.
        amount: minor units that a `credit` has left.
        currency: of the amount.
        agent: that it is for; None: any.
        from_, until: Unix seconds; it holds from the one on, and before the other.
    """

    code: str
    discount: Discount
    funding: Funding
    basis_points: int = 0
    least: int = 1
    amount: int = 0
    currency: str | None = None
    agent: str | None = None
    from_: int = 0
    until: int | None = None

    def __post_init__(self) -> None:
        """Raises `PlanError` unless it has what its discount needs, and nothing else."""
        part = self.discount in {Discount.VOLUME, Discount.ANNUAL}
        if (0 < self.basis_points <= BASIS) is not part or self.basis_points < 0:
            raise PlanError("`basis_points` is a part, of volume and annual discounts alone")
        if self.least < 1 or (self.least > 1) is not (self.discount is Discount.VOLUME):
            raise PlanError("`least` is at least 2, of volume discounts alone")
        credit = self.discount is Discount.CREDIT
        if self.amount < 0 or (self.amount > 0 and not credit) or (self.currency is not None) is not credit:
            raise PlanError("`amount` and `currency` are said of credits alone")

    def holds(self, agent: str, currency: str, at: int) -> bool:
        """Tell whether it is for this agent, in this currency, at this time."""
        return (
            self.agent in {None, agent}
            and self.currency in {None, currency}
            and self.from_ <= at
            and (self.until is None or at < self.until)
        )
