"""Whole-log verification: docs/evidence-format.md, section 8, step by step.

Reads a store and trusts nothing in it but what the pinned key signed, or a key of its history.
`verify_evidence.py` at the root of the project does the same without this package; the two must agree on every log.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from evidence import checkpoint, form
from evidence.anchor_check import TIMESTAMP_KEY, AnchorCheck, Trust
from evidence.chain_walk import ChainWalk
from evidence.checkpoint import Checkpoint
from evidence.checkpointer import checkpoint_key, leaves_key
from evidence.cosignature import MAX_LINE
from evidence.errors import FindingError, MalformedError, SignatureError
from evidence.inventory import AuditedStore, Inventory
from evidence.key_history import KeyHistory, statement_key
from evidence.keys import VerifierKey
from evidence.note import MAX_NOTE, Note
from evidence.receipt import Receipt
from evidence.report import Report, Since
from evidence.segment import MAX_SEGMENT, segment_key
from evidence.segment_check import Named
from evidence.segment_pool import open_pool
from evidence.store import WormStore
from evidence.timestamp_form import MAX_TIMESTAMP
from evidence.tree import Frontier, root_hash

_EARLIER = "--checkpoint"
_SINCE = "--since"
_RECEIPTS = "--receipts"
_FEWEST = 8  # segments for which a process is worth its start


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an auditor brings along, and how the work is to be done.

    Attributes:
        since: a checkpoint up to which segments were verified before; those below it are not read again.
        at: time of the verification, in the log's form; None: nothing has expired.
        trust: whom to believe about anchors.
        receipts: each a receipt.
        jobs: processes, at least 1.
        reopen: opens the store in such a process; without it there are none.
    """

    since: bytes | None = None
    at: str | None = None
    trust: Trust = field(default_factory=Trust)
    receipts: tuple[bytes, ...] = ()
    jobs: int = 1
    reopen: Callable[[], WormStore] | None = None


