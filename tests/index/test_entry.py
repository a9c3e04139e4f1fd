"""Whatever a body holds, it becomes a row that any database takes, and always the same one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.index.entry import decision_row, text
from app.index.rows import DECISION
from evidence.record import Record
from tests.index.logged import body

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["caller", "action", "subject", "resource", "policy", "result", "bundle", "type", "ref", "failed", "obligations"]
)
OBJECTS = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4) | VALUES, max_size=6)


def record(found, kind="decision"):
    return Record(
        chain="0" * 20,
        epoch=1,
        seq=7,
        prev="0" * 64,
        time="2026-11-22T10:46:23.123456Z",
        type=kind,
        retention_class="std7y",
        tenant="acme",
        body=found,
    )


@given(OBJECTS)
def test_any_body_becomes_a_row(found):
    row = decision_row(record(found), 3)
    assert list(row) == DECISION.c.keys()
    assert row == decision_row(record(found), 3)
    for value in row.values():
        assert not isinstance(value, str) or ("\0" not in value and len(value) < 20_000)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param("plain", "plain", id="text"),
        pytest.param("a\0b", "a\N{REPLACEMENT CHARACTER}b", id="a NUL, which PostgreSQL does not take"),
        pytest.param("x" * 256, "x" * 256, id="as long as it may be"),
        pytest.param("x" * 257, "x" * 255 + "…", id="too long"),
        pytest.param(7, None, id="a number"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_a_text_as_a_column_holds_it(given, shown):
    assert text(given) == shown


def test_a_pseudonym_and_an_id_stand_in_one_column():
    row = decision_row(record(body(resource={"type": "run", "ref": "psn_1"})), 0)
    assert (row["resource_type"], row["resource_ref"]) == ("run", "psn_1")
    row = decision_row(record(body(resource={"type": "run", "id": "run-1"})), 0)
    assert (row["resource_type"], row["resource_ref"]) == ("run", "run-1")


def test_other_records_say_what_they_have_of_it():
    row = decision_row(record({"bundle": "ab", "revision": "r2", "engine": "e"}, "policy.activated"), 0)
    assert (row["type"], row["bundle"], row["revision"], row["allow"]) == ("policy.activated", "ab", "r2", None)
    row = decision_row(record({"caller": "shop", "reason": "too_deep"}, "request.refused"), 0)
    assert (row["caller"], row["failed"]) == ("shop", None)


def test_more_gates_than_anybody_has_are_cut():
    result = {"allow": False, "failed": [f"gate-{number}" for number in range(100)]}
    assert len(json.loads(decision_row(record(body(result=result)), 0)["failed"])) == 64


@pytest.mark.parametrize(
    ("obligations", "purpose"),
    [
        pytest.param(
            [{"type": "notice", "purpose": "x"}, {"type": "access", "purpose": "support"}], "support", id="one"
        ),
        pytest.param([{"type": "access"}], None, id="an access without one"),
        pytest.param([{"type": "access", "purpose": 7}], None, id="one that is no text"),
        pytest.param(["access", None], None, id="obligations that are none"),
        pytest.param({"type": "access", "purpose": "x"}, None, id="no list"),
        pytest.param(None, None, id="none"),
    ],
)
def test_the_purpose_of_an_access_is_that_of_its_obligation(obligations, purpose):
    found = body(result={"allow": True, "failed": [], "obligations": obligations})
    assert decision_row(record(found), 3)["purpose"] == purpose
