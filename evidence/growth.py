"""How the tree of a store grew: consistency proofs between two of its sizes, from the batches of leaves.

Keeps the right edge at the older size and what came after it, so that proofs for a witness that follows the log
cost what is new and not the whole log. Checks no signature: a proof that is wrong convinces nobody.
"""

from collections.abc import Sequence

from evidence import checkpoint, form
from evidence.checkpoint import Checkpoint
from evidence.checkpointer import leaves_key
from evidence.errors import MalformedError, NotFoundError, ProofError
from evidence.store import WormStore
from evidence.tree import EMPTY_ROOT, Frontier, verify_consistency

MOST_HASHES = 63  # of a proof: a tree of 2^63 leaves has no longer ones (tlog-witness, add-checkpoint)
_HASH_BYTES = 32


class Growth:
    """Proves one store's growth; for one thread."""

    def __init__(self, store: WormStore) -> None:
        self._store = store
        self._restart()

    def prove(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of `size` leaves continues the one of `old_size`; from 0 it is empty.

        Cheapest where `old_size` never falls from one call to the next.

        Raises:
            ProofError: the sizes are not in order, or the store has fewer leaves.
            MalformedError: a batch of leaves is none.
            StoreError: the store does not answer.
        """
        if not 0 <= old_size <= size:
            raise ProofError(f"no tree of {old_size} in one of {size}")
        if old_size in (0, size):
            return ()
        if old_size < self._edge.size:
            self._restart()
        while self._edge.size + len(self._ahead) < size:
            self._read(old_size)
        passed = max(0, old_size - self._edge.size)
        for leaf in self._ahead[:passed]:
            self._edge.append(leaf)
        del self._ahead[:passed]
        return self._edge.consistency_proof(self._ahead[: size - old_size])

    def _restart(self) -> None:
        self._edge = Frontier()
        self._ahead: list[bytes] = []  # leaves behind the edge
        self._batch = 0  # the next one to read

    def _read(self, old_size: int) -> None:
        """Read one batch; keep of it what lies behind `old_size`, and of the rest the edge."""
        try:
            data = self._store.get(leaves_key(self._batch), limit=checkpoint.MAX_LEAVES)
        except NotFoundError as error:
            raise ProofError(f"the store has {self._edge.size + len(self._ahead)} leaves") from error
        for leaf in checkpoint.parse_leaves(data):
            leaf_hash = bytes.fromhex(leaf.seal_hash)
            if self._edge.size < old_size and not self._ahead:
                self._edge.append(leaf_hash)
            else:
                self._ahead.append(leaf_hash)
        self._batch += 1


def parse_proof(data: bytes) -> tuple[bytes, ...]:
    """Read a proof in the form that C2SP gives it: base64 of one hash on each line, from the leaves up.

    Raises:
        MalformedError: a line is no hash, or there are more than 63.
    """
    lines = data.decode("ascii", errors="replace").split("\n")
    if lines.pop() or len(lines) > MOST_HASHES:
        raise MalformedError("not at most 63 hashes, each on a line")
    return tuple(_hash(line) for line in lines)


def format_proof(proof: Sequence[bytes]) -> str:
    """Return a proof in the form that `parse_proof` reads."""
    return "".join(f"{form.base64_text(node)}\n" for node in proof)


def verify_growth(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Check that the tree of `new` continues the one of `old`; the empty tree is continued by every other.

    Raises:
        ProofError: it does not, or `proof` does not show it.
    """
    if old.size:
        verify_consistency(old.size, old.root, new.size, new.root, proof)
    elif proof:
        raise ProofError("a proof where none is needed")
    elif old.root != EMPTY_ROOT or (new.size == 0 and new.root != EMPTY_ROOT):
        raise ProofError("the empty tree has another root")


def _hash(line: str) -> bytes:
    data = form.base64_bytes(line)
    if len(data) != _HASH_BYTES:
        raise MalformedError("a hash has 32 bytes")
    return data
