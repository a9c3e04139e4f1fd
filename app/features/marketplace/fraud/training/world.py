"""A simulated marketplace: who buys, who sells, how they usually behave, and how often they are attacked.

Owns the numbers a simulation is made with, and its population. What attackers do, `scenarios` knows.
"""

from bisect import bisect
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Final

from app.features.marketplace.fraud.features import Attempt, Standing
from app.features.marketplace.fraud.trace import DAY

COUNTRIES: Final = ("US", "DE", "GB", "IN", "BR", "FR", "SG", "NG")
BEGIN: Final = 1_767_225_600
"""2026-01-01T00:00:00Z: when every simulation begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The numbers of a simulation. Rates are per day; shares from 0 to 1.

    Attributes:
        days: its length.
        buyers, developers, agents: how many there are.
        orders_mean, orders_spread: of the logarithm of a buyer's orders a day.
        amount_mean, amount_spread: of the logarithm of what buyers usually spend.
        new_device, new_card: share of purchases with a device, a card that the buyer never used.
        shared_network: share of purchases from an address that many share.
        away: share of purchases from another country.
        rollout: share of purchases that begin a burst, as a team takes an agent into use.
        friendly: share of honest purchases that are charged back all the same.
        attacks: attacks a day, by scenario.
        spread_from: the day from which card testers change their device and address each time.
        never_told: share of fraud that nobody ever reports.
    """

    days: int = 150
    buyers: int = 4_000
    developers: int = 120
    agents: int = 400
    orders_mean: float = -2.6
    orders_spread: float = 0.9
    amount_mean: float = 3.4
    amount_spread: float = 0.7
    new_device: float = 0.06
    new_card: float = 0.04
    shared_network: float = 0.35
    away: float = 0.07
    rollout: float = 0.02
    friendly: float = 0.0012
    attacks: dict[str, float] = field(
        default_factory=lambda: {
            "card_testing": 0.25,
            "stolen_card": 1.6,
            "takeover": 0.7,
            "self_dealing": 0.12,
            "promo_abuse": 0.25,
        }
    )
    spread_from: int = 110
    never_told: float = 0.04


TRAINING: Final = (
    Setting(),
    Setting(
        buyers=3_000, new_device=0.09, new_card=0.06, away=0.11, shared_network=0.5, rollout=0.035, amount_mean=3.8
    ),
    Setting(buyers=3_500, new_device=0.04, new_card=0.03, away=0.05, shared_network=0.25, orders_mean=-2.8),
)
"""What the shipped model was made with: marketplaces that differ, so that it does not learn the oddities of one."""

HELD_OUT: Final = Setting(
    days=90,
    buyers=2_200,
    developers=90,
    agents=250,
    orders_mean=-2.4,
    orders_spread=1.1,
    amount_mean=3.7,
    amount_spread=0.9,
    new_device=0.08,
    new_card=0.05,
    shared_network=0.45,
    away=0.09,
    rollout=0.03,
    friendly=0.0015,
    attacks={
        "card_testing": 0.20,
        "stolen_card": 1.1,
        "takeover": 0.35,
        "self_dealing": 0.10,
        "promo_abuse": 0.22,
    },
    spread_from=45,
)
"""Another marketplace than those of training: smaller and busier, younger, with other amounts and other attacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One attempt of a simulation.

    Attributes:
        attempt, standing: as a sale would have them.
        scenario: `legitimate`, `friendly`, or that of an attack.
        told_at: when it becomes known to be fraud, Unix seconds; None: never, or it is none.
    """

    attempt: Attempt
    standing: Standing
    scenario: str
    told_at: int | None

    @property
    def fraud(self) -> bool:
        """Tell whether it is fraud, known or not."""
        return self.scenario != "legitimate"


