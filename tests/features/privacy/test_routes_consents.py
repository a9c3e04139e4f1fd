"""Consents over HTTP: granted with the newest text, withdrawn by anybody who records them, never without a record."""

import json

from app.db import reading
from app.privacy import consent_ledger
from app.privacy.errors import KeyStoreError
from evidence.note import Note
from tests.features.privacy.consenting import (
    ALICE,
    AUDITORS,
    BOB,
    CISO,
    DIGEST,
    LOG,
    SHOWN,
    gates,
    keep_text,
)

DAY = 86_400


def test_a_consent_is_granted_stands_and_is_taken_back(ledger, studio):
    made = studio.grant()
    assert made.status_code == 201
    subject = ledger.pseudonym(ALICE)
    event = made.json["event"]
    assert (event["subject"], event["act"], event["expires_at"]) == (subject, "granted", "2027-11-22T14:00:00Z")
    found = studio.standing()
    assert found["facts"] == {
        "purpose": "training",
        "state": "granted",
        "given_at": "2026-11-22T14:00:00Z",
        "expires_at": "2027-11-22T14:00:00Z",
    }
    assert (found["training"]["person"], found["training"]["revoked"]) == (subject, False)
    ledger.control.clock.seconds += 60
    taken = studio.withdraw()
    assert (taken.status_code, taken.json["recalled"]) == (201, 0)
    assert studio.standing()["standing"]["state"] == "withdrawn"
    assert studio.standing()["training"]["revoked"]
    assert studio.standing(BOB)["standing"]["state"] == "none"


def test_a_consent_ends_by_itself(ledger, studio):
    assert studio.grant(lasts_days=1).status_code == 201
    ledger.control.clock.seconds += DAY
    assert studio.standing()["standing"]["state"] == "expired"


def test_no_record_and_no_receipt_names_the_person(ledger, studio):
    receipt = studio.grant().json["receipt"]
    text = Note.parse_stored(receipt.encode()).verify(LOG.verifier)
    assert json.loads(text)["event"]["subject"] == ledger.pseudonym(ALICE)
    told = json.dumps([body for _, body in ledger.control.around.records]) + receipt
    assert "alice" not in told
    [body] = ledger.bodies("privacy.consent")[1:]
    assert body["resource"] == {"type": "person", "id": ledger.pseudonym(ALICE)}


def test_the_ledger_answers_features_in_this_process(ledger, studio):
    studio.grant()
    subject, now = ledger.pseudonym(ALICE), int(ledger.control.clock())
    with reading() as session:
        found = consent_ledger.standing(session, subject, "training", "chats", now=now)
    assert found.facts()["state"] == "granted"


REFUSED = {
    "a text that nobody keeps": ({"notice": "1" * 64}, ["informed"]),
    "the text of another purpose": ({"purpose": "marketing"}, ["informed"]),
    "a purpose that needs no consent": ({"purpose": "service"}, ["informed", "purpose_asks"]),
    "a purpose that there is not": ({"purpose": "unheard_of"}, ["informed", "purpose_asks"]),
}


def test_what_policy_refuses(studio):
    assert {name: gates(studio.grant(**change)) for name, (change, _) in REFUSED.items()} == {
        name: failed for name, (_, failed) in REFUSED.items()
    }


def test_an_older_text_does_not_do(ledger, officer, studio):
    ledger.control.clock.seconds += 1
    assert keep_text(officer, "Another text.", "2").status_code == 201
    assert keep_text(officer, "Ein anderer Text.", "2", language="de").status_code == 201
    assert gates(studio.grant()) == ["informed"]


def test_the_same_text_again_stays_as_it_is(ledger, officer, studio):
    ledger.control.clock.seconds += 1
    assert keep_text(officer, version="9").json["version"] == "1"
    assert studio.grant().status_code == 201


