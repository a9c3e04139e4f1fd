"""Carrying over what was acknowledged on a chain that is lost to another writer: nothing acknowledged is lost.

The chain in the store is the other writer's from some record on. The records of our journal from there on are written
again, on another chain of the same class, each with `orphan_of`: where it was acknowledged, and as what. What the
chain said of itself (`chain.*`, `recovery`) stays behind; a `chain.abandoned` tells of it.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from evidence import holding, journal, record
from evidence.chain import Chain, Taken
from evidence.errors import DamagedJournalError, FindingError
from evidence.holding import class_of
from evidence.record import Draft, Position, Record
from evidence.segment import MAX_SEGMENT, Seal
from evidence.store import WormStore

_MAP = "carried"  # lines `<number here> <decision id there>`; written once all of it is on disk
_BEGUN = "carrying"  # a line `<decision id there>` for each try: where its first record was to stand
_BATCH = 500  # records written and synced together
_OWN = frozenset({record.OPENED, record.CLOSED, record.ABANDONED, "recovery"})

Seals = Callable[[int], Seal | None]
"""Returns the seal of a number of the chain in the store, checked, or None where there is none."""


def done(directory: Path) -> bool:
    """Return whether everything of this chain was carried over."""
    return (directory / _MAP).exists()


def find(directory: Path, seq: int) -> Position | None:
    """Return where record `seq` of the chain stands now, or None where it was not carried over."""
    for line in _lines(directory, _MAP):
        number, _, there = line.partition(" ")
        if number == str(seq):
            return Position.parse(there)
    return None


def carry_over(  # noqa: PLR0913 - what it is handed
    directory: Path,
    store: WormStore,
    newest: Callable[[], Seal | None],
    seals: Seals,
    *,
    progress: Callable[[str], int | None],
    version: str,
    clock: Callable[[], datetime],
) -> int | None:
    """Carry over what the store has not of this chain; return how many records, or None if it is too early for that.

    May be called again after any crash: what an earlier try put on disk is not carried over once more.

    Args:
        directory: of the chain that was lost.
        store: where the log is.
        newest: returns the chain's last seal in the store.
        seals: returns any of its seals.
        progress: returns the first number of a chain of this node that is not in the store.
        version: of the software.
        clock: the time of copies.

    Raises:
        EvidenceError: the store does not answer, or the journal cannot be read.
        OSError: the disk does not take the records.
    """
    lock = journal.try_lock(directory)
    if lock is None:
        return None
    try:
        retention_class = class_of(directory)
        if retention_class is None:
            raise DamagedJournalError(f"chain {directory.name} has lost its class")
        if (before := _carried_before(directory, progress)) is None:
            return None
        first = common(directory, store, newest(), seals)
        chain = Chain.open(directory.parent, retention_class=retention_class, version=version, clock=clock)
        try:
            return _carry(directory, chain, first, before)
        finally:
            chain.close()
    finally:
        os.close(lock)


def _carry(directory: Path, chain: Chain, first: int, before: Mapping[tuple[str, int, str], Position]) -> int:
    tries = [*_lines(directory, _BEGUN), Position(chain=chain.name, seq=chain.next_seq).decision_id]
    _note(directory, _BEGUN, tries)
    carried: dict[int, Position] = {}
    batch: list[Taken] = []
    for payload, orphan in _records(directory, first):
        if orphan.type in _OWN:
            continue
        origin = _origin(payload, orphan)
        if (there := before.get(_name(origin))) is None:
            batch.append(_take_in(chain, orphan, origin))
            there = batch[-1][1].position
        carried[orphan.seq] = there
        if len(batch) == _BATCH:
            _write(chain, batch)
    _write(chain, batch)
    reason = str(holding.abandoned(directory))
    body = {"chain": directory.name, "next_seq": first, "reason": reason, "orphans": len(carried)}
    chain.append(Draft(type=record.ABANDONED, tenant="system", body=body))
    _note(directory, _MAP, [f"{seq} {there.decision_id}" for seq, there in sorted(carried.items())])
    return len(carried)


def common(directory: Path, store: WormStore, newest: Seal | None, seals: Seals) -> int:
    """Return the first number of the chain whose record in the journal is not the one in the store.

    As each record names the one before it, equal leaf hashes at one number mean equal records before it. So the seals
    that are of our journal come before all others, and the last of them is found by halves.
    """
    paths = journal.files(directory)
    begin = journal.first_seq(paths[0]) if paths else 0
    if newest is None:
        return begin
    ours, other = -1, newest.segment + 1
    while other - ours > 1:
        middle = (ours + other) // 2
        seal = _required(seals, middle)
        end = seal.first_seq + seal.count
        if end <= begin or _leaves(directory, end - 1, end).get(end - 1) == seal.head:
            ours = middle
        else:
            other = middle
    if ours >= 0:
        last = _required(seals, ours)
        begin = max(begin, last.first_seq + last.count)
    return begin if other > newest.segment else _common_in(directory, store, _required(seals, other), begin)


def _common_in(directory: Path, store: WormStore, seal: Seal, begin: int) -> int:
    """Return the first number from `begin` on at which journal and segment differ."""
    data = store.get(seal.object_key, limit=MAX_SEGMENT) if seal.count else b""
    ours = _leaves(directory, begin, seal.first_seq + seal.count)
    theirs = enumerate(data.split(b"\n")[:-1], seal.first_seq)
    differing = (seq for seq, payload in theirs if seq >= begin and ours.get(seq) != record.leaf(payload))
    return next(differing, max(begin, seal.first_seq + seal.count))


def _required(seals: Seals, number: int) -> Seal:
    seal = seals(number)
    if seal is None:
        raise FindingError("seal-gap", f"seal {number}", "is not there")
    return seal


def _leaves(directory: Path, begin: int, end: int) -> dict[int, str]:
    """Return the leaf hashes of our records from `begin` until before `end`, as far as the journal has them."""
    found = {}
    for payload in _payloads(directory, begin):
        seq = record.stamp(payload)[0]
        if seq >= end:
            break
        found[seq] = record.leaf(payload)
    return found


def _payloads(directory: Path, first: int) -> Iterator[bytes]:
    """Yield what the journal has from number `first` on.

    Raises:
        DamagedJournalError: something acknowledged was altered: not all of it can be carried over.
    """
    paths = journal.files(directory)
    for path, following in zip(paths, [*paths[1:], None], strict=True):
        if following is not None and journal.first_seq(following) <= first:
            continue
        for payload in journal.payloads(directory.name, path.read_bytes(), newest=following is None):
            if record.stamp(payload)[0] >= first:
                yield payload


def _records(directory: Path, first: int) -> Iterator[tuple[bytes, Record]]:
    """Yield the records of the chain from number `first` on.

    Raises:
        DamagedJournalError: they are another chain's, or one does not follow the one before.
    """
    head = None
    for payload in _payloads(directory, first):
        found = Record.parse(payload)
        if found.chain != directory.name or head not in {None, found.prev}:
            raise DamagedJournalError(f"journal of chain {directory.name} holds what is not its record {found.seq}")
        head = record.leaf(payload)
        yield payload, found


def _origin(payload: bytes, orphan: Record) -> Mapping[str, Any]:
    """Return what a copy says of where it was acknowledged; of a copy of a copy, where it was at first."""
    return orphan.orphan_of or {"chain": orphan.chain, "leaf": record.leaf(payload), "seq": orphan.seq}


def _name(origin: Mapping[str, Any]) -> tuple[str, int, str]:
    return origin["chain"], origin["seq"], origin["leaf"]


def _take_in(chain: Chain, orphan: Record, origin: Mapping[str, Any]) -> Taken:
    blocks = tuple(dict(block) for block in orphan.sealed)
    draft = Draft(type=orphan.type, tenant=orphan.tenant, body=dict(orphan.body), sealed=blocks)
    return chain.take_in(lambda _: draft, orphan_of=origin)


def _write(chain: Chain, batch: list[Taken]) -> None:
    if batch:
        try:
            chain.write(batch)
            chain.sync()
        except OSError:
            chain.abandon()  # what it took of them, recovery says and not the page cache
            raise
        batch.clear()


def _carried_before(
    directory: Path, progress: Callable[[str], int | None]
) -> dict[tuple[str, int, str], Position] | None:
    """Return what earlier tries put on disk: for each origin the place there. None: that is not certain yet.

    What is shown of a chain whose disk failed may be in the kernel's books alone. It counts once it is in the store.
    """
    carried = {}
    for begun in map(Position.parse, _lines(directory, _BEGUN)):
        there = directory.parent / begun.chain
        certain = holding.abandoned(there) is not holding.Reason.DISK
        for _, found in _records(there, begun.seq) if there.is_dir() else ():
            if not certain and found.seq >= (progress(begun.chain) or 0):
                return None
            if found.orphan_of is not None:
                carried[_name(found.orphan_of)] = found.position
    return carried


def _lines(directory: Path, name: str) -> list[str]:
    try:
        return (directory / name).read_text("ascii").splitlines()
    except FileNotFoundError:
        return []


def _note(directory: Path, name: str, lines: list[str]) -> None:
    """Write a file whole, or not at all."""
    draft = directory / f".{name}"
    descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        journal.write_all(descriptor, "".join(f"{line}\n" for line in lines).encode("ascii"), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.rename(directory / name)
    journal.sync_directory(directory)
