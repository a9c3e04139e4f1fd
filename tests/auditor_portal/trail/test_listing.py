"""What the index lists of a log, and what it counts of it: on each kind of database."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from app.index.rows import CHAIN, DECISION, SEGMENT
from auditor_portal.period import Period
from auditor_portal.trail import days, listing
from auditor_portal.trail.listing import Gap
from auditor_portal.trail.silences import SLACK, Around, silences, uncovered
from tests.auditor_portal.trail.trails import HOUR, PERIOD, Trail, busy, indexed

ALLOWED = 600 + SLACK


@pytest.fixture
def quiet(database_url):
    trail = busy()
    with indexed(trail, database_url) as engine:
        yield trail, engine


def test_chains_are_listed_with_what_a_period_holds(quiet):
    trail, engine = quiet
    found = {each.chain: each for each in listing.chains(engine, PERIOD)}
    a = found[trail.a.id]
    assert (a.segments, a.records, a.listed, a.sealed, a.heartbeats, a.gaps) == (8, 6, 8, 6, 6, 0)
    assert a.first < a.last < a.sealed_at
    assert a.longest == pytest.approx(601, abs=1)
    (b,) = listing.chains(engine, PERIOD, trail.b.id)
    assert (b.segments, b.records, b.heartbeats, b.gaps) == (2, 2, 1, 0)
    assert b == found[trail.b.id]
    assert listing.chains(engine, PERIOD, "0" * 20) == ()
    (before,) = listing.chains(engine, Period(since="2020", until="2021"), trail.a.id)
    assert (before.segments, before.listed, before.first, before.longest, before.gaps) == (8, 0, None, 0, 0)
    assert not Period(since="2020", until="2021").holds(a.first)
    assert PERIOD.holds(a.first)


def test_pages_of_segments_and_checkpoints_go_on_where_the_last_one_ended(quiet):
    trail, engine = quiet
    first = listing.segments(engine, trail.a.id, most=5)
    rest = listing.segments(engine, trail.a.id, first[-1]["number"], most=5)
    assert [row["number"] for row in (*first, *rest)] == [7, 6, 5, 4, 3, 2, 1, 0]
    assert listing.segment(engine, trail.a.id, 2) == rest[0]
    assert listing.segment(engine, trail.a.id, 9) is None
    assert [row["number"] for row in listing.checkpoints(engine)] == [1, 0]
    assert [row["number"] for row in listing.checkpoints(engine, 1)] == [0]
    assert listing.checkpoint(engine, 0)["size"] == 2
    assert listing.checkpoint(engine, 2) is None


def test_what_is_missing_between_seals_is_a_gap(quiet):
    trail, engine = quiet
    assert listing.gaps(engine, trail.a.id) == ()
    with engine.begin() as connection:
        connection.execute(delete(SEGMENT).where(SEGMENT.c.chain == trail.a.id, SEGMENT.c.number.in_([2, 3])))
        connection.execute(
            update(SEGMENT).where(SEGMENT.c.chain == trail.a.id, SEGMENT.c.number == 7).values(first_seq=5)
        )
        connection.execute(update(CHAIN).where(CHAIN.c.chain == trail.a.id).values(segments=10))
    assert listing.gaps(engine, trail.a.id) == (
        Gap(after=1, before=4, records=0),
        Gap(after=6, before=7, records=1),
        Gap(after=7, before=10, records=0),
    )
    (line,) = listing.chains(engine, PERIOD, trail.a.id)
    assert line.gaps == 2


def test_a_log_begins_with_its_first_chain(quiet):
    trail, engine = quiet
    assert listing.began(engine) == "2026-11-22T10:46:23.123000Z"
    with engine.begin() as connection:
        connection.execute(delete(CHAIN))
    assert listing.began(engine) is None
    assert listing.gaps(engine, trail.a.id) == ()


def test_a_silence_with_heartbeats_is_covered(quiet):
    trail, engine = quiet
    (silence,) = silences(engine, trail.a.id, PERIOD)
    assert (silence.heartbeats, silence.seconds > 3_600) == (6, True)
    assert silence.stretch == pytest.approx(601, abs=1)
    assert uncovered(engine, trail.a.id, PERIOD, ALLOWED, trail.now()) == ()
    assert silences(engine, trail.a.id, Period(since="2020", until="2021")) == ()


def test_a_chain_that_says_nothing_more_is_told_from_one_that_stopped(quiet):
    trail, engine = quiet
    later = trail.now() + HOUR
    (still,) = uncovered(engine, trail.a.id, PERIOD, ALLOWED, later)
    assert (still.until, still.around, still.record) == (None, Around.OPEN, None)
    assert still.seconds == pytest.approx(3_600, abs=10)
    stopped = uncovered(engine, trail.b.id, PERIOD, ALLOWED, later)[0]
    assert (stopped.around, stopped.record) == (Around.STOPPED, f"{trail.b.id}-1")
    assert uncovered(engine, trail.a.id, Period(since="2020", until="2021"), ALLOWED, later) == ()


def test_a_stretch_without_seals_is_told_with_what_records_around_it_say(database_url):
    trail = Trail()
    trail.records()
    trail.publish()
    trail.later(HOUR)
    trail.a.append("chain.opened")
    trail.b.append("chain.closed", body={"reason": "stopped"})
    trail.publish()
    trail.later(HOUR)
    trail.records(1)
    trail.b.append("chain.opened")
    trail.publish()
    with indexed(trail, database_url) as engine:
        unexplained, killed = uncovered(engine, trail.a.id, PERIOD, ALLOWED, trail.now())
        assert (unexplained.around, unexplained.record) == (Around.UNEXPLAINED, None)
        assert (killed.around, killed.record) == (Around.RESTARTED, f"{trail.a.id}-4")
        in_order, silent = uncovered(engine, trail.b.id, PERIOD, ALLOWED, trail.now())
        assert (in_order.around, in_order.record) == (Around.STOPPED, f"{trail.b.id}-1")
        assert silent.around is Around.UNEXPLAINED
        with engine.begin() as connection:
            connection.execute(delete(DECISION))
        assert {each.around for each in uncovered(engine, trail.a.id, PERIOD, ALLOWED, trail.now())} == {Around.UNKNOWN}


def test_days_are_counted_and_drawn(database_url):
    trail = busy()
    trail.later(timedelta(days=2))
    trail.records(4)
    trail.publish()
    trail.records(1)
    trail.publish()
    with indexed(trail, database_url) as engine:
        first, second = days.recorded(engine, PERIOD)
        assert (first.day, first.records, first.heartbeats) == ("2026-11-22", 8, 7)
        assert (second.day, second.records, second.heartbeats) == ("2026-11-24", 5, 2)
        one, other = days.checkpointed(engine, PERIOD)
        assert (one.day, one.checkpoints, one.longest > 3_600, one.longest == one.average) == (first.day, 2, True, True)
        assert (other.checkpoints, other.longest > 170_000, other.average < other.longest) == (2, True, True)
        empty = Period(since="2020", until="2021")
        assert (days.recorded(engine, empty), days.checkpointed(engine, empty)) == ((), ())
    drawn = days.records_chart([first, second]), days.checkpoints_chart([one, other]), days.records_chart([])
    assert all(each.startswith("<svg") for each in drawn)
    assert "least 5 records on 2026-11-24" in drawn[0]
    assert "longest interval" in drawn[1]
