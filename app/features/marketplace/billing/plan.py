"""A plan: what an agent costs, in what unit, how often.

Unit prices are decimals in the currency's main unit, with up to six places, as text wherever they are kept: no float
is ever a price. Knows neither discounts nor who buys.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from app.features.marketplace.billing.errors import PlanError

MOST: Final = 1_000_000_000
"""Units of which a price is asked at once, at most."""

_PRICE: Final = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_STEPS: Final = 20


class Kind(StrEnum):
    """What is paid for."""

    SEAT = "seat"  # each person who uses it, in advance
    EXECUTION = "execution"  # so many runs in each interval, in advance
    UNLIMITED = "unlimited"  # any number of runs and persons, at one price
    PERPETUAL = "perpetual"  # once, for good
    ENTERPRISE = "enterprise"  # a licence once, and support for it
    USAGE = "usage"  # each run, as it is metered, afterwards


class Interval(StrEnum):
    """How often it is paid."""

    ONCE = "once"
    MONTH = "month"
    YEAR = "year"  # twelve months in advance; the plan's prices are those of a month


MONTHS: Final = {Interval.ONCE: 1, Interval.MONTH: 1, Interval.YEAR: 12}

_INTERVALS: Final = {
    Kind.SEAT: {Interval.MONTH, Interval.YEAR},
    Kind.EXECUTION: {Interval.MONTH, Interval.YEAR},
    Kind.UNLIMITED: {Interval.MONTH, Interval.YEAR},
    Kind.PERPETUAL: {Interval.ONCE},
    Kind.ENTERPRISE: {Interval.ONCE},
    Kind.USAGE: {Interval.MONTH},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A price that holds for the units up to a number of them; each unit costs what its own step says.

    Attributes:
        up_to: the last unit; None in the last step.
        unit: decimal, in the main unit of the currency.
    """

    up_to: int | None
    unit: str

    def __post_init__(self) -> None:
        """Raises `PlanError` unless it has the form."""
        if not isinstance(self.unit, str) or not _PRICE.fullmatch(self.unit):
            raise PlanError("`unit` is a decimal with at most six places")
        if self.up_to is not None and (type(self.up_to) is not int or not 0 < self.up_to < MOST):
            raise PlanError("`up_to` is a whole number above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an agent costs.

    Attributes:
        id: of the plan.
        agent: that it is for.
        kind: what is paid for.
        currency: ISO 4217, of those with a hundred minor units.
        interval: how often.
        steps: prices, rising in `up_to`; one is enough where each unit costs the same.
        per: units that a unit price is for: 1,000 where a thousand runs cost it.
        least: units that are bought at least: above 1 for a volume licence.
        support: of an enterprise licence, what its support costs beside the licence; decimal.
    """

    id: str
    agent: str
    kind: Kind
    currency: str
    interval: Interval
    steps: tuple[Step, ...]
    per: int = 1
    least: int = 1
    support: str | None = None

    def __post_init__(self) -> None:
        """Raises `PlanError` unless everything goes together."""
        if not _CURRENCY.fullmatch(self.currency):
            raise PlanError("`currency` has three capital letters")
        if self.interval not in _INTERVALS[self.kind]:
            raise PlanError("`interval` does not go with this kind of plan")
        if not 1 <= self.per <= MOST or not 1 <= self.least < MOST:
            raise PlanError("`per` and `least` are at least 1")
        self._check_steps()
        if (self.support is not None) is not (self.kind is Kind.ENTERPRISE):
            raise PlanError("`support` is said of enterprise licences, and of these always")
        if self.support is not None and not _PRICE.fullmatch(self.support):
            raise PlanError("`support` is a decimal with at most six places")

    def _check_steps(self) -> None:
        ends = [each.up_to for each in self.steps]
        if not 1 <= len(ends) <= _STEPS or ends[-1] is not None or None in ends[:-1]:
            raise PlanError("`steps` are 1 to 20, and the last has no end")
        known = [end for end in ends if end is not None]
        if known != sorted(set(known)):
            raise PlanError("`steps` rise")
        if self.kind in {Kind.UNLIMITED, Kind.PERPETUAL} and (len(ends) > 1 or self.per > 1 or self.least > 1):
            raise PlanError("what has one price has one step")

    @property
    def highest(self) -> Fraction:
        """Return the highest price of a unit, in minor units."""
        return max(minor(each.unit) for each in self.steps) / self.per


def minor(price: str) -> Fraction:
    """Return a decimal price in minor units, exactly."""
    return Fraction(price) * 100


def parse_steps(said: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Return steps as JSON says them.

    Raises:
        PlanError: they have another form.
    """
    try:
        return tuple(Step(up_to=each.get("up_to"), unit=each["unit"]) for each in said)
    except (AttributeError, KeyError, TypeError):
        raise PlanError("each of `steps` has `unit` and, but for the last, `up_to`") from None
