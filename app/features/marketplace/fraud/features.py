"""The signals of one attempt to buy, measured on what was known before it.

Owns how each signal is measured and what an attempt leaves in memory; `signals` measures on our own tables, training
on a memory of its own, both by the same code. Knows neither scores nor verdicts. What comes later (an attempt, a
chargeback) changes no signal of the past: it is remembered only once it has happened.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from sqlmodel import Session

from app.features.marketplace.errors import UnknownError
from app.features.marketplace.fraud.memory import RowMemory
from app.features.marketplace.fraud.signals import bounded
from app.features.marketplace.fraud.trace import DAY, HOUR, Of, Trace
from app.features.marketplace.rows import AgentRow, Kyc, PartyRow

_MONTH: Final = 30 * DAY
_WEEK: Final = 7 * DAY
_FORTNIGHT: Final = 14 * DAY
_QUARTER: Final = 90 * DAY
_CENTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt to buy, as whoever sells it knows it.

    Attributes:
        order: its id.
        at: Unix seconds.
        buyer, agent: ids of rows of the catalogue.
        amount_minor: to be paid, in the currency's minor unit.
        device: fingerprint of the browser or program; the id of a service's token where there is none.
        network: the network address, or a keyed hash of it.
        card: the payment provider's fingerprint of the means of payment.
        network_country, card_country: ISO 3166-1 alpha-2, where known.
        coupon: whether a discount is used.
        declined: payments of this buyer that the provider declined in the last day.
    """

    order: str
    at: int
    buyer: str
    agent: str
    amount_minor: int
    device: str
    network: str
    card: str
    network_country: str | None = None
    card_country: str | None = None
    coupon: bool = False
    declined: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What our own tables say of buyer, agent and developer. Times: Unix seconds."""

    developer: str
    buyer_since: int
    buyer_country: str
    agent_since: int
    developer_since: int
    developer_established: bool


class Memory(Protocol):
    """Where traces are kept."""

    def trace(self, of: Of, key: str) -> Trace:
        """Return what is remembered; of what was never met, an empty trace."""

    def keep(self, of: Of, key: str, trace: Trace) -> None:
        """Have this be what is remembered."""


def signals(session: Session, attempt: Attempt) -> dict[str, float]:
    """Return the signals of an attempt: `context.risk.signals` of `marketplace.purchase`. Reads alone.

    Raises:
        UnknownError: there is no such buyer or agent.
    """
    return measured(attempt, standing_of(session, attempt), RowMemory(session))


def standing_of(session: Session, attempt: Attempt) -> Standing:
    """Return what our tables say of those whom an attempt concerns.

    Raises:
        UnknownError: there is no such buyer or agent.
    """
    buyer, agent = session.get(PartyRow, attempt.buyer), session.get(AgentRow, attempt.agent)
    developer = session.get(PartyRow, agent.developer) if agent else None
    if buyer is None or agent is None or developer is None:
        raise UnknownError("there is no such buyer or agent")
    return Standing(
        developer=developer.id,
        buyer_since=buyer.created_at,
        buyer_country=buyer.country,
        agent_since=agent.created_at,
        developer_since=developer.created_at,
        developer_established=developer.kyc == Kyc.COMPLETE.value,
    )


def measured(attempt: Attempt, standing: Standing, memory: Memory) -> dict[str, float]:
    """Return the signals of an attempt, each within its bounds, by what `memory` holds of the time before it."""
    buyer = memory.trace(Of.BUYER, attempt.buyer)
    raw = {
        **_velocity(attempt, buyer, memory),
        **_behaviour(attempt, standing, buyer),
        **_payment(attempt, standing, buyer, memory),
        **_legitimacy(attempt, standing, memory),
    }
    return {name: bounded(name, value) for name, value in raw.items()}


def _velocity(attempt: Attempt, buyer: Trace, memory: Memory) -> Mapping[str, float]:
    now = attempt.at
    device, card = memory.trace(Of.DEVICE, attempt.device), memory.trace(Of.CARD, attempt.card)
    network = memory.trace(Of.NETWORK, attempt.network)
    day, month = device.since(now - DAY), device.since(now - _MONTH)
    return {
        "buyer_attempts_hour": len(buyer.since(now - HOUR)),
        "buyer_attempts_day": len(buyer.since(now - DAY)),
        "card_attempts_day": len(card.since(now - DAY)),
        "network_attempts_hour": len(network.since(now - HOUR)),
        "device_buyers_day": len({names[0] for _, names in day} - {attempt.buyer}),
        "device_buyers_month": len({names[0] for _, names in month} - {attempt.buyer}),
        "device_cards_day": len({names[1] for _, names in day} - {attempt.card}),
        "card_buyers_month": len({names[0] for _, names in card.since(now - _MONTH)} - {attempt.buyer}),
    }


def _behaviour(attempt: Attempt, standing: Standing, buyer: Trace) -> Mapping[str, float]:
    now = attempt.at
    known = buyer.until(now - DAY)  # what began today is not known yet, however often it was met
    devices, cards, agents, countries = ({names[place] for _, names in known} for place in range(4))
    off = buyer.spending.off(math.log1p(attempt.amount_minor / _CENTS))
    return {
        "account_days": (now - standing.buyer_since) / DAY,
        "known_orders": len(known),
        "new_device": bool(known) and attempt.device not in devices,
        "new_card": bool(known) and attempt.card not in cards,
        "new_agent": bool(known) and attempt.agent not in agents,
        "new_country": bool(known) and attempt.network_country is not None and attempt.network_country not in countries,
        "idle_days": (now - buyer.seen[-1][0]) / DAY if buyer.seen else 0,
        "amount_above_usual": off,
        "amount_below_usual": -off,
    }


def _payment(attempt: Attempt, standing: Standing, buyer: Trace, memory: Memory) -> Mapping[str, float]:
    now, here, card = attempt.at, attempt.network_country, attempt.card_country
    return {
        "amount": attempt.amount_minor / _CENTS,
        "declined": attempt.declined,
        "card_abroad": _differ(card, here),
        "network_abroad": _differ(here, standing.buyer_country),
        "card_foreign": _differ(card, standing.buyer_country),
        "coupon": attempt.coupon,
        "device_charged_back": memory.trace(Of.DEVICE, attempt.device).count("charged_back", now, _QUARTER),
        "buyer_charged_back": buyer.count("charged_back", now, _QUARTER),
    }


def _legitimacy(attempt: Attempt, standing: Standing, memory: Memory) -> Mapping[str, float]:
    now = attempt.at
    agent, developer = memory.trace(Of.AGENT, attempt.agent), memory.trace(Of.DEVELOPER, standing.developer)
    sales, usual = agent.count("day", now, DAY), agent.count("fortnight", now, _FORTNIGHT) * DAY / _FORTNIGHT
    charged_back, sold = developer.count("charged_back", now, _QUARTER), developer.count("sold", now, _QUARTER)
    return {
        "agent_days": (now - standing.agent_since) / DAY,
        "developer_days": (now - standing.developer_since) / DAY,
        "developer_established": standing.developer_established,
        "agent_sales_day": sales,
        "agent_fresh_share": agent.count("fresh", now, DAY) / (sales + 1),
        "agent_surge": sales / (usual + 1),
        "developer_charged_back": charged_back / (sold + 50),
    }


def _differ(one: str | None, other: str | None) -> bool:
    return None not in (one, other) and one != other


def remember(attempt: Attempt, standing: Standing, memory: Memory) -> None:
    """Have memory hold an attempt from now on, whatever became of it."""
    now = attempt.at
    buyer = memory.trace(Of.BUYER, attempt.buyer)
    buyer.see(now, attempt.device, attempt.card, attempt.agent, attempt.network_country or "")
    buyer.spending.add(math.log1p(attempt.amount_minor / _CENTS))
    memory.keep(Of.BUYER, attempt.buyer, buyer)
    for of, key in ((Of.DEVICE, attempt.device), (Of.CARD, attempt.card), (Of.NETWORK, attempt.network)):
        trace = memory.trace(of, key)
        trace.see(now, attempt.buyer, attempt.card if of is Of.DEVICE else "")
        memory.keep(of, key, trace)
    agent, developer = memory.trace(Of.AGENT, attempt.agent), memory.trace(Of.DEVELOPER, standing.developer)
    agent.tally("day").add(now, DAY)
    agent.tally("fortnight").add(now, _FORTNIGHT)
    agent.tally("fresh").add(now, DAY, float(now - standing.buyer_since < _WEEK))
    developer.tally("sold").add(now, _QUARTER)
    memory.keep(Of.AGENT, attempt.agent, agent)
    memory.keep(Of.DEVELOPER, standing.developer, developer)


def blame(now: int, attempt: Attempt, developer: str, memory: Memory) -> None:
    """Have memory hold from now on that an attempt of the past was fraud."""
    for of, key in ((Of.BUYER, attempt.buyer), (Of.DEVICE, attempt.device), (Of.DEVELOPER, developer)):
        trace = memory.trace(of, key)
        trace.tally("charged_back").add(now, _QUARTER)
        memory.keep(of, key, trace)
