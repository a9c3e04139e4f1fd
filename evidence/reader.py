"""Finding one record in the store, and proving it. Needs no index: a decision id says chain and sequence."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from evidence import checkpoint, note
from evidence.checkpoint import Checkpoint
from evidence.checkpointer import CHECKPOINT_KEY, checkpoint_key, leaves_key
from evidence.errors import FindingError, MalformedError, NotFoundError
from evidence.key_history import KeysInStore
from evidence.keys import VerifierKey
from evidence.note import Note
from evidence.proof import Proof
from evidence.record import Position
from evidence.segment import MAX_SEGMENT, SEAL_KEY, Seal, seal_key
from evidence.store import WormStore
from evidence.tree import GrowingTree, leaf_hash, root_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A record and the segment it lies in."""

    record: bytes
    seal: Seal
    segment: tuple[bytes, ...]


class Reader:
    """Reads one store. Checks signatures and hashes of what it reads, not the whole log."""

    def __init__(self, store: WormStore, key: VerifierKey) -> None:
        self._store, self._key = store, key
        self._keys = KeysInStore(store, key)
        self._growing = Lock()
        self._tree, self._places, self._batches = GrowingTree(), dict[str, int](), 0

    def locate(self, position: Position) -> Located:
        """Return the record at `position`.

        Raises:
            NotFoundError: it is not sealed (yet).
            FindingError: what stands there is not what was sealed.
            StoreError: the store does not answer.
        """
        seal = self._covering(position)
        if seal is None:
            raise NotFoundError(f"no sealed record {position.decision_id}")
        records = self.records(seal)
        return Located(record=records[position.seq - seal.first_seq], seal=seal, segment=records)

    def segments(self) -> Iterator[tuple[bytes, ...]]:
        """Yield the records of every sealed segment that is there, chain after chain; one that has expired is not.

        Raises:
            FindingError: what stands there is not what was sealed.
            StoreError: the store does not answer.
        """
        for chain, number in self.seals():
            seal = self.seal(chain, number)
            if seal is not None and seal.count:
                with suppress(NotFoundError):
                    yield self.records(seal)

    def seals(self) -> Iterator[tuple[str, int]]:
        """Yield chain and number of every seal that the store lists, chain after chain.

        Raises:
            StoreError: the store does not answer.
        """
        for found in filter(None, map(SEAL_KEY.fullmatch, self._store.keys("chains/"))):
            yield found[1], int(found[2])

    def records(self, seal: Seal) -> tuple[bytes, ...]:
        """Return the records of a segment.

        Raises:
            NotFoundError: it has expired.
            FindingError: what stands there is not what was sealed.
            StoreError: the store does not answer.
        """
        return self.hashed(seal)[0]

    def hashed(self, seal: Seal) -> tuple[tuple[bytes, ...], list[bytes]]:
        """Return the records of a segment, and the leaf hash of each. Raises as `records` does."""
        data = self._store.get(seal.object_key, limit=MAX_SEGMENT)
        records = tuple(data.split(b"\n")[:-1])
        if len(records) != seal.count:
            raise FindingError("wrong-segment", seal.object_key, "is not the object that was sealed")
        leaves = [leaf_hash(entry) for entry in records]
        if root_hash(leaves).hex() != seal.root:
            raise FindingError("wrong-root", seal.object_key, "its records are not those that were sealed")
        return records, leaves

    def prove(self, position: Position) -> Proof:
        """Return the proof of the record at `position`, checked.

        Raises:
            NotFoundError: it is not sealed, or not under a checkpoint yet.
            EvidenceError: the log does not hold here, or the store does not answer.
        """
        located = self.locate(position)
        tree = _tree(located)
        with self._growing:  # several threads may ask at once
            return self._proof(position, located, tree, self._newest())

    def prove_all(self, positions: Iterable[Position]) -> Iterator[Proof]:
        """Yield the proofs, checked, of those records that are sealed and under a checkpoint.

        Where positions come in order, each segment is read once, and the checkpoint is the one that is newest now.

        Raises:
            EvidenceError: the log does not hold here, or the store does not answer; NotFoundError before a checkpoint.
        """
        with self._growing:
            newest = self._newest()
        located, tree = None, GrowingTree()
        for position in positions:
            try:
                if located is None or not _covers(located.seal, position):
                    located = self.locate(position)
                    tree = _tree(located)
                with self._growing:
                    if self._tree.size != newest[1]:  # somebody asked for a newer one meanwhile
                        newest = self._newest()
                    proof = self._proof(position, located, tree, newest)
            except NotFoundError:
                continue
            yield proof

    def root(self, size: int) -> bytes:
        """Return the root over the first `size` leaves in the store's batches, computed here; what is new is read.

        Raises:
            ProofError: there are fewer under a checkpoint.
            EvidenceError: the leaves are malformed, or the store does not answer.
        """
        with self._growing:
            if self._tree.size < size:
                self._catch_up()
            return self._tree.root(size)

    def _newest(self) -> tuple[bytes, int]:
        """Return the newest checkpoint, unchecked, and how many seals are under it: those that the tree has then."""
        data = self._store.get(checkpoint_key(self._catch_up()), limit=note.MAX_NOTE)
        return data, Checkpoint.parse(Note.parse(data).text).size

    def _proof(self, position: Position, located: Located, tree: GrowingTree, newest: tuple[bytes, int]) -> Proof:
        head, size = newest
        index = self._places.get(located.seal.seal_hash)
        if index is None:
            raise NotFoundError(f"record {position.decision_id} is sealed, and not under a checkpoint yet")
        proof = Proof(
            record=located.segment[position.seq - located.seal.first_seq],
            path=tree.inclusion_proof(position.seq - located.seal.first_seq),
            seal=located.seal,
            index=index,
            seal_path=self._tree.inclusion_proof(index),
            checkpoint=head,
        )
        proof.verify(self._keys.of(head).of_checkpoint(size))
        return proof

    def _covering(self, position: Position) -> Seal | None:
        """Find the seal over `position`: double the step until beyond it, then halve."""
        low, high = 0, 1
        while (seal := self.seal(position.chain, high)) is not None and seal.first_seq <= position.seq:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            seal = self.seal(position.chain, middle)
            if seal is not None and seal.first_seq <= position.seq:
                low = middle
            else:
                high = middle
        seal = self.seal(position.chain, low)
        return seal if seal is not None and _covers(seal, position) else None

    def seal(self, chain: str, number: int) -> Seal | None:
        """Return the seal of this number, checked, or None where there is none.

        Raises:
            FindingError: what stands there is no seal of this log, chain and number.
            StoreError: the store does not answer.
        """
        try:
            data = self._store.get(seal_key(chain, number), limit=note.MAX_NOTE)
        except NotFoundError:
            return None
        key = seal_key(chain, number)
        try:
            seal = Seal.parse(self._keys.of(data).verify(Note.parse_stored(data)))
        except MalformedError as error:
            raise FindingError("malformed-seal", key, str(error)) from error
        if (seal.key, seal.log) != (key, self._key.origin):
            raise FindingError("misplaced-seal", key, "is of another log, chain or number")
        return seal

    def _catch_up(self) -> int:
        """Read the leaves under checkpoints that came since; return the number of the newest checkpoint."""
        before = checkpoint_key(self._batches - 1) if self._batches else ""
        newer = sum(CHECKPOINT_KEY.fullmatch(key) is not None for key in self._store.keys("log/checkpoints/", before))
        for _ in range(newer):
            data = self._store.get(leaves_key(self._batches), limit=checkpoint.MAX_LEAVES)
            for leaf in checkpoint.parse_leaves(data):
                self._places[leaf.seal_hash] = self._tree.size
                self._tree.append(bytes.fromhex(leaf.seal_hash))
            self._batches += 1
        if not self._batches:
            raise NotFoundError("there is no checkpoint yet")
        return self._batches - 1


def _covers(seal: Seal, position: Position) -> bool:
    return seal.chain == position.chain and seal.first_seq <= position.seq < seal.first_seq + seal.count


def _tree(located: Located) -> GrowingTree:
    tree = GrowingTree()
    for entry in located.segment:
        tree.append(leaf_hash(entry))
    return tree
