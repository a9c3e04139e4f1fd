"""Whole-log verification: docs/evidence-format.md, section 8, step by step.

Reads a store and trusts nothing in it but what the pinned key signed. `verify_evidence.py` at the
root of the project does the same without this package; the two must agree on every log.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from evidence import checkpoint, form, record
from evidence.checkpoint import Checkpoint
from evidence.checkpointer import CHECKPOINT_KEY, LEAVES_KEY, checkpoint_key, leaves_key
from evidence.errors import FindingError, MalformedError, NotFoundError, ObjectTooLargeError, SignatureError
from evidence.keys import VerifierKey
from evidence.note import MAX_NOTE, Note
from evidence.record import Record
from evidence.segment import MAX_SEGMENT, SEAL_KEY, SEGMENT_KEY, Seal, seal_key, segment_key
from evidence.store import WormStore
from evidence.tree import Frontier, leaf_hash, root_hash

_EARLIER = "--checkpoint"
_CANARIES = "probe/"  # what the probe of the store leaves is no part of the log
_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class Checked:
    """How much of the log was checked and found good."""

    chains: int = 0
    seals: int = 0
    segments: int = 0
    records: int = 0
    checkpoints: int = 0


@dataclass(slots=True, kw_only=True)
class UpTo:
    """The newest things that were checked: the tree under the newest checkpoint, and the latest time of a record."""

    tree_size: int = 0
    root: str | None = None
    max_time: str | None = None


@dataclass(slots=True, kw_only=True)
class Report:
    """What a verification saw. It is filled while it runs, so that it is true also where it stopped."""

    log: str
    checked: Checked = field(default_factory=Checked)
    up_to: UpTo = field(default_factory=UpTo)
    uncheckpointed_seals: int = 0
    stray_segments: int = 0

    def document(self, finding: FindingError | None) -> dict[str, Any]:
        """Return the report as JSON values; both verifiers print this shape."""
        shown = None
        if finding is not None:
            shown = {"code": finding.code, "where": finding.where, "detail": finding.detail}
        return {"ok": finding is None, **asdict(self), "finding": shown}


@dataclass(slots=True)
class _Chain:
    """What the store has of one chain, and where its walk stands."""

    seals: set[int] = field(default_factory=set)
    segments: set[tuple[int, str]] = field(default_factory=set)
    leaves: dict[int, str] = field(default_factory=dict)
    first: Seal | None = None
    last: Seal | None = None
    epoch: int = 0


class Verification:
    """One pass over one store. Make a new one for the next."""

    def __init__(self, store: WormStore, key: VerifierKey) -> None:
        self.report = Report(log=key.origin)
        self._store, self._key = store, key
        self.progress: Callable[[Report], None] = lambda _: None  # called after every seal
        self._chains: dict[str, _Chain] = {}
        self._batches: set[int] = set()
        self._checkpoints: set[int] = set()
        self._leaves: list[bytes] = []
        self._published: set[str] = {form.HASH_ZERO}
        self.total_seals = 0

    def run(self, earlier: bytes | None = None) -> Report:
        """Check everything; `earlier` is a checkpoint kept from before.

        Raises:
            FindingError: the first thing that is wrong.
            StoreError: an object could not be read: nothing is known of the log.
        """
        self._sort_keys()
        self._check_checkpoints()
        if earlier is not None:
            self._check_earlier(earlier)
        for name in sorted(self._chains):
            self._check_chain(name, self._chains[name])
        self.report.uncheckpointed_seals = self.report.checked.seals - self.report.up_to.tree_size
        for name in sorted(self._chains):
            self._check_strays(name, self._chains[name])
        return self.report

    # Step 1

    def _sort_keys(self) -> None:
        for key in self._store.keys(""):
            if found := SEAL_KEY.fullmatch(key):
                self._chain(found[1]).seals.add(int(found[2]))
                self.total_seals += 1
            elif found := SEGMENT_KEY.fullmatch(key):
                self._chain(found[1]).segments.add((int(found[2]), found[3]))
            elif found := LEAVES_KEY.fullmatch(key):
                self._batches.add(int(found[1]))
            elif found := CHECKPOINT_KEY.fullmatch(key):
                self._checkpoints.add(int(found[1]))
            elif not key.startswith(_CANARIES):
                raise FindingError("unexpected-object", key, "no object of a log has such a key")
        if not self.total_seals:
            raise FindingError("empty-log", "chains/", "there is no seal")

    def _chain(self, name: str) -> _Chain:
        return self._chains.setdefault(name, _Chain())

    # Step 2

    def _check_checkpoints(self) -> None:
        last = max(self._batches | self._checkpoints, default=-1)
        tree = Frontier()
        for number in range(last + 1):
            if number not in self._batches:
                raise FindingError("checkpoint-gap", leaves_key(number), "the batch of leaves is missing")
            if number not in self._checkpoints and number != last:
                raise FindingError("checkpoint-gap", checkpoint_key(number), "the checkpoint is missing")
            self._take_leaves(number, tree)
            if number in self._checkpoints:
                self._check_checkpoint(number, tree)

    def _take_leaves(self, number: int, tree: Frontier) -> None:
        key = leaves_key(number)
        for leaf in self._parsed(key, checkpoint.MAX_LEAVES, checkpoint.parse_leaves, "malformed-leaves"):
            known = self._chain(leaf.chain).leaves
            if leaf.segment != len(known):
                raise FindingError("malformed-leaves", key, f"breaks the order of chain {leaf.chain}")
            known[leaf.segment] = leaf.seal_hash
            self._leaves.append(bytes.fromhex(leaf.seal_hash))
            tree.append(self._leaves[-1])

    def _check_checkpoint(self, number: int, tree: Frontier) -> None:
        key = checkpoint_key(number)
        found, signed = self._parsed(key, MAX_NOTE, _parse_checkpoint, "malformed-checkpoint")
        self._check_origin(key, found.origin)
        self._check_signature(key, signed)
        if (found.size, found.root) != (tree.size, tree.root()):
            raise FindingError("wrong-root", key, f"does not speak of the {tree.size} leaves there are")
        self._published.add(hashlib.sha256(found.text.encode()).hexdigest())
        self.report.checked.checkpoints += 1
        self.report.up_to.tree_size, self.report.up_to.root = found.size, form.base64_text(found.root)

    # Step 3

    def _check_earlier(self, data: bytes) -> None:
        try:
            signed = Note.parse(data)
            earlier = Checkpoint.parse(signed.text)
        except MalformedError as error:
            raise FindingError("malformed-checkpoint", _EARLIER, str(error)) from error
        self._check_origin(_EARLIER, earlier.origin)
        self._check_signature(_EARLIER, signed)
        size = self.report.up_to.tree_size
        if earlier.size > size:
            raise FindingError("rollback", _EARLIER, f"knew {earlier.size} seals, the store's checkpoints know {size}")
        if root_hash(self._leaves[: earlier.size]) != earlier.root:
            raise FindingError("rollback", _EARLIER, f"the first {earlier.size} seals are not those it spoke of")

    # Step 4

    def _check_chain(self, name: str, chain: _Chain) -> None:
        for number in range(max(chain.seals | chain.leaves.keys(), default=-1) + 1):
            seal = self._check_seal(name, number, chain)
            if seal.count:
                self._check_segment(seal, chain)
            chain.first, chain.last = chain.first or seal, seal
            self.report.checked.seals += 1
            self.progress(self.report)
        self.report.checked.chains += bool(chain.seals)

    def _check_seal(self, name: str, number: int, chain: _Chain) -> Seal:
        key = seal_key(name, number)
        if number not in chain.seals and not self._arrived(key, MAX_NOTE):
            raise FindingError("seal-gap", key, "the seal is missing")
        seal, signed = self._parsed(key, MAX_NOTE, _parse_seal, "malformed-seal")
        self._check_signature(key, signed)
        first = chain.first or seal
        place = (self._key.origin, name, number, first.retention_class)
        if (seal.log, seal.chain, seal.segment, seal.retention_class) != place:
            raise FindingError("misplaced-seal", key, "is of another log, chain, number or class")
        if (seal.previous, seal.first_seq, seal.first_prev) != _continuing(chain.last):
            raise FindingError("broken-seal-chain", key, "does not continue the seal before it")
        if seal.checkpoint not in self._published:
            raise FindingError("unknown-checkpoint", key, "was sealed after a checkpoint that is not in the store")
        if chain.leaves.get(number, seal.seal_hash) != seal.seal_hash:
            raise FindingError("wrong-leaf", key, "is not the seal that the tree holds")
        return seal

    def _check_segment(self, seal: Seal, chain: _Chain) -> None:
        key = seal.object_key
        if (seal.segment, seal.sha256) not in chain.segments and not self._arrived(key, MAX_SEGMENT):
            raise FindingError("missing-segment", key, "the segment is missing")
        data = self._read(key, MAX_SEGMENT, "wrong-segment")
        if len(data) != seal.size or hashlib.sha256(data).hexdigest() != seal.sha256:
            raise FindingError("wrong-segment", key, "is not the object that was sealed")
        leaves: list[bytes] = []
        times: list[str] = []
        for entry, found in self._records(seal, data, chain):
            leaves.append(leaf_hash(entry))
            times.append(found.time)
        sealed = (seal.root, seal.head, seal.min_time, seal.max_time)
        if (root_hash(leaves).hex(), leaves[-1].hex(), min(times), max(times)) != sealed:
            raise FindingError("wrong-root", seal.key, "root, head or times are not those of the records")
        chain.segments.discard((seal.segment, seal.sha256))
        self.report.checked.segments += 1
        self.report.up_to.max_time = max(self.report.up_to.max_time or "", *times)

    def _records(self, seal: Seal, data: bytes, chain: _Chain) -> Iterable[tuple[bytes, Record]]:
        prev = seal.first_prev
        lines = data.split(b"\n")
        for index in range(max(seal.count, len(lines) - 1)):
            where = f"{seal.chain}-{seal.first_seq + index}"
            if index >= seal.count or index >= len(lines) - 1:
                raise FindingError("wrong-count", where, f"the segment does not have {seal.count} records")
            try:
                found = Record.parse(lines[index])
            except MalformedError as error:
                raise FindingError("malformed-record", where, str(error)) from error
            place = (seal.chain, seal.first_seq + index, seal.retention_class)
            if (found.chain, found.seq, found.retention_class) != place:
                raise FindingError("misplaced-record", where, "is of another chain, position or class")
            if found.prev != prev:
                raise FindingError("broken-chain", where, "does not name the hash of the record before it")
            if found.epoch != chain.epoch + (found.type == record.OPENED):
                raise FindingError("wrong-epoch", where, "is not of the epoch that was opened")
            prev, chain.epoch = record.leaf(lines[index]), found.epoch
            self.report.checked.records += 1
            yield lines[index], found
        if lines[-1]:
            where = f"{seal.chain}-{seal.first_seq + seal.count}"
            raise FindingError("wrong-count", where, "the segment does not end in a newline")

    # Step 5

    def _check_strays(self, name: str, chain: _Chain) -> None:
        for number, sha256 in sorted(chain.segments):
            key = segment_key(name, number, sha256)
            if hashlib.sha256(self._read(key, MAX_SEGMENT, "wrong-segment")).hexdigest() != sha256:
                raise FindingError("wrong-segment", key, "has not the hash that its key says")
            self.report.stray_segments += 1

    # What every step needs

    def _arrived(self, key: str, limit: int) -> bool:
        """Return whether an object that was not listed is there by now: a living log grows while it is verified."""
        try:
            self._store.get(key, limit=limit)
        except NotFoundError:
            return False
        except ObjectTooLargeError:
            return True
        return True

    def _read(self, key: str, limit: int, code: str) -> bytes:
        try:
            return self._store.get(key, limit=limit)
        except ObjectTooLargeError as error:
            raise FindingError(code, key, "is larger than such an object can be") from error
        except NotFoundError as error:
            raise FindingError(code, key, "was listed and is gone") from error

    def _parsed(self, key: str, limit: int, parse: Callable[[bytes], _T], code: str) -> _T:
        try:
            return parse(self._read(key, limit, code))
        except MalformedError as error:
            raise FindingError(code, key, str(error)) from error

    def _check_origin(self, where: str, origin: str) -> None:
        if origin != self._key.origin:
            raise FindingError("bad-signature", where, f"is of the log `{origin}`")

    def _check_signature(self, where: str, signed: Note) -> None:
        try:
            signed.verify(self._key)
        except SignatureError as error:
            raise FindingError("bad-signature", where, str(error)) from error


def _continuing(last: Seal | None) -> tuple[str, int, str]:
    """Return what the seal after `last` says of it."""
    if last is None:
        return form.HASH_ZERO, 0, form.HASH_ZERO
    return last.seal_hash, last.first_seq + last.count, last.head


def _parse_checkpoint(data: bytes) -> tuple[Checkpoint, Note]:
    signed = Note.parse_stored(data)
    return Checkpoint.parse(signed.text), signed


def _parse_seal(data: bytes) -> tuple[Seal, Note]:
    signed = Note.parse_stored(data)
    return Seal.parse(signed.text), signed
