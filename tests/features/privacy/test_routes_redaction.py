"""Redaction over HTTP: what services get, what they are refused, and what stands on record of it."""

import json

import pytest

from app.features.privacy.redacting import Patterns
from app.privacy.errors import KeyStoreError
from tests.features.privacy import asking
from tests.features.privacy.asking import PERSON, TEXT
from tests.privacy.restricting import mark, release


@pytest.fixture
def office(sqlite_url):
    with asking.office(sqlite_url) as made:
        yield made


@pytest.fixture
def studio(office):
    return office.service()


def code(answer):
    return answer.get_json()["type"].removeprefix("urn:omega:problem:")


def test_a_text_comes_back_without_personal_data(studio, office):
    answer = studio.redact()
    assert answer.status_code == 201
    document = answer.get_json()
    assert document.pop("id").startswith("doc_")
    assert document.pop("decision_id")
    assert document == {"state": "ready", "scope": "case-7", "text": "From <EMAIL_1>: see <=EMAIL_1>"}
    kind, body = office.control.around.records[-1]
    subject = office.keyring.key("default", "user", PERSON["id"]).subject
    assert (kind, body["action"], body["resource"]) == (
        "decision",
        "privacy.process",
        {"type": "person", "id": subject},
    )


def test_a_document_comes_back_with_its_form(studio):
    answer = studio.redact(text=None, json={"from": "sarah@example.com", "n": [1, None]}, language="de")
    assert answer.get_json()["json"] == {"from": "<EMAIL_1>", "n": [1, None]}


def test_no_record_and_no_line_of_the_log_has_a_clear_value(studio, office, caplog):
    studio.redact()
    studio.redact(lane="names")
    studio.redact(scope="sarah@example.com")
    told = b"".join(office.control.around.log.data).decode() + caplog.text
    assert "sarah" not in told
    assert "alice" not in told
    assert json.loads(office.control.around.log.data[-1])["body"]["result"]["obligations"][0]["purpose"] == "support"


def test_a_service_reads_its_document_and_nobody_elses(studio, office):
    made = studio.redact().get_json()
    again = studio.get(f"/privacy/documents/{made['id']}")
    assert again.status_code == 200
    assert again.get_json()["text"] == made["text"]
    assert code(office.service("voice").get(f"/privacy/documents/{made['id']}")) == "denied"
    assert code(studio.get("/privacy/documents/doc_none")) == "not_found"


def test_a_document_is_sealed_until_names_were_looked_for(studio):
    made = studio.redact(lane=None)
    assert made.status_code == 202
    answer = studio.get(f"/privacy/documents/{made.get_json()['id']}").get_json()
    assert (answer["state"], "text" in answer) == ("sealed", False)


def test_a_platform_that_looks_for_no_names_takes_no_document_for_them(sqlite_url):
    with asking.office(sqlite_url, names=False) as made:
        answer = made.service().redact(lane="names")
    assert (answer.status_code, code(answer)) == (503, "control_unavailable")


def gates(answer):
    assert code(answer) == "denied"
    return [each["id"] for each in answer.get_json()["gates"]]


def test_a_purpose_that_rests_on_consent_is_served_while_the_consent_stands(office):
    office.ask()
    replay = office.service("replay")
    assert gates(replay.train()) == ["consented"]
    assert replay.grant().status_code == 201
    made = replay.train()
    assert made.status_code == 202
    assert gates(replay.train(scope="case-8")) == ["consented"]
    assert replay.withdraw().status_code == 201
    assert gates(replay.train()) == ["consented"]
    assert gates(replay.get(f"/privacy/documents/{made.get_json()['id']}")) == ["consented"]


def test_consent_to_everything_holds_for_each_scope(office):
    office.ask()
    replay = office.service("replay")
    replay.grant(scope="*")
    assert replay.train(scope="case/8").status_code == 202


def test_what_a_service_says_of_a_consent_is_nothing(office):
    claimed = {"purpose": "training", "state": "granted", "given_at": "2026-11-20T09:00:00Z"}
    claimed["expires_at"] = "2027-11-20T09:00:00Z"
    replay = office.service("replay")
    assert gates(replay.train(consent=claimed, properties={"consent": claimed})) == ["consented"]


