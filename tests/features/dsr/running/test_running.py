"""A request over all stores: each does each step once, says so, and whatever is cut off or fails goes on."""

import io
import json
import sqlite3
import zipfile

import pytest

from app.db import reading, writing
from app.features.dsr.running import fulfilling, run
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.kept_person import RunPersons
from app.features.dsr.running.rows import RunRow, RunState
from app.features.dsr.running.run import JOB
from app.features.dsr.running.third_parties import NoDetector
from app.jobs import requests
from app.privacy import restrictions
from app.privacy.erasure import COMPLETED, REQUESTED
from app.privacy.errors import KeyStoreError
from app.privacy.stores.errors import PendingError, StoreError, UnsupportedError
from app.privacy.stores.suppression import Suppression
from evidence.note import Note
from tests.features.dsr.running.carrying import LOG, PERMIT, left_of
from tests.privacy.keyring import LOOKUP
from tests.privacy.stores.people import MemoryStore, broken

STORES = ("memory", "crm", "files", "evidence")
ERASED = [f"erase {name}: " for name in STORES]


def row(request="dsr-1"):
    with reading() as session:
        return session.get(RunRow, request)


def test_an_erasure_goes_through_every_store_the_log_last_and_looks_at_all_again(world, tmp_path):
    world.detached.keep(world.key, b"said")
    world.begin("erase")
    assert world.run() == ""
    assert world.receipts() == [
        "erase memory: 1",
        "erase crm: 1",
        "erase files: 2",
        "erase evidence: 2",
        "verify memory: 0",
        "verify crm: 0",
        "verify files: 0",
        "verify evidence: 0",
    ]
    assert world.log.records[0].type == REQUESTED
    assert [each.type for each in world.log.records].index(COMPLETED) == 4
    assert world.requests.moves == [("in_processing", ""), ("complete", "")]
    assert row().state == RunState.ENDED
    assert row().person is None
    assert world.memory.held == {"bob": [{"email": "bob@example.com"}]}
    assert left_of(tmp_path, "alice") == []
    assert left_of(tmp_path, "bob@example.com") == ["crm.db"]
    assert not any(b"alice" in data for data in world.log.data)


def test_whom_it_was_about_can_be_opened_by_nobody_afterwards(world):
    world.begin("erase")
    held = []
    world.memory.erase = lambda who: held.append((row().person, row().holder)) or len(world.memory.held.pop(who.id))
    world.run()
    (block, holder) = held[0]
    assert holder.startswith("psn_")
    assert holder != world.who.subject
    assert "alice" not in json.dumps(block)
    assert world.table.find(block["subject"], block["kid"]) is None


def test_each_store_leaves_a_receipt_that_the_key_of_the_log_signed(world):
    world.begin("erase")
    world.run()
    for number, step in enumerate(run.progress("dsr-1"), 1):
        said = json.loads(Note.parse(step.statement.encode()).verify(LOG.verifier))
        assert said["log"] == "omega.localhost/log"
        assert said["type"] == "dsr.receipt"
        assert (said["request"], said["store"], said["step"]) == ("dsr-1", step.store, step.step)
        assert said["record"] == step.receipt
        assert number <= 8
        assert said["subject"] == world.who.subject


def test_what_is_done_is_not_done_again(world):
    world.begin("erase")
    world.run()
    before = len(world.log.data)
    world.begin("erase")
    assert world.run() == ""
    assert len(world.log.data) == before
    assert world.memory.calls.count("erase") == 1


def test_a_store_that_fails_is_asked_again_later_and_the_log_waits_for_it(world):
    world.memory.failing = broken("erase")
    world.begin("erase")
    assert world.run() == "store_failed"
    assert world.states()["erase memory"] == "failed"
    assert world.states()["erase crm"] == "done"
    assert world.states()["erase evidence"] == "waiting"
    assert world.key.subject == world.who.subject
    assert row().next_at == world.clock() + 30
    world.run()
    assert world.memory.calls.count("erase") == 1
    world.clock.now += 31
    world.memory.failing = None
    assert world.run() == ""
    assert world.steps()["erase", "memory"].attempts == 2
    assert world.states()["verify evidence"] == "done"
    assert world.requests.states["dsr-1"] == "complete"


def test_the_pause_grows_and_a_run_gives_up(world):
    world.memory.failing = broken("find")
    world.begin("erase")
    pauses = []
    while world.requests.states["dsr-1"] != "error":
        world.run()
        pauses.append(row().next_at - world.clock())
        world.clock.now = max(row().next_at, world.clock.now)
    assert pauses[:7] == [30, 60, 120, 240, 480, 960, 1920]
    assert len(pauses) == fulfilling.MOST
    assert (row().state, row().code) == (RunState.STOPPED, "gave_up")
    assert world.run() == "gave_up"
    world.memory.failing = None
    world.begin("erase")
    assert world.run() == ""
    assert world.requests.states["dsr-1"] == "complete"


