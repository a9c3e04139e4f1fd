"""Two writers of one chain: a machine and its copy, a restored snapshot, a write whose answer was lost."""

import errno
import shutil
from functools import partial

import pytest

from evidence import carrying, holding, journal
from evidence.chain import Chain
from evidence.errors import DamagedJournalError, FindingError, JournalError, NotFoundError, StoreError
from evidence.holding import Reason
from evidence.key_history import KeyHistory
from evidence.record import Draft, Position, Record
from evidence.sealer import Sealer
from evidence.standing import check_continued, last_seal
from evidence.stores.memory import MemoryStore
from tests.evidence.sealing import CLASSES, KEY, Node, everything


def copied(node, path):
    """Return a second machine made of a copy of the first one's disk."""
    shutil.copytree(node.path, path)
    return Node(path, store=node.store)


def texts(node):
    """Return what the decisions in the store say, without copies of one that is there as well."""
    return sorted(one.body["text"] for one in node.records() if one.type == "decision")


def settle(*nodes):
    """Have nodes seal in turn until none has anything left."""
    for _ in range(4):
        for node in nodes:
            everything(node.sealer or node.restart(), flush=True)


def chain_of(node):
    [chain] = [path for path in node.path.iterdir() if path.is_dir()]
    return chain


@pytest.mark.parametrize("before", [[], ["a"], ["a", "b"]], ids=["nothing sealed yet", "one", "two"])
@pytest.mark.parametrize("reason", [Reason.FENCED, Reason.RESTORED], ids=["while it runs", "as it starts"])
def test_a_copied_machine_loses_its_chain_and_no_record(tmp_path, before, reason):
    one = Node(tmp_path / "one")
    one.append("first")
    for text in before:
        one.append(text)
        one.step(flush=True)
    other = copied(one, tmp_path / "other")
    if reason is Reason.FENCED:
        other.step()
    one.append("one says", "and goes on")
    lost, kept_chain = chain_of(other), chain_of(one)
    acknowledged = other.append("the other says", "and goes on too")
    settle(one, other)
    assert texts(one) == sorted(["first", *before, "one says", "and goes on", "the other says", "and goes on too"])
    assert one.verify().checked.chains == 2
    assert holding.abandoned(lost) is reason
    assert holding.abandoned(kept_chain) is None
    for decision_id in acknowledged:
        place = Position.parse(decision_id)
        there = carrying.find(lost, place.seq)
        [kept] = [each for each in one.records() if each.position == there]
        assert (kept.orphan_of["chain"], kept.orphan_of["seq"]) == (place.chain, place.seq)
    [told] = [each for each in one.records() if each.type == "chain.abandoned"]
    assert (told.body["chain"], told.body["reason"]) == (lost.name, reason)


def test_copies_that_say_the_same_go_on_behind_each_other(tmp_path):
    one = Node(tmp_path / "one", heartbeat=60.0)
    one.append("a")
    other = copied(one, tmp_path / "other")
    other.limits = one.limits
    settle(one, other)
    for node in (one, other):
        node.clock.forward(120)
    settle(one, other)
    assert holding.abandoned(chain_of(other)) is None
    assert texts(one) == ["a"]
    one.verify()


def test_a_zombie_after_a_takeover_carries_over_what_it_says(tmp_path):
    """A machine that was thought dead comes back after its copy went on for a while."""
    one = Node(tmp_path / "one")
    one.append("a")
    one.step(flush=True)
    other = copied(one, tmp_path / "other")
    for number in range(3):
        other.append(f"taken over {number}")
        other.step(flush=True)
    zombie = chain_of(one)
    one.append("late")
    settle(one, other)
    assert texts(one) == sorted(["a", "late", *(f"taken over {number}" for number in range(3))])
    assert holding.abandoned(zombie) is Reason.FENCED
    one.verify()


def test_a_chain_given_up_is_carried_over_once_its_writer_lets_go(tmp_path):
    one = Node(tmp_path / "one")
    one.append("a")
    other = copied(one, tmp_path / "other")
    one.append("b")
    one.step(flush=True)
    held = Chain.open(other.path, retention_class="std7y", version="0", clock=other.clock)
    held.append(Draft(type="decision", tenant="default", body={"text": "c"}))
    everything(other.restart(), flush=True)
    assert texts(one) == ["a", "b"]
    held.append(Draft(type="decision", tenant="default", body={"text": "acknowledged after the chain was lost"}))
    held.close()
    settle(other)
    assert texts(one) == ["a", "acknowledged after the chain was lost", "b", "c"]
    one.verify()


class LostError(Exception):
    """The process dies here."""


