"""The tree over all seals, kept growing: batches of leaves, then the checkpoint that covers them.

Any number of nodes do this side by side on one store. Who writes batch n first has checkpoint n; the others adopt both
and go on behind them. Batch n is written before checkpoint n; a batch without its checkpoint is what a process leaves
that died in between, and the next one adopts it.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from evidence import checkpoint, form, note
from evidence.checkpoint import Checkpoint, Leaf
from evidence.errors import AlreadyWrittenError, FindingError, NotFoundError
from evidence.key_history import KeyHistory
from evidence.keys import SigningKey
from evidence.note import Note
from evidence.segment import SEAL_KEY, Seal, seal_key
from evidence.store import WormStore
from evidence.tree import Frontier, leaf_hash

LEAVES_KEY = re.compile(r"log/leaves/([0-9]{12})\.txt")
CHECKPOINT_KEY = re.compile(r"log/checkpoints/([0-9]{12})\.note")
_MOST = 4_096  # leaves in one batch: well below 1 MiB
_BEHIND = "~"  # after every character of a key


def leaves_key(number: int) -> str:
    """Return the key of batch `number`."""
    return f"log/leaves/{number:012}.txt"


def checkpoint_key(number: int) -> str:
    """Return the key of checkpoint `number`."""
    return f"log/checkpoints/{number:012}.note"


class Checkpointer:
    """Publishes checkpoints over the seals of one store.

    `memory` names a file that spares reading the whole tree again at a start; it is believed only as far as the
    newest checkpoint it speaks of confirms it, and may be lost.
    """

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        store: WormStore,
        key: SigningKey,
        *,
        history: KeyHistory,
        retention: timedelta,
        clock: Callable[[], datetime],
        memory: Path | None = None,
    ) -> None:
        self._store, self._key, self._retention, self._clock, self._memory = store, key, retention, clock, memory
        self._history = history
        self._number = 0  # of the next checkpoint
        self._tree = Frontier()
        self._next: dict[str, int] = {}  # of each chain, the first segment that is not in the tree
        self._waiting: list[Leaf] = []
        self._queued: set[tuple[str, int]] = set()  # chain and number of what waits
        self.newest = form.HASH_ZERO
        self._recall()
        self._catch_up()
        self.scan()

    def add(self, seal: Seal) -> None:
        """Take in a seal that stands in the store; the next checkpoint covers it, unless the tree has it already."""
        place = (seal.chain, seal.segment)
        if place not in self._queued and seal.segment >= self._next.get(seal.chain, 0):
            self._queued.add(place)
            self._waiting.append(Leaf(chain=seal.chain, segment=seal.segment, seal_hash=seal.seal_hash))

    @property
    def waiting(self) -> int:
        """Return how many seals were taken in that no checkpoint covers yet."""
        return len(self._waiting)

    def sealed(self, chain: str) -> int:
        """Return how many seals of `chain` are known to be in the tree."""
        return self._next.get(chain, 0)

    def scan(self) -> None:
        """Take in every seal in the store that the tree lacks, of other nodes too: they may be gone for good.

        Raises:
            EvidenceError: the store does not answer, or a seal is not this log's.
        """
        for key, chain, segment in self._lacking():
            if (chain, segment) not in self._queued:
                signed = Note.parse_stored(self._store.get(key, limit=note.MAX_NOTE))
                self.add(Seal.parse(signed.verify(self._key.verifier)))

    def publish(self) -> None:
        """Publish checkpoints until they cover every seal taken in; nothing new, nothing written.

        Raises:
            StoreError: the store does not take it; this checkpointer is then spent.
            FindingError: what stands in the store is no continuation of the tree.
        """
        if not self._waiting:
            return
        while self._waiting:
            self._publish(self._batch())
        self._remember()

    def _batch(self) -> tuple[Leaf, ...]:
        """Return what the next checkpoint is to cover: of each chain its seals in order, behind those in the tree."""
        if self._gap():  # a seal came to stand there of which nobody told us
            self.scan()
        if (missing := self._gap()) is not None:
            raise FindingError("seal-gap", missing, "is not there, and a later one is")
        return tuple(self._waiting[:_MOST])

    def _gap(self) -> str | None:
        """Return the key of a seal that is missing before one that waits; put what waits in order."""
        self._waiting.sort(key=lambda leaf: (leaf.chain, leaf.segment))
        following = dict(self._next)
        for leaf in self._waiting:
            if leaf.segment != following.get(leaf.chain, 0):
                return seal_key(leaf.chain, following.get(leaf.chain, 0))
            following[leaf.chain] = leaf.segment + 1
        return None

    def _publish(self, batch: tuple[Leaf, ...]) -> None:
        until = self._clock() + self._retention
        try:
            self._store.put(leaves_key(self._number), checkpoint.format_leaves(batch), retain_until=until)
        except AlreadyWrittenError:
            batch = self._adopt()
        self._append(batch)
        head = Checkpoint(origin=self._key.origin, size=self._tree.size, root=self._tree.root())
        try:
            self._store.put(checkpoint_key(self._number), note.sign(head.text, self._key), retain_until=until)
        except AlreadyWrittenError:
            self._verify_published(self._number)
        self._published(head)

    def _published(self, head: Checkpoint) -> None:
        self.newest = hashlib.sha256(head.text.encode()).hexdigest()
        self._number += 1
        self._waiting = [leaf for leaf in self._waiting if leaf.segment >= self._next.get(leaf.chain, 0)]
        self._queued = {(leaf.chain, leaf.segment) for leaf in self._waiting}

    def _adopt(self) -> tuple[Leaf, ...]:
        """Return the batch that another wrote under our number, once its seals are found to be there."""
        batch = self._leaves(self._number)
        for leaf in batch:
            signed = Note.parse_stored(self._store.get(seal_key(leaf.chain, leaf.segment), limit=note.MAX_NOTE))
            text = signed.verify(self._key.verifier)
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

    def _verify_published(self, number: int) -> Checkpoint:
        """Return checkpoint `number`, which has to be the head of our tree."""
        data = self._store.get(checkpoint_key(number), limit=note.MAX_NOTE)
        found = self._history.verify_checkpoint(data)
        if (found.size, found.root) != (self._tree.size, self._tree.root()):
            raise FindingError("wrong-root", checkpoint_key(number), "is not the root of the leaves")
        return found

    def _catch_up(self) -> None:
        """Read what was published since, and check it against the newest checkpoint."""
        before = checkpoint_key(self._number - 1) if self._number else ""
        keys = self._store.keys("log/checkpoints/", after=before)
        newer = sum(CHECKPOINT_KEY.fullmatch(key) is not None for key in keys)
        for _ in range(newer):
            self._append(self._leaves(self._number))
            self._number += 1
        if newer:
            found = self._verify_published(self._number - 1)
            self.newest = hashlib.sha256(found.text.encode()).hexdigest()

    def _lacking(self) -> Iterator[tuple[str, str, int]]:
        """Yield key, chain and number of the seals that the tree lacks, hopping over those it has."""
        after = ""
        while (key := next(self._store.keys("chains/", after=after), None)) is not None:
            chain = key.split("/")[1]
            first = self._next.get(chain, 0)
            behind = seal_key(chain, first - 1) if first else ""
            for seal in self._store.keys(f"chains/{chain}/seals/", after=behind):
                if found := SEAL_KEY.fullmatch(seal):  # strangers are the verifier's business
                    yield seal, found[1], int(found[2])
            after = f"chains/{chain}/{_BEHIND}"

    def _recall(self) -> None:
        """Start from what an earlier checkpointer remembered, if the store confirms it."""
        if self._memory is None:
            return
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            checksum, _, text = self._memory.read_text("ascii").partition("\n")
            if checksum != hashlib.sha256(text.encode()).hexdigest():
                return
            value = json.loads(text)
            tree = Frontier.of(value["size"], [bytes.fromhex(peak) for peak in value["peaks"]])
            head = Checkpoint(origin=self._key.origin, size=tree.size, root=tree.root())
            number, following = int(value["number"]), {str(chain): int(n) for chain, n in value["next"].items()}
            if number > 0 and self._confirmed(number - 1, head):
                self._tree, self._number, self._next = tree, number, following
                self.newest = hashlib.sha256(head.text.encode()).hexdigest()

    def _confirmed(self, number: int, head: Checkpoint) -> bool:
        try:
            found = self._history.verify_checkpoint(self._store.get(checkpoint_key(number), limit=note.MAX_NOTE))
        except NotFoundError:
            return False
        return found == head

    def _remember(self) -> None:
        """Write down where the tree stands. Not synced: it is checked when it is read, and may be lost."""
        if self._memory is None:
            return
        value = {
            "number": self._number,
            "size": self._tree.size,
            "peaks": [peak.hex() for peak in self._tree.peaks],
            "next": self._next,
        }
        text = json.dumps(value)
        draft = self._memory.with_name(f".{self._memory.name}.{os.getpid()}")
        with suppress(OSError):
            draft.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}", "ascii")
            draft.replace(self._memory)