def test_another_system_that_takes_its_time_is_asked_again_as_often_as_it_needs(world):
    world.memory.failing = "erase", PendingError("later")
    world.begin("erase")
    for _ in range(fulfilling.MOST + 2):
        assert world.run() == "store_pending"
        assert world.requests.states["dsr-1"] == "pending_external"
        world.clock.now += 301
    assert world.requests.moves.count(("pending_external", "store_pending")) >= 1
    world.memory.failing = None
    assert world.run() == ""
    assert world.requests.states["dsr-1"] == "complete"


def test_what_is_left_is_named_and_a_person_has_to_look(world):
    world.memory.erase = lambda _: 0
    world.begin("erase")
    assert world.run() == "left"
    assert world.requests.states["dsr-1"] == "requires_manual"
    assert world.steps()["verify", "memory"].left == ("memory/0",)
    world.memory.held.clear()
    world.begin("erase")
    assert world.run() == ""
    assert world.requests.states["dsr-1"] == "complete"
    assert world.steps()["verify", "memory"].left == ()


def test_what_a_store_does_not_do_a_person_does_by_hand(world):
    world.memory.failing = "erase", UnsupportedError("ask the archive in the cellar")
    world.begin("erase")
    world.run()
    assert (row().state, row().code) == (RunState.STOPPED, "left")
    step = world.steps()["erase", "memory"]
    assert (step.state, step.code, step.reason) == ("unsupported", "unsupported", "ask the archive in the cellar")
    assert world.states()["erase evidence"] == "done"
    world.memory.held.clear()
    world.begin("erase")
    assert world.run() == ""
    assert world.steps()["erase", "memory"].code == run.BY_HAND
    assert world.requests.states["dsr-1"] == "complete"


def test_a_store_without_leftovers_that_did_not_erase_still_needs_a_person(world):
    world.memory.failing = "erase", UnsupportedError("no")
    world.memory.held.clear()
    world.begin("erase")
    assert world.run() == "unsupported"
    assert world.requests.states["dsr-1"] == "requires_manual"


def test_a_hold_stops_an_erasure_before_anything_is_touched(world, tmp_path):
    world.holds.hold("default", "user", "alice", "litigation:7", record=world.log)
    world.begin("erase")
    assert world.run() == "legal_hold"
    assert world.requests.states["dsr-1"] == "legal_hold"
    assert world.receipts() == []
    assert "crm.db" in left_of(tmp_path, "alice@example.com")
    assert list(world.objects.list("erased/")) == []
    world.holds.release("default", "user", "alice", "litigation:7", record=world.log)
    world.begin("erase")
    assert world.run() == ""
    assert world.requests.states["dsr-1"] == "complete"


def test_a_hold_that_comes_in_between_stops_what_is_left(world):
    def erase(_):
        world.holds.hold("default", "user", "alice", "litigation:7", record=world.log)
        return 1

    world.memory.erase = erase
    world.begin("erase")
    assert world.run() == "legal_hold"
    assert world.states()["erase memory"] == "done"
    assert world.states()["erase crm"] == "waiting"
    assert world.key.subject == world.who.subject


def test_a_process_that_is_to_stop_leaves_the_rest_to_the_next(world):
    world.begin("erase")
    looks = iter([False, True])
    assert world.run(stopping=lambda: next(looks)) == ""
    assert row().state == RunState.OPEN
    assert world.run() == ""
    assert world.requests.states["dsr-1"] == "complete"
    assert len(world.receipts()) == 8


def test_an_export_is_one_archive_signed_and_sealed_for_seven_days(world):
    world.begin("export")
    assert world.run() == ""
    assert world.requests.states["dsr-1"] == "complete"
    data = world.exports.open(row().archive)
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        members = {name: found.read(name) for name in found.namelist()}
    assert [json.loads(line)["content"] for line in members["data/crm.jsonl"].splitlines()] == [
        {"id": "alice", "email": "alice@example.com", "note": "likes tea"}
    ]
    assert b"bob" not in b"".join(members.values())
    told = {each["name"]: each for each in json.loads(members["stores.json"])}
    assert set(told) == set(STORES)
    assert told["crm"]["purposes"] == ["to serve customers"]
    assert told["crm"]["things"] == 1
    assert json.loads(members["accesses.json"]) == world.accesses(world.who)
    assert b"they may name others" in members["README.txt"]
    assert all(name in members["SHA256SUMS"] for name in (b"accesses.json", b"receipts/crm.note"))
    note = Note.parse(members["SHA256SUMS.note"]).verify(LOG.verifier)
    assert json.loads(note)["type"] == "dsr.export"
    [record] = world.records("dsr.export")
    assert record["resource"] == {"type": "person", "id": world.who.subject}
    assert [each["object"] for each in record["payloads"]] == world.detached.of(world.who.subject)
    assert all(each.key.startswith(("export/", "erased/")) for each in world.objects.list())
    assert row().archive_until == world.clock() + 7 * 86_400
    assert b"alice" not in b"".join(world.objects.get(name) for name in world.detached.of(world.who.subject))