def test_nobody_else_records_or_asks(ledger, studio):
    stranger = ledger.service("garden")
    assert gates(stranger.grant()) == ["authorised"]
    assert gates(stranger.withdraw()) == ["authorised"]
    body = {"person": ALICE, "purpose": "training"}
    assert gates(stranger.post("consents/standing", body)) == ["authorised"]
    assert gates(keep_text(ledger.officer(AUDITORS))) == ["authorised"]
    assert gates(keep_text(ledger.officer(CISO))) == ["authorised"]
    assert studio.standing()["standing"]["state"] == "none"


def test_tenants_have_persons_of_their_own(ledger, studio):
    studio.grant()
    assert ledger.service(tenant="acme").standing()["standing"]["state"] == "none"


WRONG = {
    "a person without a type": {"person": "alice"},
    "a type that is none": {"person": {"type": "User", "id": "a"}},
    "an empty id": {"person": {"type": "user", "id": ""}},
    "a pseudonym that is none": {"subject": "alice"},
    "a purpose that is none": {"purpose": "Training"},
    "a purpose that is no text": {"purpose": 7},
    "a scope that is none": {"scope": "a b"},
    "half the evidence": {"evidence": {"method": "form"}},
    "longer than the purpose allows": {"lasts_days": 366},
    "days that are no number": {"lasts_days": "1"},
}


def test_bad_input_is_refused_never_quoted_and_leaves_nothing(ledger, studio):
    before = len(ledger.control.around.records)
    for name, wrong in WRONG.items():
        answer = studio.grant(**wrong)
        assert (answer.status_code, "alice" in answer.text) == (400, False), name
    assert len(ledger.control.around.records) == before


def test_a_text_that_is_none(officer):
    headers = {"sec-fetch-site": "same-origin", "x-csrf-token": officer.csrf()}
    said = {"purpose": "training", "version": "1", "language": "en", "text": "x"}
    for wrong in ({"text": " "}, {"language": "e"}, {"version": "a b"}, {"text": None}):
        assert officer.client.post("/privacy/notices", json=said | wrong, headers=headers).status_code == 400, wrong


def test_an_officer_withdraws_on_the_person_s_page(ledger, officer, studio):
    studio.grant()
    found = officer.post("/privacy/people", ALICE)
    subject = ledger.pseudonym(ALICE)
    assert (found.status_code, found.location) == (303, f"/privacy/people/{subject}")
    page = officer.get(found.location)
    assert page.status_code == 200
    assert "granted" in page.text
    assert "alice" not in page.text
    said = {"subject": subject, "purpose": "training", "scope": "*"} | SHOWN
    assert officer.post("/privacy/consents/withdraw", said).location == found.location
    document = officer.json(found.location).json
    assert [(each["scope"], each["state"]) for each in document["standings"]] == [
        ("*", "withdrawn"),
        ("chats", "withdrawn"),
    ]
    assert [each["act"] for each in document["events"]] == ["granted", "withdrawn"]


def test_somebody_who_only_audits_sees_no_person(ledger, studio):
    studio.grant()
    auditor = ledger.officer(AUDITORS)
    subject = ledger.pseudonym(ALICE)
    assert gates(auditor.json(f"/privacy/people/{subject}")) == ["authorised"]
    assert auditor.get("/privacy/people").status_code == 200


def test_purposes_and_texts_are_shown(officer, studio):
    assert studio is not None
    document = officer.json("/privacy/purposes").json
    assert [each["sha256"] for each in document["notices"]] == [DIGEST]
    assert {"name": "service", "basis": "contract"}.items() <= next(
        each for each in document["purposes"] if each["name"] == "service"
    ).items()
    assert "We let models learn" in officer.get("/privacy/purposes").text


def test_a_key_store_that_fails_leaves_nothing(ledger, studio, monkeypatch):
    def fail(*_):
        raise KeyStoreError("down")

    before = len(ledger.control.around.records)
    monkeypatch.setattr(ledger.table, "load", fail)
    assert studio.grant().status_code == 503
    assert len(ledger.control.around.records) == before
