"""What the store holds of the log, verified as it is read: checkpoints, their anchors, seals, keys.

Each thing comes with the checks that were made of it here, and how each ended; a check that fails is what a page has
to show, so it is no error. A store that does not answer is one: then nothing is known. Whether the log as a whole holds
is the verifier's business (docs/evidence-format.md, section 8). Knows neither the index nor pages.
"""

import hashlib
from dataclasses import dataclass

from auditor_portal.trail.anchored import COSIGNATURES, TIMESTAMPS, Anchor, Anchors
from auditor_portal.trail.checks import DAMAGE, Check, Outcome, checked
from evidence import checkpoint, form
from evidence.anchor_check import Trust
from evidence.checkpoint import Checkpoint, Leaf
from evidence.checkpointer import checkpoint_key, leaves_key
from evidence.errors import FindingError
from evidence.inventory import AuditedStore
from evidence.key_history import KeyHistory, KeysInStore
from evidence.keys import VerifierKey
from evidence.note import MAX_NOTE, Note
from evidence.reader import Reader
from evidence.segment import MAX_SEGMENT, Seal, seal_key
from evidence.store import WormStore
from evidence.tree import leaf_hash, root_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedCheckpoint:
    """A checkpoint as it stands in the store; None for what could not be read out of it."""

    number: int
    key: str
    data: bytes | None
    found: Checkpoint | None
    signer: VerifierKey | None
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedSeal:
    """A seal as it stands in the store; None for what could not be read out of it."""

    key: str
    data: bytes | None
    found: Seal | None
    checks: tuple[Check, ...]