def test_an_archive_says_that_names_were_looked_for(world):
    class Names(NoDetector):
        names = True

    world.detector = Names()
    world.begin("access")
    assert world.run() == ""
    with zipfile.ZipFile(io.BytesIO(world.exports.open(row().archive))) as found:
        assert b"Where a text named somebody else" in found.read("README.txt")


def test_an_archive_waits_until_it_can_say_who_saw_what(world, monkeypatch):
    monkeypatch.setattr(world, "accesses", lambda _: _raise(RunError("failed", "the index is away")))
    world.begin("access")
    assert world.run() == "failed"
    assert (row().archive, row().state) == (None, "open")
    monkeypatch.undo()
    assert world.run() == ""
    assert world.requests.states["dsr-1"] == "complete"


def test_an_export_names_a_store_that_cannot_give_everything(world):
    world.memory.export = lambda _: _raise(UnsupportedError("too much for one archive"))
    world.begin("access")
    assert world.run() == "unsupported"
    assert world.requests.states["dsr-1"] == "requires_manual"
    with zipfile.ZipFile(io.BytesIO(world.exports.open(row().archive))) as found:
        told = {each["name"]: each["reason"] for each in json.loads(found.read("stores.json"))}
    assert told["memory"] == "too much for one archive"


def _raise(error):
    raise error


def test_an_export_of_somebody_who_was_erased_since_is_gone(world):
    world.begin("export")
    world.run()
    references = row().archive
    world.begin("erase", "dsr-2")
    world.run("dsr-2")
    with pytest.raises(RunError, match="erased since") as caught:
        world.exports.open(references)
    assert caught.value.code == "keys"


def test_what_is_wrong_is_changed_where_it_can_be(world, tmp_path):
    world.requests.changes = {"email": "alice@example.org"}
    world.begin("rectify")
    assert world.run() == ""
    assert world.requests.states["dsr-1"] == "complete"
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        assert connection.execute("SELECT email FROM customers ORDER BY id").fetchall() == [
            ("alice@example.org",),
            ("bob@example.com",),
        ]
    connection.close()
    step = world.steps()["rectify", "evidence"]
    assert step.state == "unsupported"
    assert "cannot be changed, by anybody" in step.reason


def test_a_change_that_no_store_takes_needs_a_person(world):
    world.requests.changes = {"shoe_size": "7"}
    world.begin("rectify")
    assert world.run() == "nothing_changed"
    assert world.requests.states["dsr-1"] == "requires_manual"
    world.begin("rectify")
    assert world.run() == ""


@pytest.mark.parametrize("kind", ["restrict", "object"])
def test_a_restriction_is_a_mark_that_stands_until_it_is_released(world, kind):
    world.requests.purposes = ("marketing", "training")
    world.begin(kind)
    assert world.run() == ""
    assert world.receipts() == ["restrict restrictions: 2"]
    with reading() as session:
        assert restrictions.standing(session, world.who.subject) == {"marketing", "training"}
        assert restrictions.standing(session, "psn_" + "0" * 32) == frozenset()
    with writing(PERMIT) as session:
        assert restrictions.release(session, PERMIT, "dsr-1", 5) == 2
        assert restrictions.release(session, PERMIT, "dsr-1", 5) == 0
    with reading() as session:
        assert restrictions.standing(session, world.who.subject) == frozenset()


def test_nobody_whom_the_log_does_not_know_can_be_restricted(world):
    class Unknown(type(world.requests)):
        def wanted(self, request):
            found = super().wanted(request)
            return run.Wanted(person=_nameless(found.person))

    world.requests.__class__ = Unknown
    world.begin("restrict")
    assert world.run() == "unsupported"


def _nameless(who):
    return type(who)(tenant=who.tenant, kind=who.kind, id=who.id, subject=None, identifiers=who.identifiers)


def test_somebody_whose_keys_are_gone_needs_a_person_to_look(world):
    world.begin("export")
    world.table.destroy(world.who.subject)
    assert world.run() == "person_gone"
    assert world.requests.states["dsr-1"] == "requires_manual"


def test_a_store_that_is_described_no_more_is_named(world):
    world.more = [MemoryStore("old")]
    world.memory.failing = broken("erase")
    world.begin("erase")
    world.run()
    world.more = []
    world.memory.failing = None
    world.clock.now += 60
    world.run()
    assert world.steps()["verify", "old"].state == "unsupported"
    assert world.requests.states["dsr-1"] == "requires_manual"


