"""What persons state counts as long as it holds, by as many persons as are wanted; nothing else does."""

from datetime import timedelta

import pytest

from frameworks import control_test
from frameworks.testing import Outcome, Period
from tests.frameworks.rows import CHAIN, START, YEAR, Written, decision, prepared, results

DAY = timedelta(days=1)
COMMON = {"id": "c/said", "title": "t", "every": "quarter", "stale_after": 100}
ONE = control_test.parse("here", {**COMMON, "kind": "attestation", "role": "ciso", "statement": "it was done"})
TWO = control_test.parse(
    "here", {**COMMON, "kind": "attestation", "role": "ciso", "second_role": "auditor", "statement": "it was done"}
)
LOOKED = control_test.parse("here", {**COMMON, "kind": "inspection", "instruction": "look"})
QUARTERS = (30, 120, 210, 300)


def said(*acts):
    """Return rows of `(what, day, who)`, in the order of days."""
    log = Written()
    rows = []
    for act, day, *who in sorted(acts, key=lambda each: each[1]):
        more = {"failed": ["without_exception"]} if act == "inspect!" else {"allow": False} if act == "attest?" else {}
        target = "c/other" if act == "other" else "c/said"
        name = {"other": "attest"}.get(act, act).rstrip("!?")
        body = decision(f"frameworks.{name}", *(who or ["ann"]), ("control_test", target), **more)
        rows.append(log.row(body, START + day * DAY))
    return rows


def shown(rows, test, **more):
    (result,) = results(rows, test, **more)
    return result


def attested(*days):
    return [("attest", day) for day in days]


def both(*days, second="bob"):
    return [each for day in days for each in (("attest", day), ("countersign", day + 3, second))]


E, D, S, N = Outcome.EFFECTIVE, Outcome.DEVIATIONS, Outcome.STALE, Outcome.NOT_TESTED
CASES = [
    ("one person, each quarter", ONE, attested(*QUARTERS), E, []),
    ("one before the period that still held", ONE, attested(-20, 75, 170, 265), E, []),
    ("one quarter left out", ONE, attested(30, 120, 300), D, ["nothing from 2026-05-01 to 2026-10-28"]),
    ("the first one late", ONE, attested(101, 200, 299), D, ["nothing from 2026-01-01 to 2026-04-12"]),
    (
        "one before the period, then too late",
        ONE,
        attested(-90, 20, 120, 210, 300),
        D,
        ["nothing from 2026-01-01 to 2026-01-21"],
    ),
    ("stale at the end", ONE, attested(30, 120, 210), S, ["nothing from 2026-07-30 to 2027-01-01"]),
    (
        "a quarter left out and stale",
        ONE,
        attested(30, 200),
        D,
        ["nothing from 2026-01-31 to 2026-07-20", "nothing from 2026-07-20 to 2027-01-01"],
    ),
    ("nobody ever", ONE, [], S, ["nothing from 2026-01-01 to 2027-01-01"]),
    ("only refused", ONE, [("attest?", 30)], S, ["nothing from 2026-01-01 to 2027-01-01"]),
    ("only of another test", ONE, [("other", 30)], S, ["nothing from 2026-01-01 to 2027-01-01"]),
    ("two persons, each quarter", TWO, both(*QUARTERS), E, []),
    ("a third in between", TWO, [*both(*QUARTERS), ("attest", 31, "eve")], E, []),
    ("two by one before the period", TWO, [("attest", -20), *both(75, 170, 265)], E, []),
    (
        "by one where two are wanted",
        TWO,
        [*both(30, 120, 210, 300), ("attest", 330)],
        D,
        ["not countersigned by a second person within 14d"],
    ),
    (
        "by one alone, and the next in time",
        TWO,
        [*both(30, 110, 200, 290), ("attest", 60)],
        D,
        ["not countersigned by a second person within 14d"],
    ),
    (
        "by the same person twice",
        TWO,
        [*both(30, 120, 210, 300), ("attest", 330), ("countersign", 333, "ann")],
        D,
        ["countersigned by the person who attested", "not countersigned by a second person within 14d"],
    ),
    (
        "the second too late",
        TWO,
        [*both(30, 120, 210, 300), ("attest", 330), ("countersign", 345, "bob")],
        D,
        ["not countersigned by a second person within 14d"],
    ),
    (
        "the second after the period",
        TWO,
        [*both(30, 120, 210, 300), ("attest", 360), ("countersign", 370, "bob")],
        E,
        [],
    ),
    ("an inspection that confirms", LOOKED, [("inspect", 90), ("inspect", 180), ("inspect", 275)], E, []),
    (
        "an inspection that does not",
        LOOKED,
        [("inspect", 90), ("inspect!", 180), ("inspect", 275)],
        D,
        ["the inspection did not confirm it"],
    ),
    (
        "one of before that did not",
        LOOKED,
        [("inspect!", -10), ("inspect", 80), ("inspect", 180), ("inspect", 270)],
        E,
        [],
    ),
    ("nobody looked", LOOKED, [], N, []),
    (
        "nobody looked for long",
        LOOKED,
        [("inspect", 30), ("inspect", 90)],
        S,
        ["nothing from 2026-04-01 to 2027-01-01"],
    ),
]