def test_an_objection_ends_what_rests_on_an_interest_and_no_contract(office, studio):
    platform = office.service("platform")
    assert platform.redact(purpose="security").status_code == 201
    for purpose in ("security", "support"):
        assert platform.withdraw(scope="*", purpose=purpose).status_code == 201
    assert gates(platform.redact(purpose="security")) == ["consented"]
    assert studio.redact().status_code == 201


def test_what_a_person_restricts_or_objects_to_is_neither_redacted_nor_read(office, studio):
    place = f"/privacy/documents/{studio.redact().get_json()['id']}"
    subject = office.keyring.key("default", "user", PERSON["id"]).subject
    mark(subject, "object")
    assert studio.redact().status_code == 201, "nobody objects to what rests on a contract"
    assert gates(office.service("platform").redact(purpose="security")) == ["unrestricted"]
    mark(subject, "restrict", purposes=["support"], request="dsr-2")
    assert gates(studio.redact()) == gates(studio.get(place)) == ["unrestricted"]
    release("dsr-2")
    assert studio.get(place).status_code == 200


REFUSED = [
    ("a purpose for which names have to be looked for", {"purpose": "training"}),
    ("a purpose that nobody has", {"purpose": "gossip"}),
    ("a region that nobody has", {"region": "MARS"}),
]


@pytest.mark.parametrize("changes", [pytest.param(changes, id=name) for name, changes in REFUSED])
def test_what_policy_denies(studio, changes):
    assert code(studio.redact(**changes)) == "denied"


def test_who_is_denied(office):
    assert code(office.service("proxy").redact()) == "denied"
    assert code(office.service(tenant="acme").redact()) == "denied"
    officer = office.officer("ofc-51", "omega-privacy")
    given = {"person": PERSON, "scope": "c", "purpose": "support", "region": "EU", "lane": "patterns", "text": "x"}
    sent = {"sec-fetch-site": "same-origin", "x-csrf-token": officer.csrf()}
    assert code(officer.client.post("/privacy/redact", json=given, headers=sent)) == "denied"
    assert code(officer.client.post("/privacy/redact", json=given)) == "foreign_form"
    assert code(office.control.visitor().client.post("/privacy/redact", json=given)) == "unauthenticated"


MALFORMED = [
    ("neither text nor json", {"text": None}),
    ("both", {"json": 1}),
    ("a text that is none", {"text": 7}),
    ("no person", {"person": None}),
    ("a person without an id", {"person": {"type": "user"}}),
    ("a person without a type", {"person": {"id": "x"}}),
    ("a person with an endless id", {"person": {"type": "user", "id": "x" * 257}}),
    ("no scope", {"scope": None}),
    ("a scope of another form", {"scope": "Case 7"}),
    ("no purpose", {"purpose": None}),
    ("a region of another form", {"region": "eu"}),
    ("a lane that there is not", {"lane": "guess"}),
    ("a language that is none", {"language": "english please"}),
]


@pytest.mark.parametrize("changes", [pytest.param(changes, id=name) for name, changes in MALFORMED])
def test_what_is_no_request(studio, changes):
    answer = studio.redact(**changes)
    assert (answer.status_code, code(answer)) == (400, "malformed_request")
    assert "x" * 9 not in answer.text


def test_a_form_is_nothing_that_a_service_sends(studio):
    assert code(studio.form("/privacy/redact", {"text": "x"})) == "malformed_request"


def test_a_body_that_is_too_large(studio):
    assert studio.redact(text="x" * (256 << 10)).status_code == 413


def test_a_service_that_asks_too_often(studio):
    for _ in range(101):
        answer = studio.redact(lane="guess")
    assert (answer.status_code, code(answer)) == (429, "too_many_requests")


def test_a_key_store_that_fails(office, studio, monkeypatch):
    def fail(*_):
        raise KeyStoreError("down")

    monkeypatch.setattr(office.keyring, "key", fail)
    assert (answer := studio.redact()).status_code == 503
    assert code(answer) == "data_unavailable"


def test_a_document_outlives_its_key(studio, office):
    made = studio.redact().get_json()
    office.keyring.destroy()
    assert studio.get(f"/privacy/documents/{made['id']}").get_json()["text"] == made["text"]


def test_the_shipped_patterns_find_a_mail_address_once_they_are_loaded():
    loaded = []

    def load():
        loaded.append(1)
        return asking.find

    patterns = Patterns(load)
    assert [len(patterns(TEXT, language="en")) for _ in range(2)] == [1, 1]
    assert loaded == [1]
