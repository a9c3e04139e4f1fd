"""Signals are measured on what was known before the attempt, and on nothing that came after."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db import reading, writing
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.fraud.features import blame, measured, remember, signals
from app.features.marketplace.fraud.memory import RowMemory
from app.features.marketplace.fraud.signals import SIGNALS
from app.features.marketplace.fraud.trace import DAY, HOUR, MOST, Of
from tests.features.marketplace.fraud.attempting import ORDINARY, STANDING, DictMemory, attempt
from tests.features.marketplace.trading import agent, keep, permit

NOW = ORDINARY.at


def after(*before, standing=STANDING):
    """Return a memory of attempts."""
    memory = DictMemory()
    for each in before:
        remember(each, standing, memory)
    return memory


def measure(memory, standing=STANDING, **changed):
    return measured(attempt(**changed), standing, memory)


def test_every_signal_is_measured_and_nothing_else():
    assert measure(DictMemory()).keys() == SIGNALS.keys()


def test_of_a_first_purchase_little_is_known():
    found = measure(DictMemory())
    raised = {name for name, value in found.items() if value}
    assert raised == {"account_days", "amount", "agent_days", "developer_days", "developer_established"}
    assert (found["account_days"], found["amount"], found["agent_days"], found["developer_days"]) == (40, 49, 20, 100)


def test_attempts_of_an_hour_and_of_a_day_are_counted():
    memory = after(attempt(at=NOW - DAY), attempt(at=NOW - DAY + 1), attempt(at=NOW - HOUR + 1))
    found = measure(memory)
    assert (found["buyer_attempts_hour"], found["buyer_attempts_day"], found["card_attempts_day"]) == (1, 2, 2)
    assert (found["network_attempts_hour"], found["known_orders"]) == (1, 1)


def test_others_on_the_device_are_counted_for_a_day_and_a_month():
    memory = after(
        attempt(at=NOW - 10 * DAY, buyer="one", card="card-b"),
        attempt(at=NOW - HOUR, buyer="two", card="card-c"),
        attempt(at=NOW - HOUR, buyer="two", card="card-c"),
    )
    found = measure(memory)
    assert (found["device_buyers_day"], found["device_buyers_month"], found["device_cards_day"]) == (1, 2, 1)


def test_other_buyers_with_the_card_are_counted():
    found = measure(after(attempt(at=NOW - DAY, buyer="one"), attempt(at=NOW - 31 * DAY, buyer="two")))
    assert found["card_buyers_month"] == 1


def test_what_a_buyer_first_used_today_is_still_new():
    memory = after(attempt(at=NOW - 2 * DAY), attempt(at=NOW - HOUR, device="dev-b", card="card-b", agent="other"))
    found = measure(memory, device="dev-b", card="card-b", agent="other", network_country="FR")
    assert [found[name] for name in ("new_device", "new_card", "new_agent", "new_country")] == [1, 1, 1, 1]
    same = measure(memory)
    assert [same[name] for name in ("new_device", "new_card", "new_agent", "new_country")] == [0, 0, 0, 0]


def test_an_unusual_amount_is_told_by_what_the_buyer_spends():
    memory = after(*(attempt(at=NOW - place * DAY) for place in (9, 8, 7)))
    high, low = measure(memory, amount_minor=490_000), measure(memory, amount_minor=100)
    assert high["amount_above_usual"] == 8
    assert high["amount_below_usual"] == 0
    assert low["amount_above_usual"] == 0
    assert low["amount_below_usual"] > 4


def test_countries_that_differ_are_told_and_unknown_ones_are_not():
    found = measure(DictMemory(), network_country="FR", card_country="US")
    assert [found[name] for name in ("card_abroad", "network_abroad", "card_foreign")] == [1, 1, 1]
    found = measure(DictMemory(), network_country=None, card_country=None)
    assert [found[name] for name in ("card_abroad", "network_abroad", "card_foreign")] == [0, 0, 0]


def test_sales_to_new_accounts_make_an_agent_stand_out():
    fresh = replace(STANDING, buyer_since=NOW - DAY)
    memory = after(*(attempt(at=NOW - HOUR, buyer=f"b{place}") for place in range(9)), standing=fresh)
    found = measure(memory)
    assert found["agent_sales_day"] == pytest.approx(9, rel=0.05)
    assert found["agent_fresh_share"] == pytest.approx(0.9, rel=0.05)
    assert found["agent_surge"] > 5


def test_fraud_that_became_known_is_remembered_and_fades():
    memory = after(attempt(at=NOW - 9 * DAY))
    blame(NOW - DAY, ORDINARY, "acme", memory)
    found, later = measure(memory), measure(memory, at=NOW + 90 * DAY)
    assert 0.9 < found["device_charged_back"] < 1
    assert 0.9 < found["buyer_charged_back"] < 1
    assert 0 < found["developer_charged_back"] < 0.02
    assert later["device_charged_back"] < 0.4


def test_every_signal_stays_within_its_bounds():
    memory = after(*(attempt(at=NOW - 400 + place, buyer=f"b{place}", card=f"c{place}") for place in range(400)))
    for _ in range(9):
        blame(NOW, ORDINARY, "acme", memory)
    found = measure(memory, amount_minor=10**12, declined=99, at=NOW + 1)
    assert found["amount"] == 100_000
    for name, value in found.items():
        assert 0 <= value <= SIGNALS[name].top
        assert isinstance(value, int) == SIGNALS[name].whole


def test_a_memory_never_holds_more_than_so_much():
    memory = after(*(attempt(at=NOW + place) for place in range(2 * MOST)))
    assert len(memory.trace(Of.BUYER, "globex").seen) == MOST
    assert len(memory.kept) == 6


ATTEMPTS = st.builds(
    attempt,
    at=st.integers(NOW - 40 * DAY, NOW),
    buyer=st.sampled_from(["globex", "initech"]),
    amount_minor=st.integers(0, 10**6),
    device=st.sampled_from(["dev-a", "dev-b"]),
    network=st.sampled_from(["net-a", "net-b"]),
    card=st.sampled_from(["card-a", "card-b"]),
    network_country=st.sampled_from(["DE", "FR", None]),
    coupon=st.booleans(),
    declined=st.integers(0, 20),
)


def streamed(events):
    """Return the signals of each attempt of a stream of (time, attempt, whether it is the news that it was fraud)."""
    memory, found = DictMemory(), []
    for at, each, known in sorted(events, key=lambda event: event[0]):
        if known:
            blame(at, each, "acme", memory)
        else:
            found.append((at, measured(each, STANDING, memory)))
            remember(each, STANDING, memory)
    return found


@given(st.lists(ATTEMPTS, max_size=12), st.lists(st.integers(0, 30 * DAY), max_size=12), st.randoms())
def test_what_comes_later_changes_no_signal_of_the_past(attempts, delays, random):
    """Attempts and labels of the future, dropped and in any order, leave what was measured before them as it was."""
    events = [(each.at, each, False) for each in attempts]
    events += [(each.at + delay, each, True) for each, delay in zip(attempts, delays, strict=False)]
    now = NOW - 20 * DAY
    past = [event for event in events if event[0] <= now]
    future = [(random.randint(now + 1, NOW), each, known) for at, each, known in events if at > now]
    future = [(at, replace(each, at=at), known) for at, each, known in future if random.random() < 0.7]
    before = [found for at, found in streamed(events) if at <= now]
    assert before == [found for at, found in streamed([*past, *future]) if at <= now]


def test_rows_and_a_memory_of_training_measure_the_same(market_anywhere):  # noqa: ARG001 - the database
    keep(agent())
    stream = [
        attempt(at=NOW - 3 * DAY),
        attempt(at=NOW - 2 * DAY, device="dev-b", amount_minor=99_900),
        attempt(at=NOW - HOUR, card="card-b", network_country="FR"),
        attempt(at=NOW, coupon=True, declined=2),
    ]
    memory = DictMemory()
    standing = replace(STANDING, buyer_since=NOW, agent_since=NOW, developer_since=NOW)
    for place, each in enumerate(stream):
        with reading() as session:
            assert signals(session, each) == measured(each, standing, memory)
        remember(each, standing, memory)
        with writing(permit()) as session:
            remember(each, standing, RowMemory(session, lock=True))
            if place == 1:
                blame(each.at, each, "acme", RowMemory(session, lock=True))
        if place == 1:
            blame(each.at, each, "acme", memory)


@pytest.mark.parametrize("changed", [{"buyer": "nobody"}, {"agent": "nothing"}])
def test_of_nobody_nothing_is_measured(market, changed):  # noqa: ARG001 - the database
    keep(agent())
    with reading() as session, pytest.raises(UnknownError):
        signals(session, attempt(**changed))
