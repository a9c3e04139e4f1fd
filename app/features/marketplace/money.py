"""Money: whole minor units of one currency. No float ever is an amount."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

BASIS: Final = 10_000
"""Basis points of the whole."""

_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


class CurrencyError(Exception):
    """Amounts of two currencies met, or a currency has no code of ISO 4217's form."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount.

    Attributes:
        currency: ISO 4217, three capital letters.
        minor: in the currency's minor unit (cents); below zero where it is owed.
    """

    currency: str
    minor: int

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise CurrencyError("a currency has three capital letters")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.currency, self.minor + other.minor)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.currency, self.minor - other.minor)

    def __neg__(self) -> "Money":
        return Money(self.currency, -self.minor)

    def __str__(self) -> str:
        sign, whole = "-" if self.minor < 0 else "", abs(self.minor)
        return f"{sign}{whole // 100}.{whole % 100:02} {self.currency}"

    def part(self, basis_points: int) -> "Money":
        """Return so many basis points of it, rounded half to even, once."""
        return Money(self.currency, half_even(Fraction(self.minor * basis_points, BASIS)))

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyError("two currencies cannot be added")


def half_even(amount: Fraction) -> int:
    """Return the nearest whole number; of two, the even one."""
    return round(amount)
