"""Events of use are CloudEvents 1.0, one or a batch; anything else is refused by name."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.billing.cloudevents import BATCH, LARGEST, ONE, parse_events
from app.features.marketplace.errors import SayingError

EVENT = {
    "specversion": "1.0",
    "type": "omega.marketplace.usage",
    "source": "/runner/eu-1",
    "id": "run-1",
    "subject": "sub-1",
    "time": "2026-10-05T08:00:00Z",
    "data": {"quantity": 3},
}


def one(**changed):
    return json.dumps({name: value for name, value in (EVENT | changed).items() if value is not None}).encode()


def test_one_event_is_read():
    (found,) = parse_events(one(), ONE)
    assert (found.source, found.id, found.subscription, found.quantity) == ("/runner/eu-1", "run-1", "sub-1", 3)
    assert (found.at, found.corrects) == (1_791_187_200, None)


def test_a_batch_is_read_in_its_order():
    found = parse_events(json.dumps([EVENT, EVENT | {"id": "run-2"}]).encode(), BATCH)
    assert [each.id for each in found] == ["run-1", "run-2"]


def test_the_order_of_members_says_nothing_and_everything_else_does():
    backwards = json.dumps(dict(reversed(EVENT.items()))).encode()
    assert parse_events(backwards, ONE) == parse_events(one(), ONE)
    assert parse_events(one(extension="x"), ONE)[0].body_hash != parse_events(one(), ONE)[0].body_hash


def test_a_correction_names_what_it_corrects():
    data = {"quantity": -2, "corrects": {"source": "/runner/eu-1", "id": "run-1"}}
    assert parse_events(one(id="c-1", data=data), ONE)[0].corrects == ("/runner/eu-1", "run-1")


def test_the_time_may_be_missing_and_in_another_zone():
    assert parse_events(one(time=None), ONE)[0].at is None
    assert parse_events(one(time="2026-10-05T10:00:00.5+02:00"), ONE)[0].at == 1_791_187_200


WRONG = {
    "specversion": {"specversion": "0.3"},
    "no specversion": {"specversion": None},
    "type": {"type": "another"},
    "no source": {"source": None},
    "empty id": {"id": ""},
    "long id": {"id": "a" * 201},
    "id that is a number": {"id": 1},
    "unprintable": {"id": "a\nb"},
    "no subject": {"subject": None},
    "time without a zone": {"time": "2026-10-05T08:00:00"},
    "no time": {"time": "yesterday"},
    "long ago": {"time": "1900-01-01T00:00:00Z"},
    "no data": {"data": None},
    "data that is a text": {"data": "3"},
    "nothing": {"data": {"quantity": 0}},
    "a part": {"data": {"quantity": 1.5}},
    "a truth": {"data": {"quantity": True}},
    "too much": {"data": {"quantity": 1_000_000_001}},
    "taking back from nothing": {"data": {"quantity": -1}},
    "correcting by more": {"data": {"quantity": 1, "corrects": {"source": "s", "id": "i"}}},
    "correcting something": {"data": {"quantity": -1, "corrects": {"id": "i"}}},
    "an attribute": {"Not-Lower": 1},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_what_is_no_event_of_use_is_refused(changed):
    with pytest.raises(SayingError, match="event 0"):
        parse_events(one(**changed), ONE)


@pytest.mark.parametrize(
    ("body", "kind"), [(b"[]", BATCH), (b"{}", BATCH), (b"{", ONE), (one(), "application/json"), (b"[1]", BATCH)]
)
def test_what_is_no_body_of_events_is_refused(body, kind):
    with pytest.raises(SayingError):
        parse_events(body, kind)


def test_a_batch_has_a_size():
    with pytest.raises(SayingError):
        parse_events(one(padding="a" * LARGEST), ONE)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from([*EVENT, "corrects"]), VALUES), VALUES)
def test_reading_raises_no_other_error(changed, data):
    with suppress(SayingError):
        parse_events(json.dumps([EVENT | changed, {"data": data}]).encode(), BATCH)
