"""One tree for all nodes: who writes a checkpoint first has it, and the others go on behind."""

import hashlib
import json

import pytest

from evidence import checkpoint, holding, note
from evidence.checkpoint import Checkpoint
from evidence.checkpointer import Checkpointer, checkpoint_key, leaves_key
from evidence.errors import FindingError, NotFoundError
from evidence.key_history import KeyHistory
from evidence.stores.memory import MemoryStore
from evidence.tree import Frontier, leaf_hash
from tests.evidence.sealing import CLASSES, KEY, Clock, Node, everything


class Counting(MemoryStore):
    """Counts what is asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def get(self, key, **options):
        self.asked.append(key)
        return super().get(key, **options)

    def keys(self, prefix="", *, after=""):
        for key in super().keys(prefix, after=after):
            self.asked.append(f"listed {key}")
            yield key


def checkpointer(store, memory=None):
    history = KeyHistory.load(store, KEY.verifier)
    return Checkpointer(store, KEY, history=history, retention=CLASSES["std7y"], clock=Clock(), memory=memory)


def test_nodes_share_one_tree(tmp_path):
    store = MemoryStore()
    nodes = [Node(tmp_path / name, store=store) for name in ("one", "two", "three")]
    for node in nodes:
        node.restart()
    for number in range(4):
        for node in nodes:
            node.append(str(number))
        for node in nodes:
            everything(node.sealer, flush=True)
    report = nodes[0].verify()
    assert (report.checked.chains, report.uncheckpointed_seals) == (3, 0)
    assert report.checked.checkpoints == 12
    assert report.up_to.tree_size == report.checked.seals == 12


def test_a_node_takes_care_of_the_seals_of_one_that_died(tmp_path):
    store = MemoryStore()
    dead, alive = Node(tmp_path / "dead", store=store), Node(tmp_path / "alive", store=store)
    alive.step()
    dead.append("a")
    dead.clock.forward(10)
    dead.limits = dead.limits.__class__(checkpoint=10_000.0)
    dead.restart().step()
    dead.clock.forward(10)
    assert dead.sealer.step() == 2
    assert alive.verify().uncheckpointed_seals == 1
    alive.clock.forward(61)
    alive.sealer.step()
    assert alive.verify().uncheckpointed_seals == 0


def test_what_was_published_meanwhile_is_adopted(tmp_path):
    store = MemoryStore()
    node = Node(tmp_path, store=store)
    late = checkpointer(store)
    node.append("a")
    node.step(flush=True)
    late.scan()
    late.publish()
    assert node.verify().checked.checkpoints == 1
    assert late.newest == checkpointer(store).newest


def test_a_checkpoint_over_another_tree_is_not_adopted(tmp_path):
    store = MemoryStore()
    node = Node(tmp_path, store=store)
    node.append("a")
    late = checkpointer(store)
    node.step()
    node.clock.forward(3)
    assert node.step() == 2
    forged = Checkpoint(origin=KEY.origin, size=1, root=b"\x01" * 32)
    store.put(checkpoint_key(0), checkpoint.sign(forged, KEY), retain_until=node.clock())
    late.scan()
    with pytest.raises(FindingError, match="wrong-root"):
        late.publish()


def test_a_seal_of_which_nobody_told_is_found(tmp_path):
    """It came to stand between the look at the store and the first seal of our own."""
    node = Node(tmp_path)
    node.append("a")
    sealer = node.restart()
    late = checkpointer(node.store)
    everything(sealer, flush=True)
    node.append("b")
    everything(sealer, flush=True)
    late.add(node.seals()[1])
    late.publish()
    assert node.verify().uncheckpointed_seals == 0


def test_a_seal_that_is_missing_ends_the_publishing(tmp_path):
    node, other = Node(tmp_path / "node"), MemoryStore()
    for text in "ab":
        node.append(text)
        node.step(flush=True)
    publishing = checkpointer(other)
    publishing.add(node.seals()[1])
    with pytest.raises(FindingError, match="seal-gap"):
        publishing.publish()
    with pytest.raises(NotFoundError):
        other.get(leaves_key(0))


def grown(tmp_path, count, memory):
    """Return a store with `count` checkpoints, and a memory of them."""
    node = Node(tmp_path / "journal", store=Counting())
    for number in range(count):
        node.append(str(number))
        everything(node.sealer or node.restart(), flush=True)
    [directory] = [path for path in node.path.iterdir() if path.is_dir()]
    keeping = checkpointer(node.store, memory)
    holding.abandon(directory, holding.Reason.DISK)
    node.append("last")
    node.step(flush=True)
    keeping.scan()
    keeping.publish()
    node.store.asked.clear()
    return node


def test_a_start_with_a_memory_reads_the_store_no_more_than_it_must(tmp_path):
    memory = tmp_path / "tree.json"
    node = grown(tmp_path, 20, memory)
    found = checkpointer(node.store, memory)
    assert len(node.store.asked) < 8
    fresh = checkpointer(node.store)
    assert (found.newest, found._next, found._tree.root()) == (fresh.newest, fresh._next, fresh._tree.root())


def with_checksum(text):
    return f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}"


def change(memory, **members):
    value = json.loads(memory.read_text().partition("\n")[2]) | members
    memory.write_text(with_checksum(json.dumps(value)))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda memory: memory.unlink(), id="lost"),
        pytest.param(lambda memory: memory.write_bytes(b"\xff"), id="no text"),
        pytest.param(lambda memory: memory.write_text(memory.read_text()[:-9]), id="cut off"),
        pytest.param(lambda memory: memory.write_text(with_checksum("[]")), id="another value"),
        pytest.param(lambda memory: change(memory, size=5), id="another size"),
        pytest.param(lambda memory: change(memory, number=2), id="another checkpoint's number"),
        pytest.param(lambda memory: change(memory, number=500), id="a checkpoint that is not there"),
        pytest.param(lambda memory: change(memory, number=0), id="no checkpoint"),
        pytest.param(lambda memory: change(memory, next=3), id="no chains"),
    ],
)
def test_a_memory_that_does_not_hold_is_as_good_as_none(tmp_path, spoil):
    memory = tmp_path / "tree.json"
    node = grown(tmp_path, 3, memory)
    spoil(memory)
    found, fresh = checkpointer(node.store, memory), checkpointer(node.store)
    assert (found.newest, found._next, found._tree.root()) == (fresh.newest, fresh._next, fresh._tree.root())


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path):
    memory = tmp_path / "no directory" / "tree.json"
    node = grown(tmp_path, 2, memory)
    assert not memory.exists()
    assert node.verify().uncheckpointed_seals == 0


def test_a_checkpoint_signed_by_another_is_not_believed(tmp_path):
    memory = tmp_path / "tree.json"
    node = grown(tmp_path, 2, memory)
    value = json.loads(memory.read_text().partition("\n")[2])
    number = value["number"] - 1
    node.store._objects[checkpoint_key(number)] = note.sign("log.example/omega\n1\nAAAA\n", KEY)
    with pytest.raises(Exception, match="root"):
        checkpointer(node.store, memory)


def test_a_frontier_is_its_size_and_its_peaks():
    grown = Frontier()
    for number in range(1, 70):
        grown.append(leaf_hash(b"%d" % number))
        again = Frontier.of(grown.size, grown.peaks)
        assert again.root() == grown.root()
        again.append(leaf_hash(b"next"))
    with pytest.raises(ValueError, match="zip"):
        Frontier.of(5, grown.peaks)
