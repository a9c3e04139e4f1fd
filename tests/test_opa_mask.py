"""Masks of OPA's decision log."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.opa_mask import Mask, MaskError, masked, parse_masks

EVENT = {
    "decision_id": "x",
    "input": {"name": "bob", "password": "p", "users": [{"name": "a"}, {"name": "b"}], "a/b": {"~": 1}},
    "result": {"allow": True},
}


def with_masks(*masks, event=EVENT):
    return masked(event, parse_masks(json.dumps(masks).encode()))


def test_fields_are_removed_and_listed():
    event = with_masks("/input/password", "/input/ssn", {"op": "remove", "path": "/result"})
    assert event["erased"] == ["/input/password", "/result"]
    assert "masked" not in event
    assert "password" not in event["input"]
    assert "result" not in event
    assert "password" in EVENT["input"]


def test_fields_are_written_over_and_listed():
    event = with_masks({"op": "upsert", "path": "/input/password", "value": "**REDACTED**"})
    assert (event["input"]["password"], event["masked"]) == ("**REDACTED**", ["/input/password"])
    assert "erased" not in event


def test_an_upsert_makes_what_is_on_its_way():
    event = with_masks({"op": "upsert", "path": "/input/x/y", "value": None})
    assert event["input"]["x"] == {"y": None}


@pytest.mark.parametrize(
    ("pointer", "left"),
    [
        ("/input/users/0/name", [{}, {"name": "b"}]),
        ("/input/users/0", [{"name": "b"}]),
        ("/input/users/7", EVENT["input"]["users"]),
        ("/input/users/x", EVENT["input"]["users"]),
        ("/input/users/00", EVENT["input"]["users"]),
    ],
)
def test_pointers_lead_into_lists(pointer, left):
    event = with_masks(pointer)
    assert event["input"]["users"] == left
    assert event.get("erased", []) == ([] if left == EVENT["input"]["users"] else [pointer])


def test_names_are_escaped_as_rfc_6901_has_it():
    assert with_masks("/input/a~1b/~0")["input"]["a/b"] == {}


@pytest.mark.parametrize("path", ["/input/users/7", "/input/users/7/name", "/input/name/x", "/input/users/-"])
def test_an_upsert_of_nothing_in_a_list_or_a_text_does_nothing(path):
    assert with_masks({"op": "upsert", "path": path, "value": 1}) == EVENT


def test_an_event_without_a_request_gets_none():
    event = {"result": {}, "erased": ["/input"]}
    assert with_masks({"op": "upsert", "path": "/input/x", "value": 1}, "/input/y", event=event) == event


def test_what_was_erased_before_stays_listed():
    assert with_masks("/result/allow", "/result/allow", event=EVENT | {"erased": ["/input/z"]})["erased"] == [
        "/input/z",
        "/result/allow",
    ]


@pytest.mark.parametrize(
    "masks",
    [
        b"",
        b"{}",
        b"[7]",
        b'["/decision_id"]',
        b'["input"]',
        b'["/input/~2"]',
        b'["/inputs"]',
        b'[{"op": "remove"}]',
        b'[{"op": "move", "path": "/input/x"}]',
        b'[{"op": "upsert", "path": "/input/x"}]',
        b'[{"op": "remove", "path": 7}]',
        b'[{"op": "remove", "path": "/input", "why": ""}]',
        json.dumps(["/input/x"] * 1_001).encode(),
        b" " * (1 << 20) + b"[]",
    ],
)
def test_masks_have_one_form(masks):
    with pytest.raises(MaskError) as refused:
        parse_masks(masks)
    assert "\n" not in str(refused.value)


STEP = st.sampled_from(["a", "0", "1", "users", "~1", "", "-"])
POINTER = st.lists(STEP, max_size=4).map(lambda steps: "/".join(["/input", *steps]))
VALUE = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STEP, inner, max_size=3),
)


@given(value=VALUE, pointers=st.lists(POINTER, max_size=4), upsert=st.booleans())
def test_any_mask_of_any_event_leaves_an_event(value, pointers, upsert):
    masks = [Mask(pointer=pointer, upsert=(1,) if upsert else None) for pointer in pointers]
    event = masked({"input": value, "result": True}, masks)
    assert event["result"] is True
    assert set(event.get("erased", []) + event.get("masked", [])) <= set(pointers)


@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_masks_or_are_refused(data):
    with suppress(MaskError):
        parse_masks(data)
