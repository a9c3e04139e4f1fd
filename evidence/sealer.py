"""From journals to the store: segments, seals, the tree over seals, checkpoints.

The journal is the queue and the store is the memory: the sealer keeps nothing of its own, so it can
be killed at any point and started again. It syncs what it reads before it seals it, because a seal
must never speak of what only the page cache knew.

The key of a seal is the fence between writers of one chain, such as a machine and its copy: it takes one seal. Who
finds another there that seals other records gives up the chain, and carries its own records over to a new one.
"""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import monotonic

from evidence import carrying, form, holding, journal, note, record, segment
from evidence.chain import utc_now
from evidence.checkpointer import Checkpointer
from evidence.errors import (
    AlreadyWrittenError,
    DamagedJournalError,
    JournalError,
    RetentionError,
    RetiredKeyError,
    SignatureError,
    StoreError,
)
from evidence.holding import Reason, class_of
from evidence.key_history import KeyHistory
from evidence.keys import SigningKey
from evidence.segment import Batch, Seal
from evidence.standing import continued, last_seal, seal_at
from evidence.store import WormStore

_READ = 1 << 20  # bytes of journal read, and synced, at once: more than a frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a segment is full or old enough, and how long silence may last. Times in seconds, sizes in bytes."""

    count: int = 5_000
    size: int = 4 << 20
    age: float = 2.0
    heartbeat: float = 600.0
    checkpoint: float = 10.0
    scan: float = 60.0
    keep_journal: float = 86_400.0


@dataclass(slots=True, kw_only=True)
class _Chain:
    """Where sealing stands in one chain, as the store and the journal say."""

    directory: Path
    retention_class: str
    seal: Seal | None  # the last one in the store
    path: Path | None = None  # the journal file being read
    offset: int = 0
    held: Batch = field(default_factory=Batch)
    held_since: float | None = None
    last_sealed: float | None = None

    @property
    def next_seq(self) -> int:
        return 0 if self.seal is None else self.seal.first_seq + self.seal.count

    @property
    def head(self) -> str:
        return form.HASH_ZERO if self.seal is None else self.seal.head


