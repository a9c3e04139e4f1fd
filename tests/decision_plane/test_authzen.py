"""What happens to bytes that are no evaluation request, and how many of them are worth a record."""

import hashlib
import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decision_plane import refusals
from app.decision_plane.refusals import Refusals
from tests.decision_plane.asking import BEARER, JSON, Clock, Plane, body
from tests.pdp.deciding import CHAIN, Service, key

WHOLE = json.loads(body())


def without(name):
    return json.dumps({member: value for member, value in WHOLE.items() if member != name}).encode()


def with_(**changes):
    return json.dumps(WHOLE | changes).encode()


MALFORMED = [
    pytest.param(b"\xff", "not_utf8", id="no text"),
    pytest.param(b"", "not_json", id="nothing"),
    pytest.param(b"{", "not_json", id="half an object"),
    pytest.param(b'{"a": NaN}', "not_json", id="not a number"),
    pytest.param(b'{"a": 1, "a": 1}', "duplicate_name", id="a name twice"),
    pytest.param(b"[" * 65 + b"]" * 65, "too_deep", id="too deep"),
    pytest.param(b"[9007199254740992]", "number_out_of_range", id="a number nobody reads alike"),
    pytest.param(b'"\\ud800"', "forbidden_character", id="half a character"),
    pytest.param(b"[]", "member_type", id="no object"),
    pytest.param(without("subject"), "member_missing", id="no subject"),
    pytest.param(without("action"), "member_missing", id="no action"),
    pytest.param(without("resource"), "member_missing", id="no resource"),
    pytest.param(with_(subject="alice"), "member_type", id="a subject that is text"),
    pytest.param(with_(action={"name": 1}), "member_type", id="an action that is a number"),
    pytest.param(with_(context=[]), "member_type", id="a context that is a list"),
    pytest.param(with_(subject={"type": "grocer", "id": ""}), "member_length", id="an empty id"),
    pytest.param(with_(action={"name": "a" * 129}), "member_length", id="a long action"),
]


@pytest.mark.parametrize(("data", "code"), MALFORMED)
def test_bytes_that_are_no_request_are_refused_and_recorded(plane, data, code):
    answer = plane.ask(data)
    assert (answer.status, answer.code) == (400, "malformed_request")
    assert answer.document["detail"].startswith(f"{code}: ")
    (found,) = plane.log.records
    assert found.type == "request.refused"
    assert dict(found.body) == {"caller": "marketplace", "reason": code, "suppressed": 0}
    sealed = key("default", "caller", "marketplace").open(found.sealed[0], place=(f"{CHAIN}-0", 0))
    assert sealed == hashlib.sha256(data).hexdigest().encode()
    assert hashlib.sha256(data).hexdigest().encode() not in plane.log.data[0]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([(b"content-type", b"")], id="empty"),
        pytest.param([(b"content-type", b"text/plain")], id="text"),
        pytest.param([(b"content-type", b"application/jsonp")], id="almost"),
        pytest.param([JSON, (b"content-type", b"text/plain")], id="two, and the last is another"),
    ],
)
def test_another_content_type_is_refused_and_recorded(plane, headers):
    answer = plane.ask(body(), headers=[BEARER, *headers])
    assert (answer.status, answer.code) == (400, "malformed_request")
    assert [found.body["reason"] for found in plane.log.records] == ["unsupported_content_type"]


@pytest.mark.parametrize("media", [b"application/json; charset=utf-8", b"Application/JSON", b" application/json ;"])
def test_the_content_type_may_be_written_as_http_allows(plane, media):
    assert plane.ask(body(), headers=[BEARER, (b"content-type", media)]).status == 200


def test_what_is_too_large_leaves_no_record(plane):
    assert plane.ask(b"x" * 32_769).status == 413
    assert plane.log.data == []


def test_members_that_nobody_knows_are_ignored(plane):
    assert plane.ask(with_(evaluations=[], trace="x")).document["decision"] is True


def test_a_flood_of_refusals_is_counted_and_not_recorded(plane):
    for _ in range(9):
        assert plane.ask(b"{").status == 400
    assert [found.body["suppressed"] for found in plane.log.records] == [0] * 5
    plane.clock.now += 1
    plane.ask(b"{")
    plane.ask(b"{")
    assert [found.body["suppressed"] for found in plane.log.records] == [0] * 5 + [4]
    plane.clock.now += 1_000
    for _ in range(7):
        plane.ask(b"{")
    assert [found.body["suppressed"] for found in plane.log.records] == [0] * 5 + [4, 1, 0, 0, 0, 0]


def test_the_flood_of_one_caller_hides_no_other(plane):
    for _ in range(6):
        plane.ask(b"{")
    for token in (b"another", b"stranger"):
        assert plane.ask(b"{", headers=[(b"authorization", b"Bearer " + token), JSON]).status == 400
    assert [(found.tenant, found.body["caller"]) for found in plane.log.records[5:]] == [
        ("other", "marketplace"),
        ("default", "stranger"),
    ]


def test_a_refused_request_does_not_slow_down_good_ones(plane):
    for _ in range(20):
        plane.ask(b"{")
    assert plane.ask(body()).status == 200


def test_no_more_callers_are_counted_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(refusals, "_MOST_CALLERS", 2)
    counted = Refusals(Clock(), burst=1.0)
    one, two, three = (Service(subject=name) for name in ("one", "two", "three"))
    assert [counted.take(each) for each in (one, two, one, three)] == [0, 0, None, 0]
    assert len(counted._buckets) == 2
    assert counted.take(two) == 0  # forgotten, being the one that was quiet for longest


def test_a_clock_that_stands_still_gives_nothing_for_free():
    refusals = Refusals(Clock(), per_second=1.0, burst=2.0)
    assert [refusals.take(Service()) for _ in range(4)] == [0, 0, None, None]


# Text that stands in no message by accident, wherever a request has room for text.
MARK = "zq~"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters='"\\'), max_size=8).map(f"{MARK}{{}}".format)
VALUE = st.recursive(
    TEXT | st.integers() | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "subject": st.fixed_dictionaries({}, optional={"type": VALUE, "id": VALUE, "properties": VALUE}) | VALUE,
        "action": st.fixed_dictionaries({"name": VALUE}) | VALUE,
        "resource": st.fixed_dictionaries({}, optional={"type": VALUE, "id": VALUE, "properties": VALUE}) | VALUE,
        "context": VALUE,
    },
)
CUTS = st.floats(0, 1)


@settings(max_examples=150, deadline=None)
@given(request=REQUEST, cut=CUTS | st.none())
def test_no_value_of_a_request_comes_back_or_stands_in_the_log(shop, request, cut):
    plane = Plane(shop)
    logged = []
    handler = logging.Handler()
    handler.emit = lambda entry: logged.append(entry.getMessage())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    data = json.dumps(request, ensure_ascii=False).encode()
    data = data if cut is None else data[: int(len(data) * cut)]
    try:
        answer = plane.ask(data)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert answer.status in (200, 400)
    assert MARK.encode() not in answer.body
    assert MARK not in "".join(logged)
    assert all(MARK.encode() not in record for record in plane.log.data)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_decision_or_a_problem(shop, data):
    assert Plane(shop).ask(data).status in (200, 400)
