"""What a file may say of a test, and that everything else is refused by file, control, test and member."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks import checks, control_test, population
from frameworks.checks import AtLeastEvery, AtMost, Each, Followed, NoRow, Preceded, Unbroken
from frameworks.control_test import Every, Kind
from frameworks.errors import ControlError
from frameworks.population import Configuration

COMMON = {"id": "c/t", "title": "t", "every": "day", "stale_after": 2}
MACHINE = {**COMMON, "kind": "machine", "population": {"types": ["decision"]}, "check": {"none": True}}
ATTESTED = {**COMMON, "kind": "attestation", "role": "ciso", "statement": "it was done"}
INSPECTED = {**COMMON, "kind": "inspection", "instruction": "look"}
LINK = {"by": {"actions": ["a.b"]}, "key": "body.k", "by_key": "body.l", "within": "72h"}


def parse(document):
    return control_test.parse("access.yaml: `c`", document)


def test_a_machines_test_is_read():
    found = parse({**MACHINE, "remediation": "platform.revoke"})
    assert (found.id, found.control, found.kind, found.every) == ("c/t", "c", Kind.MACHINE, Every.DAY)
    assert (found.population.types, found.check, found.remediation) == (("decision",), NoRow(), "platform.revoke")


def test_what_persons_do_is_read():
    found = parse({**ATTESTED, "second_role": "auditor"})
    assert (found.kind, found.role, found.second_role, found.statement) == (
        Kind.ATTESTATION,
        "ciso",
        "auditor",
        "it was done",
    )
    assert parse(INSPECTED).instruction == "look"


CHECKS = [
    ({"each": [{"path": "a", "equals": 1}]}, Each, "each: a equals 1"),
    ({"none": True}, NoRow, "none"),
    (
        {"followed": LINK},
        Followed,
        'followed within 3d by at least 1 rows of {"actions":["a.b"]} with body.k = body.l',
    ),
    (
        {"preceded": {**LINK, "at_least": 2, "distinct": "s", "other_than": "o"}},
        Preceded,
        'preceded within 3d by at least 2 distinct s, other than o of {"actions":["a.b"]} with body.k = body.l',
    ),
    ({"at_least_every": "90m"}, AtLeastEvery, "at least every 90m"),
    ({"unbroken": True}, Unbroken, "unbroken"),
    ({"at_most": 3}, AtMost, "at most 3"),
    ({"at_most": 0, "per": "body.caller", "within": "36h"}, AtMost, "at most 0 per body.caller within 36h"),
]


@pytest.mark.parametrize(
    ("said", "kind", "text"), CHECKS, ids=[case[2].split(" ")[0] + str(i) for i, case in enumerate(CHECKS)]
)
def test_a_check_is_read_and_reads_as_a_line(said, kind, text):
    found = checks.parse("here", said)
    assert isinstance(found, kind)
    assert checks.text(found) == text


@pytest.mark.parametrize(
    ("text", "span"),
    [("90m", timedelta(minutes=90)), ("72h", timedelta(days=3)), ("30d", timedelta(days=30))],
)
def test_a_duration_is_a_number_and_a_unit(text, span):
    assert checks.parse("here", {"at_least_every": text}).gap == span


def test_a_population_says_the_same_as_a_query_wherever_it_stands():
    one = population.parse("here", {"where": [{"path": "b", "in": [1]}], "actions": ["a.b"], "types": ["decision"]})
    other = population.parse("there", {"types": ["decision"], "actions": ["a.b"], "where": [{"in": [1], "path": "b"}]})
    assert one.query == other.query == '{"actions":["a.b"],"types":["decision"],"where":[{"in":[1],"path":"b"}]}'
    stored = population.parse("here", {"configuration": "store"})
    assert (stored.configuration, stored.query) == (Configuration.STORE, '{"configuration":"store"}')
    assert stored.conditions is None


@pytest.mark.parametrize(
    ("said", "belongs"),
    [
        ({"types": ["decision"]}, True),
        ({"types": ["search"]}, False),
        ({"actions": ["a.b"]}, True),
        ({"actions": ["a.c"]}, False),
        ({"where": [{"path": "body.action", "equals": "a.b"}]}, True),
        ({"where": [{"path": "body.action", "equals": "a.b"}, {"path": "x", "exists": True}]}, False),
    ],
    ids=["its type", "another type", "its action", "another action", "a condition", "a condition that does not hold"],
)
def test_a_record_belongs_to_a_population_or_not(said, belongs):
    assert population.parse("here", said).has({"type": "decision", "body": {"action": "a.b"}}) is belongs


def test_what_has_no_body_has_no_action():
    assert not population.parse("here", {"actions": ["a.b"]}).has({"type": "decision"})


REFUSED = [
    ("no object", "x", "access.yaml: `c`: an object is wanted"),
    ("no id", {"kind": "machine"}, "access.yaml: `c`: `id` is a line of text"),
    ("an id of another form", {**MACHINE, "id": "c"}, "access.yaml: `c`: `id` has not its form"),
    ("an unknown member", {**MACHINE, "when": "day"}, "access.yaml: `c`: no member `when`"),
    ("an unknown kind", {**MACHINE, "kind": "automatic"}, "access.yaml: `c`: `c/t`: `kind` is one of machine"),
    ("a member of another kind", {**MACHINE, "role": "ciso"}, "access.yaml: `c`: `c/t`: no member `role`"),
    ("a title of two lines", {**MACHINE, "title": "a\nb"}, "`c/t`: `title` is a line of text"),
    ("an unknown schedule", {**MACHINE, "every": "event"}, "`c/t`: `every` is one of hour"),
    ("stale before it is due again", {**MACHINE, "every": "week"}, "`stale_after` is a whole number from 7 to"),
    ("a flag for a number", {**MACHINE, "stale_after": True}, "`stale_after` is a whole number"),
    ("no role", {**ATTESTED, "role": "Chief"}, "`role` has not its form"),
    ("no statement", {**COMMON, "kind": "attestation", "role": "ciso"}, "`statement` is a line of text"),
    ("no instruction", {**COMMON, "kind": "inspection"}, "`instruction` is a line of text"),
    ("no population", {**MACHINE, "population": None}, "`c/t`: population: an object is wanted"),
    ("an empty population", {**MACHINE, "population": {}}, "population: one of types, actions, where is wanted"),
    ("a type of no form", {**MACHINE, "population": {"types": ["Decision"]}}, "`types` has an entry without its form"),
    ("an action twice", {**MACHINE, "population": {"actions": ["a.b", "a.b"]}}, "`actions` has an entry twice"),
    ("no condition", {**MACHINE, "population": {"where": [1]}}, "population: where[0]: an object is wanted"),
    (
        "records and configuration",
        {**MACHINE, "population": {"configuration": "keys", "types": ["decision"]}},
        "population: `configuration` has neither",
    ),
    ("an unknown configuration", {**MACHINE, "population": {"configuration": "x"}}, "`configuration` is one of store"),
    (
        "times of what has none",
        {**MACHINE, "population": {"configuration": "keys"}, "check": {"at_least_every": "1d"}},
        "rows of the configuration have no time",
    ),
    ("no check", {**MACHINE, "check": {}}, "check: exactly one is wanted"),
    ("two checks", {**MACHINE, "check": {"none": True, "unbroken": True}}, "check: exactly one is wanted"),
    ("none is false", {**MACHINE, "check": {"none": False}}, "check: `none` is `true`"),
    ("a bound of another check", {**MACHINE, "check": {"none": True, "per": "a"}}, "`per` does not belong to `none`"),
    ("no duration", {**MACHINE, "check": {"at_least_every": "1w"}}, "`at_least_every` is a duration"),
    ("a duration of nothing", {**MACHINE, "check": {"at_least_every": "0d"}}, "`at_least_every` is a duration"),
    ("a negative bound", {**MACHINE, "check": {"at_most": -1}}, "`at_most` is a whole number from 0"),
    (
        "followed by the configuration",
        {**MACHINE, "check": {"followed": {**LINK, "by": {"configuration": "keys"}}}},
        "check: followed: by: no member `configuration`",
    ),
    ("no key", {**MACHINE, "check": {"followed": {**LINK, "key": 1}}}, "check: followed: `key` is a line of text"),
    (
        "other than what is not said",
        {**MACHINE, "check": {"preceded": {**LINK, "other_than": "a"}}},
        "preceded: `other_than` is compared with `distinct`",
    ),
    ("a remediation of no form", {**MACHINE, "remediation": "Do it"}, "`remediation` has not its form"),
]


@pytest.mark.parametrize(("document", "why"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_no_test_is_refused_by_name(document, why):
    with pytest.raises(ControlError) as refused:
        parse(document)
    assert str(refused.value).startswith("access.yaml: `c`")
    assert why in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["72h", "a.b", "machine", "day", "c/t"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50)
@given(st.sampled_from([MACHINE, ATTESTED, INSPECTED]), st.data())
def test_anything_else_in_any_place_is_a_test_or_refused(document, data):
    name = data.draw(st.sampled_from(sorted(document)))
    with suppress(ControlError):
        parse({**document, name: data.draw(JSON)})


@settings(max_examples=50)
@given(st.sampled_from([each[0] for each in CHECKS]), st.data())
def test_anything_else_in_a_check_is_a_check_or_refused(document, data):
    name = data.draw(st.sampled_from([*document, "followed", "per"]))
    inner = data.draw(JSON)
    value = {**LINK, data.draw(st.sampled_from(sorted(LINK))): inner} if name in {"followed", "preceded"} else inner
    with suppress(ControlError):
        checks.parse("here", {**document, name: value})
