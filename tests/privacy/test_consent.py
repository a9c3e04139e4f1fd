"""How consents stand, given what happened to them."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.privacy.consent import (
    EVERY,
    Act,
    ConsentError,
    Event,
    Evidence,
    Method,
    State,
    parse_evidence,
    receipt,
    standing_of,
    standings,
)

NOW = 1_795_356_000
ALICE, BOB = f"psn_{'a' * 32}", f"psn_{'b' * 32}"
SHOWN = Evidence(method=Method.FORM, reference="form/2026-17", sha256="0" * 64)
GRANT = Event(
    number=1,
    tenant="default",
    subject=ALICE,
    purpose="training",
    scope="chats",
    act=Act.GRANTED,
    at=NOW - 100,
    expires_at=NOW + 100,
    notice="1" * 64,
    evidence=SHOWN,
    by_type="service",
    by="studio",
    decision_id="01a203ec17c0f73dc8f6-1",
)
END = replace(GRANT, number=2, act=Act.WITHDRAWN, at=NOW - 50, expires_at=None, notice=None)


def state(*events, scope="chats", now=NOW):
    return standing_of(ALICE, "training", scope, events, now).state


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        pytest.param([], State.NONE, id="nobody said anything"),
        pytest.param([GRANT], State.GRANTED, id="granted"),
        pytest.param([GRANT, END], State.WITHDRAWN, id="granted and taken back"),
        pytest.param([END, GRANT], State.WITHDRAWN, id="in whatever order they are read"),
        pytest.param([END], State.WITHDRAWN, id="taken back before it was granted"),
        pytest.param([GRANT, END, replace(GRANT, number=3)], State.GRANTED, id="granted once more"),
        pytest.param([replace(GRANT, expires_at=NOW)], State.EXPIRED, id="ended this second"),
        pytest.param([replace(GRANT, expires_at=None)], State.EXPIRED, id="a grant without an end is none"),
        pytest.param([replace(GRANT, at=NOW + 1)], State.NONE, id="granted later"),
        pytest.param([replace(GRANT, subject=BOB)], State.NONE, id="somebody else"),
        pytest.param([replace(GRANT, purpose="marketing")], State.NONE, id="something else"),
        pytest.param([replace(GRANT, scope="calls")], State.NONE, id="another scope"),
        pytest.param([replace(GRANT, scope=EVERY)], State.GRANTED, id="every scope has this one in it"),
        pytest.param([GRANT, replace(END, scope=EVERY)], State.WITHDRAWN, id="every scope taken back"),
        pytest.param([GRANT, replace(END, scope="calls")], State.GRANTED, id="another scope taken back"),
        pytest.param(
            [replace(GRANT, scope=EVERY), END, replace(GRANT, number=3, scope=EVERY)],
            State.GRANTED,
            id="the newest counts, not the narrowest",
        ),
    ],
)
def test_the_standing(events, wanted):
    assert state(*events) is wanted


def test_all_of_it_is_not_granted_with_one_part():
    assert state(GRANT, scope=EVERY) is State.NONE


def test_what_policies_are_told():
    found = standing_of(ALICE, "training", "chats", [GRANT], NOW)
    assert found.facts() == {
        "purpose": "training",
        "state": "granted",
        "given_at": "2026-11-22T13:58:20Z",
        "expires_at": "2026-11-22T14:01:40Z",
    }
    assert found.of_training() == {
        "person": ALICE,
        "purpose": "training",
        "given_at": "2026-11-22T13:58:20Z",
        "expires_at": "2026-11-22T14:01:40Z",
        "revoked": False,
    }
    assert found.of_transfer(["US", "UK"]) == {
        "regions": ["UK", "US"],
        "given_at": "2026-11-22T13:58:20Z",
        "withdrawn": False,
    }
    ended = standing_of(ALICE, "training", "chats", [GRANT, END], NOW)
    assert ended.of_training()["revoked"]
    assert ended.of_transfer(["US"])["withdrawn"]
    assert (ended.document()["withdrawn_at"], ended.document()["state"]) == ("2026-11-22T13:59:10Z", "withdrawn")
    nothing = standing_of(ALICE, "training", "chats", [], NOW)
    assert (nothing.of_training(), nothing.of_transfer(["US"])) == (None, None)
    assert nothing.facts() == {"purpose": "training", "state": "none"}
    assert nothing.document()["given_at"] is None


def test_every_consent_of_a_person_is_shown_once():
    events = [GRANT, END, replace(GRANT, number=3, scope=EVERY), replace(GRANT, number=4, subject=BOB)]
    assert [(each.scope, each.state) for each in standings(ALICE, events, NOW)] == [
        (EVERY, State.GRANTED),
        ("chats", State.GRANTED),
    ]


def test_a_receipt_says_what_the_ledger_holds_and_names_nobody():
    text = receipt(GRANT, "omega.localhost/log", NOW)
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert '"type":"consent-receipt"' in text
    assert ALICE in text
    assert '"expires_at":null' in receipt(END, "omega.localhost/log", NOW)


GOOD = {"method": "form", "reference": "form/2026-17", "sha256": "0" * 64}


def test_evidence_is_read():
    assert parse_evidence(GOOD) == SHOWN


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(None, id="nothing"),
        pytest.param({}, id="empty"),
        pytest.param(GOOD | {"more": 1}, id="more than there is"),
        pytest.param(GOOD | {"method": "hearsay"}, id="a method that nobody knows"),
        pytest.param(GOOD | {"method": ["form"]}, id="a method that is no text"),
        pytest.param(GOOD | {"reference": "a b"}, id="a reference that is a sentence"),
        pytest.param(GOOD | {"reference": 7}, id="a reference that is no text"),
        pytest.param(GOOD | {"reference": "alice@example.com"}, id="a reference that names somebody"),
        pytest.param(GOOD | {"sha256": "0" * 63}, id="a hash that is none"),
        pytest.param(GOOD | {"sha256": None}, id="a hash that is no text"),
    ],
)
def test_evidence_that_is_none(wrong):
    with pytest.raises(ConsentError) as caught:
        parse_evidence(wrong)
    assert caught.value.code == "evidence"


VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda each: st.lists(each) | st.dictionaries(st.sampled_from(sorted(GOOD)), each),
)


@given(VALUES)
def test_evidence_never_leaks_another_error(value):
    with suppress(ConsentError):
        parse_evidence(value)
