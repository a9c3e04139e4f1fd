"""How the tree of a store grew: consistency proofs between two of its sizes, from the batches of leaves.

Keeps the right edge at the older size and what came after it, so that proofs for a witness that follows the log
cost what is new and not the whole log. Checks no signature: a proof that is wrong convinces nobody.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from evidence import checkpoint, form
from evidence.checkpoint import Checkpoint
from evidence.checkpointer import checkpoint_key, leaves_key
from evidence.errors import MalformedError, NotFoundError, ProofError
from evidence.note import MAX_NOTE, Note
from evidence.store import WormStore
from evidence.tree import EMPTY_ROOT, Frontier, verify_consistency

MOST_HASHES = 63  # of a proof: a tree of 2^63 leaves has no longer ones (tlog-witness, add-checkpoint)
_HASH_BYTES = 32


class Growth:
    """Proves one store's growth; for one thread.

    `memory` names a file that spares reading the whole tree again after a restart; it is believed only as far as the
    store confirms it, and may be lost.
    """

    def __init__(self, store: WormStore, *, memory: Path | None = None) -> None:
        self._store, self._memory = store, memory
        self._recalled = memory is None
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
        self._recall()
        if old_size < self._edge.size:
            self._restart()
        while self._edge.size + len(self._ahead) < size:
            self._read(old_size)
        self._advance(old_size)
        return self._edge.consistency_proof(self._ahead[: size - old_size])

    def keep(self, size: int) -> None:
        """Take in that proofs are wanted from `size` on; remember where that is, if it is known and a checkpoint's."""
        self._advance(size)
        if self._memory is None or self._ahead or self._edge.size != size or not size:
            return
        peaks = [peak.hex() for peak in self._edge.peaks]
        draft = self._memory.with_name(f".{self._memory.name}.{os.getpid()}")
        with suppress(OSError):  # it only costs time
            draft.write_text(json.dumps({"number": self._batch - 1, "size": size, "peaks": peaks}), "ascii")
            draft.replace(self._memory)

    def _recall(self) -> None:
        """Go on where an earlier process stood, if the checkpoint that it speaks of says the same."""
        if self._recalled or self._memory is None:
            return
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, NotFoundError, MalformedError):
            value = json.loads(self._memory.read_text("ascii"))
            edge, number = Frontier.of(value["size"], [bytes.fromhex(peak) for peak in value["peaks"]]), value["number"]
            signed = Note.parse(self._store.get(checkpoint_key(number), limit=MAX_NOTE))
            head = Checkpoint.parse(signed.text)
            if (head.size, head.root) == (edge.size, edge.root()):
                self._edge, self._batch = edge, number + 1
        self._recalled = True

    def _restart(self) -> None:
        self._edge = Frontier()
        self._ahead: list[bytes] = []  # leaves behind the edge
        self._batch = 0  # the next one to read

    def _advance(self, size: int) -> None:
        passed = max(0, size - self._edge.size)
        for leaf in self._ahead[:passed]:
            self._edge.append(leaf)
        del self._ahead[:passed]

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
