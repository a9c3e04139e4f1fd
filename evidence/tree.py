"""The Merkle tree of RFC 6962, section 2.1: leaf hashes in, roots and proofs out. No I/O.

A proof is a tuple of 32-byte hashes, from the leaf's sibling up to the root's child.
"""

import hashlib
from collections.abc import Iterable, Sequence

from evidence.errors import ProofError

EMPTY_ROOT = hashlib.sha256(b"").digest()
_LEAF = hashlib.sha256(b"\x00")  # copied for each leaf: that costs less than to begin anew


def leaf_hash(data: bytes) -> bytes:
    """Return `SHA-256(0x00 || data)`."""
    hashed = _LEAF.copy()
    hashed.update(data)
    return hashed.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return `SHA-256(0x01 || left || right)`."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to append leaves and to say the root, in log space."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []  # height and hash of each perfect subtree, left to right

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash on the right."""
        height, node = 0, leaf
        while self._peaks and self._peaks[-1][0] == height:
            node = node_hash(self._peaks.pop()[1], node)
            height += 1
        self._peaks.append((height, node))
        self.size += 1

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Return the hash of each perfect subtree, left to right: with `size`, all there is to know."""
        return tuple(peak for _, peak in self._peaks)

    @classmethod
    def of(cls, size: int, peaks: Sequence[bytes]) -> "Frontier":
        """Return the frontier of `size` leaves that has these peaks. Whether they are theirs, the root will show.

        Raises:
            ValueError: so many leaves have another number of peaks.
        """
        heights = [height for height in reversed(range(size.bit_length())) if size >> height & 1]
        frontier = cls()
        frontier.size, frontier._peaks = size, list(zip(heights, peaks, strict=True))
        return frontier

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            node = node_hash(peak, node)
        return node

    def consistency_proof(self, following: Sequence[bytes]) -> tuple[bytes, ...]:
        """Return PROOF(size, leaves so far and `following`) of RFC 6962, section 2.1.2.

        What such a proof needs of the older tree are its peaks; so a log that keeps the right edge of what was
        shown to somebody, and what came after, can go on to prove that it only grew.

        Raises:
            ProofError: there is no leaf yet, so there is nothing to be consistent with.
        """
        if not self._peaks:
            raise ProofError("no proof starts from an empty tree")
        low, high, proof, peaks = 0, self.size + len(following), [], [peak for _, peak in self._peaks]
        while high > self.size:  # from the root down to the last peak; `low` to `high` is the subtree that holds it
            middle = low + (1 << (high - low - 1).bit_length() - 1)
            if self.size <= middle:
                proof.append(root_hash(following[middle - self.size : high - self.size]))
                high = middle
            else:
                proof.append(peaks.pop(0))
                low = middle
        return (*(peaks if low else ()), *reversed(proof))


class GrowingTree:
    """All leaves so far, and every node above them that can change no more: a proof hashes a handful of nodes."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]

    @property
    def size(self) -> int:
        """Return how many leaves there are."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash on the right."""
        height = 0
        self._levels[0].append(leaf)
        while len(self._levels[height]) % 2 == 0:
            left, right = self._levels[height][-2:]
            if (height := height + 1) == len(self._levels):
                self._levels.append([])
            self._levels[height].append(node_hash(left, right))

    def inclusion_proof(self, index: int) -> tuple[bytes, ...]:
        """Return PATH(index, leaves) of RFC 6962, section 2.1.1.

        Raises:
            ProofError: there is no such leaf.
        """
        if not 0 <= index < self.size:
            raise ProofError(f"no leaf {index} in a tree of {self.size}")
        low, high, proof = 0, self.size, list[bytes]()
        while high - low > 1:  # from the root down to the leaf
            middle = low + (1 << (high - low - 1).bit_length() - 1)
            if index < middle:
                proof.append(self._root(middle, high))
                high = middle
            else:
                proof.append(self._root(low, middle))
                low = middle
        return tuple(reversed(proof))

    def root(self, size: int) -> bytes:
        """Return MTH of the first `size` leaves (RFC 6962, section 2.1): what a checkpoint of so many leaves says.

        Raises:
            ProofError: there are fewer.
        """
        if not 0 <= size <= self.size:
            raise ProofError(f"a tree of {self.size} has no first {size} leaves")
        return self._root(0, size) if size else EMPTY_ROOT

    def _root(self, low: int, high: int) -> bytes:
        """Return the root over leaves `low` until before `high`, which is a subtree of the whole."""
        height = (high - low).bit_length() - 1
        if high - low == 1 << height:
            return self._levels[height][low >> height]
        middle = low + (1 << height)
        return node_hash(self._levels[height][low >> height], self._root(middle, high))


def root_hash(leaves: Iterable[bytes]) -> bytes:
    """Return the root over `leaves`, level by level: a node without a sibling moves up as it is."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    sha256 = hashlib.sha256
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return PATH(index, leaves) of RFC 6962, section 2.1.1.

    Raises:
        ProofError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ProofError(f"no leaf {index} in a tree of {len(leaves)}")
    proof, level = [], list(leaves)
    while len(level) > 1:
        if (sibling := index ^ 1) < len(level):
            proof.append(level[sibling])
        odd = level[-1:] if len(level) % 2 else []
        level = [node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=False)] + odd
        index //= 2
    return tuple(proof)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` is number `index` of the `size` leaves under `root` (RFC 9162, section 2.1.3.2).

    Raises:
        ProofError: it is not, or the proof has another length than such a proof has.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    node, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            raise ProofError("proof is too long")
        if index % 2 or index == last:
            node = node_hash(sibling, node)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = node_hash(node, sibling)
        index, last = index // 2, last // 2
    if last or node != root:
        raise ProofError("proof does not lead to the root")


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Return PROOF(old_size, leaves) of RFC 6962, section 2.1.2.

    Raises:
        ProofError: `old_size` is not between 1 and the number of leaves.
    """
    if not 0 < old_size <= len(leaves):
        raise ProofError(f"no tree of {old_size} in one of {len(leaves)}")
    return tuple(_subproof(leaves, old_size, whole=True))


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) as the standard writes it."""
    if old_size == len(leaves):
        return [] if whole else [root_hash(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old_size <= split:
        return [*_subproof(leaves[:split], old_size, whole=whole), root_hash(leaves[split:])]
    return [*_subproof(leaves[split:], old_size - split, whole=False), root_hash(leaves[:split])]


def verify_consistency(  # noqa: C901 - one loop, as the standard writes it
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `old_size` leaves is a prefix of the one of `size` (RFC 9162, section 2.1.4.2).

    Raises:
        ProofError: it is not, or `proof` does not show it.
    """
    if not 0 < old_size <= size:
        raise ProofError(f"no tree of {old_size} in one of {size}")
    if old_size == size:
        if proof or old_root != root:
            raise ProofError("one size with two roots, or a proof where none is needed")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("proof is too short")
    index, last = old_size - 1, size - 1
    while index % 2:
        index, last = index // 2, last // 2
    old_node = node = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("proof is too long")
        if index % 2 or index == last:
            old_node, node = node_hash(sibling, old_node), node_hash(sibling, node)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = node_hash(node, sibling)
        index, last = index // 2, last // 2
    if last or old_node != old_root or node != root:
        raise ProofError("proof does not lead to the two roots")
