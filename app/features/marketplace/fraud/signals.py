"""Which signals there are: what each says, between which bounds it lies, and to which family it belongs.

Owns the list that measuring, the contract of `marketplace.purchase` and the model have in common. Knows neither how a
signal is measured nor what it weighs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FORM: Final = "2026-11"
"""Of this list. A model says for which form it was made; signals of another form have no score."""


class Family(StrEnum):
    """What a signal is about."""

    VELOCITY = "velocity"
    BEHAVIOUR = "behaviour"
    PAYMENT = "payment"
    LEGITIMACY = "legitimacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal: from 0 to `top`, a whole number or not."""

    family: Family
    top: int
    says: str
    whole: bool = True


def _of(family: Family, *listed: tuple[str, int, str] | tuple[str, int, str, bool]) -> dict[str, Signal]:
    return {
        name: Signal(family=family, top=top, says=says, whole=not fraction)
        for name, top, says, fraction in ((*each, False)[:4] for each in listed)
    }


SIGNALS: Final[Mapping[str, Signal]] = {
    **_of(
        Family.VELOCITY,
        ("buyer_attempts_hour", 32, "attempts of the buyer in the last hour"),
        ("buyer_attempts_day", 32, "attempts of the buyer in the last day"),
        ("card_attempts_day", 32, "attempts with the card in the last day"),
        ("network_attempts_hour", 32, "attempts from the network address in the last hour"),
        ("device_buyers_day", 32, "other buyers on the device in the last day"),
        ("device_buyers_month", 32, "other buyers on the device in the last 30 days"),
        ("device_cards_day", 32, "other cards on the device in the last day"),
        ("card_buyers_month", 32, "other buyers with the card in the last 30 days"),
    ),
    **_of(
        Family.BEHAVIOUR,
        ("account_days", 60, "days since the buyer was registered", True),
        ("known_orders", 32, "attempts of the buyer that are older than a day"),
        ("new_device", 1, "the buyer has bought before, and not on this device"),
        ("new_card", 1, "the buyer has bought before, and not with this card"),
        ("new_agent", 1, "the buyer has bought before, and not this agent"),
        ("new_country", 1, "the buyer has bought before, and not from this country"),
        ("idle_days", 60, "days since the buyer's last attempt", True),
        ("amount_above_usual", 8, "how far the amount is above what the buyer usually spends", True),
        ("amount_below_usual", 8, "how far the amount is below what the buyer usually spends", True),
    ),
    **_of(
        Family.PAYMENT,
        ("amount", 100_000, "of the purchase, in whole units of its currency", True),
        ("declined", 16, "payments of the buyer that were declined in the last day"),
        ("card_abroad", 1, "the card is from another country than the network address"),
        ("network_abroad", 1, "the network address is in another country than the buyer"),
        ("card_foreign", 1, "the card is from another country than the buyer"),
        ("coupon", 1, "a coupon or another discount is used"),
        ("device_charged_back", 4, "charged back on the device lately", True),
        ("buyer_charged_back", 4, "charged back by the buyer lately", True),
    ),
    **_of(
        Family.LEGITIMACY,
        ("agent_days", 90, "days since the agent was registered", True),
        ("developer_days", 180, "days since the developer was registered", True),
        ("developer_established", 1, "it is established who the developer is"),
        ("agent_sales_day", 256, "attempts to buy the agent lately, by a day's measure", True),
        ("agent_fresh_share", 1, "share of these by accounts younger than a week", True),
        ("agent_surge", 16, "these against the usual of the last two weeks", True),
        ("developer_charged_back", 1, "share of the developer's sales that was charged back", True),
    ),
}
"""Every signal, by name. What grows with time alone (an age, a number of orders) ends at a bound, so that it drifts no
more."""


def bounded(name: str, value: float) -> float:
    """Return the value of a signal within its bounds: a whole number where it is one, else with six places."""
    signal = SIGNALS[name]
    within = min(max(value, 0), signal.top)
    return int(within) if signal.whole else round(float(within), 6)
