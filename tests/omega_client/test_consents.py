"""Both clients at the ledger of a control plane of this process, and at answers that are none."""

import json

import pytest

from evidence.note import Note
from omega_client import (
    EVERYTHING,
    ConsentRecord,
    ConsentState,
    Method,
    NotPermittedError,
    Recalls,
    RefusedError,
    Shown,
    Standing,
    Subject,
    UnusableAnswerError,
)
from tests.features.privacy import asking
from tests.features.privacy.asking import PERSON
from tests.features.privacy.consenting import DIGEST, LOG
from tests.features.privacy.test_routes_exports import HERE, MANIFEST
from tests.omega_client.test_privacy import Asked

ALICE = Subject(**PERSON)
CHATS = {"person": ALICE, "purpose": "training", "scope": "chats"}
FORM = Shown(method=Method.FORM, reference="form/2026-17", sha256="0" * 64)


@pytest.fixture
def office(sqlite_url):
    with asking.office(sqlite_url) as made:
        made.ask()
        yield made


@pytest.fixture
def replay(kind, office):
    return Asked(kind, office, "replay")


def export(office):
    """Have a part of an export made of what the person said."""
    said = {"persons": [PERSON], "purpose": "training", "scope": "chats", "manifest_sha256": MANIFEST}
    answer = office.service("replay").post("/privacy/exports", said | {"recipient": "replay"} | HERE)
    return answer.get_json()["export"]


def test_a_consent_is_granted_stands_and_is_taken_back(office, replay):
    subject = office.keyring.key("default", "user", PERSON["id"]).subject
    made = replay.grant(DIGEST, FORM, **CHATS)
    assert (made.subject, made.expires_at, made.recalled) == (subject, "2027-11-22T14:00:00Z", 0)
    event = json.loads(Note.parse_stored(made.receipt.encode()).verify(LOG.verifier))["event"]
    assert (event["number"], event["decision_id"]) == (made.number, made.decision_id)
    stands = replay.standing(**CHATS)
    assert (stands.state, stands.given_at, stands.withdrawn_at) == (
        ConsentState.GRANTED,
        "2026-11-22T14:00:00Z",
        None,
    )
    assert (stands.facts["state"], stands.training["person"]) == ("granted", subject)
    assert replay.withdraw(FORM, **CHATS).expires_at is None
    taken = replay.standing(**CHATS)
    assert (taken.state, taken.training["revoked"]) == (ConsentState.WITHDRAWN, True)


def test_what_was_never_said_stands_as_nothing(replay):
    stands = replay.standing(**CHATS)
    assert (stands.state, stands.given_at, stands.training) == (ConsentState.NONE, None, None)


def test_a_consent_lasts_no_longer_than_the_person_said(replay):
    assert replay.grant(DIGEST, FORM, lasts_days=7, **CHATS).expires_at == "2026-11-29T14:00:00Z"
    with pytest.raises(RefusedError, match="malformed_request"):
        replay.grant(DIGEST, FORM, lasts_days=10_000, **CHATS)


def test_without_the_text_or_the_role_nothing_is_recorded(kind, office, replay):
    with pytest.raises(NotPermittedError) as raised:
        replay.grant("1" * 64, FORM, **CHATS)
    assert raised.value.gates == ("informed",)
    with pytest.raises(NotPermittedError) as raised:
        Asked(kind, office, "garden").withdraw(FORM, **CHATS)
    assert raised.value.gates == ("authorised",)


def test_what_a_withdrawal_reaches_is_called_back(office, replay):
    replay.grant(DIGEST, FORM, **CHATS)
    made = export(office)
    assert replay.recalls().recalls == ()
    assert replay.withdraw(FORM, **CHATS | {"scope": EVERYTHING}).recalled == 1
    page = replay.recalls()
    [recall] = page.recalls
    assert (recall.export, recall.reason, recall.at) == (made, "withdrawn", "2026-11-22T14:00:00Z")
    assert page.next == recall.number
    signed = json.loads(Note.parse_stored(page.note.encode()).verify(LOG.verifier))
    assert [each["export"] for each in signed["recalls"]] == [made]
    assert replay.recalls(page.next).recalls == ()


EVENT = {"number": 1, "subject": "psn_1", "expires_at": None, "decision_id": "1"}
RECORD = {"event": EVENT, "recalled": 0, "receipt": "r"}
STANDS = {"subject": "psn_1", "state": "none", "given_at": None, "expires_at": None, "withdrawn_at": None}
STANDING = {"standing": STANDS, "facts": {}, "training": None}
RECALL = {"number": 1, "export": "e", "subject": "psn_1", "reason": "withdrawn", "at": "t"}
PAGE = {"recalls": [RECALL], "next": 1, "note": "n"}
NO_ANSWER = {
    "a record that is no object": (ConsentRecord, []),
    "a record without an event": (ConsentRecord, RECORD | {"event": None}),
    "an event whose number is none": (ConsentRecord, RECORD | {"event": EVENT | {"number": True}}),
    "an event that does not say whether it ends": (ConsentRecord, RECORD | {"event": {"number": 1, "subject": "p"}}),
    "a record without a receipt": (ConsentRecord, RECORD | {"receipt": None}),
    "a state that there is not": (Standing, STANDING | {"standing": STANDS | {"state": "lost"}}),
    "a time that is no text": (Standing, STANDING | {"standing": STANDS | {"given_at": 7}}),
    "a standing without facts": (Standing, STANDING | {"facts": None}),
    "a consent to training that is no object": (Standing, STANDING | {"training": "yes"}),
    "recalls that are no list": (Recalls, PAGE | {"recalls": {}}),
    "a recall that is no object": (Recalls, PAGE | {"recalls": ["e"]}),
    "a recall of nobody": (Recalls, PAGE | {"recalls": [RECALL | {"subject": None}]}),
    "a page that does not say how to go on": (Recalls, PAGE | {"next": "1"}),
}


@pytest.mark.parametrize(("form", "answer"), NO_ANSWER.values(), ids=NO_ANSWER)
def test_what_is_no_answer(form, answer):
    with pytest.raises(UnusableAnswerError):
        form.parse(answer)


def test_what_is_an_answer():
    assert ConsentRecord.parse(RECORD).receipt == "r"
    assert Standing.parse(STANDING).state is ConsentState.NONE
    assert Recalls.parse(PAGE).recalls[0].export == "e"
