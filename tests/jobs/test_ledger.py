"""The rows of runs: nobody begins a run twice, and who lost one learns it."""

import json

import pytest

from app.jobs.ledger import Attempt, Ended, State
from app.jobs.schedule import Due
from tests.jobs.making import ledger, opened, permit

DONE = Ended(state=State.FINISHED, detail={"swept": 3})


@pytest.fixture
def engine(database_url):
    engine = opened(database_url)
    yield engine
    engine.dispose()


def attempt(number=1, scheduled_for=100):
    return Attempt(job="x.sweep", due=Due(scheduled_for=scheduled_for), number=number)


def test_a_run_is_begun_by_one_and_ended_by_it(engine):
    mine, theirs = ledger(engine), ledger(engine, "they")
    assert mine.latest("x.sweep") is None
    assert mine.begin(permit(), "x.sweep", Due(scheduled_for=100, missed=2), 101.5)
    assert not theirs.begin(permit(), "x.sweep", Due(scheduled_for=100), 101.6)
    assert not mine.begin(permit(), "x.sweep", Due(scheduled_for=100), 101.7)
    assert not theirs.end(permit(), attempt(), DONE, 102)
    assert mine.end(permit(), attempt(), DONE, 102.25)
    assert not mine.end(permit(), attempt(), DONE, 103)
    (row,) = mine.recent(5)
    assert (row.state, row.attempt, row.missed, row.runner, row.decision_id) == ("finished", 1, 2, "me", "aa-1")
    assert (row.started_at, row.ended_at, row.code, json.loads(row.detail)) == (101_500, 102_250, None, {"swept": 3})
    assert mine.latest("x.sweep") == 100


def test_what_another_left_is_taken_over_by_one(engine):
    dead, mine, theirs = ledger(engine, "dead"), ledger(engine), ledger(engine, "they")
    dead.begin(permit(), "x.sweep", Due(scheduled_for=100), 101)
    dead.begin(permit(), "y.other", Due(scheduled_for=100), 101)
    assert dead.left(["x.sweep"]) == []
    (row,) = mine.left(["x.sweep"])
    assert mine.take_over(permit("aa-2"), row, 110)
    assert not theirs.take_over(permit("aa-3"), row, 111)
    assert not dead.end(permit(), attempt(), DONE, 112)
    assert mine.end(permit(), attempt(number=2), DONE, 112)
    assert mine.left(["x.sweep"]) == []


def test_a_later_run_says_that_one_before_it_failed(engine):
    dead, mine = ledger(engine, "dead"), ledger(engine)
    dead.begin(permit(), "x.sweep", Due(scheduled_for=100), 101)
    assert mine.begin(permit(), "x.sweep", Due(scheduled_for=130), 131)
    newest, left = mine.recent(5)
    assert (newest.scheduled_for, newest.state) == (130, "started")
    assert (left.state, left.code, left.ended_at) == ("failed", "leader_lost", 131_000)


def test_the_last_of_each_and_no_more_than_asked(engine):
    mine = ledger(engine)
    for job in ("a.b", "c.d"):
        for time in (100, 200):
            mine.begin(permit(), job, Due(scheduled_for=time), time)
    assert [(row.job, row.scheduled_for) for row in mine.last_of_each()] == [("a.b", 200), ("c.d", 200)]
    assert len(mine.recent(3)) == 3


def test_a_detail_that_is_too_long_is_left_out(engine):
    mine = ledger(engine)
    mine.begin(permit(), "x.sweep", Due(scheduled_for=100), 101)
    mine.end(permit(), attempt(), Ended(state=State.FINISHED, detail={"much": "x" * 5_000}), 102)
    assert mine.recent(1)[0].detail == "{}"


def test_old_runs_are_forgotten_unless_they_go_on(engine):
    mine = ledger(engine)
    for time in (100, 200, 300):
        mine.begin(permit(), "x.sweep", Due(scheduled_for=time), time)
        if time != 100:
            mine.end(permit(), attempt(scheduled_for=time), DONE, time)
    assert mine.forget(permit(), 300) == 1
    assert [row.scheduled_for for row in mine.recent(5)] == [300, 100]
