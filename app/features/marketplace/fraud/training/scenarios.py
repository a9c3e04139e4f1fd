"""What happens on a simulated marketplace: honest buying with its oddities, and six kinds of fraud.

Card testing, stolen cards, taken-over accounts, developers who buy from themselves, abuse of promotions; and friendly
fraud, honest purchases that are charged back, which nothing tells apart beforehand.
"""

import math
from collections.abc import Iterator
from random import Random

from app.features.marketplace.fraud.training.world import COUNTRIES, Buyer, Event, Setting, World


def simulate(setting: Setting, seed: int) -> list[Event]:
    """Return the attempts of one simulation in the order of time; the same for the same setting and seed."""
    world = World(setting, Random(seed))  # noqa: S311 - a simulation
    for buyer in world.buyers:
        _buying(world, buyer)
    for name, attack in ATTACKS.items():
        for day in _days(world, setting.attacks[name]):
            attack(world, day)
    return sorted(world.events, key=lambda event: event.attempt.at)


def poisson(random: Random, mean: float) -> int:
    """Return a number of Poisson's distribution (Knuth's method)."""
    bound, product, count = math.exp(-mean), random.random(), 0
    while product > bound:
        product *= random.random()
        count += 1
    return count


def _days(world: World, rate: float) -> Iterator[float]:
    day = world.random.expovariate(rate)
    while day < world.setting.days:
        yield day
        day += world.random.expovariate(rate)


def _buying(world: World, buyer: Buyer) -> None:
    random = world.random
    day = max(buyer.since, 0) + random.expovariate(buyer.orders)
    while day < world.setting.days:
        day = _purchase(world, buyer, day)
        day += random.expovariate(buyer.orders)


def _purchase(world: World, buyer: Buyer, day: float) -> float:
    """Have a buyer buy once, or a few times in a row; returns the day it ended."""
    random, setting = world.random, world.setting
    if random.random() < setting.new_device:
        buyer.devices.append(world.new("d"))
    if random.random() < setting.new_card:
        buyer.cards.append(world.new("c"))
    device = buyer.devices[-1] if random.random() < 0.8 else random.choice(buyer.devices)
    country = buyer.home if random.random() >= setting.away else random.choice(COUNTRIES)
    shared = random.random() < setting.shared_network
    network = (buyer.shared if shared else f"n-{buyer.name}-{country}", country)
    card = (buyer.cards[-1], buyer.home if random.random() < 0.95 else random.choice(COUNTRIES))
    amount = random.lognormvariate(buyer.usual, buyer.spread) * (random.uniform(4, 20) if random.random() < 0.03 else 1)
    agent = random.choice(buyer.favourites) if random.random() < 0.5 else world.agent(day)
    if world.agent_since[agent] > day:
        agent = world.agent(day)
    who = (buyer.name, buyer.since, buyer.home)
    scenario = "friendly" if random.random() < setting.friendly else "legitimate"
    declined, coupon = poisson(random, 0.08), random.random() < 0.12
    world.emit(
        day,
        who=who,
        device=device,
        network=network,
        card=card,
        amount=amount,
        agent=agent,
        declined=declined,
        coupon=coupon,
        scenario=scenario,
    )
    if random.random() < setting.rollout:
        for _ in range(random.randint(1, 5)):
            day += random.expovariate(100)
            world.emit(day, who=who, device=device, network=network, card=card, amount=amount, agent=agent, coupon=True)
    return day


def _card_testing(world: World, day: float) -> None:
    """Many small purchases with many cards: from one device, later from many."""
    random, spread = world.random, day > world.setting.spread_from
    device, network = world.new("d"), world.new("n")
    for _ in range(random.randint(5, 24)):
        if spread:
            device = world.new("d")
            network = world.new("n") if random.random() < 0.7 else network
        day += random.expovariate(50 if spread else 250)
        world.emit(
            day,
            who=(world.new("x"), day - random.expovariate(20), random.choice(COUNTRIES)),
            device=device,
            network=(network, random.choice(COUNTRIES)),
            card=(world.new("c"), random.choice(COUNTRIES)),
            amount=random.uniform(0.5, 6),
            agent=world.agent(day),
            declined=poisson(random, 1.5),
            coupon=random.random() < 0.05,
            scenario="card_testing",
        )


def _stolen_card(world: World, day: float) -> None:
    """A few good purchases on a young account with a card of somebody else, often through a proxy in its country."""
    random = world.random
    who, device, since = world.new("x"), world.new("d"), day - random.expovariate(1 / 3)
    country = random.choice(COUNTRIES)
    here = country if random.random() < 0.55 else random.choice(COUNTRIES)
    for _ in range(random.randint(1, 3)):
        day += random.expovariate(20)
        world.emit(
            day,
            who=(who, since, here),
            device=device,
            network=(f"n-{who}", here),
            card=(world.new("c"), country),
            amount=random.lognormvariate(4.6, 0.8),
            agent=world.agent(day),
            declined=poisson(random, 0.5),
            coupon=random.random() < 0.1,
            scenario="stolen_card",
        )


def _takeover(world: World, day: float) -> None:
    """Somebody else buys on an old account, with its card, on a device of their own."""
    random, buyer = world.random, world.random.choice(world.buyers)
    if buyer.since > day:
        return
    here = random.choice(COUNTRIES) if random.random() < 0.6 else buyer.home
    device, network = world.new("d"), world.new("n")
    for _ in range(random.randint(1, 4)):
        day += random.expovariate(33)
        world.emit(
            day,
            who=(buyer.name, buyer.since, buyer.home),
            device=device,
            network=(network, here),
            card=(buyer.cards[0], buyer.home),
            amount=random.lognormvariate(buyer.usual + 1.2, 0.6),
            agent=world.agent(day),
            declined=poisson(random, 0.3),
            scenario="takeover",
        )


def _self_dealing(world: World, day: float) -> None:
    """A new developer has made-up buyers buy an agent, to be paid out before the chargebacks come."""
    random = world.random
    fresh = [place for place, since in enumerate(world.developer_since) if day - 60 < since < day]
    own = [agent for agent, developer in enumerate(world.agent_developer) if developer in fresh]
    if not own:
        return
    agent, devices = random.choice(own), [world.new("d") for _ in range(random.randint(2, 5))]
    for _ in range(random.randint(10, 39)):
        day += random.expovariate(12)
        country = random.choice(COUNTRIES)
        world.emit(
            day,
            who=(world.new("x"), day - random.expovariate(0.5), country),
            device=random.choice(devices),
            network=(world.new("n"), country),
            card=(world.new("c"), country if random.random() < 0.8 else random.choice(COUNTRIES)),
            amount=random.lognormvariate(4.2, 0.4),
            agent=agent,
            declined=poisson(random, 0.3),
            scenario="self_dealing",
        )


def _promo_abuse(world: World, day: float) -> None:
    """One person takes the same promotion many times, on accounts made for it."""
    random, device = world.random, world.new("d")
    for _ in range(random.randint(3, 11)):
        day += random.expovariate(3.3)
        country = random.choice(COUNTRIES)
        world.emit(
            day,
            who=(world.new("x"), day - random.expovariate(5), country),
            device=device,
            network=(world.new("n"), country),
            card=(world.new("c"), country),
            amount=random.lognormvariate(3.2, 0.4),
            agent=world.agent(day),
            coupon=True,
            scenario="promo_abuse",
        )


ATTACKS = {
    "card_testing": _card_testing,
    "stolen_card": _stolen_card,
    "takeover": _takeover,
    "self_dealing": _self_dealing,
    "promo_abuse": _promo_abuse,
}
"""What each scenario does, by name."""
