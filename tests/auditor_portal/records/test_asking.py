"""The form of a search: what each field may be, and that no address raises."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.index.query import Query
from auditor_portal.records.asking import FIELDS, ROWS, parse_search
from frameworks.collection import shipped

CONTROLS = shipped().controls
PLACE = f"2026-11-22T10:46:23.123456Z_{'0' * 20}-1"
BUNDLE = "ab" * 32
DAY = datetime(2026, 10, 1, tzinfo=UTC)

TAKEN = {
    "nothing: every decision": ({}, {}),
    "blanks alone": ({"action": "  "}, {}),
    "a day": ({"from": "2026-10-01"}, {"since": DAY}),
    "a time without a zone, which is one of UTC": ({"from": "2026-10-01T00:00"}, {"since": DAY}),
    "a time with a zone": ({"until": "2026-10-01T05:00+05:00"}, {"until": DAY}),
    "an action": ({"action": " studio.view "}, {"action": "studio.view"}),
    "a subject": ({"subject": "psn_1"}, {"subject": "psn_1"}),
    "a resource": ({"resource": "agent-7"}, {"resource": "agent-7"}),
    "what was denied": ({"decision": "deny"}, {"allow": False}),
    "what was allowed": ({"decision": "allow"}, {"allow": True}),
    "a rule": ({"rule": "studio.view/authorised"}, {"rules": ("studio.view/authorised",)}),
    "a revision": ({"policy": "git:ab"}, {"revision": "git:ab"}),
    "a bundle": ({"policy": BUNDLE}, {"bundle": BUNDLE}),
    "records of another type": ({"type": "policy.activated"}, {"type": "policy.activated"}),
    "records of any type": ({"type": "any"}, {"type": None}),
    "a page behind": ({"after": PLACE}, {"after": PLACE}),
    "a page before": ({"before": PLACE}, {"before": PLACE}),
    "what nobody asked for": ({"tenant": "other", "limit": "9", "scope": "all"}, {}),
}


@pytest.mark.parametrize(("given", "members"), TAKEN.values(), ids=TAKEN.keys())
def test_a_search_is_read(given, members):
    asked = parse_search(given, CONTROLS)
    assert asked.errors == {}
    assert asked.query == Query(limit=ROWS, **members)


REFUSED = {
    "no day": ({"from": "yesterday"}, "from"),
    "a day that there is not": ({"until": "2026-02-30"}, "until"),
    "a time beyond the calendar": ({"from": "0001-01-01T00:00+05:00"}, "from"),
    "an end before the beginning": ({"from": "2026-10-02", "until": "2026-10-01"}, "until"),
    "another outcome": ({"decision": "maybe"}, "decision"),
    "no rule": ({"rule": "authorised"}, "rule"),
    "no type": ({"type": "Decision!"}, "type"),
    "a control that there is not": ({"control": "unheard-of"}, "control"),
    "rules that failed, of no control": ({"failing": "yes"}, "failing"),
    "another word than yes": ({"control": "role-based-access", "failing": "maybe"}, "failing"),
    "something that is too long": ({"action": "a" * 257}, "action"),
    "no place of a page": ({"after": "somewhere"}, "page"),
    "a page before and behind": ({"after": PLACE, "before": PLACE}, "page"),
}


@pytest.mark.parametrize(("given", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_stands_beside_its_field_and_quotes_nothing(given, field):
    asked = parse_search(given, CONTROLS)
    assert (list(asked.errors), asked.query) == ([field], None)
    assert not any(value in asked.errors[field] for value in given.values() if value not in {"yes", "maybe"})


def test_a_control_stands_for_decisions_of_its_actions_or_for_its_rules_that_failed():
    control = CONTROLS["role-based-access"]
    actions = parse_search({"control": control.id}, CONTROLS).query.actions
    assert actions == tuple(sorted({rule.partition("/")[0] for rule in control.rules}))
    failing = parse_search({"control": control.id, "failing": "yes"}, CONTROLS).query
    assert (failing.rules, failing.actions) == (control.rules, None)
    one = {"control": control.id, "failing": "yes", "rule": "studio.view/authorised"}
    assert parse_search(one, CONTROLS).query.rules == ("studio.view/authorised",)


def test_a_control_that_no_rule_enforces_says_so():
    without = next(each for each in CONTROLS.values() if not each.rules)
    assert "tested in other ways" in parse_search({"control": without.id}, CONTROLS).errors["control"]


@given(st.dictionaries(st.sampled_from([*FIELDS, "after", "before", "x"]), st.text(max_size=300)))
def test_no_address_raises_and_each_stays_what_it_was(values):
    asked = parse_search(values, CONTROLS)
    assert (asked.query is None) == bool(asked.errors)
    again = parse_search(dict(parse_qsl(asked.link(), errors="surrogatepass")), CONTROLS)
    assert again.values == asked.values
