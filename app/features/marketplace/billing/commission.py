"""Who gets what of a sale, and what else the marketplace charges: a pure function of the rates in the policy data.

The fee is rounded once, half to even; the developer gets what is left, so that no cent is made or lost. Knows no
order and no account.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from app.features.marketplace.errors import MarketDataError, SayingError
from app.features.marketplace.money import BASIS, CurrencyError, Money
from app.features.marketplace.rows import Tier
from app.pdp.bundle import Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What the marketplace charges (`policies/data/market_rates.json`). Parts are basis points.

    Attributes:
        commission: the platform's part of a sale, by the developer's tier.
        premium_support: what premium support costs a buyer, as a part of the price.
        chargeback_protection: what protection costs a developer who wants it, as a part of the price.
        reserve: what of a developer's net share is kept back for chargebacks.
        promoted_least, promoted_most: what a month of paid placement costs.
        verification: what a year of verification costs.
        referral: what is credited for a buyer who was referred.
    """

    commission: Mapping[Tier, int]
    premium_support: int
    chargeback_protection: int
    reserve: int
    promoted_least: Money
    promoted_most: Money
    verification: Money
    referral: Money

    def promoted(self, monthly: Money) -> Money:
        """Return what a developer pays for a month of paid placement.

        Raises:
            SayingError: less or more than the marketplace takes.
        """
        in_currency = monthly.currency == self.promoted_least.currency
        if not in_currency or not self.promoted_least <= monthly <= self.promoted_most:
            raise SayingError(f"`monthly` lies between {self.promoted_least} and {self.promoted_most}")
        return monthly

    def support(self, price: Money) -> Money:
        """Return what premium support costs beside a price."""
        return price.part(self.premium_support)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Who gets what of a sale; `fee`, `developer` and `protection` together are the whole.

    Attributes:
        fee: the platform's.
        developer: the developer's net share, with what is kept back of it.
        reserve: what of the net share is kept back.
        protection: what the developer pays for chargeback protection.
    """

    fee: Money
    developer: Money
    reserve: Money
    protection: Money


def split(gross: Money, tier: Tier, rates: Rates, *, protected: bool = False) -> Split:
    """Return who gets what of `gross`.

    Args:
        gross: what the sale earned (`Quote.earned`); zero or above.
        tier: of the developer.
        rates: in force.
        protected: whether the developer has chargeback protection.
    """
    fee = gross.part(rates.commission[tier])
    net = gross - fee
    wanted = gross.part(rates.chargeback_protection) if protected else Money(gross.currency, 0)
    protection = min(wanted, net)
    developer = net - protection
    return Split(fee=fee, developer=developer, reserve=developer.part(rates.reserve), protection=protection)


def rates_of(bundle: Bundle) -> Rates:
    """Return the rates that the policies in force state.

    Raises:
        MarketDataError: they state none that can be used.
    """
    return _parsed(bundle.data)


@lru_cache(4)
def _parsed(text: str) -> Rates:
    try:
        return parse_rates(json.loads(text)["market_rates"])
    except (AttributeError, CurrencyError, KeyError, TypeError, ValueError):
        raise MarketDataError("the policies in force have no usable `market_rates`") from None


def parse_rates(said: Mapping[str, Any]) -> Rates:
    """Return rates as `policies/data/market_rates.json` says them.

    Raises:
        KeyError, TypeError, ValueError, CurrencyError: they have another form.
    """
    promoted, verification, referral = said["promoted"], said["verification"], said["referral"]
    return Rates(
        commission=MappingProxyType({tier: _part(said["commission"][tier.value]) for tier in Tier}),
        premium_support=_part(said["premium_support"]),
        chargeback_protection=_part(said["chargeback_protection"]),
        reserve=_part(said["reserve"]),
        promoted_least=Money(promoted["currency"], _whole(promoted["least"])),
        promoted_most=Money(promoted["currency"], _whole(promoted["most"])),
        verification=Money(verification["currency"], _whole(verification["year"])),
        referral=Money(referral["currency"], _whole(referral["credit"])),
    )


def _part(value: Any) -> int:
    if _whole(value) > BASIS:
        raise ValueError
    return int(value)


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value