@dataclass(slots=True, kw_only=True)
class Buyer:
    """A buyer: where they live, since when, what they spend, and with what."""

    name: str
    home: str
    since: float  # days from the beginning
    orders: float  # a day
    usual: float  # logarithm of an amount
    spread: float
    devices: list[str]
    cards: list[str]
    favourites: list[int]
    shared: str  # a network address


class World:
    """The population of one simulation; `random` decides everything."""

    def __init__(self, setting: Setting, random: Random) -> None:
        """Draw buyers, developers and agents."""
        self.setting, self.random = setting, random
        days, draw = setting.days, random.uniform
        self.developer_since = [draw(-300, days * 0.7) for _ in range(setting.developers)]
        self.established = [random.random() < 0.7 for _ in range(setting.developers)]  # noqa: PLR2004
        self.agent_developer = [random.randrange(setting.developers) for _ in range(setting.agents)]
        self.agent_since = [
            max(self.developer_since[developer], draw(-200, days * 0.7)) for developer in self.agent_developer
        ]
        self._popular = list(accumulate(random.paretovariate(1.2) - 0.95 for _ in range(setting.agents)))
        self.buyers = [self._buyer(number) for number in range(setting.buyers)]
        self.events: list[Event] = []
        self._names = 0

    def _buyer(self, number: int) -> Buyer:
        random, setting = self.random, self.setting
        return Buyer(
            name=f"b{number}",
            home=random.choice(COUNTRIES),
            since=random.uniform(-400, setting.days * 0.8),
            orders=random.lognormvariate(setting.orders_mean, setting.orders_spread),
            usual=random.gauss(setting.amount_mean, setting.amount_spread),
            spread=random.uniform(0.3, 0.8),
            devices=[f"d{number}"],
            cards=[f"c{number}"],
            favourites=[random.randrange(setting.agents) for _ in range(6)],
            shared=f"shared{number % 40}",
        )

    def new(self, kind: str) -> str:
        """Return a name that nothing else has."""
        self._names += 1
        return f"{kind}-{self._names}"

    def agent(self, day: float) -> int:
        """Return an agent that is on sale on a day; popular ones more often."""
        while True:
            found = bisect(self._popular, self.random.random() * self._popular[-1])
            if found < len(self.agent_since) and self.agent_since[found] < day:
                return found

    def emit(  # noqa: PLR0913 - what there is to say of an attempt
        self,
        day: float,
        *,
        who: tuple[str, float, str],
        device: str,
        network: tuple[str, str],
        card: tuple[str, str],
        amount: float,
        agent: int,
        declined: int = 0,
        coupon: bool = False,
        scenario: str = "legitimate",
    ) -> None:
        """Put an attempt down.

        Args:
            day: from the beginning.
            who: the buyer's name, the day they were registered, their country.
            device: its fingerprint.
            network: address and country.
            card: fingerprint and country.
            amount: in whole units.
            agent: its number.
            declined: payments declined before.
            coupon: whether one is used.
            scenario: of the attack, if it is one.
        """
        if day >= self.setting.days:
            return
        at, developer = BEGIN + int(day * DAY), self.agent_developer[agent]
        attempt = Attempt(
            order=f"o{len(self.events)}",
            at=at,
            buyer=who[0],
            agent=f"a{agent}",
            amount_minor=max(int(amount * 100), 1),
            device=device,
            network=network[0],
            card=card[0],
            network_country=network[1],
            card_country=card[1],
            coupon=coupon,
            declined=declined,
        )
        standing = Standing(
            developer=f"v{developer}",
            buyer_since=BEGIN + int(who[1] * DAY),
            buyer_country=who[2],
            agent_since=BEGIN + int(self.agent_since[agent] * DAY),
            developer_since=BEGIN + int(self.developer_since[developer] * DAY),
            developer_established=self.established[developer],
        )
        told = scenario != "legitimate" and self.random.random() >= self.setting.never_told
        told_at = at + int(self.random.gammavariate(2, 9) * DAY) if told else None
        self.events.append(Event(attempt=attempt, standing=standing, scenario=scenario, told_at=told_at))