def test_a_run_that_nobody_goes_on_with_forgets_whom_it_was_about(world):
    world.memory.failing = broken("erase")
    world.begin("erase")
    world.run()
    assert len(list(world.objects.list("erased/"))) == 1
    block = row().person
    with writing(PERMIT) as session:
        run.close(session, "dsr-1", now=int(world.clock()))
    fulfilling.Fulfiller(world.means).close("dsr-1", PERMIT)
    assert row().state == RunState.ENDED
    assert row().person is None
    assert world.table.find(block["subject"], block["kid"]) is None
    assert list(world.objects.list("erased/")) == []
    fulfilling.Fulfiller(world.means).close("dsr-1", PERMIT)
    with writing(PERMIT) as session:
        run.close(session, "dsr-1", now=0)
    assert row().state == RunState.ENDED


def test_what_our_own_key_store_or_log_fails_at_is_tried_again(world):
    world.begin("erase")
    world.log.failing_at = 0
    assert world.run() == "journal-unavailable"
    assert row().next_at == world.clock() + 30
    world.clock.now += 31
    world.log.failing_at = 1
    world.run()
    assert world.states()["erase memory"] == "recording"
    world.clock.now += 31
    assert world.run() == ""
    assert world.memory.calls.count("erase") == 1
    assert world.requests.states["dsr-1"] == "complete"


def test_a_list_of_who_was_erased_stays_behind(world):
    world.begin("erase")
    world.run()
    [entry] = world.objects.list("erased/")
    assert b"alice" not in world.objects.get(entry.key)
    suppression = Suppression(world.objects, LOOKUP)
    suppression.forget("dsr-1")
    suppression.forget("dsr-1")
    assert list(world.objects.list("erased/")) == []


def test_a_run_that_nobody_began_is_unknown(world):
    world.requests.ask("dsr-9", "erase")
    with pytest.raises(RunError) as caught:
        world.run("dsr-9")
    assert caught.value.code == "unknown"


def test_the_job_is_woken(tmp_path):
    run.wake(tmp_path)
    assert list(requests.wanted(tmp_path)) == [JOB]


def test_a_store_may_fail_at_its_export(world):
    world.memory.failing = "export", StoreError("away")
    world.begin("export")
    assert world.run() == "store_failed"
    assert row().archive is None
    world.memory.failing = None
    world.clock.now += 31
    assert world.run() == ""


def test_what_cannot_be_opened_now_is_tried_again_and_what_never_can_needs_a_person(world):
    world.begin("erase")
    wanted = world.requests.wanted
    world.requests.wanted = lambda _: _raise(RunError("failed", "the key store is away"))
    assert world.run() == "failed"
    assert row().next_at == world.clock() + 30
    world.requests.wanted = wanted
    world.memory.failing = broken("erase")
    world.clock.now += 31
    world.run()
    world.table.destroy(row().holder)
    world.clock.now += 3_600
    assert world.run() == "person_gone"
    assert world.requests.states["dsr-1"] == "requires_manual"
    with writing(PERMIT) as session:
        session.get(RunRow, "dsr-1").person = None
        session.get(RunRow, "dsr-1").state = RunState.OPEN.value
    world.requests.wanted = lambda _: _raise(RunError("unknown", "nothing is kept"))
    assert world.run() == "person_gone"


def test_more_than_an_archive_takes_is_said_and_an_empty_one_is_nothing(world, monkeypatch):
    monkeypatch.setattr("app.features.dsr.running.exporting._PIECE", 4)
    with pytest.raises(UnsupportedError, match="more than one archive takes"):
        world.exports.keep(world.who, b"x" * 33)
    assert world.exports.open(world.exports.keep(world.who, b"x" * 9)) == b"x" * 9
    assert world.exports.keep(world.who, b"") == []


def test_a_damaged_key_is_no_key(world):
    class Damaged(type(world.table)):
        def load(self, lookups):
            return 0, dict.fromkeys(lookups, KeyStoreError("damaged"))

    world.table.__class__ = Damaged
    with pytest.raises(KeyStoreError, match="damaged"):
        world.exports.keep(world.who, b"x")
    with pytest.raises(KeyStoreError, match="damaged"):
        RunPersons(world.table, LOOKUP).seal("dsr-1", run.Wanted(person=world.who))


def test_somebody_whom_the_log_does_not_know_is_erased_elsewhere(world):
    world.requests.person = _nameless(world.who)
    world.requests.wanted = lambda _: run.Wanted(person=world.requests.person)
    world.table.destroy(world.key.subject)
    world.begin("erase")
    assert world.run() == ""
    assert world.requests.states["dsr-1"] == "complete"
    assert world.receipts()[:2] == ["erase memory: 1", "erase crm: 1"]
    assert "subject" not in world.records("dsr.receipt")[0]