class Verification:
    """One pass over one store. Make a new one for the next."""

    def __init__(self, store: WormStore, key: VerifierKey, asked: Asked | None = None) -> None:
        self.report = Report(log=key.origin)
        self.progress: Callable[[Report], None] = lambda _: None  # called after every seal
        self._objects, self._key, self._asked = AuditedStore(store), key, asked or Asked()
        self._inventory = Inventory()
        self._history = KeyHistory(keys=(key,))
        self._sizes: dict[int, int] = {}  # of each checkpoint
        self._published: set[str] = {form.HASH_ZERO}
        self._leaves: list[bytes] = []

    @property
    def total_seals(self) -> int:
        """Return how many seals the store lists."""
        return self._inventory.total_seals

    def run(self, earlier: bytes | None = None) -> Report:
        """Check everything; `earlier` is a checkpoint kept from before.

        Raises:
            FindingError: the first thing that is wrong.
            StoreError: an object could not be read: nothing is known of the log.
        """
        self._inventory.sort(self._objects.store)
        self._history = KeyHistory.load(self._objects.store, self._key)
        self.report.tell_keys(self._history)
        self._check_checkpoints()
        self._check_statements()
        if earlier is not None:
            self._check_earlier(_EARLIER, earlier)
        since = 0 if self._asked.since is None else self._check_earlier(_SINCE, self._asked.since)
        self._check_anchors()
        walk = self._walk(since)
        self._check_strays()
        self._check_receipts(walk)
        return self.report

    # Step 3

    def _check_checkpoints(self) -> None:
        batches, checkpoints = self._inventory.batches, self._inventory.checkpoints
        last = max(batches | checkpoints, default=-1)
        tree = Frontier()
        for number in range(last + 1):
            if number not in batches:
                raise FindingError("checkpoint-gap", leaves_key(number), "the batch of leaves is missing")
            if number not in checkpoints and number != last:
                raise FindingError("checkpoint-gap", checkpoint_key(number), "the checkpoint is missing")
            self._take_leaves(number, tree)
            if number in checkpoints:
                self._check_checkpoint(number, tree)

    def _take_leaves(self, number: int, tree: Frontier) -> None:
        key = leaves_key(number)
        for leaf in self._objects.parsed(key, checkpoint.MAX_LEAVES, checkpoint.parse_leaves, "malformed-leaves"):
            known = self._inventory.chain(leaf.chain).leaves
            if leaf.segment != len(known):
                raise FindingError("malformed-leaves", key, f"breaks the order of chain {leaf.chain}")
            known[leaf.segment] = leaf.seal_hash, tree.size
            self._leaves.append(bytes.fromhex(leaf.seal_hash))
            tree.append(self._leaves[-1])

    def _check_checkpoint(self, number: int, tree: Frontier) -> None:
        key = checkpoint_key(number)
        found, signed = self._objects.parsed(key, MAX_NOTE, _parse_checkpoint, "malformed-checkpoint")
        self._check_signature(key, found, signed)
        if (found.size, found.root) != (tree.size, tree.root()):
            raise FindingError("wrong-root", key, f"does not speak of the {tree.size} leaves there are")
        self._sizes[number] = found.size
        self._published.add(hashlib.sha256(found.text.encode()).hexdigest())
        self.report.checked.checkpoints += 1
        self.report.up_to.tree_size, self.report.up_to.root = found.size, form.base64_text(found.root)

    def _check_statements(self) -> None:
        """Check the trees that key statements speak of. One that arrived late may speak of leaves not listed."""
        tree = Frontier()
        for statement in self._history.statements:
            for leaf in self._leaves[tree.size : statement.size]:
                tree.append(leaf)
            late = statement.number not in self._inventory.statements and statement.size > tree.size
            if not late and (statement.size, statement.root) != (tree.size, tree.root().hex()):
                raise FindingError("wrong-root", statement_key(statement.number), "is not of the leaves there are")

    # Step 4

    def _check_earlier(self, where: str, data: bytes) -> int:
        """Return the size of a checkpoint kept from before, once the tree is known to have grown from it."""
        try:
            signed = Note.parse(data)
            earlier = Checkpoint.parse(signed.text)
        except MalformedError as error:
            raise FindingError("malformed-checkpoint", where, str(error)) from error
        self._check_signature(where, earlier, signed)
        size = self.report.up_to.tree_size
        if earlier.size > size:
            raise FindingError("rollback", where, f"knew {earlier.size} seals, the store's checkpoints know {size}")
        if root_hash(self._leaves[: earlier.size]) != earlier.root:
            raise FindingError("rollback", where, f"the first {earlier.size} seals are not those it spoke of")
        return earlier.size

    def _check_signature(self, where: str, found: Checkpoint, signed: Note) -> None:
        if found.origin != self._key.origin:
            raise FindingError("bad-signature", where, f"is of the log `{found.origin}`")
        try:
            signed.verify(self._history.of_checkpoint(found.size))
        except SignatureError as error:
            raise FindingError("bad-signature", where, str(error)) from error

    # Step 5

    def _check_anchors(self) -> None:
        check = AnchorCheck(trust=self._asked.trust, read=self._checkpoint, sizes=self._sizes)
        for key in self._inventory.anchors:
            number = int(key.rpartition("/")[2][:12])
            if number not in self._sizes:
                if not self._objects.arrived(checkpoint_key(number), MAX_NOTE):
                    raise FindingError("unexpected-object", key, "there is no such checkpoint")
            elif TIMESTAMP_KEY.fullmatch(key):
                check.take_timestamp(key, number, self._objects.read(key, MAX_TIMESTAMP, "malformed-anchor"))
            else:
                data = self._objects.read(key, MAX_LINE, "malformed-anchor")
                check.take_cosignature(key, number, key[-12:-4], data)
            self.report.timestamped, self.report.cosigned = check.timestamped, check.cosigned

    def _checkpoint(self, number: int) -> bytes:
        return self._objects.read(checkpoint_key(number), MAX_NOTE, "malformed-checkpoint")

    # Step 6

    def _walk(self, since: int) -> ChainWalk:
        asked = self._asked
        walk = ChainWalk(
            objects=self._objects,
            inventory=self._inventory,
            history=self._history,
            size=len(self._leaves),
            published=frozenset(self._published),
            since=since,
            at=asked.at,
            report=self.report,
            progress=self.progress,
        )
        segments = sum(len(chain.segments) for chain in self._inventory.chains.values())
        jobs = min(asked.jobs, max(1, segments // _FEWEST))
        with open_pool(self._objects.store, self._wanted(), jobs=jobs, reopen=asked.reopen) as pool:
            walk.run(pool)
        self.report.uncheckpointed_seals = self.report.checked.seals - self.report.up_to.tree_size
        if asked.since is not None:
            self.report.since = Since(tree_size=since, skipped=walk.skipped)
        return walk

    # Step 7

    def _check_strays(self) -> None:
        for name, chain in sorted(self._inventory.chains.items()):
            for number, sha256 in sorted(chain.segments):
                key = segment_key(name, number, sha256)
                data = self._objects.read(key, MAX_SEGMENT, "wrong-segment")
                if hashlib.sha256(data).hexdigest() != sha256:
                    raise FindingError("wrong-segment", key, "has not the hash that its key says")
                self.report.stray_segments += 1

    # Step 8

    def _wanted(self) -> frozenset[Named]:
        """Return what receipts name; one that is none is a finding later."""
        names: set[Named] = set()
        for data in self._asked.receipts:
            with suppress(MalformedError):
                names |= _names(Receipt.parse(data)[0])
        return frozenset(names)

    def _check_receipts(self, walk: ChainWalk) -> None:
        for data in self._asked.receipts:
            try:
                receipt = Receipt.verify(data, self._history)
            except MalformedError as error:
                raise FindingError("malformed-receipt", _RECEIPTS, str(error)) from error
            except SignatureError as error:
                raise FindingError("bad-signature", _RECEIPTS, str(error)) from error
            for entry in receipt.records:
                self._check_entry(Named(entry.position.chain, entry.position.seq, entry.leaf), walk)

    def _check_entry(self, name: Named, walk: ChainWalk) -> None:
        if name in walk.found:
            self.report.receipts.records += 1
        elif name in walk.carried:
            self.report.receipts.carried += 1
        elif any(name.seq in sealed for sealed in walk.expired.get(name.chain, ())):
            self.report.receipts.expired += 1
        else:
            where = f"{name.chain}-{name.seq}"
            raise FindingError("missing-receipt", where, "the log gave a receipt for it, and does not hold it")


def _names(receipt: Receipt) -> set[Named]:
    return {Named(each.position.chain, each.position.seq, each.leaf) for each in receipt.records}


def _parse_checkpoint(data: bytes) -> tuple[Checkpoint, Note]:
    signed = Note.parse_stored(data)
    return Checkpoint.parse(signed.text), signed