@pytest.mark.parametrize("after", range(8))
def test_a_death_while_carrying_over_neither_loses_nor_repeats(tmp_path, monkeypatch, after):
    monkeypatch.setattr(carrying, "_BATCH", 2)
    one = Node(tmp_path / "one")
    one.append("a")
    other = copied(one, tmp_path / "other")
    one.append("b")
    one.step(flush=True)
    said = [f"other {number}" for number in range(5)]
    other.append(*said)
    left = after

    def dying(real):
        def call(*arguments):
            nonlocal left
            left -= 1
            if left < 0:
                raise LostError
            return real(*arguments)

        return call

    with monkeypatch.context() as dead:
        for name in ("_note", "_write"):
            dead.setattr(carrying, name, dying(getattr(carrying, name)))
        try:
            settle(other)
        except LostError:
            other.sealer = None
    settle(other)
    assert texts(one) == sorted(["a", "b", *said])
    one.verify()


def test_a_copy_of_a_copy_says_where_it_was_acknowledged(tmp_path):
    one = Node(tmp_path / "one")
    one.append("a")
    other = copied(one, tmp_path / "other")
    one.append("b")
    one.step(flush=True)
    [acknowledged] = other.append("c")
    everything(other.restart(), flush=True)  # carried over on disk, and sealed
    third = copied(other, tmp_path / "third")
    settle(other, third)
    [kept] = [each for each in one.records() if each.orphan_of is not None]
    assert f"{kept.orphan_of['chain']}-{kept.orphan_of['seq']}" == acknowledged


def test_records_of_another_chain_are_not_carried_over(tmp_path):
    node, other = Node(tmp_path / "a"), Node(tmp_path / "b")
    node.append("a")
    other.append("b")
    node.step(flush=True)
    mine, theirs = chain_of(node), chain_of(other)
    for file in journal.files(mine):
        file.unlink()
    for file in journal.files(theirs):
        file.rename(mine / file.name)
    with pytest.raises(DamagedJournalError):
        everything(node.restart(), flush=True)


