"""Chain after chain, seal after seal, and the segment of each: docs/evidence-format.md, section 8, step 6.

Seals are read in order, here; segments where the pool sends them. What is found first is what stands first in the
log, whichever process was faster.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from evidence import form
from evidence.errors import FindingError, SignatureError
from evidence.inventory import AuditedStore, ChainObjects, Inventory
from evidence.key_history import KeyHistory
from evidence.note import MAX_NOTE, Note
from evidence.report import Report
from evidence.segment import MAX_SEGMENT, Seal, seal_key
from evidence.segment_check import Named, Outcome
from evidence.segment_pool import SegmentPool, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A seal that holds, and its segment on its way; None where there is none, or it is not read."""

    seal: Seal
    chain: ChainObjects
    task: Task | None
    ends: bool  # the chain ends here


@dataclass(slots=True, kw_only=True)
class ChainWalk:
    """One walk over all chains.

    Attributes:
        objects: the store.
        inventory: its keys; segments that a seal names are taken out of it.
        history: who signs what.
        size: leaves of the tree.
        published: hashes of the checkpoints, which seals may name.
        since: leaves of the tree whose segments were verified before.
        at: time of the verification; None: nothing has expired.
        report: what to fill in.
        progress: called after every seal.
        found, carried, expired: which records that receipts name were seen, and the ranges that could not be.
        skipped: segments below `since`.
    """

    objects: AuditedStore
    inventory: Inventory
    history: KeyHistory
    size: int
    published: frozenset[str]
    since: int
    at: str | None
    report: Report
    progress: Callable[[Report], None]
    found: set[Named] = field(default_factory=set)
    carried: set[Named] = field(default_factory=set)
    expired: dict[str, list[range]] = field(default_factory=dict)
    skipped: int = 0

    def run(self, pool: SegmentPool) -> None:
        """Walk.

        Raises:
            FindingError: the first thing that is wrong.
            StoreError: an object could not be read.
        """
        steps, waiting, finding = self._steps(pool), deque[_Step](), None
        while True:
            try:
                step = next(steps, None)
            except FindingError as error:  # but what is on its way stands before it
                step, finding = None, error
            if step is None:
                break
            waiting.append(step)
            if len(waiting) > pool.ahead:
                self._settle(waiting.popleft())
        for step in waiting:
            self._settle(step)
        if finding is not None:
            raise finding

    def _steps(self, pool: SegmentPool) -> Iterator[_Step]:
        for name, chain in sorted(self.inventory.chains.items()):
            highest = chain.highest
            for number in range(highest + 1):
                seal = self._seal(name, number, chain)
                task = self._task(seal, chain, pool)
                chain.first, chain.last = chain.first or seal, seal
                yield _Step(seal=seal, chain=chain, task=task, ends=number == highest)

    def _seal(self, name: str, number: int, chain: ChainObjects) -> Seal:
        key = seal_key(name, number)
        if number not in chain.seals and not self.objects.arrived(key, MAX_NOTE):
            raise FindingError("seal-gap", key, "the seal is missing")
        seal, signed = self.objects.parsed(key, MAX_NOTE, _parse_seal, "malformed-seal")
        leaf, index = chain.leaves.get(number, (None, None))
        self._check_signature(key, signed, index)
        first = chain.first or seal
        place = (self.history.origin, name, number, first.retention_class)
        if (seal.log, seal.chain, seal.segment, seal.retention_class) != place:
            raise FindingError("misplaced-seal", key, "is of another log, chain, number or class")
        if (seal.previous, seal.first_seq, seal.first_prev) != _continuing(chain.last):
            raise FindingError("broken-seal-chain", key, "does not continue the seal before it")
        if seal.checkpoint not in self.published:
            raise FindingError("unknown-checkpoint", key, "was sealed after a checkpoint that is not in the store")
        if leaf not in {None, seal.seal_hash}:
            raise FindingError("wrong-leaf", key, "is not the seal that the tree holds")
        return seal

    def _check_signature(self, key: str, signed: Note, index: int | None) -> None:
        statements = self.history.statements
        try:
            if index is None and statements and statements[-1].size > self.size:
                self.history.verify(signed)  # the tree grew after it was listed, and may hold this seal by now
            else:
                signed.verify(self.history.newest if index is None else self.history.at(index))
        except SignatureError as error:
            raise FindingError("bad-signature", key, str(error)) from error

    def _task(self, seal: Seal, chain: ChainObjects, pool: SegmentPool) -> Task | None:
        """Send the segment on its way, unless it was verified before."""
        if not seal.count:
            return None
        if (seal.segment, seal.sha256) not in chain.segments and not self.objects.arrived(seal.object_key, MAX_SEGMENT):
            return _gone
        _, index = chain.leaves.get(seal.segment, (None, self.size))
        return None if index < self.since else pool.submit(seal)

    def _settle(self, step: _Step) -> None:
        seal, chain, report = step.seal, step.chain, self.report
        if seal.count:
            outcome = None if step.task is None else step.task()
            if outcome is None:
                self.skipped += 1
                chain.unread += seal.count
            elif outcome.gone:
                self._expire(seal, chain)
            else:
                self._take(seal, chain, outcome)
            chain.segments.discard((seal.segment, seal.sha256))
            report.up_to.max_time = max(report.up_to.max_time or "", seal.max_time or "")
        report.checked.seals += 1
        report.checked.chains += step.ends
        self.progress(report)

    def _expire(self, seal: Seal, chain: ChainObjects) -> None:
        if self.at is None or seal.retain_until >= self.at:
            raise FindingError("missing-segment", seal.object_key, "the segment is missing")
        self.expired.setdefault(seal.chain, []).append(range(seal.first_seq, seal.first_seq + seal.count))
        self.report.expired += 1
        chain.unread += seal.count

    def _take(self, seal: Seal, chain: ChainObjects, outcome: Outcome) -> None:
        if outcome.began is not None and not _begins(chain, *outcome.began):
            where = f"{seal.chain}-{seal.first_seq}"
            raise FindingError("wrong-epoch", where, "is not of the epoch that was opened")
        self.report.checked.records += outcome.records
        if outcome.finding is not None:
            raise FindingError(*outcome.finding)
        chain.epoch, chain.unread = outcome.epoch, 0
        self.report.checked.segments += 1
        self.report.orphans += outcome.orphans
        self.found.update(outcome.found)
        self.carried.update(outcome.carried)


def _begins(chain: ChainObjects, epoch: int, opened: bool) -> bool:  # noqa: FBT001 - as an outcome says it
    """Return whether a record of `epoch` can follow, where each of the unread records may have opened one."""
    least = max(chain.epoch, 1) if chain.unread else chain.epoch
    return least + opened <= epoch <= chain.epoch + chain.unread + opened


def _gone() -> Outcome:
    return Outcome(gone=True)


def _continuing(last: Seal | None) -> tuple[str, int, str]:
    """Return what the seal after `last` says of it."""
    if last is None:
        return form.HASH_ZERO, 0, form.HASH_ZERO
    return last.seal_hash, last.first_seq + last.count, last.head


def _parse_seal(data: bytes) -> tuple[Seal, Note]:
    signed = Note.parse_stored(data)
    return Seal.parse(signed.text), signed
