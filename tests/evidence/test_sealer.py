import os
import shutil

import pytest

from evidence import carrying, holding, journal, note, standing
from evidence.errors import DamagedJournalError, FindingError, JournalError, RetentionError, StoreError
from evidence.key_history import KeyHistory
from evidence.record import Position
from evidence.segment import Batch, Seal, seal
from evidence.standing import last_seal
from evidence.stores.memory import MemoryStore
from tests.evidence.sealing import KEY, Node, everything


def test_young_records_wait(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    assert node.step() == 0
    node.clock.forward(3)
    assert node.step() == 2
    assert node.verify().checked.records == 2


def test_everything_is_sealed_and_checkpointed_at_a_flush(tmp_path):
    node = Node(tmp_path)
    node.append(*map(str, range(50)))
    assert node.step(flush=True) == 51
    report = node.verify()
    assert (report.checked.records, report.checked.checkpoints, report.uncheckpointed_seals) == (51, 1, 0)


def test_what_no_checkpoint_covers_is_counted(tmp_path):
    node = Node(tmp_path, count=10, checkpoint=600)
    node.append(*map(str, range(25)))
    node.step()
    before = node.sealer.uncheckpointed
    node.step(flush=True)
    node.step(flush=True)
    assert (before, node.sealer.uncheckpointed) == (2, 0)


def test_a_full_segment_does_not_wait(tmp_path):
    node = Node(tmp_path, count=10)
    node.append(*map(str, range(35)))
    assert node.step() == 30
    assert [one.count for one in node.seals()] == [10, 10, 10]


def test_a_segment_is_full_by_its_bytes_too(tmp_path):
    node = Node(tmp_path, size=2_000)
    node.append(*["x" * 500 for _ in range(10)])
    node.step(flush=True)
    assert all(one.size <= 2_000 for one in node.seals())
    assert node.verify().checked.records == 11


def test_records_come_in_many_small_reads(tmp_path, monkeypatch):
    monkeypatch.setattr("evidence.sealer._READ", 1_000)
    monkeypatch.setattr(journal, "SET_ASIDE", 3_000)
    node = Node(tmp_path)
    node.append(*map(str, range(30)))
    node.append("after a restart")
    node.step(flush=True)
    assert node.verify().checked.records == 33


def test_nothing_to_seal_nothing_written_but_a_heartbeat(tmp_path):
    node = Node(tmp_path, heartbeat=600)
    node.append("a")
    node.step(flush=True)
    before = node.keys()
    node.clock.forward(599)
    node.step()
    assert node.keys() == before
    node.clock.forward(2)
    node.step(flush=True)
    assert [one.count for one in node.seals()] == [2, 0]
    node.clock.forward(300)
    node.append("b")
    node.step(flush=True)
    assert [one.count for one in node.seals()] == [2, 0, 2]
    assert node.verify().checked.seals == 3


def test_chains_of_several_classes_live_side_by_side(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.append("b", retention_class="sec1y")
    node.step(flush=True)
    kept = {one.retention_class: one.retain_until[:4] for one in node.seals()}
    assert kept == {"std7y": "2033", "sec1y": "2027"}
    assert node.verify().checked.chains == 2


def test_the_store_is_asked_to_keep_objects_as_long_as_the_class(tmp_path):
    node = Node(tmp_path)
    node.append("a", retention_class="sec1y")
    node.step(flush=True)
    for key in node.keys("chains/"):
        assert (node.store.retained_until[key] - node.clock.now).days == 365
    for key in node.keys("log/"):
        assert (node.store.retained_until[key] - node.clock.now).days == 2555


def test_a_new_sealer_goes_on_where_the_store_stands(tmp_path):
    node = Node(tmp_path)
    for text in "abc":
        node.append(text)
        everything(node.restart(), flush=True)
    report = node.verify()
    assert (report.checked.records, report.checked.seals, report.checked.checkpoints) == (6, 3, 3)


def test_each_seal_names_the_newest_checkpoint(tmp_path):
    node = Node(tmp_path)
    for text in "abc":
        node.append(text)
        node.step(flush=True)
    named = [one.checkpoint for one in node.seals()]
    assert named[0] == "0" * 64
    assert len(set(named)) == 3


def test_checkpoints_wait_for_their_interval(tmp_path):
    node = Node(tmp_path, checkpoint=10, age=0)
    node.append("a")
    node.step()
    assert node.keys("checkpoints") == []
    assert node.verify().uncheckpointed_seals == 1
    node.clock.forward(11)
    node.step()
    assert len(node.keys("checkpoints")) == 1


def test_many_new_seals_take_several_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("evidence.checkpointer._MOST", 3)
    node = Node(tmp_path, count=1)
    node.append(*map(str, range(7)))
    node.step(flush=True)
    assert node.verify().checked.checkpoints == 3


class Failing(MemoryStore):
    """Fails at one put: before or after the bytes landed."""

    def __init__(self, number, *, landed):
        super().__init__()
        self.left, self.landed = number, landed

    def put(self, key, data, *, retain_until):
        self.left -= 1
        if self.left == 0 and not self.landed:
            raise StoreError(key)
        super().put(key, data, retain_until=retain_until)
        if self.left == 0:
            raise StoreError(key)


@pytest.mark.parametrize("more", [False, True], ids=["retry the same", "retry with more"])
@pytest.mark.parametrize("landed", [False, True], ids=["write lost", "reply lost"])
@pytest.mark.parametrize("number", range(1, 13))
def test_any_put_may_fail_once(tmp_path, number, landed, more):
    node = Node(tmp_path, count=2, store=Failing(number, landed=landed))
    node.append("a", "b", "c")
    try:
        node.step(flush=True)
    except StoreError:
        if more:
            node.append("d")
        node.clock.forward(1)
        node.restart()
    for _ in range(2):
        try:
            node.step(flush=True)
        except StoreError:
            everything(node.restart(), flush=True)
    report = node.verify()
    held = sum(1 for _ in node.keys("segments"))
    assert report.checked.records in (4, 6)
    assert report.uncheckpointed_seals == 0
    assert report.checked.segments + report.stray_segments == held


def test_a_batch_without_its_checkpoint_is_adopted(tmp_path):
    node = Node(tmp_path, count=1, store=Failing(6, landed=False))
    node.append("a")
    with pytest.raises(StoreError):
        node.step(flush=True)
    assert (len(node.keys("leaves")), len(node.keys("checkpoints"))) == (1, 0)
    assert node.verify().checked.checkpoints == 0
    node.append("b")
    everything(node.restart(), flush=True)
    assert node.verify().uncheckpointed_seals == 0


def test_a_strangers_batch_is_not_adopted(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    chain = next(tmp_path.iterdir()).name
    node.restart()
    node.clock.forward(3)
    node.step()
    node.store.put("log/leaves/000000000000.txt", f"{chain} 0 {'1' * 64}\n".encode(), retain_until=node.clock())
    with pytest.raises(FindingError, match="wrong-leaf"):
        node.step(flush=True)


def test_a_batch_out_of_order_is_not_read(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    text = note.sign("log.example/omega\n2\n" + "A" * 43 + "=\n", KEY)
    leaf = node.store.get("log/leaves/000000000000.txt")
    node.store.put("log/leaves/000000000001.txt", leaf, retain_until=node.clock())
    node.store.put("log/checkpoints/000000000001.note", text, retain_until=node.clock())
    with pytest.raises(FindingError, match="malformed-leaves"):
        node.restart()


def test_a_checkpoint_over_other_leaves_is_not_continued(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.restart()
    node.clock.forward(3)
    node.step()
    chain = next(tmp_path.iterdir()).name
    node.store.put("log/leaves/000000000000.txt", f"{chain} 0 {'1' * 64}\n".encode(), retain_until=node.clock())
    text = note.sign("log.example/omega\n1\n" + "A" * 43 + "=\n", KEY)
    node.store.put("log/checkpoints/000000000000.note", text, retain_until=node.clock())
    with pytest.raises(FindingError, match="wrong-root"):
        node.restart()


def test_a_journal_that_does_not_continue_the_store_is_not_sealed(tmp_path):
    node, other = Node(tmp_path / "a"), Node(tmp_path / "b")
    node.append("a")
    other.append("b")
    node.step(flush=True)
    [mine], [theirs] = list((tmp_path / "a").iterdir()), list((tmp_path / "b").iterdir())
    for file in journal.files(mine):
        file.unlink()
    other.append("c", "d", "e")
    for file in journal.files(theirs):
        file.rename(mine / file.name)
    with pytest.raises(DamagedJournalError):
        everything(node.restart(), flush=True)


def test_records_that_do_not_follow_each_other_are_not_sealed(tmp_path):
    node, other = Node(tmp_path / "a"), Node(tmp_path / "b")
    node.append("a")
    other.append("b")
    other.append("c")
    [mine], [theirs] = list((tmp_path / "a").iterdir()), list((tmp_path / "b").iterdir())
    newest = journal.files(theirs)[-1]
    newest.rename(mine / newest.name)
    with pytest.raises(DamagedJournalError, match="does not continue"):
        node.step(flush=True)


def test_a_number_given_twice_is_not_passed_over(tmp_path):
    """What was acknowledged and sealed was altered, taken for a torn write, and its number given again."""
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    [chain] = tmp_path.iterdir()
    file = journal.files(chain)[-1]
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    node.append("again")
    with pytest.raises(DamagedJournalError, match="goes on at"):
        node.step(flush=True)


def test_directories_that_are_no_chains_are_passed_over(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    [chain] = tmp_path.iterdir()
    shutil.copytree(chain, chain.with_name(chain.name + ".bak"))
    node.step(flush=True)
    assert node.verify().checked.chains == 1


def test_a_chain_under_another_name_is_not_sealed(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    [chain] = tmp_path.iterdir()
    chain.rename(chain.with_name("0" * 20))
    with pytest.raises(DamagedJournalError):
        node.step(flush=True)


def test_strangers_in_the_store_do_not_stop_the_sealing(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    [chain] = [path.name for path in tmp_path.iterdir()]
    for key in ("chains/notes.txt", f"chains/{chain}/seals/tmp", "log/checkpoints/tmp"):
        node.store.put(key, b"", retain_until=node.clock())
    node.append("b")
    assert everything(node.restart(), flush=True) == 2
    with pytest.raises(FindingError, match="unexpected-object"):
        node.verify()


def test_an_older_copy_of_a_journal_is_not_sealed(tmp_path):
    """A restored backup gives numbers a second time; what it says is carried over to a chain of its own."""
    node = Node(tmp_path / "journal")
    node.append("a")
    [chain] = (tmp_path / "journal").iterdir()
    backup = {file.name: file.read_bytes() for file in journal.files(chain)}
    node.append("b", "c")
    node.step(flush=True)
    for file in journal.files(chain):
        file.unlink()
    for name, data in backup.items():
        (chain / name).write_bytes(data)
    [again] = node.append("d")
    everything(node.restart(), flush=True)
    assert node.verify().checked.chains == 2
    assert holding.abandoned(chain) is holding.Reason.RESTORED
    there = carrying.find(chain, Position.parse(again).seq)
    assert there.chain != chain.name
    [kept] = [one for one in node.records() if one.orphan_of is not None]
    assert (kept.position, kept.body) == (there, {"text": "d"})


def test_a_class_that_is_not_kept_is_named(tmp_path):
    node = Node(tmp_path)
    node.append("a", retention_class="other")
    with pytest.raises(RetentionError, match="`other`"):
        node.step()


def test_a_journal_that_lost_its_beginning_is_not_sealed(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.append("b")
    [chain] = tmp_path.iterdir()
    journal.files(chain)[0].unlink()
    with pytest.raises(DamagedJournalError, match="lost"):
        node.step(flush=True)


def test_an_altered_file_in_the_middle_is_not_sealed_over(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.append("b")
    [chain] = tmp_path.iterdir()
    first = journal.files(chain)[0]
    data = bytearray(first.read_bytes())
    data[40] ^= 1
    first.write_bytes(bytes(data))
    with pytest.raises(DamagedJournalError):
        node.step(flush=True)


def test_a_journal_that_cannot_be_read_is_a_journal_error(tmp_path, monkeypatch):
    node = Node(tmp_path)
    node.append("a")
    node.restart()

    def fail(*_):
        raise OSError(5, "input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(JournalError):
        node.step()


def test_a_gap_in_the_seals_is_not_continued(tmp_path):
    node = Node(tmp_path, count=1)
    node.append("a", "b")
    node.step(flush=True)
    [chain] = [path.name for path in tmp_path.iterdir()]
    lost = Node(tmp_path)
    for key in node.keys(""):
        if not key.endswith("seals/000000000001.note"):
            lost.store.put(key, node.store.get(key), retain_until=node.clock())
    with pytest.raises(FindingError, match="seal-gap"):
        last_seal(lost.store, chain, KeyHistory(keys=(KEY.verifier,)))


@pytest.mark.parametrize("count", [2, 3, 5, 8, 15, 16])
def test_the_newest_seal_of_a_long_chain_is_found_without_listing_it_all(tmp_path, monkeypatch, count):
    monkeypatch.setattr(standing, "_PAGE", 2)
    node = Node(tmp_path, count=1)
    node.append(*(str(number) for number in range(count - 1)))  # the first record is the chain's own
    node.step(flush=True)
    [chain] = [path.name for path in tmp_path.iterdir()]
    listed = []

    class Counting(type(node.store)):
        def keys(self, prefix="", after=""):
            for key in super().keys(prefix, after):
                listed.append(key)
                yield key

    node.store.__class__ = Counting
    seal = last_seal(node.store, chain, KeyHistory(keys=(KEY.verifier,)))
    assert seal.segment == count - 1
    assert len(listed) < 2


def test_old_sealed_journal_files_are_deleted_but_for_the_newest_two(tmp_path):
    node = Node(tmp_path, keep_journal=100)
    for text in "abcd":
        node.append(text)
    node.step(flush=True)
    [chain] = tmp_path.iterdir()
    assert len(journal.files(chain)) == 4
    for file in journal.files(chain):
        os.utime(file, (0, 0))
    node.step()
    assert len(journal.files(chain)) == 2
    node.append("e")
    everything(node.restart(), flush=True)
    assert node.verify().checked.records == 10


def test_what_is_no_chain_is_passed_over(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    (tmp_path / "stray").mkdir()
    (tmp_path / "file").write_text("x")
    assert node.step(flush=True) == 2
    assert Node(tmp_path / "none").step(flush=True) == 0


def test_a_heartbeat_seals_no_records():
    batch = Batch()
    position = {
        "log": "a",
        "chain": "0" * 20,
        "retention_class": "std7y",
        "segment": 1,
        "previous": "0" * 64,
        "first_seq": 3,
        "first_prev": "1" * 64,
        "sealed_at": "2026-11-22T10:46:23.123456Z",
        "retain_until": "2026-11-22T10:46:23.123456Z",
        "checkpoint": "0" * 64,
    }
    beat = seal(batch, batch.data, **position)
    assert Seal.parse(beat.text) == beat
    assert (beat.head, beat.count, beat.size, beat.min_time) == ("1" * 64, 0, 0, None)


def test_a_chain_that_has_written_nothing_yet_waits(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    [chain] = tmp_path.iterdir()
    for file in journal.files(chain):
        file.unlink()
    (tmp_path / ("0" * 20)).mkdir()  # begun, and without a class
    assert node.step(flush=True) == 0
