"""Exports over HTTP: a part of each person, opened by permit, called back with consent, whoever holds a copy."""

import base64
import json

import pytest

from app.db import reading
from app.privacy import restrictions
from app.privacy.consent import ConsentError
from app.privacy.exports import open_part, seal_part
from evidence.note import Note
from tests.features.privacy.consenting import ALICE, BOB, LOG, PRIVACY, SHOWN, gates, keep_text, ledger_at
from tests.privacy.restricting import mark, release

MANIFEST = "a" * 64
HERE = {"place": "EU", "basis": "home", "home": "EU"}
TEXT = {"alice": b"what alice said", "bob": b"what bob said"}


@pytest.fixture
def replay(ledger, officer):
    """Return the service that exports, once there is a text to show."""
    keep_text(officer)
    return ledger.service("replay")


def export(service, *persons, **more):
    said = {"persons": list(persons), "purpose": "training", "scope": "chats", "manifest_sha256": MANIFEST}
    return service.post("exports", said | {"recipient": "replay"} | HERE | more)


def key_of(service, made, subject, **more):
    return service.post(f"exports/{made}/keys", {"subject": subject} | HERE | more)


def parts(answer):
    return {each["subject"]: base64.b64decode(each["key"]) for each in answer.json["keys"]}


def test_after_a_withdrawal_nobody_opens_this_person_s_part_and_others_do(ledger, replay):
    alice, bob = map(ledger.pseudonym, (ALICE, BOB))
    replay.grant(ALICE)
    replay.grant(BOB)
    made = export(replay, ALICE, BOB)
    assert made.status_code == 201
    identifier, keys = made.json["export"], parts(made)
    copy = {
        alice: seal_part(keys[alice], identifier, alice, TEXT["alice"]),
        bob: seal_part(keys[bob], identifier, bob, TEXT["bob"]),
    }
    del keys
    handed = base64.b64decode(key_of(replay, identifier, alice).json["key"])
    assert open_part(handed, identifier, alice, copy[alice]) == TEXT["alice"]
    with pytest.raises(ConsentError):
        open_part(handed, identifier, bob, copy[bob])

    ledger.control.clock.seconds += 60
    assert replay.withdraw(ALICE).json["recalled"] == 1

    assert gates(key_of(replay, identifier, alice)) == ["current", "purpose_permitted"]
    with reading() as session:
        held = session.connection().exec_driver_sql("SELECT subject, sealed FROM privacy_export_part").all()
    assert [subject for subject, sealed in held if sealed is not None] == [bob]
    still = base64.b64decode(key_of(replay, identifier, bob).json["key"])
    assert open_part(still, identifier, bob, copy[bob]) == TEXT["bob"]

    feed = replay.get("recalls?after=0").json
    assert [(each["export"], each["subject"], each["reason"]) for each in feed["recalls"]] == [
        (identifier, alice, "withdrawn")
    ]
    signed = json.loads(Note.parse_stored(feed["note"].encode()).verify(LOG.verifier))
    assert (signed["recalls"], signed["next"]) == (feed["recalls"], feed["next"])
    later = replay.get(f"recalls?after={feed['next']}").json
    assert (later["recalls"], later["next"]) == ([], feed["next"])


def test_consent_given_again_opens_no_part_that_was_called_back(ledger, replay):
    replay.grant(ALICE)
    identifier = export(replay, ALICE).json["export"]
    replay.withdraw(ALICE)
    replay.grant(ALICE)
    assert gates(key_of(replay, identifier, ledger.pseudonym(ALICE))) == ["current"]


def test_an_erasure_destroys_what_opens_a_part(ledger, replay):
    replay.grant(ALICE)
    identifier, alice = export(replay, ALICE).json["export"], ledger.pseudonym(ALICE)
    ledger.table.destroy(alice)
    assert key_of(replay, identifier, alice).status_code == 409


@pytest.mark.parametrize(
    ("scope", "recalled"),
    [
        pytest.param("chats", 2, id="a scope calls back what was made of it, and of everything"),
        pytest.param("*", 3, id="everything"),
        pytest.param("other", 1, id="another scope calls back what was made of everything"),
    ],
)
def test_what_a_withdrawal_reaches(replay, scope, recalled):
    replay.grant(ALICE, scope="*")
    for each in ("chats", "calls", "*"):
        assert export(replay, ALICE, scope=each).status_code == 201
    assert replay.withdraw(ALICE, scope=scope).json["recalled"] == recalled


def test_nobody_is_exported_without_consent(ledger, replay):
    replay.grant(ALICE)
    assert gates(export(replay, ALICE, BOB)) == ["purpose_permitted"]
    assert gates(export(ledger.service("studio"), ALICE)) == ["authorised"]
    with reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM privacy_export").scalar_one() == 0


def test_what_needs_no_consent_leaves_until_somebody_objects(replay):
    assert export(replay, ALICE, purpose="security").status_code == 201
    assert replay.withdraw(ALICE, purpose="security", scope="*").json["recalled"] == 1
    assert gates(export(replay, ALICE, purpose="security")) == ["purpose_permitted"]


