"""The log as a store: what is sealed under a person's keys is theirs, and goes with the keys."""

import pytest

from app.objects import DirectoryObjects, ObjectsError
from app.privacy.detached import Detached
from app.privacy.erasure import Erasure
from app.privacy.errors import HeldError
from app.privacy.holds import Holds, standing
from app.privacy.key_table import KeyTable
from app.privacy.lookup import lookup_of
from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.evidence_store import EvidenceStore
from evidence.record import Draft
from tests.privacy.keyring import KEK, LOOKUP
from tests.privacy.recorded import CHAIN, MemoryRecords
from tests.privacy.stores.people import person


class Log:
    """A key store, payloads, and a log with what is asked about Alice and Bob."""

    def __init__(self, engine, folder):
        self.table = KeyTable(engine, KEK)
        self.detached = Detached(DirectoryObjects(folder))
        self.records = MemoryRecords()
        self.store = EvidenceStore(
            table=self.table,
            detached=self.detached,
            lookup_key=LOOKUP,
            erasure=Erasure(self.table, self.detached, LOOKUP, settle=lambda: None),
            record=self.records,
            records=lambda subject: [each for each in self.records.records if subject in str(each)] * 2,
        )

    def key(self, name):
        lookup = lookup_of(LOOKUP, "default", "user", name)
        return self.table.load([lookup])[1][lookup]

    def decide(self, *said, payloads=(), **body):
        place = f"{CHAIN}-{len(self.records.data)}"
        sealed = tuple(key.seal(text, place=(place, index)) for index, (key, text) in enumerate(said))
        kept = [self.detached.keep(key, text) for key, text in payloads]
        body |= {"action": "shop.sell"} | ({"payloads": kept} if kept else {})
        self.records(Draft(type="decision", tenant="default", body=body, sealed=sealed))


@pytest.fixture
def log(engine, tmp_path):
    return Log(engine, tmp_path / "objects")


def test_a_person_gets_what_is_sealed_under_their_keys_and_nothing_of_others(log):
    alice, bob = log.key("alice"), log.key("bob")
    log.decide((alice, b'{"a": 1}'), (bob, b'{"b": 2}'))
    log.decide((bob, b"half"), (alice, b"\xff"))
    log.decide(payloads=[(alice, b"half of it"), (bob, b"no")], result={"allow": True})
    who = person(subject=alice.subject)
    items = list(log.store.export(who))
    assert [each.content["said"] for each in items] == [{"a": 1}, {"base64": "/w=="}, "half of it"]
    assert items[2].content["result"] == {"allow": True}
    assert items[0].place == f"{CHAIN}-0"
    assert log.store.described.name == "evidence"
    assert list(log.store.export(person())) == []
    log.detached.delete_of(alice.subject)
    assert len(list(log.store.export(who))) == 2


def test_an_erasure_destroys_what_makes_it_legible(log):
    alice = log.key("alice")
    log.decide((alice, b"{}"), payloads=[(alice, b"x")])
    who = person(subject=alice.subject)
    assert log.store.find(who) == log.store.find(person()) == 2
    assert set(log.store.verify(who)) >= {f"keys/{alice.kid}", "known by this id"}
    assert log.store.erase(who) == 2
    assert log.store.erase(who) == 0
    assert log.store.find(who) == log.store.find(person("nobody")) == 0
    assert log.store.verify(who) == ()
    assert list(log.store.export(who)) == []


def test_somebody_who_came_back_is_found_when_it_is_looked_again(log):
    alice = log.key("alice")
    who = person(subject=alice.subject)
    log.store.erase(who)
    again = log.key("alice")
    assert log.store.verify(who) == (f"keys/{again.kid}", "known by this id")


def test_nothing_in_it_can_be_changed(log):
    with pytest.raises(UnsupportedError, match="cannot be changed, by anybody"):
        log.store.rectify(person(), {"email": "x"})


def test_a_hold_is_no_failure(log):
    subject = log.key("alice").subject
    assert standing(log.table, subject) == frozenset()
    Holds(log.table, LOOKUP).hold("default", "user", "alice", "litigation:7", record=log.records)
    assert standing(log.table, subject) == {"litigation:7"}
    with pytest.raises(HeldError):
        log.store.erase(person())


def test_what_fails_is_named_in_a_word(log, monkeypatch):
    who = person(subject=log.key("alice").subject)

    def fail(*_):
        raise ObjectsError("alice")

    monkeypatch.setattr(log.detached, "of", fail)
    for look in (log.store.find, log.store.verify, log.store.erase):
        with pytest.raises(StoreError, match="objects_unavailable") as caught:
            look(who)
        assert "alice" not in str(caught.value)