class ProvedLog:
    """One store, under one pinned key. Every method raises `StoreError` where the store does not answer."""

    def __init__(self, store: WormStore, key: VerifierKey, trust: Trust, *, at: str) -> None:
        """Read `store` at a time of the log's form; `trust` says whose anchors are believed."""
        self._objects, self._key = AuditedStore(store), key
        self._anchors = Anchors(self._objects, trust)
        self._keys, self._at = KeysInStore(store, key), at

    @property
    def store(self) -> WormStore:
        """Return the store that is read."""
        return self._objects.store

    def history(self) -> KeyHistory:
        """Return the keys of the log.

        Raises:
            FindingError: its statements do not hold.
        """
        return KeyHistory.load(self.store, self._key)

    def statement(self, key: str) -> bytes:
        """Return the bytes of a key statement.

        Raises:
            FindingError: it is gone, or too large.
        """
        return self._objects.read(key, MAX_NOTE, "key-gap")

    def checkpoint(self, number: int) -> ProvedCheckpoint:
        """Return a checkpoint with what was checked of it."""
        key = checkpoint_key(number)
        data, check = checked("the checkpoint is in the store", lambda: self._objects.read(key, MAX_NOTE, "missing"))
        if data is None:
            return ProvedCheckpoint(number=number, key=key, data=None, found=None, signer=None, checks=(check,))
        parsed, form_check = checked(
            "it has the form of a checkpoint", lambda: Checkpoint.parse(Note.parse_stored(data).text)
        )
        if parsed is None:
            return ProvedCheckpoint(number=number, key=key, data=data, found=None, signer=None, checks=(form_check,))
        signer, signed = checked(
            "it is signed by the key of the log that signs at this size", lambda: self._signer(data)
        )
        return ProvedCheckpoint(
            number=number, key=key, data=data, found=parsed, signer=signer, checks=(form_check, signed)
        )

    def leaves(self, number: int) -> tuple[tuple[Leaf, ...], Check]:
        """Return the seals that a checkpoint added to the tree, as the store lists them."""
        key = leaves_key(number)
        found, check = checked(
            "the list of the seals that it added can be read",
            lambda: self._objects.parsed(key, checkpoint.MAX_LEAVES, checkpoint.parse_leaves, "malformed-leaves"),
        )
        return found or (), check

    def root(self, found: Checkpoint, reader: Reader) -> Check:
        """Return whether the root is that of the leaves in the store. Reads every batch once; keeps it in `reader`."""
        what = f"its root is that of the first {found.size} seals in the store, computed here"
        try:
            computed = reader.root(found.size)
        except DAMAGE as error:
            return Check(what=what, outcome=Outcome.BROKEN, said=f"{error.code}: {error}")
        if computed == found.root:
            return Check(what=what, outcome=Outcome.HOLDS)
        return Check(what=what, outcome=Outcome.BROKEN, said=f"the store's seals have {computed.hex()}")

    def anchors(self, first: int, last: int) -> dict[int, list[Anchor]]:
        """Return what others say of the checkpoints from `first` to `last`, each checked."""
        return self._anchors.between(first, last)

    def newest_anchors(self, newest: int) -> tuple[Anchor | None, Anchor | None]:
        """Return the newest time stamp and the newest cosignature of a log whose newest checkpoint is `newest`."""
        return self._anchors.newest(TIMESTAMPS, newest), self._anchors.newest(COSIGNATURES, newest)

    def seal(self, chain: str, number: int) -> ProvedSeal:
        """Return a seal with what was checked of it, and of how it continues the one before."""
        shown = self.seal_alone(chain, number)
        if shown.found is None:
            return shown
        return ProvedSeal(
            key=shown.key,
            data=shown.data,
            found=shown.found,
            checks=(*shown.checks, self._continued(shown.found), self._segment(shown.found)),
        )

    def seal_alone(self, chain: str, number: int) -> ProvedSeal:
        """Return a seal with what was checked of it alone."""
        key = seal_key(chain, number)
        data, check = checked("the seal is in the store", lambda: self._objects.read(key, MAX_NOTE, "seal-gap"))
        if data is None:
            return ProvedSeal(key=key, data=None, found=None, checks=(check,))
        found, signed = checked("it is a seal of this place, signed by a key of the log", lambda: self._seal(key, data))
        return ProvedSeal(key=key, data=data, found=found, checks=(signed,))

    def _signer(self, data: bytes) -> VerifierKey:
        history = self._keys.of(data)
        return history.of_checkpoint(history.verify_checkpoint(data).size)

    def _seal(self, key: str, data: bytes) -> Seal:
        found = Seal.parse(self._keys.of(data).verify(Note.parse_stored(data)))
        if (found.key, found.log) != (key, self._key.origin):
            raise FindingError("misplaced-seal", key, "is of another log, chain or number")
        return found

    def _continued(self, seal: Seal) -> Check:
        what = "it continues the seal before it: its hash, the number of the next record, the last record's hash"
        if seal.segment == 0:
            first = (seal.previous, seal.first_seq, seal.first_prev) == (form.HASH_ZERO, 0, form.HASH_ZERO)
            return Check(what="it is the first of its chain", outcome=Outcome.HOLDS if first else Outcome.BROKEN)
        before = self.seal_alone(seal.chain, seal.segment - 1)
        if before.found is None:
            return Check(what=what, outcome=Outcome.BROKEN, said=f"the one before: {before.checks[-1].said}")
        expected = (before.found.seal_hash, before.found.first_seq + before.found.count, before.found.head)
        continued = (seal.previous, seal.first_seq, seal.first_prev) == expected
        return Check(what=what, outcome=Outcome.HOLDS if continued else Outcome.BROKEN)

    def _segment(self, seal: Seal) -> Check:
        if not seal.count:
            return Check(what="a heartbeat: it seals no records", outcome=Outcome.HOLDS)
        what = "its records are in the store, and their hash, number and root are those that it says"
        data, check = checked(what, lambda: self._objects.read(seal.object_key, MAX_SEGMENT, "missing-segment"))
        if data is None and seal.retain_until < self._at:
            return Check(what=what, outcome=Outcome.UNCHECKED, said="its time is over, and its records may be deleted")
        if data is None:
            return check
        lines = data.split(b"\n")[:-1]
        held = (
            hashlib.sha256(data).hexdigest() == seal.sha256
            and len(lines) == seal.count
            and root_hash([leaf_hash(line) for line in lines]).hex() == seal.root
        )
        return Check(what=what, outcome=Outcome.HOLDS if held else Outcome.BROKEN)
