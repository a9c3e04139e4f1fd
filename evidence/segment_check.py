"""One segment against its seal: docs/evidence-format.md, section 8, step 6. A process of its own can do it.

Needs nothing of the segments around it. What only they can say, the epoch at which it begins, it gives back.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from evidence import record
from evidence.errors import FindingError, MalformedError, NotFoundError, ObjectTooLargeError, ShadowedObjectError
from evidence.record import Record
from evidence.segment import MAX_SEGMENT, Seal
from evidence.store import WormStore
from evidence.tree import leaf_hash, root_hash


class Named(NamedTuple):
    """A record as a receipt, or a record that was carried over, names it."""

    chain: str
    seq: int
    leaf: str


Finding = tuple[str, str, str]  # code, place, detail: an exception would not travel between processes


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a segment turned out to be.

    Attributes:
        finding: the first thing that is wrong in it, but for the epoch at which it begins.
        gone: there is no such object.
        began: epoch of its first record, and whether that one opened it; None where a finding came before.
        epoch: of its last record.
        records: how many hold.
        orphans: how many of them were carried over from another chain.
        found: which of the records that receipts name are here.
        carried: which of them were carried over to here.
    """

    finding: Finding | None = None
    gone: bool = False
    began: tuple[int, bool] | None = None
    epoch: int = 0
    records: int = 0
    orphans: int = 0
    found: list[Named] = field(default_factory=list)
    carried: list[Named] = field(default_factory=list)


def check(store: WormStore, seal: Seal, wanted: frozenset[Named]) -> Outcome:
    """Read and check the segment of `seal`; `wanted` is what receipts name.

    Raises:
        StoreError: the store does not answer.
    """
    key = seal.object_key
    try:
        data = store.get(key, limit=MAX_SEGMENT)
    except NotFoundError:
        return Outcome(gone=True)
    except ObjectTooLargeError:
        return Outcome(finding=("wrong-segment", key, "is larger than such an object can be"))
    except ShadowedObjectError:
        return Outcome(finding=("shadowed-object", key, "has several versions, or was deleted"))
    return check_bytes(seal, data, wanted)


def check_bytes(seal: Seal, data: bytes, wanted: frozenset[Named] = frozenset()) -> Outcome:
    """Check the bytes of a segment."""
    outcome = Outcome()
    try:
        _check(seal, data, wanted, outcome)
    except FindingError as error:
        outcome.finding = (error.code, error.where, error.detail)
    return outcome


def _check(seal: Seal, data: bytes, wanted: frozenset[Named], outcome: Outcome) -> None:
    if len(data) != seal.size or hashlib.sha256(data).hexdigest() != seal.sha256:
        raise FindingError("wrong-segment", seal.object_key, "is not the object that was sealed")
    leaves: list[bytes] = []
    times: list[str] = []
    for found, leaf in _records(seal, data, outcome):
        leaves.append(leaf)
        times.append(found.time)
        if found.orphan_of is not None:
            outcome.orphans += 1
        if wanted:
            _look_for(wanted, found, leaf.hex(), outcome)
    sealed = (seal.root, seal.head, seal.min_time, seal.max_time)
    if (root_hash(leaves).hex(), leaves[-1].hex(), min(times), max(times)) != sealed:
        raise FindingError("wrong-root", seal.key, "root, head or times are not those of the records")


def _look_for(wanted: frozenset[Named], found: Record, leaf: str, outcome: Outcome) -> None:
    if (own := Named(found.chain, found.seq, leaf)) in wanted:
        outcome.found.append(own)
    orphan = found.orphan_of
    if orphan is not None and (other := Named(orphan["chain"], orphan["seq"], orphan["leaf"])) in wanted:
        outcome.carried.append(other)


def _records(seal: Seal, data: bytes, outcome: Outcome) -> Iterator[tuple[Record, bytes]]:
    """Yield each record and its leaf hash, once it is known to follow the one before."""
    prev, lines = seal.first_prev, data.split(b"\n")
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
        opened = found.type == record.OPENED
        if outcome.began is None:
            outcome.began = (found.epoch, opened)
        elif found.epoch != outcome.epoch + opened:
            raise FindingError("wrong-epoch", where, "is not of the epoch that was opened")
        leaf = leaf_hash(lines[index])
        prev, outcome.epoch = leaf.hex(), found.epoch
        outcome.records += 1
        yield found, leaf
    if lines[-1]:
        where = f"{seal.chain}-{seal.first_seq + seal.count}"
        raise FindingError("wrong-count", where, "the segment does not end in a newline")
