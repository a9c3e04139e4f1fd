"""When runs are due, and how many were missed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.schedule import Due, Every, due

NOON = 1_795_348_800  # 2026-11-22T12:00:00Z
SMALL = st.integers(1, 10**6)
DAILY = Every(seconds=86_400, offset=3 * 3_600)


@pytest.mark.parametrize(
    ("schedule", "now", "latest"),
    [
        (Every(seconds=30), NOON + 29.999, NOON),
        (Every(seconds=30), NOON + 30, NOON + 30),
        (Every(seconds=30, offset=7), NOON + 6.9, NOON - 23),
        (DAILY, NOON, NOON - 9 * 3_600),
        (DAILY, NOON - 9 * 3_600 - 0.001, NOON - 33 * 3_600),
    ],
    ids=["before the next", "at the next", "with an offset", "daily, after", "daily, just before"],
)
def test_the_time_that_is_due(schedule, now, latest):
    assert schedule.latest(now) == latest


@pytest.mark.parametrize(
    ("latest", "now", "found"),
    [
        (None, NOON + 1, Due(scheduled_for=NOON)),
        (NOON, NOON + 29, None),
        (NOON, NOON + 30, Due(scheduled_for=NOON + 30)),
        (NOON, NOON + 100, Due(scheduled_for=NOON + 90, missed=2)),
        (NOON + 300, NOON, None),
        (NOON + 1, NOON + 30, Due(scheduled_for=NOON + 30)),
        (NOON + 1, NOON + 60, Due(scheduled_for=NOON + 60, missed=1)),
    ],
    ids=[
        "it never ran",
        "it ran",
        "the next",
        "some were missed",
        "the clock went back",
        "a person ran it in between",
        "a person ran it, and one was missed",
    ],
)
def test_what_is_due(latest, now, found):
    assert due(Every(seconds=30), latest, now) == found


@given(
    seconds=st.integers(1, 10**6), offset=st.integers(0, 10**6), since=st.floats(0, 10**7), now=st.floats(10**9, 2**33)
)
def test_no_time_is_lost_and_none_comes_twice(seconds, offset, since, now):
    schedule = Every(seconds=seconds, offset=offset)
    before = schedule.latest(now - since)
    found = due(schedule, before, now)
    made = 0 if found is None else 1 + found.missed
    assert before + made * seconds == schedule.latest(now) <= now


def test_the_scheduler_wakes_at_the_same_times():
    trigger = DAILY.trigger()
    at = trigger.get_next_fire_time(None, datetime.fromtimestamp(NOON, UTC))
    assert at == datetime(2026, 11, 23, 3, tzinfo=UTC)
    assert DAILY.latest(at.timestamp()) == at.timestamp()
