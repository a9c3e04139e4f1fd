import re

import pytest

from evidence.errors import ProofError
from evidence.growth import Growth
from evidence.stores.memory import MemoryStore
from evidence.tree import verify_consistency
from tests.evidence.growing import GrowingLog
from tests.evidence.logs import root

SIZES = [1, 2, 3, 5, 1, 8, 7]
TOTAL = sum(SIZES)


@pytest.fixture(scope="module")
def grown():
    return GrowingLog(*SIZES)


@pytest.mark.parametrize("old_size", range(1, TOTAL + 1))
def test_from_every_size_to_every_later_one(grown, old_size):
    growth = Growth(grown.store)
    for size in range(old_size, TOTAL + 1):
        proof = growth.prove(old_size, size)
        leaves = grown.log.leaves
        verify_consistency(old_size, root(leaves[:old_size]), size, root(leaves[:size]), proof)


def test_any_order_of_questions(grown):
    growth, leaves = Growth(grown.store), grown.log.leaves
    for old_size, size in [(3, 9), (9, 20), (4, 5), (20, 27), (27, 27), (1, 27), (26, 27)]:
        proof = growth.prove(old_size, size)
        verify_consistency(old_size, root(leaves[:old_size]), size, root(leaves[:size]), proof)


def test_a_log_that_goes_on_while_it_is_asked():
    grown = GrowingLog(3)
    growth, before = Growth(grown.store), 3
    for more in (1, 4, 9, 2):
        grown.grow(more)
        size, leaves = before + more, grown.log.leaves
        verify_consistency(before, root(leaves[:before]), size, root(leaves), growth.prove(before, size))
        before = size


def test_from_nothing_the_proof_is_empty(grown):
    assert Growth(grown.store).prove(0, TOTAL) == ()


@pytest.mark.parametrize(("old_size", "size"), [(2, 1), (-1, 3), (3, TOTAL + 1)])
def test_sizes_that_are_none(grown, old_size, size):
    with pytest.raises(ProofError):
        Growth(grown.store).prove(old_size, size)


def consistent(log, old_size, size, proof):
    verify_consistency(old_size, root(log.leaves[:old_size]), size, root(log.leaves[:size]), proof)


class Counting(MemoryStore):
    """Counts what is read."""

    read = 0

    def get(self, key, *, limit):
        self.read += key.startswith("log/leaves/")
        return super().get(key, limit=limit)


@pytest.fixture
def counted():
    grown, store = GrowingLog(*SIZES), Counting()
    store._objects = grown.store._objects
    grown.store = store
    return grown


def test_after_a_restart_only_what_is_new_is_read(counted, tmp_path):
    memory = tmp_path / "growth"
    first = Growth(counted.store, memory=memory)
    first.prove(3, TOTAL)
    first.keep(TOTAL)
    counted.grow(4)
    counted.store.read = 0
    again = Growth(counted.store, memory=memory)
    consistent(counted.log, TOTAL, TOTAL + 4, again.prove(TOTAL, TOTAL + 4))
    assert counted.store.read == 1
    consistent(counted.log, 3, TOTAL + 4, again.prove(3, TOTAL + 4))


def test_what_is_not_known_or_no_checkpoints_is_not_remembered(counted, tmp_path):
    memory = tmp_path / "growth"
    growth = Growth(counted.store, memory=memory)
    growth.keep(0)
    growth.keep(3)
    growth.prove(3, TOTAL)
    growth.keep(TOTAL - 1)
    assert not memory.exists()
    growth.keep(TOTAL)
    assert memory.exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (".*", ""),
        (".*", "[]"),
        (".*", "{}"),
        ('"size": 27', '"size": "x"'),
        ('"size": 27', '"size": 26'),
        ('"number": 6', '"number": 5'),
        ('"number": 6', '"number": 77'),
        ('"number": 6', '"number": -1'),
        ('"number": 6', '"number": []'),
        (r'"peaks": \["..', '"peaks": ["'),
        (r'"peaks": \["', '"peaks": ["00'),
        (r'"peaks": \["', '"peaks": ["zz'),
    ],
)
def test_a_memory_that_is_wrong_costs_time_and_nothing_else(counted, tmp_path, before, after):
    memory = tmp_path / "growth"
    first = Growth(counted.store, memory=memory)
    first.prove(3, TOTAL)
    first.keep(TOTAL)
    changed = re.sub(before, after, memory.read_text(), count=1)
    assert changed != memory.read_text()
    memory.write_text(changed)
    counted.grow(4)
    counted.store.read = 0
    again = Growth(counted.store, memory=memory)
    consistent(counted.log, TOTAL, TOTAL + 4, again.prove(TOTAL, TOTAL + 4))
    assert counted.store.read == len(SIZES) + 1


def test_a_memory_that_cannot_be_written(counted, tmp_path):
    growth = Growth(counted.store, memory=tmp_path / "nowhere" / "growth")
    growth.prove(3, TOTAL)
    growth.keep(TOTAL)
