"""Where a record stands: between which records, in which segment, under which seal and checkpoint, vouched for by whom.

Reads the store. What is said here of hashes and signatures was checked on the way; anybody can check it again with the
proof. Time stamps and cosignatures are shown by what they say of themselves: whom to believe is for the auditor.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from evidence import cosignature, note, record, timestamp_form
from evidence.anchor_check import COSIGNATURE_KEY, TIMESTAMP_KEY
from evidence.checkpoint import Checkpoint
from evidence.checkpointer import checkpoint_key
from evidence.errors import MalformedError, NotFoundError
from evidence.note import Note
from evidence.proof import Proof
from evidence.reader import Located, Reader
from evidence.record import Position, Record
from evidence.segment import Seal
from evidence.store import WormStore

_MOST_ANCHOR: Final = 1 << 16  # bytes of a time stamp
_MOST_NAMED: Final = 5  # witnesses


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The record before, or behind: `linked` says whether the one that comes later has the hash of the earlier."""

    decision_id: str
    linked: bool
    seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What somebody else says of a checkpoint: `name` is a witness's, or empty for a time stamp; `time` is theirs."""

    key: str
    checkpoint: int
    name: str
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record stands.

    Attributes:
        leaf: its leaf hash, in hex.
        before: None: it is the first of its chain.
        behind: None: it is the last that is sealed.
        number: of the record in its segment, from 1.
        seal: of the segment.
        proof: None: it is under no checkpoint yet.
        checkpoint: the one that the proof is under.
        first: number of the first checkpoint that has the seal.
        anchors: the first time stamp and the first cosignatures over that checkpoint or a later one.
    """

    leaf: str
    before: Neighbour | None
    behind: Neighbour | None
    number: int
    seal: Seal
    proof: Proof | None
    checkpoint: Checkpoint | None
    first: int | None
    anchors: tuple[Anchor, ...]


def place_of(store: WormStore, reader: Reader, located: Located, seen: Callable[[bytes], bool]) -> Place:
    """Return where a record stands; `seen` says of a neighbour's bytes whether they may be looked at.

    Raises:
        EvidenceError: the log does not hold there, or the store does not answer.
    """
    found = Record.parse(located.record)
    number = found.seq - located.seal.first_seq
    proof = prove(reader, found.position)
    first = None if proof is None else _first_over(store, proof.index)
    return Place(
        leaf=record.leaf(located.record),
        before=_before(reader, found, located, seen),
        behind=_behind(reader, found, located, seen),
        number=number + 1,
        seal=located.seal,
        proof=proof,
        checkpoint=None if proof is None else Checkpoint.parse(Note.parse(proof.checkpoint).text),
        first=first,
        anchors=() if first is None else (*_timestamp(store, first), *_cosignatures(store, first)),
    )


def prove(reader: Reader, position: Position) -> Proof | None:
    """Return the proof of a record; None before it is under a checkpoint. Raises as `place_of` does."""
    try:
        return reader.prove(position)
    except NotFoundError:
        return None


def _before(reader: Reader, found: Record, located: Located, seen: Callable[[bytes], bool]) -> Neighbour | None:
    if not found.seq:
        return None
    position = Position(chain=found.chain, seq=found.seq - 1)
    data = _neighbour(reader, position, located)
    if data is None:  # its segment's time has passed; the seal says what hash it had
        return Neighbour(decision_id=position.decision_id, linked=found.prev == located.seal.first_prev, seen=False)
    return Neighbour(decision_id=position.decision_id, linked=record.leaf(data) == found.prev, seen=seen(data))


def _behind(reader: Reader, found: Record, located: Located, seen: Callable[[bytes], bool]) -> Neighbour | None:
    position = Position(chain=found.chain, seq=found.seq + 1)
    data = _neighbour(reader, position, located)
    if data is None:
        return None
    linked = Record.parse(data).prev == record.leaf(located.record)
    return Neighbour(decision_id=position.decision_id, linked=linked, seen=seen(data))


def _neighbour(reader: Reader, position: Position, located: Located) -> bytes | None:
    number = position.seq - located.seal.first_seq
    if 0 <= number < located.seal.count:
        return located.segment[number]
    with suppress(NotFoundError):
        return reader.locate(position).record
    return None


def _first_over(store: WormStore, index: int) -> int | None:
    """Return the number of the first checkpoint with more than `index` seals: double the step, then halve."""
    low, high = -1, 0
    while (size := _size(store, high)) is not None and size <= index:
        low, high = high, high * 2 + 1
    while high - low > 1:
        middle = (low + high) // 2
        size = _size(store, middle)
        if size is not None and size <= index:
            low = middle
        else:
            high = middle
    return high if _size(store, high) is not None else None


def _size(store: WormStore, number: int) -> int | None:
    try:
        data = store.get(checkpoint_key(number), limit=note.MAX_NOTE)
        return Checkpoint.parse(Note.parse(data).text).size
    except (NotFoundError, MalformedError):
        return None


def _timestamp(store: WormStore, first: int) -> tuple[Anchor, ...]:
    """Return the first time stamp over checkpoint `first` or a later one, if it is over that checkpoint's bytes."""
    for key in store.keys("log/timestamps/", f"log/timestamps/{first - 1:012}.tsr" if first else ""):
        found = TIMESTAMP_KEY.fullmatch(key)
        if found is None:
            continue
        with suppress(NotFoundError, MalformedError):
            stamp = timestamp_form.parse(store.get(key, limit=_MOST_ANCHOR))
            over = store.get(checkpoint_key(int(found[1])), limit=note.MAX_NOTE)
            if stamp.imprint == hashlib.sha256(over).digest():
                return (Anchor(key=key, checkpoint=int(found[1]), name="", time=stamp.time),)
    return ()


def _cosignatures(store: WormStore, first: int) -> tuple[Anchor, ...]:
    """Return the first cosignature of each witness over checkpoint `first` or a later one."""
    anchors: dict[str, Anchor] = {}
    for key in store.keys("log/cosignatures/", f"log/cosignatures/{first:012}"):
        found = COSIGNATURE_KEY.fullmatch(key)
        if found is None or found[2] in anchors:
            continue
        with suppress(NotFoundError, MalformedError):
            line = cosignature.parse(store.get(key, limit=note.MAX_NOTE))
            time = line.time.isoformat().replace("+00:00", "Z")
            anchors[found[2]] = Anchor(key=key, checkpoint=int(found[1]), name=line.name, time=time)
        if len(anchors) == _MOST_NAMED:
            break
    return tuple(anchors.values())
