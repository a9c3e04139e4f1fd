import pytest

from evidence.errors import ProofError
from evidence.growth import Growth
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