class Sealer:
    """Seals every chain whose journal lies under one directory. One at a time per directory."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        store: WormStore,
        journals: Path,
        key: SigningKey,
        *,
        classes: dict[str, timedelta],
        version: str = "",
        limits: Limits | None = None,
        clock: Callable[[], datetime] = utc_now,
        ticks: Callable[[], float] = monotonic,
        memory: Path | None = None,
        sealed: Callable[[str, int], None] | None = None,
    ) -> None:
        """Read from the store where the log stands.

        Args:
            store: where the log is.
            journals: the directory of this node's journals.
            key: signs.
            classes: how long each retention class is kept.
            version: of the software, for the records that the sealer itself writes.
            limits: see there.
            clock: the time of seals.
            ticks: seconds, for ages.
            memory: see `Checkpointer`.
            sealed: is told of each chain how far it is in the store, whenever that changes.

        Raises:
            EvidenceError: the store does not answer, or holds something else than this log.
        """
        self._store, self._journals, self._key, self._version = store, journals, key, version
        self._classes, self._limits, self._clock = classes, limits or Limits(), clock
        self._chains: dict[str, _Chain] = {}
        self._history = KeyHistory.load(store, key.verifier)
        _refuse_retired(key, self._history)
        self._checkpointer = Checkpointer(
            store, key, history=self._history, retention=max(classes.values()), clock=clock, memory=memory
        )
        self._ticks, self._sealed = ticks, sealed
        self._checkpointed = self._scanned = ticks()

    @property
    def uncheckpointed(self) -> int:
        """Return how many seals no checkpoint covers yet."""
        return self._checkpointer.waiting

    def progress(self, chain: str) -> int | None:
        """Return the first number of `chain` that is not in the store, or None where the chain is not known (yet)."""
        return self._chains[chain].next_seq if chain in self._chains else None

    def step(self, *, flush: bool = False, now: Collection[str] = ()) -> int:
        """Seal at most one segment of each chain that is full or old enough, or named in `now`, or, if `flush`, of all.

        Checkpoint if it is time, or if everything is sealed that was to be flushed. Return the records sealed, or
        carried over to another chain; while there are some, more may wait.

        After an error this sealer is spent: what landed is for a new one to read from the store.

        Raises:
            DamagedJournalError: a journal does not continue what the store holds.
            JournalError: a journal cannot be read.
            StoreError: the store does not take it, or its answer was lost.
            RetiredKeyError: the log was given another key meanwhile.
        """
        if self._older(self._scanned, self._limits.scan):
            self._look_at_keys()
        try:
            return self._step(flush=flush, now=now)
        except SignatureError:
            self._look_at_keys()
            raise

    def _look_at_keys(self) -> None:
        _refuse_retired(self._key, KeyHistory.load(self._store, self._key.verifier))

    def _step(self, *, flush: bool, now: Collection[str]) -> int:
        try:
            chains = self._known()
            sealed = sum(self._seal_chain(chain, flush=flush or chain.directory.name in now) for chain in chains)
            sealed += self._carry_over()
        except OSError as error:
            raise JournalError(f"journal cannot be read: {error.strerror}") from error
        if self._older(self._scanned, self._limits.scan):
            self._checkpointer.scan()
            self._scanned = self._ticks()
        if (flush and not sealed) or self._older(self._checkpointed, self._limits.checkpoint):
            self._checkpointer.publish()
            self._checkpointed = self._ticks()
        return sealed

    def _known(self) -> list[_Chain]:
        for directory in holding.chains(self._journals):
            if directory.name in self._chains or holding.abandoned(directory) in holding.LOST:
                continue
            retention_class = class_of(directory)
            if retention_class is None or not journal.files(directory):
                continue
            if retention_class not in self._classes:
                raise RetentionError(f"chain {directory.name} is of class `{retention_class}`, which is not kept")
            seal = last_seal(self._store, directory.name, self._history, self._checkpointer.sealed(directory.name))
            if not continued(directory, seal):
                holding.abandon(directory, Reason.RESTORED)
                continue
            self._chains[directory.name] = _Chain(
                directory=directory, retention_class=retention_class, seal=seal, last_sealed=self._ticks()
            )
        return list(self._chains.values())

    def _seal_chain(self, chain: _Chain, *, flush: bool) -> int:
        full, sealed = self._read(chain), len(chain.held.records)
        due = full or flush or self._older(chain.held_since, self._limits.age)
        silent = self._older(chain.last_sealed, self._limits.heartbeat) and holding.abandoned(chain.directory) is None
        if not (due if sealed else silent):
            sealed = 0
        elif not self._put(chain):
            return 0
        self._discard(chain)
        return sealed

    def _carry_over(self) -> int:
        """Carry over what the store did not take of chains that were given up, once their writers let go of them."""
        carried = 0
        for directory in holding.chains(self._journals):
            if holding.abandoned(directory) in holding.LOST and not carrying.done(directory):
                known = self._checkpointer.sealed(directory.name)
                newest = partial(last_seal, self._store, directory.name, self._history, known)
                seals = partial(seal_at, self._store, directory.name, self._history)
                version, clock = self._version, self._clock
                found = carrying.carry_over(
                    directory, self._store, newest, seals, progress=self.progress, version=version, clock=clock
                )
                carried += 0 if found is None else 1 + found
        return carried

    def _older(self, since: float | None, seconds: float) -> bool:
        return since is not None and self._ticks() - since >= seconds

    def _read(self, chain: _Chain) -> bool:
        """Take in what the journal has beyond what is held; return whether the segment is full."""
        while True:
            path = self._file(chain)
            whole = journal.files(chain.directory)[-1] != path  # asked first: the writer may begin a new file meanwhile
            data = _read_synced(path, chain.offset, all_of_it=whole)
            taken, full = self._take(chain, data)
            chain.offset += taken
            if full:
                return True
            if taken == 0 and not whole:
                return False
            if taken == 0 and data.strip(b"\0"):
                raise DamagedJournalError(f"journal {path.name} of chain {chain.directory.name} is altered")
            if taken == 0:
                following = next(other for other in journal.files(chain.directory) if other > path)
                expected = chain.next_seq + len(chain.held.records)
                if journal.first_seq(following) != expected:
                    name = chain.directory.name
                    raise DamagedJournalError(f"journal of chain {name} goes on at {following.name}, not at {expected}")
                chain.path, chain.offset = following, 0

    def _take(self, chain: _Chain, data: bytes) -> tuple[int, bool]:
        """Hold the frames of `data`; return how many bytes they took, and whether the segment is full."""
        end, held, limits = 0, chain.held, self._limits
        expected = chain.next_seq + len(held.records)
        mark = record.mark(chain.directory.name, chain.retention_class)
        for found in journal.frames(data):
            seq, time = record.stamp(found.payload)
            if seq < expected and not held.records:
                end = found.end  # sealed by an earlier run
                continue
            head = held.leaves[-1].hex() if held.leaves else chain.head
            if seq != expected or not record.continues(found.payload, mark, head):
                name = chain.directory.name
                raise DamagedJournalError(f"journal of chain {name} does not continue the store at {expected}")
            if len(held.records) == limits.count or (held.records and held.size + len(found.payload) >= limits.size):
                return end, True
            held.add(found.payload, time)
            chain.held_since = self._ticks() if chain.held_since is None else chain.held_since
            expected, end = expected + 1, found.end
        return end, False

    def _file(self, chain: _Chain) -> Path:
        """Return the file to read: at first the one that holds the next record."""
        if chain.path is None:
            paths = [path for path in journal.files(chain.directory) if journal.first_seq(path) <= chain.next_seq]
            if not paths:
                name = chain.directory.name
                raise DamagedJournalError(f"journal of chain {name} has lost its record {chain.next_seq}")
            chain.path, chain.offset = paths[-1], 0
        return chain.path

    def _put(self, chain: _Chain) -> bool:
        """Write segment and seal of what is held; the seal is the commit point. Return whether it is ours."""
        data = chain.held.data
        sealed = segment.seal(chain.held, data, **self._position(chain))
        retain_until = datetime.fromisoformat(sealed.retain_until)
        if data:
            self._store.put(sealed.object_key, data, retain_until=retain_until)
        try:
            self._store.put(sealed.key, note.sign(sealed.text, self._key), retain_until=retain_until)
        except AlreadyWrittenError:
            return self._yield_to(chain, sealed.segment)
        self._checkpointer.add(sealed)
        chain.seal, chain.held = sealed, Batch()
        chain.held_since, chain.last_sealed = None, self._ticks()
        self._tell(chain)
        return True

    def _tell(self, chain: _Chain) -> None:
        if self._sealed is not None:
            self._sealed(chain.directory.name, chain.next_seq)

    def _yield_to(self, chain: _Chain, number: int) -> bool:
        """Go on behind the seal that stands where ours was to stand, or give the chain up; return whether ours stands.

        It may be ours, of a write whose answer was lost, or one of our copy that says the same as we would.
        """
        found = seal_at(self._store, chain.directory.name, self._history, number)
        if found is None:
            raise StoreError(f"the seal {number} of chain {chain.directory.name} is taken and cannot be read")
        if continued(chain.directory, found) and found.first_seq == chain.next_seq:
            self._checkpointer.add(found)
            chain.seal, chain.held, chain.held_since = found, Batch(), None
            chain.path = None
            self._tell(chain)
        else:
            holding.abandon(chain.directory, Reason.FENCED)
            del self._chains[chain.directory.name]
        return False

    def _position(self, chain: _Chain) -> dict[str, object]:
        now = self._clock()
        newest = datetime.fromisoformat(max(chain.held.times)) if chain.held.times else now  # a clock may be set back
        return {
            "log": self._key.origin,
            "chain": chain.directory.name,
            "retention_class": chain.retention_class,
            "segment": 0 if chain.seal is None else chain.seal.segment + 1,
            "previous": form.HASH_ZERO if chain.seal is None else chain.seal.seal_hash,
            "first_seq": chain.next_seq,
            "first_prev": chain.head,
            "sealed_at": form.time_text(now),
            "retain_until": form.time_text(max(now, newest) + self._classes[chain.retention_class]),
            "checkpoint": self._checkpointer.newest,
        }

    def _discard(self, chain: _Chain) -> None:
        """Delete journal files that are sealed and old; the newest two stay, for the writer to continue from."""
        paths = journal.files(chain.directory)
        for path, following in pairwise(paths[:-1]):
            age = self._clock().timestamp() - path.stat().st_mtime
            if journal.first_seq(following) >= chain.next_seq or age < self._limits.keep_journal:
                break  # the last record that is sealed stays: it shows that this journal is the one that was sealed
            path.unlink()


def _refuse_retired(key: SigningKey, history: KeyHistory) -> None:
    if history.newest != key.verifier:
        ids = f"{history.newest.id.hex()}, and this node's is {key.verifier.id.hex()}"
        raise RetiredKeyError(f"the log's key is {ids}: give it the new one, or finish with `omega keys rotate`")


def _read_synced(path: Path, offset: int, *, all_of_it: bool) -> bytes:
    """Return what stands in a journal file from `offset`, once it is on disk; space set aside only if `all_of_it`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        begins = os.pread(descriptor, len(journal.MAGIC), offset)
        data = os.pread(descriptor, _READ, offset) if all_of_it or begins.strip(b"\0") else b""
        if data.startswith(journal.MAGIC):
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    return data