@pytest.mark.parametrize(
    ("test", "acts", "outcome", "reasons"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_stated_counts_while_it_holds(test, acts, outcome, reasons):
    result = shown(said(*acts), test)
    assert [each.reason.replace("T00:00:00.000000Z", "") for each in result.deviations] == reasons
    assert result.outcome is outcome
    assert result.deviation_count == len(reasons)


def test_in_a_period_that_is_shorter_than_a_statement_holds_nobody_may_have_been_asked_yet():
    month = Period(start=START, end=START + 31 * DAY)
    assert shown([], ONE, period=month).outcome is Outcome.NOT_TESTED
    assert shown(said(("attest", -60)), ONE, period=month).outcome is Outcome.EFFECTIVE
    assert shown(said(("attest", -90)), ONE, period=month).outcome is Outcome.STALE


def test_a_second_person_may_take_a_while():
    month = Period(start=START, end=START + 31 * DAY)
    assert shown(said(("attest", 20)), TWO, period=month, now=START + 33 * DAY).outcome is Outcome.NOT_TESTED
    assert shown(said(("attest", 20)), TWO, period=month, now=START + 35 * DAY).outcome is Outcome.DEVIATIONS


def test_the_population_is_what_was_stated_and_the_result_as_old_as_the_newest_of_it():
    result = shown(said(*both(-20, 75, 170, 265), ("attest?", 270)), TWO)
    assert (result.population.count, result.population.first) == (4, f"{CHAIN}-0")
    assert result.effective == "2026-09-23T00:00:00.000000Z"
    assert result.population.query.startswith('{"actions":["frameworks.attest"],"types":["decision"],"where":[')


def test_rows_are_wanted_from_before_the_period_and_to_when_a_second_person_may_sign():
    reach = prepared(TWO).reach
    assert (reach.start, reach.end) == (START - 100 * DAY, YEAR.end + 14 * DAY)
    assert prepared(TWO, now=YEAR.end).reach.end == YEAR.end


def test_a_person_whose_id_is_public_is_known_by_it():
    log = Written()
    rows = []
    for act, who in (("attest", "job-1"), ("countersign", "job-1"), ("countersign", "job-2")):
        body = decision(f"frameworks.{act}", "x", ("control_test", "c/said"))
        rows.append(log.row({**body, "subject": {"type": "job", "id": who}}, START + 300 * DAY))
    month = Period(start=START + 290 * DAY, end=START + 320 * DAY)
    assert shown(rows, TWO, period=month).outcome is Outcome.EFFECTIVE
    assert shown(rows[:2], TWO, period=month).deviation_count == 2