def test_a_chain_without_its_class_is_not_carried_over(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    chain = chain_of(node)
    holding.abandon(chain, Reason.FENCED)
    (chain / "class").unlink()
    with pytest.raises(DamagedJournalError, match="class"):
        everything(node.restart(), flush=True)


def test_a_seal_that_is_missing_in_between_is_a_finding(tmp_path):
    node = Node(tmp_path)
    for text in "abc":
        node.append(text)
        node.step(flush=True)
    seals = {seal.segment: seal for seal in node.seals()}
    chain = chain_of(node)
    for file in journal.files(chain)[1:]:
        file.unlink()
    with pytest.raises(FindingError, match="seal-gap"):
        carrying.common(chain, node.store, seals[2], lambda _: None)


def test_what_was_discarded_was_sealed(tmp_path):
    """The journal begins behind the store's records: everything in it is new, whatever the store has."""
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    [seal] = node.seals()
    chain = chain_of(node)
    for file in journal.files(chain):
        file.unlink()
    (chain / journal.file_name(40)).touch()
    assert carrying.common(chain, node.store, seal, lambda _: seal) == 40


def test_a_chain_never_sealed_and_empty_has_nothing_in_common(tmp_path):
    assert carrying.common(tmp_path, MemoryStore(), None, lambda _: None) == 0


def test_what_was_not_carried_over_is_nowhere_else(tmp_path):
    assert carrying.find(tmp_path, 1) is None


class Away(MemoryStore):
    """A store that does not answer."""

    def keys(self, *_, **__):
        raise StoreError("away")


def test_at_a_start_without_a_store_chains_are_sealed_and_not_continued(tmp_path):
    node = Node(tmp_path)
    [before] = node.append("a")
    [chain] = node.path.iterdir()
    check_continued(Away(), node.path, KEY.verifier)
    assert holding.abandoned(chain) is Reason.UNCHECKED
    [after] = node.append("b")
    assert Position.parse(before).chain != Position.parse(after).chain
    node.step(flush=True)
    assert texts(node) == ["a", "b"]


def test_at_a_start_a_restored_journal_is_known_before_anybody_writes(tmp_path):
    node = Node(tmp_path / "journal")
    node.append("a")
    shutil.copytree(node.path, tmp_path / "backup")
    node.append("b")
    node.step(flush=True)
    shutil.rmtree(node.path)
    shutil.copytree(tmp_path / "backup", node.path)
    [chain] = node.path.iterdir()
    check_continued(node.store, node.path, KEY.verifier)
    assert holding.abandoned(chain) is Reason.RESTORED
    check_continued(node.store, node.path, KEY.verifier)
    [decision_id] = node.append("c")
    assert Position.parse(decision_id).chain != chain.name
    everything(node.restart(), flush=True)
    assert texts(node) == ["a", "b", "c"]


def test_at_a_start_what_was_sealed_is_continued(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    check_continued(node.store, node.path, KEY.verifier)
    assert holding.abandoned(chain_of(node)) is None


def test_a_disk_that_takes_no_mark_is_a_journal_error(tmp_path, monkeypatch):
    node = Node(tmp_path)
    node.append("a")

    def refuse(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(holding, "_write", refuse)
    with pytest.raises(JournalError, match="Input/output error"):
        check_continued(Away(), node.path, KEY.verifier)


def test_a_mark_that_cannot_be_read_ends_a_chain_all_the_same(tmp_path):
    (tmp_path / "abandoned").write_text("what?")
    assert holding.abandoned(tmp_path) is Reason.DISK


def test_a_worse_reason_replaces_a_lesser_one_and_never_the_other_way(tmp_path):
    holding.abandon(tmp_path, Reason.UNCHECKED)
    holding.abandon(tmp_path, Reason.FENCED)
    holding.abandon(tmp_path, Reason.DISK)
    assert holding.abandoned(tmp_path) is Reason.FENCED


class Racing(MemoryStore):
    """A store whose answer to a seal is lost, while the seal lands a moment later."""

    def __init__(self):
        super().__init__()
        self.late = None

    def put(self, key, data, *, retain_until):
        if "/seals/" in key and self.late is None:
            self.late = (key, data, retain_until)
            raise StoreError("the answer was lost")
        super().put(key, data, retain_until=retain_until)

    def land(self):
        key, data, until = self.late
        super().put(key, data, retain_until=until)


def test_our_own_seal_that_lands_late_is_no_stranger(tmp_path):
    node = Node(tmp_path, store=Racing())
    node.append("a")
    with pytest.raises(StoreError):
        node.step(flush=True)
    sealer = node.restart()
    sealer.step()  # it has looked: there is no seal
    node.clock.forward(1)
    node.append("b")
    node.store.land()
    assert sealer.step(flush=True) == 0
    everything(sealer, flush=True)
    assert texts(node) == ["a", "b"]
    assert sealer.progress(chain_of(node).name) == 4
    assert sealer.progress("0" * 20) is None
    assert holding.abandoned(chain_of(node)) is None
    node.verify()


def test_a_seal_that_is_taken_and_cannot_be_read_is_the_stores_fault(tmp_path):
    class Forgetful(MemoryStore):
        def get(self, key, **options):
            if "/seals/" in key:
                raise NotFoundError(key)
            return super().get(key, **options)

    node = Node(tmp_path, store=Forgetful())
    node.append("a")
    sealer = node.restart()
    sealer.step()
    node.store.put(f"chains/{chain_of(node).name}/seals/{0:012}.note", b"taken", retain_until=node.clock())
    with pytest.raises(StoreError, match="cannot be read"):
        sealer.step(flush=True)


def test_a_seal_under_another_number_is_a_finding(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    [seal] = node.keys("/seals/")
    node.store.put(seal.replace(f"{0:012}", f"{1:012}"), node.store.get(seal), retain_until=node.clock())
    with pytest.raises(FindingError, match="misplaced-seal"):
        last_seal(node.store, chain_of(node).name, KeyHistory(keys=(KEY.verifier,)))


def test_a_chain_ended_while_it_was_taken_is_let_go_of_again(tmp_path, monkeypatch):
    node = Node(tmp_path)
    [before] = node.append("a")
    real = journal.try_lock

    def try_lock(directory):
        lock = real(directory)
        if directory.name == Position.parse(before).chain:
            holding.abandon(directory, Reason.FENCED)
        return lock

    monkeypatch.setattr(journal, "try_lock", try_lock)
    [after] = node.append("b")
    assert Position.parse(after).chain != Position.parse(before).chain


def test_a_sealer_tells_how_far_each_chain_is_in_the_store(tmp_path):
    node = Node(tmp_path)
    node.append("a", "b")
    told = []
    sealer = Sealer(
        node.store, node.path, KEY, classes=CLASSES, clock=node.clock, sealed=lambda *said: told.append(said)
    )
    chain = chain_of(node).name
    assert sealer.step(now={"0" * 20}) == 0
    assert sealer.step(now={chain}) == 3
    assert told == [(chain, 3)]


def test_a_record_leaves_room_to_be_carried_over(tmp_path):
    chain = Chain.open(tmp_path, retention_class="std7y", version="0")
    empty = Draft(type="decision", tenant="default", body={"text": ""})
    size = len(chain.take_in(lambda _: empty)[0])
    data, _ = chain.take_in(
        lambda _: Draft(type="decision", tenant="default", body={"text": "x" * (65_536 - 256 - size - 60)})
    )
    origin = {"chain": chain.name, "leaf": "0" * 64, "seq": 2**53 - 1}
    record = Record.parse(data)
    carried, _ = chain.take_in(
        lambda _: Draft(type=record.type, tenant=record.tenant, body=dict(record.body)), orphan_of=origin
    )
    assert Record.parse(carried).orphan_of == origin


def altered(file, *, behind):
    """Change a byte of the record before the text `behind`."""
    data = bytearray(file.read_bytes())
    data[data.index(behind) - 400] ^= 1
    file.write_bytes(bytes(data))


@pytest.mark.parametrize("starting", [True, False], ids=["as the node starts", "as the sealer does"])
def test_an_altered_journal_is_not_taken_for_an_older_copy(tmp_path, starting):
    """What was acknowledged lies behind the damage: it must not be given up in silence."""
    node = Node(tmp_path)
    chain = Chain.open(node.path, retention_class="std7y", version="0", clock=node.clock)
    say = partial(Draft, type="decision", tenant="default")
    chain.append(say(body={"text": "sealed"}))
    node.step(flush=True)
    chain.append(say(body={"text": "acknowledged"}))
    chain.append(say(body={"text": "and this too"}))
    chain.close()
    altered(journal.files(chain_of(node))[-1], behind=b"acknowledged")
    with pytest.raises(DamagedJournalError, match="altered"):
        check_continued(node.store, node.path, KEY.verifier) if starting else everything(node.restart(), flush=True)
    assert holding.abandoned(chain_of(node)) is None


def test_a_disk_that_does_not_say_ends_no_chain(tmp_path, monkeypatch):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)

    def refuse(_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr("evidence.journal.Path.read_bytes", refuse)
        with pytest.raises(JournalError, match="Input/output error"):
            check_continued(node.store, node.path, KEY.verifier)
    assert holding.abandoned(chain_of(node)) is None


@pytest.mark.parametrize("apart", [3, 30, 70])
def test_copies_that_say_nothing_may_say_so_at_any_time(tmp_path, apart):
    one = Node(tmp_path / "one", heartbeat=600.0)
    one.append("a")
    other = copied(one, tmp_path / "other")
    other.limits = one.limits
    settle(one, other)
    one.clock.forward(601)
    other.clock.forward(601 - apart)
    for _ in range(4):
        for node in (one, other):
            everything(node.sealer)
            node.clock.forward(apart)
    settle(one, other)
    assert holding.abandoned(chain_of(other)) is None
    assert texts(one) == ["a"]
    one.verify()


def test_a_death_while_copies_of_copies_are_carried_over_repeats_none(tmp_path, monkeypatch):
    one = Node(tmp_path / "one")
    one.append("a")
    other = copied(one, tmp_path / "other")
    one.append("b")
    one.step(flush=True)
    other.append("c", "d")
    everything(other.restart())  # carried over on disk, and not sealed yet
    third = copied(other, tmp_path / "third")
    other.append("f")
    settle(other)
    third.append("e")

    def die(*_):
        raise LostError

    with monkeypatch.context() as dead:
        real = carrying._note
        dead.setattr(carrying, "_note", lambda *call: die() if call[1] == carrying._MAP else real(*call))
        with pytest.raises(LostError):
            settle(third)
    third.sealer = None
    settle(third, other)
    copies = [each.body["text"] for each in one.records() if each.orphan_of is not None]
    assert sorted(set(texts(one))) == ["a", "b", "c", "d", "e", "f"]
    assert len(copies) == len(set(copies))
    one.verify()


def test_where_the_store_is_away_it_is_asked_once(tmp_path):
    asked = []

    class Gone(Away):
        def keys(self, *_, **__):
            asked.append(1)
            raise StoreError("away")

    held = [Chain.open(tmp_path, retention_class="std7y", version="0") for _ in range(3)]
    for chain in held:
        chain.close()
    check_continued(Gone(), tmp_path, KEY.verifier)
    assert len(asked) == 1
    assert {holding.abandoned(path) for path in tmp_path.iterdir()} == {Reason.UNCHECKED}


def test_what_a_failed_disk_shows_counts_once_it_is_in_the_store(tmp_path, monkeypatch):
    one = Node(tmp_path / "one")
    one.append("a")
    other = copied(one, tmp_path / "other")
    one.append("b")
    one.step(flush=True)
    other.append("c", "d")
    failing = [True]
    real = Chain.sync

    def sync(chain):
        if failing and chain.next_seq > 2 and chain.directory.parent == other.path:
            failing.pop()
            raise OSError(errno.EIO, "Input/output error")
        real(chain)

    monkeypatch.setattr(Chain, "sync", sync)
    with pytest.raises(JournalError):
        settle(other)
    other.sealer = None
    settle(other)
    assert not failing
    assert texts(one) == ["a", "b", "c", "d"]
    one.verify()
