"""The log as the index reads it: checkpoint after checkpoint, seal after seal, from the store alone.

Checks signatures and hashes of what it reads, so that nothing comes into the index that the log's key did not sign;
whether the log as a whole holds is `evidence.verify`'s business.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from evidence import checkpoint, note
from evidence.checkpoint import Checkpoint, Leaf
from evidence.checkpointer import CHECKPOINT_KEY, checkpoint_key, leaves_key
from evidence.errors import FindingError, MalformedError, NotFoundError, SignatureError
from evidence.key_history import KeysInStore
from evidence.keys import VerifierKey
from evidence.note import Note
from evidence.record import Excerpt, excerpt
from evidence.segment import MAX_SEGMENT, Seal, seal_key
from evidence.store import WormStore

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one checkpoint added to the tree."""

    number: int
    checkpoint: Checkpoint
    leaves: tuple[Leaf, ...]


class SealedLog:
    """Reads one store. Every method raises `StoreError` if it does not answer."""

    def __init__(self, store: WormStore, key: VerifierKey) -> None:
        """Read `store` under any one `key` of the log; the others follow from the log's own statements."""
        self._store, self._key = store, key
        self._keys = KeysInStore(store, key)

    def published(self) -> int:
        """Return how many checkpoints there are; it asks for all their names."""
        return sum(CHECKPOINT_KEY.fullmatch(key) is not None for key in self._store.keys("log/checkpoints/"))

    def batch(self, number: int) -> Batch | None:
        """Return what checkpoint `number` added, or None before it is published.

        Raises:
            FindingError: it is not what the log's key signed.
        """
        where = checkpoint_key(number)
        try:
            data = self._store.get(where, limit=note.MAX_NOTE)
        except NotFoundError:
            return None
        found = _checked(where, "malformed-checkpoint", lambda: self._keys.of(data).verify_checkpoint(data))
        where = leaves_key(number)
        data = self._store.get(where, limit=checkpoint.MAX_LEAVES)
        leaves = _checked(where, "malformed-leaves", lambda: checkpoint.parse_leaves(data))
        return Batch(number=number, checkpoint=found, leaves=leaves)

    def seal(self, leaf: Leaf) -> Seal:
        """Return the seal that `leaf` names.

        Raises:
            FindingError: it is not what the tree holds, or the log's key did not sign it.
        """
        where = seal_key(leaf.chain, leaf.segment)
        data = self._store.get(where, limit=note.MAX_NOTE)
        seal = _checked(where, "malformed-seal", lambda: self._parsed_seal(data))
        if (seal.key, seal.log) != (where, self._key.origin):
            raise FindingError("misplaced-seal", where, "is of another log, chain or number")
        if seal.seal_hash != leaf.seal_hash:
            raise FindingError("wrong-leaf", where, "is not the seal that the tree holds")
        return seal

    def records(self, seal: Seal) -> Iterator[Excerpt]:
        """Return the records under `seal`, one after the other; the store is asked now.

        Raises:
            FindingError: the segment is not what was sealed, or, later, a record is none.
        """
        if not seal.count:
            return iter(())
        where = seal.object_key
        try:
            data = self._store.get(where, limit=MAX_SEGMENT)
        except NotFoundError as error:
            raise FindingError("missing-segment", where, "the segment is missing") from error
        lines = data.split(b"\n")[:-1]
        if hashlib.sha256(data).hexdigest() != seal.sha256 or len(lines) != seal.count:
            raise FindingError("wrong-segment", where, "is not the object that was sealed")
        return (_record(seal, index, line) for index, line in enumerate(lines))

    def _parsed_seal(self, data: bytes) -> Seal:
        return Seal.parse(self._keys.of(data).verify(Note.parse_stored(data)))


def _record(seal: Seal, index: int, line: bytes) -> Excerpt:
    where = f"{seal.chain}-{seal.first_seq + index}"
    record = _checked(where, "malformed-record", lambda: excerpt(line))
    if (record.chain, record.seq) != (seal.chain, seal.first_seq + index):
        raise FindingError("misplaced-record", where, "is of another chain or position")
    return record


def _checked(where: str, code: str, parse: Callable[[], _T]) -> _T:
    try:
        return parse()
    except MalformedError as error:
        raise FindingError(code, where, str(error)) from error
    except SignatureError as error:
        raise FindingError("bad-signature", where, str(error)) from error