def test_nothing_of_somebody_who_restricts_leaves_or_is_opened(ledger, replay):
    replay.grant(ALICE)
    replay.grant(BOB)
    identifier, alice = export(replay, ALICE, BOB).json["export"], ledger.pseudonym(ALICE)
    mark(alice, "restrict", purposes=["training"])
    assert gates(export(replay, ALICE, BOB)) == ["unrestricted"]
    assert gates(key_of(replay, identifier, alice)) == ["unrestricted"]
    assert key_of(replay, identifier, ledger.pseudonym(BOB)).status_code == 200
    release()
    assert key_of(replay, identifier, alice).status_code == 200


def test_who_restricts_between_the_decision_and_the_export_is_not_exported(replay, monkeypatch):
    replay.grant(ALICE)
    answers = iter([{"restricted": False, "objected": False}, {"restricted": True, "objected": False}])
    monkeypatch.setattr(restrictions, "facts", lambda *_: next(answers))
    assert export(replay, ALICE).status_code == 409


def test_more_persons_come_into_an_export(ledger, replay):
    replay.grant(ALICE)
    replay.grant(BOB)
    made = export(replay, ALICE).json["export"]
    added = replay.post(f"exports/{made}/parts", {"persons": [BOB]} | HERE)
    assert list(parts(added)) == [ledger.pseudonym(BOB)]
    assert replay.post(f"exports/{made}/parts", {"persons": [BOB]} | HERE).status_code == 400
    assert replay.post("exports/exp-0/parts", {"persons": [BOB]} | HERE).status_code == 404
    assert replay.withdraw(BOB).json["recalled"] == 1


def test_a_part_that_there_is_not(ledger, replay):
    replay.grant(ALICE)
    made = export(replay, ALICE).json["export"]
    assert key_of(replay, made, ledger.pseudonym(BOB)).status_code == 404
    assert key_of(replay, "exp-0", ledger.pseudonym(ALICE)).status_code == 404
    foreign = ledger.service("replay", tenant="acme")
    assert key_of(foreign, made, ledger.pseudonym(ALICE)).status_code == 404
    assert foreign.get("recalls").json["recalls"] == []


WRONG = {
    "nobody": {"persons": []},
    "too many": {"persons": [ALICE] * 65},
    "no list": {"persons": "alice"},
    "a hash that is none": {"manifest_sha256": "x"},
    "no home, where nothing has a region": {"home": None},
    "no place": {"place": None},
}


def test_bad_input_leaves_nothing(ledger, replay):
    replay.grant(ALICE)
    before = len(ledger.control.around.records)
    assert {name: export(replay, ALICE, **wrong).status_code for name, wrong in WRONG.items()} == dict.fromkeys(
        WRONG, 400
    )
    assert len(ledger.control.around.records) == before


def test_a_recipient_that_is_everybody(replay):
    replay.grant(ALICE)
    assert export(replay, ALICE, recipient="*").status_code == 403


def test_a_person_comes_once(replay):
    replay.grant(ALICE)
    assert export(replay, ALICE, ALICE).status_code == 400


def test_a_place_in_the_feed_that_is_none(replay):
    for after in ("x", "-1", "1" * 16, "\N{ARABIC-INDIC DIGIT ONE}"):
        assert replay.get(f"recalls?after={after}").status_code == 400, after


# regions


@pytest.fixture
def european(sqlite_url, tmp_path):
    with ledger_at(sqlite_url, tmp_path / "keys.db", region="US", homes={"default": "EU"}) as ledger:
        keep_text(ledger.officer(PRIVACY))
        yield ledger


def leave(service, place, basis, **more):
    return export(service, ALICE, home="US", place=place, basis=basis, **more)


def test_the_home_of_data_is_that_of_their_tenant_whatever_is_said(european):
    replay = european.service("replay")
    replay.grant(ALICE)
    assert gates(leave(replay, "US", "home")) == ["region_allowed"]
    assert leave(replay, "EU", "home").status_code == 201


def test_data_leave_with_a_ground(european):
    replay = european.service("replay")
    replay.grant(ALICE)
    assert gates(leave(replay, "US", "adequacy", instrument="eu-us-dpf-2023")) == ["region_allowed"]
    assert leave(replay, "UK", "adequacy", instrument="eu-uk-2021").status_code == 201


def test_data_leave_with_consent_until_it_is_withdrawn(european):
    officer, replay = european.officer(PRIVACY), european.service("replay")
    replay.grant(ALICE)
    assert gates(leave(replay, "US", "consent")) == ["region_allowed"]
    shown = keep_text(officer, "Your data leave the EU.", purpose="transfer").json["sha256"]
    assert replay.grant(ALICE, purpose="transfer", scope="us", notice=shown).status_code == 201
    assert leave(replay, "US", "consent").status_code == 201
    assert gates(leave(replay, "APAC", "consent")) == ["region_allowed"]
    replay.withdraw(ALICE, purpose="transfer", scope="us", evidence=SHOWN)
    assert gates(leave(replay, "US", "consent")) == ["region_allowed"]
