"""The tree over all seals, kept growing: batches of leaves, then the checkpoint that covers them.

Batch n is written before checkpoint n; a batch without its checkpoint is what a process leaves that
died in between, and the next one adopts it.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from evidence import checkpoint, form, note
from evidence.checkpoint import Checkpoint, Leaf
from evidence.errors import AlreadyWrittenError, FindingError
from evidence.key_history import KeyHistory
from evidence.keys import SigningKey
from evidence.note import Note
from evidence.segment import SEAL_KEY, Seal, seal_key
from evidence.store import WormStore
from evidence.tree import Frontier, leaf_hash

LEAVES_KEY = re.compile(r"log/leaves/([0-9]{12})\.txt")
CHECKPOINT_KEY = re.compile(r"log/checkpoints/([0-9]{12})\.note")
_MOST = 4_096  # leaves in one batch: well below 1 MiB


def leaves_key(number: int) -> str:
    """Return the key of batch `number`."""
    return f"log/leaves/{number:012}.txt"


def checkpoint_key(number: int) -> str:
    """Return the key of checkpoint `number`."""
    return f"log/checkpoints/{number:012}.note"


class Checkpointer:
    """Publishes checkpoints over the seals of one store."""

    def __init__(
        self,
        store: WormStore,
        key: SigningKey,
        *,
        history: KeyHistory,
        retention: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._key, self._retention, self._clock = store, key, retention, clock
        self._history = history
        self._number = 0
        self._tree = Frontier()
        self._next: dict[str, int] = {}  # of each chain, the first segment that is not in the tree
        self._waiting: list[Leaf] = []
        self.newest = form.HASH_ZERO
        self._load()

    def add(self, seal: Seal) -> None:
        """Take in a seal that was just written; the next checkpoint covers it."""
        self._waiting.append(Leaf(chain=seal.chain, segment=seal.segment, seal_hash=seal.seal_hash))

    def publish(self) -> None:
        """Publish checkpoints until they cover every seal taken in; nothing new, nothing written.

        Raises:
            StoreError: the store does not take it; this checkpointer is then spent.
        """
        while self._waiting:
            self._publish(tuple(self._waiting[:_MOST]))

    def _publish(self, batch: tuple[Leaf, ...]) -> None:
        until = self._clock() + self._retention
        try:
            self._store.put(leaves_key(self._number), checkpoint.format_leaves(batch), retain_until=until)
        except AlreadyWrittenError:
            batch = self._adopt()
        self._append(batch)
        text = Checkpoint(origin=self._key.origin, size=self._tree.size, root=self._tree.root()).text
        self._store.put(checkpoint_key(self._number), note.sign(text, self._key), retain_until=until)
        self.newest = hashlib.sha256(text.encode()).hexdigest()
        self._number += 1
        self._waiting = [leaf for leaf in self._waiting if leaf.segment >= self._next.get(leaf.chain, 0)]

    def _adopt(self) -> tuple[Leaf, ...]:
        """Return the batch a process left that died before its checkpoint, once its seals are found to be there."""
        batch = self._leaves(self._number)
        for leaf in batch:
            signed = Note.parse_stored(self._store.get(seal_key(leaf.chain, leaf.segment), limit=note.MAX_NOTE))
            text = self._history.verify(signed)
            if leaf_hash(text.encode()).hex() != leaf.seal_hash:
                raise FindingError("wrong-leaf", leaves_key(self._number), "names another seal than the store holds")
        return batch

    def _append(self, batch: tuple[Leaf, ...]) -> None:
        for leaf in batch:
            if leaf.segment != self._next.get(leaf.chain, 0):
                raise FindingError("malformed-leaves", leaves_key(self._number), "breaks the order of a chain")
            self._next[leaf.chain] = leaf.segment + 1
            self._tree.append(bytes.fromhex(leaf.seal_hash))

    def _leaves(self, number: int) -> tuple[Leaf, ...]:
        return checkpoint.parse_leaves(self._store.get(leaves_key(number), limit=checkpoint.MAX_LEAVES))

    def _load(self) -> None:
        """Read the tree back, check it against the newest checkpoint, and queue the seals it lacks."""
        published = sum(CHECKPOINT_KEY.fullmatch(key) is not None for key in self._store.keys("log/checkpoints/"))
        for number in range(published):
            self._append(self._leaves(number))
            self._number = number + 1
        if published:
            data = self._store.get(checkpoint_key(published - 1), limit=note.MAX_NOTE)
            newest = self._history.verify_checkpoint(data)
            if (newest.size, newest.root) != (self._tree.size, self._tree.root()):
                raise FindingError("wrong-root", checkpoint_key(published - 1), "is not the root of the leaves")
            self.newest = hashlib.sha256(newest.text.encode()).hexdigest()
        for key in self._store.keys("chains/"):
            found = SEAL_KEY.fullmatch(key)  # strangers are the verifier's business
            if found is not None and int(found[2]) >= self._next.get(found[1], 0):
                signed = Note.parse_stored(self._store.get(key, limit=note.MAX_NOTE))
                self.add(Seal.parse(self._history.verify(signed)))
