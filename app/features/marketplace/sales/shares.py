"""Who bears what of an amount that goes back to a buyer: pure arithmetic in whole minor units.

What a developer has borne of an order is always `net * refunded // gross`, however many parts it went back in: so
rounding never adds up, and an order that is back in whole leaves nothing with anybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What an order was sold at, in minor units: `gross + promotion == fee + protection + net`."""

    gross: int
    promotion: int
    fee: int
    protection: int
    net: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What each bears of an amount; the amount is `developer + protection + commission - promotion`."""

    developer: int
    promotion: int
    protection: int
    commission: int


def borne(sale: Sale, refunded: int) -> Shares:
    """Return who has borne what once `refunded` of `gross` is back with the buyer."""
    developer, promotion, protection = (
        part * refunded // sale.gross if refunded else 0 for part in (sale.net, sale.promotion, sale.protection)
    )
    rest = refunded + promotion - developer - protection
    return Shares(developer=developer, promotion=promotion, protection=protection, commission=rest)


def between(sale: Sale, before: int, after: int) -> Shares:
    """Return what each bears of what goes back beyond `before`, up to `after`; below zero where less is back then."""
    first, second = borne(sale, before), borne(sale, after)
    return Shares(
        developer=second.developer - first.developer,
        promotion=second.promotion - first.promotion,
        protection=second.protection - first.protection,
        commission=second.commission - first.commission,
    )


def drawn(amount: int, held: Iterable[tuple[str, int]]) -> tuple[Mapping[str, int], int]:
    """Return what is taken of each of `held`, in its order, and what they do not hold."""
    taken: dict[str, int] = {}
    for name, most in held:
        taken[name] = min(amount, max(0, most))
        amount -= taken[name]
    return taken, amount
