"""What the pages of the audit trail say of a log that holds, and of each thing that can be wrong with one."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, update

from app.index.rows import CHECKPOINT, SEGMENT
from auditor_portal.trail import overview, routes
from evidence import timestamp
from tests.auditor_portal.portal import ENGAGEMENT
from tests.auditor_portal.trail.trails import HOUR, Trail, busy, plain, shown
from tests.evidence.authority import Authority
from tests.evidence.logs import SECOND_SIGNER, WITNESS

TRAIL = f"/e/{ENGAGEMENT}/trail"


@pytest.fixture
def look(tmp_path, portal_url):
    """Shows a log to an auditor: returns a function from a path below the trail to the text of its page."""
    opened = []

    def show(trail, **environment):
        context = shown(trail, tmp_path, portal_url, **environment)
        portal = context.__enter__()
        opened.append(context)
        browser = portal.auditor()

        def page(path="", status=200):
            answer = browser.get(f"{TRAIL}{path}")
            assert answer.status_code == status, answer.text
            return plain(answer.text)

        page.browser, page.portal = browser, portal
        return page

    yield show
    for each in opened:
        each.__exit__(None, None, None)


def test_every_page_is_decided_on_and_asked_for_as_what_it_is(look):
    trail = busy()
    page = look(trail)
    chain = trail.a.id
    paths = ("", "/checkpoints", "/checkpoints/1", f"/chains/{chain}", f"/chains/{chain}/seals/7", "/keys", "/probes")
    for path in (*paths, f"/object/{trail.a.seal_key(7)}"):
        page(path)
    asked = [body["resource"] for kind, body in page.portal.around.records if kind == "decision"]
    assert len(asked) == len(paths) + 1
    assert page.portal.decided == [("auditor_portal.view", True)] * len(asked)


def test_a_log_without_anchors_is_told_so_in_plain_words(look):
    trail = busy()
    said = look(trail)()
    assert "Nobody else vouches for this log Whoever has the signing key could rewrite everything since" in said
    assert "No witness watches that the log only grows" in said
    assert "Nobody tried what the store refuses" in said
    assert "A record may wait 2 seconds on the disk" in said
    assert "up to 15 minutes while the store does not answer" in said
    assert "Something that was verified" not in said
    assert "has read up to checkpoint 1" in said
    assert "8 records on 2026-11-22" in said


def test_an_anchor_is_told_with_what_comes_behind_it(look):
    trail = busy()
    trail.log.cosign(0)
    trail.store_all()
    page = look(trail, OMEGA_WITNESSES=f"{WITNESS.witness_file.decode().strip()}=http://127.0.0.1:9")
    said = page()
    assert "2026-11-22 10:48:20 by witness.example/w1, on checkpoint 0 holds" in said
    assert "under checkpoint 0, for which somebody else vouches" in said
    assert "Nobody else vouches" not in said
    assert "cosignature by witness.example/w1, 2026-11-22 10:48:20 , 1 minute 49 seconds after the seal" in page(
        "/checkpoints"
    )
    assert "Nobody else says anything about this checkpoint" in page("/checkpoints/1")
    answer = page.browser.get(f"{TRAIL}/object/log/cosignatures/000000000000-{WITNESS.witness_id.hex()}.txt")
    assert answer.data.startswith("— witness.example/w1 ".encode())


def test_an_anchor_that_was_not_checked_is_no_anchor_to_rely_on(look):
    trail = busy()
    trail.stamp(1)
    trail.store_all()
    page = look(trail)
    assert "Who vouches for this log was not checked here" in page()
    said = page("/checkpoints/1")
    assert (
        "time stamp an authority 2026-11-22 10:47:00 59 minutes 41 seconds before the seal: one of the clocks" in said
    )
    answer = page.browser.get(f"{TRAIL}/object/log/timestamps/000000000001.tsr")
    assert answer.content_type == "application/timestamp-reply"


@pytest.mark.slow
def test_a_time_stamp_is_believed_by_the_certificates_that_are_set(look, tmp_path, caplog):
    trail = busy()
    authority = Authority.make(tmp_path / "authority")
    note = trail.log.objects["log/checkpoints/000000000001.note"]
    trail.log.objects["log/timestamps/000000000001.tsr"] = authority.answer(timestamp.request(note).der)
    trail.store_all()
    roots = authority.folder / "root.pem"
    page = look(trail, OMEGA_TSA_ROOTS=str(roots))
    assert "under checkpoint 1, for which somebody else vouches" in page()
    assert "the seal holds Download" in page("/checkpoints/1")
    roots.unlink()
    assert "Who vouches for this log was not checked here" in page()
    assert "time stamps cannot be checked" in caplog.text


def test_no_list_of_what_is_behind_the_index_grows_for_ever(look, monkeypatch):
    trail = busy()
    page = look(trail)
    for _ in range(3):
        trail.records(1)
        trail.publish()
    monkeypatch.setattr(overview, "_MOST_BEYOND", 2)
    monkeypatch.setattr(routes, "_MOST_BEYOND", 2)
    trail.store.put(f"chains/{trail.a.id}/seals/stranger", b"x", retain_until=trail.now())
    assert "the store has 2 more" in page()
    assert "The store has 2 seals behind those of the index" in page(f"/chains/{trail.a.id}")


def test_a_note_that_is_too_large_is_damage(look):
    trail = busy()
    page = look(trail)
    trail.damage("log/checkpoints/000000000001.note", b"x" * 20_000)
    page("/object/log/checkpoints/000000000001.note", 404)
    assert "is larger than such an object can be" in page("/checkpoints/1")


def test_a_checkpoint_is_shown_as_it_stands(look):
    trail = busy()
    page = look(trail)
    said = page("/checkpoints/1")
    note = trail.log.objects["log/checkpoints/000000000001.note"]
    assert re.sub(r"\s+", " ", note.decode()).strip() in said
    assert "agrees The index says the same of its size and root" in said
    assert "not checked that its root" in said
    assert "holds its root is that of the first 10 seals in the store" in page("/checkpoints/1?root=1")
    answer = page.browser.get(f"{TRAIL}/object/log/checkpoints/000000000001.note")
    assert (answer.data, answer.headers["content-disposition"]) == (
        note,
        'attachment; filename="log-checkpoints-000000000001.note"',
    )


def test_a_chain_shows_silences_that_heartbeats_cover(look):
    trail = busy()
    said = look(trail)(f"/chains/{trail.a.id}")
    assert "None, as far back as the index looks" in said
    assert "covered In the period, this chain was never without a seal for longer than 11 minutes" in said
    assert "1 hour 10 seconds 6 10 minutes 2 seconds covered" in said
    assert "2026-11-22 11:46:43 heartbeat" not in said  # the newest one seals records


def test_a_chain_that_was_silent_is_told_with_what_its_records_say(look):
    trail = busy()
    trail.later(HOUR)
    page = look(trail)
    said = page()
    assert "not covered" in said
    assert "A chain was silent for longer than its heartbeat allows" in said
    assert trail.a.id in said
    assert "stopped in order" in said  # the other one
    assert "nothing has come since" in page(f"/chains/{trail.a.id}")
    stopped = page(f"/chains/{trail.b.id}")
    assert f"the writer stopped in order before it, and said so: {trail.b.id}-1" in stopped


def test_a_gap_is_named(look, tmp_path):
    trail = busy()
    page = look(trail)
    engine = create_engine(f"sqlite:///{tmp_path / 'index.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM indexed_segment WHERE number IN (2, 3)")
        connection.execute(update(SEGMENT).where(SEGMENT.c.number == 7).values(first_seq=5))
    engine.dispose()
    assert "Something is missing in a chain" in page()
    said = page(f"/chains/{trail.a.id}")
    assert "behind seal 1, before seal 4: 2 seals are missing" in said
    assert "behind seal 6, before seal 7: 1 record is not accounted for" in said


def test_seals_behind_the_index_are_counted(look):
    trail = busy()
    page = look(trail)
    trail.later(timedelta(seconds=5))
    for _ in range(3):
        trail.records(1)
        trail.a.seal()
    trail.damage(trail.a.seal_key(9), None)
    trail.store_all()
    said = page(f"/chains/{trail.a.id}")
    assert "The store has 2 seals behind those of the index, from 8 to 10" in said
    assert "some between them are missing" in said
    trail.log.unlogged = [each for each in trail.log.unlogged if each[1] != 9]
    trail.publish()
    assert "the store has 1 more" in page()


def test_a_damaged_store_is_told_where_it_is_damaged(look, tmp_path):
    trail = busy()
    page = look(trail)
    chain = trail.a.id
    trail.damage(trail.a.segment_key(7), None)
    assert "does not hold its records are in the store" in page(f"/chains/{chain}/seals/7")
    trail.damage(trail.a.seal_key(7), trail.log.objects[trail.a.seal_key(6)])
    assert "misplaced-seal" in page(f"/chains/{chain}")
    assert "misplaced-seal" in page(f"/chains/{chain}/seals/7")
    trail.damage("log/checkpoints/000000000001.note", SECOND_SIGNER.note(trail.log.checkpoint_text()))
    assert "Something that was verified for this page does not hold" in page()
    assert "does not hold it is signed by the key of the log" in page("/checkpoints/1")
    trail.damage("log/checkpoints/000000000001.note", None)
    assert "It is not in the store, though the index lists it" in page("/checkpoints/1")
    engine = create_engine(f"sqlite:///{tmp_path / 'index.db'}")
    with engine.begin() as connection:
        connection.execute(update(CHECKPOINT).values(root="00" * 32))
    engine.dispose()
    assert "differs The index says something else" in page("/checkpoints/0")
    trail.damage("log/keys/000000000001.note", b"x\n\n")
    assert "The key history in the store does not hold: malformed-statement" in page("/keys")
    assert "malformed-statement" in page()


def test_keys_are_told_with_what_each_signed(look):
    trail = busy()
    trail.log.rotate(SECOND_SIGNER, reason="compromised")
    trail.records(1)
    trail.publish()
    page = look(trail)
    said = page("/keys")
    assert f"{trail.log.signer.key_id.hex()} from 10 on" in said
    assert "pinned here from 0 to 9 the beginning" in said
    assert "A signing key was compromised" in page()
    answer = page.browser.get(f"{TRAIL}/object/log/keys/000000000001.note")
    assert answer.data == trail.log.objects["log/keys/000000000001.note"]


def test_the_nodes_own_verifications_are_told_as_its_word(look):
    trail = Trail()
    good = {"ok": True, "since": 0, "tree_size": 5, "segments": 1, "records": 1_234, "finding": None}
    trail.a.append("log.verified", body=good, tenant="default")
    bad = {"ok": False, "since": "x", "finding": {"code": "tampered", "where": "chains/a"}}
    trail.a.append("log.verified", body=bad, tenant="another")
    trail.publish()
    said = look(trail)("/probes")
    assert "the log holds 1,234 0 5" in said
    assert "it does not hold tampered at chains/a 0 0 0" in said
    assert "leaves no trace anywhere" in said


def test_probes_are_told_from_the_log_and_from_the_node(look, tmp_path):
    trail = Trail()
    trail.a.append("storage.probe", body={"level": "L3", "tried": 9, "accepted": []})
    trail.a.append("storage.probe", body={"level": "L9", "tried": "x", "accepted": 1})
    trail.a.append("storage.probe", body={"level": "L1", "tried": 3, "accepted": ["let expire before the date"]})
    trail.publish()
    page = look(trail)
    said = page("/probes")
    assert "L1 durable; its owner can change and remove objects" in said
    assert "3 let expire before the date" in said
    assert "The store can be changed from outside (L1)" in page()
    node = tmp_path / "node"
    node.mkdir()
    kept = {"store": str(node / "store"), "level": "L3", "label": "L3+W", "time": "2026-11-01T00:00:00Z"}
    tried = [{"attempt": "give the key other bytes", "refused": True, "said": "already-written"}]
    (node / "assurance.json").write_text(json.dumps(kept | {"attempts": tried}))
    assert "give the key other bytes refused already-written" in page("/probes")
    overview = page()
    assert "L3+W The store is locked in mode COMPLIANCE" in overview
    assert "The last probe of the store is old" in overview
    engine = create_engine(f"sqlite:///{tmp_path / 'index.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE indexed_decision SET segment = 9 WHERE seq = 1")
    engine.dispose()
    assert "seal 9 of its chain has it not" in page("/probes")
    seal = trail.a.seal_key(0)
    trail.damage(seal, trail.log.objects[seal].replace(b"std7y", b"std8y"))
    assert "not readable" in page("/probes")
    (node / "assurance.json").unlink()
    assert "No probe of the store is known here" in page()


NOWHERE = (
    "/checkpoints/9",
    "/chains/none",
    f"/chains/{'0' * 20}",
    f"/chains/{'0' * 20}/seals/0",
    "/chains/none/seals/0",
    f"/object/chains/{'0' * 20}/seals/000000000000.note",
    "/object/log/leaves/000000000000.txt",
    "/object/probe/x",
    "/object/log/checkpoints/../../etc/passwd",
)


def test_what_is_not_there_is_not_found_and_no_segment_is_handed_out(look):
    trail = busy()
    page = look(trail)
    for path in (*NOWHERE, f"/object/{trail.a.segment_key(0)}"):
        page(path, 404)


def test_a_page_goes_on_where_the_last_one_ended(look):
    trail = busy()
    for _ in range(30):
        trail.later(timedelta(seconds=10))
        trail.records(1)
        trail.publish()
    page = look(trail)
    assert "Earlier checkpoints" in page("/checkpoints")
    assert "Earlier checkpoints" not in page("/checkpoints?below=7")
    assert "Earlier segments" in page(f"/chains/{trail.a.id}")
    assert "Earlier segments" not in page(f"/chains/{trail.a.id}?below=13")
    page("/checkpoints?below=x", 400)


def test_an_empty_log_is_told_as_one(look):
    trail = Trail()
    page = look(trail)
    said = page()
    assert "The index lists no chain" in said
    assert "Newest checkpoint none" in said
    assert "There is no checkpoint here" in page("/checkpoints")
    assert "holds no record of a probe" in page("/probes")
