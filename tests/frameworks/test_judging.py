"""What each check takes for a deviation, over rows of one chain and of several."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks.testing import Outcome, Period, Row
from tests.frameworks.rows import (
    CHAIN,
    START,
    YEAR,
    Written,
    at,
    decision,
    machine,
    one,
    results,
    written,
)  # fmt: skip

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OTHER = "018f0000000000000002"


# followed, preceded


def followed(**more):
    link = {"by": {"actions": ["a.review"]}, "key": "body.resource.id", "by_key": "body.resource.id", "within": "2h"}
    return machine({"followed": link | more}, {"actions": ["a.break"]})


def broken(name, hours):
    return decision("a.break", "ann", ("glass", name)), hours


def reviewed(name, hours, who="bob"):
    return decision("a.review", who, ("glass", name)), hours


OTHERS = {"distinct": "body.subject.ref", "other_than": "body.subject.ref"}
FOLLOWED = [
    ("in time", [broken("g", 1), reviewed("g", 2)], {}, []),
    ("at the last moment", [broken("g", 1), reviewed("g", 3)], {}, []),
    ("too late", [broken("g", 1), reviewed("g", 3.01)], {}, ["0"]),
    ("before it", [reviewed("g", 0.5), broken("g", 1)], {}, ["1"]),
    ("never", [broken("g", 1)], {}, ["0"]),
    ("of something else", [broken("g", 1), reviewed("h", 2)], {}, ["0"]),
    ("one of two", [broken("g", 1), broken("h", 1), reviewed("h", 2)], {}, ["0"]),
    ("once where two are wanted", [broken("g", 1), reviewed("g", 2)], {"at_least": 2}, ["0"]),
    ("twice where two are wanted", [broken("g", 1), reviewed("g", 2), reviewed("g", 2.5)], {"at_least": 2}, []),
    (
        "twice by one person where two are wanted",
        [broken("g", 1), reviewed("g", 2), reviewed("g", 2.5)],
        {"at_least": 2, "distinct": "body.subject.ref"},
        ["0"],
    ),
    ("by the same person", [broken("g", 1), reviewed("g", 2, "ann")], OTHERS, ["0"]),
    ("by the same person and another", [broken("g", 1), reviewed("g", 2, "ann"), reviewed("g", 2)], OTHERS, []),
    ("a row without a key", [(decision("a.break", resource=("~account", "x")), 1)], {}, ["0"]),
    ("a row without what others differ from", [broken("g", 1)], {"distinct": "v", "other_than": "body.gone"}, ["0"]),
    (
        "others without what is counted",
        [broken("g", 1), reviewed("g", 2)],
        {"distinct": "body.gone"},
        ["0"],
    ),
]


@pytest.mark.parametrize(("rows", "more", "where"), [case[1:] for case in FOLLOWED], ids=[case[0] for case in FOLLOWED])
def test_rows_are_followed_by_others_in_time(rows, more, where):
    assert at(one(written(*rows), followed(**more))) == where


def test_a_reason_says_how_many_there_were():
    (deviation,) = one(written(broken("g", 1)), followed()).deviations
    assert deviation.reason == "followed within 2h by 0, not 1"
    (keyless,) = one(written((decision("a.break", resource=("~account", "x")), 1)), followed()).deviations
    assert keyless.reason == "nothing stands at `body.resource.id`, by which rows are told apart"
    (alone,) = one(written(broken("g", 1), reviewed("g", 2, "ann")), followed(**OTHERS)).deviations
    assert alone.reason == "followed within 2h by 0 distinct `body.subject.ref`, not 1"


def test_nothing_is_missing_before_its_time_is_up():
    rows = written(broken("g", 1))
    assert one(rows, followed(), now=START + 3 * HOUR).outcome is Outcome.EFFECTIVE
    assert one(rows, followed(), now=START + 3 * HOUR + timedelta(seconds=1)).outcome is Outcome.DEVIATIONS


def test_what_follows_may_come_after_the_period_and_what_precedes_before_it():
    log = Written()
    rows = [
        log.row(decision("a.review", "bob", ("glass", "h")), START - HOUR),
        log.row(decision("a.break", "ann", ("glass", "h")), START),
        log.row(decision("a.break", "ann", ("glass", "g")), YEAR.end - HOUR),
        log.row(decision("a.review", "bob", ("glass", "g")), YEAR.end + HOUR),
    ]
    assert at(one(rows, followed())) == ["1"]
    assert at(one(rows, preceded())) == ["2"]


def preceded(**more):
    link = {"by": {"actions": ["a.review"]}, "key": "body.resource.id", "by_key": "body.resource.id", "within": "2h"}
    return machine({"preceded": link | more}, {"actions": ["a.break"]})


PRECEDED = [
    ("in time", [reviewed("g", 1), broken("g", 2)], {}, []),
    ("long before", [reviewed("g", 1), broken("g", 3.01)], {}, ["1"]),
    ("after it", [broken("g", 1), reviewed("g", 2)], {}, ["0"]),
    ("by one of two", [reviewed("g", 1), reviewed("g", 1.5), broken("g", 2)], {"at_least": 2, **OTHERS}, ["2"]),
    ("by two of two", [reviewed("g", 1), reviewed("g", 1.5, "eve"), broken("g", 2)], {"at_least": 2, **OTHERS}, []),
    (
        "by two, one the same",
        [reviewed("g", 1), reviewed("g", 1, "ann"), broken("g", 2)],
        {"at_least": 2, **OTHERS},
        ["2"],
    ),
]


@pytest.mark.parametrize(("rows", "more", "where"), [case[1:] for case in PRECEDED], ids=[case[0] for case in PRECEDED])
def test_rows_are_preceded_by_others_in_time(rows, more, where):
    assert at(one(written(*rows), preceded(**more))) == where


def used(*grants):
    return decision("a.break", overrides=[{"gate": "a.break/g", "id": each} for each in grants])


def test_each_key_of_a_list_wants_its_rows():
    test = preceded(key="body.result.overrides.id")
    both = [reviewed("g1", 1), reviewed("g2", 1)]
    assert at(one(written(*both, (used("g1", "g2"), 2)), test)) == []
    assert at(one(written(*both, (used("g1", "g3"), 2)), test)) == ["2"]
    assert at(one(written((used(), 2)), test)) == ["0"]


def test_a_row_is_not_its_own_witness():
    link = {"by": {"actions": ["a.b"]}, "key": "body.action", "by_key": "body.action", "within": "2h"}
    test = machine({"followed": link}, {"actions": ["a.b"]})
    assert at(one(written((decision("a.b"), 1), (decision("a.b"), 2), (decision("a.b"), 9)), test)) == ["1", "2"]


def test_rows_are_held_against_those_of_other_chains():
    log = Written()
    rows = [
        log.row(decision("a.break", "ann", ("glass", "g")), START + HOUR),
        log.row(decision("a.review", "bob", ("glass", "g")), START + 2 * HOUR, chain=OTHER),
    ]
    assert one(rows, followed()).outcome is Outcome.EFFECTIVE


acts = st.lists(
    st.tuples(st.sampled_from(["break", "review"]), st.integers(0, 12), st.sampled_from("gh"), st.sampled_from("ab")),
    max_size=14,
)


@settings(max_examples=50)
@given(acts, st.sampled_from(["followed", "preceded"]), st.integers(1, 2), st.booleans())
def test_links_are_what_a_plain_look_at_all_pairs_finds(done, way, least, apart):
    """Times are half hours; each act is on a chain of its own, so that nothing hangs on their order."""
    log = Written()
    rows = [
        log.row(decision(f"a.{act}", who, ("glass", key)), START + at * HOUR / 2, chain=f"{number:020x}")
        for number, (act, at, key, who) in enumerate(done)
    ]
    more = {"at_least": least} | (OTHERS if apart else {})
    expected = 0
    for act, when, key, who in done:
        if act == "break":
            spans = (
                (other, each) for each, (kind, other, same, _) in enumerate(done) if (kind, same) == ("review", key)
            )
            near = {each for other, each in spans if 0 <= (other - when if way == "followed" else when - other) <= 4}
            seen = {done[each][3] for each in near} - {who} if apart else near
            expected += len(seen) < least
    test = followed(**more) if way == "followed" else preceded(**more)
    assert one(rows, test).deviation_count == expected


# at_least_every

EVERY = machine({"at_least_every": "24h"}, {"actions": ["a.scan"]})
WEEK = Period(start=START, end=START + 7 * DAY)


def scans(*hours):
    return written(*((decision("a.scan"), each) for each in hours))


GAPS = [
    ("every day", range(12, 168, 24), []),
    ("from the first moment to the last", [0, 24, 48, 72, 96, 120, 144], []),
    ("a day left out", [12, 36, 84, 108, 132, 156], [("2026-01-02T12", "2026-01-04T12")]),
    ("late at first", [25, 48, 72, 96, 120, 144], [("2026-01-01T00", "2026-01-02T01")]),
    ("not to the end", [24, 48, 72, 96, 120], [("2026-01-06T00", "2026-01-08T00")]),
    ("never", [], [("2026-01-01T00", "2026-01-08T00")]),
]


@pytest.mark.parametrize(("hours", "gaps"), [case[1:] for case in GAPS], ids=[case[0] for case in GAPS])
def test_no_longer_time_passes_without_a_row(hours, gaps):
    result = one(scans(*hours), EVERY, period=WEEK)
    wanted = [f"nothing from {begin}:00:00.000000Z to {end}:00:00.000000Z" for begin, end in gaps]
    assert [each.reason for each in result.deviations] == wanted
    assert all(each.position == "" for each in result.deviations)
    assert result.outcome is (Outcome.DEVIATIONS if gaps else Outcome.EFFECTIVE)


def test_what_is_still_to_come_is_no_gap():
    assert one(scans(12), EVERY, period=WEEK, now=START + 36 * HOUR).outcome is Outcome.EFFECTIVE


@settings(max_examples=50)
@given(st.lists(st.integers(0, 7 * 24 * 60), max_size=40), st.integers(0, 3))
def test_gaps_are_those_between_all_times_in_order_whatever_chain_they_stand_on(minutes, chains):
    log = Written()
    split = [sorted(minutes[number :: chains + 1]) for number in range(chains + 1)]
    rows = [
        log.row(decision("a.scan"), START + timedelta(minutes=each), chain=f"{number:020x}")
        for number, part in enumerate(split)
        for each in part
    ]
    inside = sorted(each for each in minutes if each < 7 * 24 * 60)
    points = [0, *inside, 7 * 24 * 60]
    gaps = sum(later - earlier > 24 * 60 for earlier, later in pairwise(points))
    assert one(rows, EVERY, period=WEEK).deviation_count == gaps


# unbroken

UNBROKEN = machine({"unbroken": True})


def chain(count=6):
    return written(*((decision("a.b"), number) for number in range(count)))


def test_a_chain_that_goes_on_is_unbroken():
    log = Written()
    rows = [log.row(decision("a.b"), START, chain=name) for name in (CHAIN, CHAIN, OTHER, OTHER)]
    assert one(rows, UNBROKEN).outcome is Outcome.EFFECTIVE
    assert one(chain()[3:], UNBROKEN).outcome is Outcome.EFFECTIVE
    assert one([], UNBROKEN).outcome is Outcome.EFFECTIVE


def changed(row, **members):
    return Row(chain=row.chain, seq=row.seq, time=row.time, leaf=row.leaf, document={**row.document, **members})


def forged(row, leaf):
    return Row(chain=row.chain, seq=row.seq, time=row.time, leaf=leaf, document=row.document)


BROKEN = [
    ("a record is missing", lambda rows: rows[:2] + rows[3:], ["3"]),
    ("two are missing in two places", lambda rows: rows[:1] + rows[2:4] + rows[5:], ["2", "5"]),
    ("a record stands twice", lambda rows: rows[:3] + rows[2:], ["2"]),
    ("a record names another before it", lambda rows: [*rows[:3], changed(rows[3], prev="f" * 64), *rows[4:]], ["3"]),
    ("a record was changed", lambda rows: [*rows[:3], forged(rows[3], "f" * 64), *rows[4:]], ["4"]),
    ("the first names one before it", lambda rows: [changed(rows[0], prev="f" * 64), *rows[1:]], ["0"]),
]


@pytest.mark.parametrize(("change", "where"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_chain_is_found_where_it_breaks(change, where):
    assert at(one(change(chain()), UNBROKEN)) == where
    twice = results(change(chain()), UNBROKEN, machine({"unbroken": True}, {"types": ["search"]}))
    assert [at(each) for each in twice] == [where, where]


def test_a_break_outside_of_the_period_is_not_of_it():
    rows = [row for row in chain() if row.seq != 2]
    assert one(rows, UNBROKEN, period=Period(start=START + 4 * HOUR, end=YEAR.end)).outcome is Outcome.EFFECTIVE


# at_most

REFUSED = {"types": ["request.refused"]}


def refusals(*each):
    log = Written()
    return [log.row({"caller": caller}, START + hours * HOUR, kind="request.refused") for caller, hours in each]


MOST = [
    ("as many as may be", {"at_most": 2}, [("x", 1), ("y", 2)], []),
    ("one more", {"at_most": 2}, [("x", 1), ("y", 2), ("x", 3)], ["2"]),
    ("none may be", {"at_most": 0}, [("x", 1)], ["0"]),
    ("each caller apart", {"at_most": 1, "per": "body.caller"}, [("x", 1), ("y", 2), ("y", 3)], ["2"]),
    ("nobody's", {"at_most": 1, "per": "body.caller"}, [(None, 1)], ["0"]),
    ("spread over time", {"at_most": 1, "within": "1h"}, [("x", 1), ("y", 2), ("x", 3)], []),
    ("together", {"at_most": 1, "within": "1h"}, [("x", 1), ("y", 1.99), ("x", 3)], ["1"]),
    (
        "each apart in time",
        {"at_most": 1, "within": "1h", "per": "body.caller"},
        [("x", 1), ("y", 1.5), ("x", 1.9)],
        ["2"],
    ),
    ("nobody's in time", {"at_most": 1, "within": "1h", "per": "body.caller"}, [(None, 1)], ["0"]),
    ("none in any time", {"at_most": 0, "within": "1h"}, [("x", 1)], ["0"]),
]


@pytest.mark.parametrize(("check", "rows", "where"), [case[1:] for case in MOST], ids=[case[0] for case in MOST])
def test_there_are_no_more_rows_than_may_be(check, rows, where):
    assert at(one(refusals(*rows), machine(check, REFUSED))) == where


def test_a_reason_says_what_there_is_too_much_of():
    (deviation,) = one(refusals(("x", 1), ("x", 1)), machine({"at_most": 1, "within": "90m"}, REFUSED)).deviations
    assert deviation.reason == "more than 1 within 90m"
