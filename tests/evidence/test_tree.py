import hashlib
import json
import random
from pathlib import Path

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import ProofError
from evidence.tree import (
    EMPTY_ROOT,
    Frontier,
    GrowingTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "rfc6962.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(data)) for data in VECTORS["inputs"]]
HASHES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)


def many(size):
    return [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(size)]


@pytest.mark.parametrize(("size", "root"), list(enumerate(VECTORS["roots"])))
def test_root_at_every_size_of_the_reference(size, root):
    assert root_hash(LEAVES[:size]).hex() == root


@given(HASHES)
def test_a_growing_tree_has_the_same_root(leaves):
    tree = Frontier()
    assert tree.root() == EMPTY_ROOT
    for size, leaf in enumerate(leaves, 1):
        tree.append(leaf)
        assert (tree.size, tree.root()) == (size, root_hash(leaves[:size]))


def test_agrees_with_pymerkle():
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    ours = []
    for number in range(70):
        theirs.append_entry(bytes([number]))
        ours.append(leaf_hash(bytes([number])))
        assert theirs.get_root() == root_hash(ours)


@pytest.mark.slow
def test_agrees_with_pymerkle_on_ten_thousand_random_trees():
    choices = random.Random(6962)
    for _ in range(10_000):
        entries = [choices.randbytes(choices.randint(0, 8)) for _ in range(choices.randint(1, 24))]
        theirs = pymerkle.InmemoryTree(algorithm="sha256")
        for entry in entries:
            theirs.append_entry(entry)
        compare(theirs, [leaf_hash(entry) for entry in entries], choices)


def compare(theirs, leaves, choices):
    """Compare roots, and an inclusion and a consistency proof against the right root and a wrong one."""
    size, index, old = len(leaves), choices.randrange(len(leaves)), choices.randint(1, len(leaves))
    right, old_root = root_hash(leaves), root_hash(leaves[:old])
    assert (right, old_root) == (theirs.get_root(), theirs.get_root(old))
    included, grown = theirs.prove_inclusion(index + 1, size), theirs.prove_consistency(old, size)
    path, growth = inclusion_proof(leaves, index), consistency_proof(leaves, old)
    assert sorted([leaves[index], *path]) == sorted(included.path)  # theirs begins with the leaf itself
    for root, holds in ((right, True), (root_hash([*leaves, right]), False)):
        given = [
            accepts(ProofError, verify_inclusion, leaves[index], index, size, path, root),
            accepts(ProofError, verify_consistency, old, old_root, size, root, growth),
            accepts(pymerkle.InvalidProof, pymerkle.verify_inclusion, leaves[index], root, included),
            accepts(pymerkle.InvalidProof, pymerkle.verify_consistency, old_root, root, grown),
        ]
        assert given == [holds] * 4


def accepts(refusal, check, *arguments):
    try:
        check(*arguments)
    except refusal:
        return False
    return True


@given(HASHES, st.data())
def test_every_leaf_is_provable_and_no_other_is(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof, root = inclusion_proof(leaves, index), root_hash(leaves)
    verify_inclusion(leaves[index], index, len(leaves), proof, root)
    for wrong in (leaf_hash(leaves[index]), root):
        if wrong != leaves[index]:
            with pytest.raises(ProofError):
                verify_inclusion(wrong, index, len(leaves), proof, root)


@pytest.mark.parametrize("size", range(1, 20))
def test_an_inclusion_proof_fits_one_place_in_one_tree(size):
    leaves = many(size)
    root = root_hash(leaves)
    for index in range(size):
        proof = inclusion_proof(leaves, index)
        for other in range(size):
            if other != index:
                with pytest.raises(ProofError):
                    verify_inclusion(leaves[index], other, size, proof, root)
        for changed in (proof[:-1], (*proof, root)):
            if changed != proof:
                with pytest.raises(ProofError):
                    verify_inclusion(leaves[index], index, size, changed, root)
        with pytest.raises(ProofError):
            verify_inclusion(leaves[index], index, index, proof, root)


@pytest.mark.parametrize("size", range(1, 20))
def test_consistency_between_all_sizes(size):
    leaves = many(size)
    root = root_hash(leaves)
    for old in range(1, size + 1):
        proof, old_root = consistency_proof(leaves, old), root_hash(leaves[:old])
        verify_consistency(old, old_root, size, root, proof)
        wrong = [(old, root_hash(many(old + 1)), size, root, proof), (old, old_root, size, leaf_hash(root), proof)]
        wrong += [(old, old_root, size, root, (*proof, root)), (old, old_root, size, root, proof[:-1])]
        wrong += [(0, old_root, size, root, proof), (size + 1, old_root, size, root, proof)]
        for arguments in wrong:
            if arguments != (old, old_root, size, root, proof):
                with pytest.raises(ProofError):
                    verify_consistency(*arguments)


def test_there_is_no_proof_beyond_the_tree():
    with pytest.raises(ProofError):
        inclusion_proof(LEAVES, 8)
    for size in (0, 9):
        with pytest.raises(ProofError):
            consistency_proof(LEAVES, size)


def test_a_consistency_proof_is_not_empty():
    with pytest.raises(ProofError):
        verify_consistency(3, root_hash(LEAVES[:3]), 5, root_hash(LEAVES[:5]), ())


def test_the_right_edge_proves_what_the_leaves_prove():
    leaves, edge = many(70), Frontier()
    with pytest.raises(ProofError):
        edge.consistency_proof(leaves)
    for old_size in range(1, len(leaves) + 1):
        edge.append(leaves[old_size - 1])
        for size in range(old_size, len(leaves) + 1):
            assert edge.consistency_proof(leaves[old_size:size]) == consistency_proof(leaves[:size], old_size)


def test_a_tree_that_grows_gives_the_proofs_of_a_tree_that_stands():
    growing, leaves = GrowingTree(), []
    for number in range(70):
        with pytest.raises(ProofError, match=f"no leaf {number}"):
            growing.inclusion_proof(number)
        leaves.append(leaf_hash(b"%d" % number))
        growing.append(leaves[-1])
        assert growing.size == len(leaves)
        for index in range(len(leaves)):
            assert growing.inclusion_proof(index) == inclusion_proof(leaves, index)


def test_a_growing_tree_knows_the_root_of_every_size_it_had():
    growing, leaves = GrowingTree(), [leaf_hash(b"%d" % number) for number in range(40)]
    for leaf in leaves:
        growing.append(leaf)
    for size in range(len(leaves) + 1):
        assert growing.root(size) == root_hash(leaves[:size])
    for size in (-1, 41):
        with pytest.raises(ProofError, match="has no first"):
            growing.root(size)
