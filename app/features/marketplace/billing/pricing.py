"""What so much of a plan costs with these coupons: a pure function.

Tiers are graduated: each unit costs what its own step says, so that more never costs less (12,000 runs at $0.10 up to
1,000, $0.08 up to 10,000 and $0.05 above cost $920.00). Each line is rounded once, half to even, and the total is the
sum of the lines. Discounts are taken in the fixed order of `Discount`, whatever order they were handed in; of those
that are a part or a month the best one is taken, credits all. A volume discount never takes the price below that of
the most units to which it is not given.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from app.features.marketplace.billing.coupon import Coupon, Discount, Funding
from app.features.marketplace.billing.errors import PlanError
from app.features.marketplace.billing.plan import MONTHS, MOST, Interval, Kind, Plan, minor
from app.features.marketplace.money import Money, half_even

_UNITS: Final = {
    Kind.SEAT: "seats",
    Kind.EXECUTION: "executions",
    Kind.UNLIMITED: "unlimited use",
    Kind.PERPETUAL: "perpetual licence",
    Kind.ENTERPRISE: "enterprise licence",
    Kind.USAGE: "metered executions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a quote or an invoice.

    Attributes:
        text: what it is for.
        quantity: units; 0 of a discount.
        unit: price of `per` units as a decimal; empty of a discount.
        per: units that `unit` is for.
        months: that are paid.
        amount: of the line, rounded once.
        coupon: that took it off, of a discount.
        funding: who bears it, of a discount.
    """

    text: str
    quantity: int = 0
    unit: str = ""
    per: int = 1
    months: int = 1
    amount: Money
    coupon: str | None = None
    funding: Funding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What so much of a plan costs.

    Attributes:
        plan: its id.
        quantity: units.
        lines: prices, then discounts, which are below zero.
    """

    plan: str
    quantity: int
    currency: str
    lines: tuple[Line, ...]

    @property
    def list(self) -> Money:
        """Return the price without a discount."""
        return self._sum(lambda each: each.coupon is None)

    @property
    def discounts(self) -> Money:
        """Return what is taken off; zero or above."""
        return -self._sum(lambda each: each.coupon is not None)

    @property
    def funded(self) -> Money:
        """Return what of the discounts the platform bears; zero or above."""
        return -self._sum(lambda each: each.funding is Funding.PLATFORM)

    @property
    def gross(self) -> Money:
        """Return what the buyer pays: the sum of the lines."""
        return self._sum(lambda _: True)

    @property
    def earned(self) -> Money:
        """Return what commission and the developer's share are of: as if the platform's discounts had been paid."""
        return self.gross + self.funded

    @property
    def coupons(self) -> dict[str, Money]:
        """Return what each coupon that was taken takes off; zero or above."""
        return {each.coupon: -each.amount for each in self.lines if each.coupon is not None}

    def _sum(self, wanted: Callable[[Line], bool]) -> Money:
        return Money(self.currency, sum(each.amount.minor for each in self.lines if wanted(each)))


def quote(plan: Plan, quantity: int, coupons: Sequence[Coupon] = (), *, at: int) -> Quote:
    """Return what `quantity` units of `plan` cost.

    Args:
        plan: with prices.
        quantity: units: seats, executions, licences; of metered usage, all of the month's.
        coupons: in any order; those that do not hold here are left out.
        at: Unix seconds.

    Raises:
        PlanError: so few, or so many, are not sold.
    """
    least = 0 if plan.kind is Kind.USAGE else plan.least
    if not least <= quantity <= MOST:
        raise PlanError("`quantity` is fewer than the plan sells, or too many")
    prices = tuple(_prices(plan, quantity))
    discounts = tuple(_discounts(plan, quantity, coupons, sum(each.amount.minor for each in prices), at))
    return Quote(plan=plan.id, quantity=quantity, currency=plan.currency, lines=prices + discounts)


def _prices(plan: Plan, quantity: int) -> Iterator[Line]:
    """Yield a line for each step that something falls into."""
    months, first, text = MONTHS[plan.interval], 0, _UNITS[plan.kind]
    for step in plan.steps:
        within = max(0, min(quantity, quantity if step.up_to is None else step.up_to) - first)
        if within or not first:
            amount = Money(plan.currency, half_even(minor(step.unit) * within * months / plan.per))
            yield Line(text=text, quantity=within, unit=step.unit, per=plan.per, months=months, amount=amount)
        if step.up_to is None or quantity <= step.up_to:
            break
        first = step.up_to
    if plan.support is not None:
        support = Money(plan.currency, half_even(minor(plan.support) * quantity))
        yield Line(text="support", quantity=quantity, unit=plan.support, amount=support)


def _discounts(plan: Plan, quantity: int, coupons: Sequence[Coupon], left: int, at: int) -> Iterator[Line]:
    held = {each.code: each for each in coupons if each.holds(plan.agent, plan.currency, at)}.values()
    for discount in Discount:
        kind = sorted((each for each in held if each.discount is discount), key=lambda each: each.code)
        offers = [(coupon, _off(plan, quantity, coupon, left)) for coupon in kind]
        if discount is not Discount.CREDIT:
            offers = sorted(offers, key=lambda each: (-each[1], each[0].code))[:1]
        for coupon, off in offers:
            taken = min(off, left)
            if taken > 0:
                left -= taken
                yield _discounted(plan.currency, coupon, taken)


def _discounted(currency: str, coupon: Coupon, off: int) -> Line:
    text = f"{coupon.discount.value.replace('_', ' ')} discount"
    return Line(text=text, amount=Money(currency, -off), coupon=coupon.code, funding=coupon.funding)


def _off(plan: Plan, quantity: int, coupon: Coupon, left: int) -> int:
    """Return what a coupon would take off of `left` minor units."""
    match coupon.discount:
        case Discount.VOLUME:
            if quantity < coupon.least:
                return 0
            below = sum(each.amount.minor for each in _prices(plan, coupon.least - 1))
            return min(Money(plan.currency, left).part(coupon.basis_points).minor, max(0, left - below))
        case Discount.ANNUAL:
            yearly = plan.interval is Interval.YEAR
            return Money(plan.currency, left).part(coupon.basis_points).minor if yearly else 0
        case Discount.FIRST_MONTH:
            return 0 if plan.interval is Interval.ONCE else half_even(Fraction(left, MONTHS[plan.interval]))
        case Discount.CREDIT:
            return coupon.amount
