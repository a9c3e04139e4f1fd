"""When tests are due, over which period they are made, and how statements stand."""

from datetime import UTC, datetime, timedelta

import pytest

from app.features.frameworks import declared, due
from app.features.frameworks.events import ACTIVATED, Event
from app.features.frameworks.standing import AttestationShown, Said
from frameworks.control_test import parse
from frameworks.testing import Period

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
EARLY = datetime(2020, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def machine(every="day", check=None, population=None):
    return parse(
        "made",
        {
            "id": "a/b",
            "kind": "machine",
            "title": "t",
            "every": every,
            "stale_after": 400,
            "population": population or {"types": ["decision"]},
            "check": check or {"none": True},
        },
    )


def attestation(**more):
    said = {"id": "a/c", "kind": "attestation", "title": "t", "every": "quarter", "stale_after": 100}
    return parse("made", said | {"role": "ciso", "statement": "it is so"} | more)


@pytest.mark.parametrize(
    ("every", "last", "wanted"),
    [
        ("day", None, True),
        ("hour", NOW - timedelta(minutes=29), False),
        ("hour", NOW - timedelta(minutes=31), True),
        ("day", NOW - 14 * HOUR, False),
        ("day", NOW - 15 * HOUR, True),
        ("week", NOW - DAY, False),
        ("week", NOW - 7 * DAY, True),
        ("year", NOW - 365 * DAY, True),
    ],
    ids=["never", "this hour", "last hour", "today", "yesterday", "this week", "a week ago", "a year ago"],
)
def test_a_machine_tests_once_in_each_span_of_time(every, last, wanted):
    assert due.due(machine(every), last, None, NOW) is wanted


def test_statements_are_looked_at_each_day_and_when_there_is_a_new_one():
    assert not due.due(attestation(), NOW - HOUR, None, NOW)
    assert not due.due(attestation(), NOW - HOUR, NOW - 2 * HOUR, NOW)
    assert due.due(attestation(), NOW - HOUR, NOW, NOW)
    assert due.due(attestation(), NOW - DAY, None, NOW)


LINK = {"by": {"types": ["x"]}, "key": "body.a", "by_key": "body.b", "within": "72h"}


@pytest.mark.parametrize(
    ("check", "back"),
    [
        ({"none": True}, 25),
        ({"followed": LINK}, 25 + 72),
        ({"preceded": LINK}, 25),
        ({"at_least_every": "30h"}, 25 + 30),
        ({"at_most": 3, "per": "body.a", "within": "24h"}, 25 + 24),
        ({"at_most": 3, "per": "body.a"}, 25),
    ],
    ids=["at once", "what has to follow", "what had to come before", "a gap", "in any time", "in all"],
)
def test_a_period_reaches_back_to_what_can_be_found_wrong_only_now(check, back):
    assert due.period(machine(check=check), EARLY, NOW) == Period(start=NOW - back * HOUR, end=NOW)


def test_a_period_begins_with_the_log_at_the_earliest():
    assert due.period(machine(), NOW - HOUR, NOW) == Period(start=NOW - HOUR, end=NOW)


@pytest.mark.parametrize(
    ("event", "population", "last", "wanted"),
    [
        ((ACTIVATED, None), {"configuration": "policies"}, None, True),
        ((ACTIVATED, None), {"types": ["policy.activated"]}, NOW - HOUR, True),
        ((ACTIVATED, None), {"types": ["decision"]}, None, False),
        (("decision", "policies.break_glass"), {"actions": ["policies.break_glass"]}, NOW - HOUR, True),
        (("decision", "policies.break_glass"), {"actions": ["policies.break_glass"]}, NOW, False),
        (("decision", "policies.break_glass"), {"actions": ["policies.view"]}, None, False),
    ],
    ids=["policies", "a record", "other records", "an action", "made since", "another action"],
)
def test_an_event_concerns_the_tests_that_are_about_it(event, population, last, wanted):
    happened = Event(type=event[0], action=event[1], at=NOW - timedelta(minutes=1))
    check = {"each": [{"path": "a", "exists": True}]}
    assert happened.concerns(machine(population=population, check=check), last, NOW) is wanted
    assert not happened.concerns(attestation(), last, NOW)
    assert not happened.concerns(machine(population=population, check=check), None, happened.at)


def said(kind, at, *, of=None, number=0):
    return AttestationShown(
        decision_id=f"01a203ec17c0f73dc8f6-{number}",
        test="a/c",
        kind=kind,
        of=of,
        person="ofc-1",
        role="ciso",
        statement="it is so",
        conclusion="",
        at=at,
    )


def test_a_statement_is_due_until_it_is_made_and_again_after_its_time():
    test = attestation()
    nothing = declared.due("a", test, [], NOW)
    assert (nothing.newest, nothing.waiting, nothing.is_due(NOW), nothing.is_stale(NOW)) == (None, None, True, True)
    made = declared.due("a", test, [said(Said.ATTESTED, NOW)], NOW)
    assert made.newest.at == NOW
    assert (made.is_due(NOW + 90 * DAY), made.is_due(NOW + 91 * DAY)) == (False, True)
    assert (made.is_stale(NOW + 99 * DAY), made.is_stale(NOW + 100 * DAY)) == (False, True)


def test_where_two_persons_are_wanted_one_waits_for_the_other_for_a_fortnight():
    test = attestation(second_role="security_officer")
    first = said(Said.ATTESTED, NOW)
    alone = declared.due("a", test, [first], NOW)
    assert (alone.newest, alone.waiting, alone.is_due(NOW)) == (None, first, True)
    assert declared.due("a", test, [first], NOW + 14 * DAY).waiting is None
    second = said(Said.COUNTERSIGNED, NOW + HOUR, of=first.decision_id, number=1)
    both = declared.due("a", test, [second, first], NOW + HOUR)
    assert (both.newest, both.waiting) == (first, None)
