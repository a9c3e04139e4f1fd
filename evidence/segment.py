"""A run of records as one object, and the seal that vouches for it. docs/evidence-format.md, section 6.

Pure: bytes in, values out. Owns the keys of both objects.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from evidence import canonical, form, tree
from evidence.errors import MalformedError
from evidence.keys import parse_origin

MAX_COUNT = 5_000  # records
MAX_SEGMENT = 8 << 20  # bytes
MAX_NUMBER = 10**12 - 1
SEAL_KEY = re.compile(r"chains/([0-9a-f]{20})/seals/([0-9]{12})\.note")
SEGMENT_KEY = re.compile(r"chains/([0-9a-f]{20})/segments/([0-9]{12})-([0-9a-f]{64})\.jsonl")

_MEMBERS = frozenset(
    {"v", "log", "chain", "class", "segment", "previous", "first_seq", "count", "first_prev", "head", "root"}
    | {"sha256", "bytes", "min_time", "max_time", "sealed_at", "retain_until", "checkpoint"}
)
_NO_BYTES = hashlib.sha256(b"").hexdigest()


def seal_key(chain: str, number: int) -> str:
    """Return the key of a seal."""
    return f"chains/{chain}/seals/{number:012}.note"


def segment_key(chain: str, number: int, sha256: str) -> str:
    """Return the key of a segment: it carries the hash, so that an unfinished sealing leaves nothing in the way."""
    return f"chains/{chain}/segments/{number:012}-{sha256}.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What the log says of one segment. `count` 0 is a heartbeat."""

    log: str
    chain: str
    retention_class: str
    segment: int
    previous: str
    first_seq: int
    count: int
    first_prev: str
    head: str
    root: str
    sha256: str
    size: int
    min_time: str | None
    max_time: str | None
    sealed_at: str
    retain_until: str
    checkpoint: str

    @property
    def text(self) -> str:
        """Return the text of the note."""
        value = {
            "v": 1,
            "log": self.log,
            "chain": self.chain,
            "class": self.retention_class,
            "segment": self.segment,
            "previous": self.previous,
            "first_seq": self.first_seq,
            "count": self.count,
            "first_prev": self.first_prev,
            "head": self.head,
            "root": self.root,
            "sha256": self.sha256,
            "bytes": self.size,
            "min_time": self.min_time,
            "max_time": self.max_time,
            "sealed_at": self.sealed_at,
            "retain_until": self.retain_until,
            "checkpoint": self.checkpoint,
        }
        return canonical.encode(value).decode() + "\n"

    @property
    def seal_hash(self) -> str:
        """Return the leaf hash of the text, in hex: what the next seal and the tree hold."""
        return tree.leaf_hash(self.text.encode()).hex()

    @property
    def key(self) -> str:
        """Return the key of the seal itself."""
        return seal_key(self.chain, self.segment)

    @property
    def object_key(self) -> str:
        """Return the key of the segment it seals."""
        return segment_key(self.chain, self.segment, self.sha256)

    @classmethod
    def parse(cls, text: str) -> "Seal":
        """Read the text of a note.

        Raises:
            MalformedError: it is no seal.
        """
        if not text.endswith("\n"):
            raise MalformedError("a seal is one line")
        value = form.members(canonical.parse(text[:-1].encode()), _MEMBERS)
        if type(value["v"]) is not int or value["v"] != 1:
            raise MalformedError("not version 1")
        if type(value["log"]) is not str:
            raise MalformedError("log is not an origin")
        seal = cls(
            log=parse_origin(value["log"]),
            chain=form.chain(value["chain"]),
            retention_class=form.retention_class(value["class"]),
            segment=form.integer(value["segment"]),
            previous=form.hash_hex(value["previous"]),
            first_seq=form.integer(value["first_seq"]),
            count=form.integer(value["count"]),
            first_prev=form.hash_hex(value["first_prev"]),
            head=form.hash_hex(value["head"]),
            root=form.hash_hex(value["root"]),
            sha256=form.hash_hex(value["sha256"]),
            size=form.integer(value["bytes"]),
            min_time=_time_or_none(value["min_time"]),
            max_time=_time_or_none(value["max_time"]),
            sealed_at=form.time(value["sealed_at"]),
            retain_until=form.time(value["retain_until"]),
            checkpoint=form.hash_hex(value["checkpoint"]),
        )
        seal._check()
        return seal

    def _check(self) -> None:
        """Refuse what no segment can be."""
        if self.segment > MAX_NUMBER or self.count > MAX_COUNT or self.size > MAX_SEGMENT:
            raise MalformedError("a seal's number, count or size is beyond its limit")
        empty = (self.first_prev, tree.EMPTY_ROOT.hex(), _NO_BYTES, 0, None, None)
        if self.count == 0 and (self.head, self.root, self.sha256, self.size, self.min_time, self.max_time) != empty:
            raise MalformedError("a heartbeat seals records")
        if self.count and (self.size == 0 or self.min_time is None or self.max_time is None):
            raise MalformedError("a seal of records has no size or no times")


@dataclass(slots=True)
class Batch:
    """Records on their way into a segment: bytes, leaf hashes and times, in order."""

    records: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    size: int = 0  # bytes of the object

    def add(self, record: bytes, time: str) -> None:
        """Take in the next record."""
        self.records.append(record)
        self.leaves.append(tree.leaf_hash(record))
        self.times.append(time)
        self.size += len(record) + 1

    @property
    def data(self) -> bytes:
        """Return the object: each record, each followed by a newline."""
        return b"\n".join([*self.records, b""])


def seal(batch: Batch, data: bytes, **position: Any) -> Seal:
    """Return the seal of `batch`, whose object is `data`; `position` holds what the batch cannot know."""
    return Seal(
        count=len(batch.records),
        head=batch.leaves[-1].hex() if batch.leaves else position["first_prev"],
        root=tree.root_hash(batch.leaves).hex(),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        min_time=min(batch.times, default=None),
        max_time=max(batch.times, default=None),
        **position,
    )


def _time_or_none(value: Any) -> str | None:
    return None if value is None else form.time(value)
