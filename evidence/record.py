"""One record of a chain: its members, its bytes, its leaf hash. docs/evidence-format.md, section 2.

Knows nothing of files, stores or signatures, and nothing of what a body means.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from evidence import canonical, form
from evidence.errors import MalformedError, RecordTooLargeError
from evidence.tree import leaf_hash

MAX_RECORD = 65_536  # bytes
_SPARE = 256  # bytes that a record leaves for `orphan_of`, so that it can be carried over
MAX_BLOCKS = 8
OPENED = "chain.opened"
CLOSED = "chain.closed"
ABANDONED = "chain.abandoned"

_record_type = form.matching(r"(?=.{1,64}\Z)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_subject = form.matching("psn_[0-9a-f]{32}")
_key_id = form.matching("k_[0-9a-f]{32}")
_nonce = form.matching("[0-9a-f]{24}")

_REQUIRED = frozenset({"v", "chain", "epoch", "seq", "prev", "time", "type", "class", "tenant", "body"})
_OPTIONAL = frozenset({"sealed", "orphan_of"})
_BLOCK = frozenset({"alg", "commit", "ct", "kid", "nonce", "subject"})
_ORPHAN = frozenset({"chain", "leaf", "seq"})
_STAMP = re.compile(
    rb'"seq":([0-9]{1,16}),"tenant":"([a-z0-9_-]{1,64})","time":"([0-9TZ:.-]{27})","type":"([a-z0-9_.]{1,64})","v":1\}\Z'
)
_RECORD = (
    b'{"body":%b,"chain":"%b","class":"%b","epoch":%d,%b"prev":"%b",%b"seq":%d,"tenant":%b,"time":"%b","type":%b,"v":1}'
)
_BODY = '{"body":'  # names stand in order, so every record begins with it
_CHAIN = re.compile(r',"chain":"([0-9a-f]{20})","class":"')
_read_value = json.JSONDecoder().raw_decode
_STAMP_BYTES = 300  # more than the members of a stamp can take
_PREV_BYTES = 500  # more than the members from `chain` to `prev` can take
_SALT_AND_TAG = 16 + 16  # what every ciphertext has beside its text


class Position(NamedTuple):
    """Where a record stands: known before the record is built, so that blocks can be bound to it."""

    chain: str
    seq: int

    @property
    def decision_id(self) -> str:
        """Return `<chain>-<seq>`."""
        return f"{self.chain}-{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read a decision id.

        Raises:
            MalformedError: it is none.
        """
        chain, dash, seq = text.partition("-")
        if not dash or not seq.isascii() or not seq.isdigit() or len(seq) > len(str(canonical.MAX_INTEGER)):
            raise MalformedError("not a decision id")
        position = cls(chain=form.chain(chain), seq=int(seq))
        if position.decision_id != text or position.seq > canonical.MAX_INTEGER:
            raise MalformedError("not a decision id")
        return position


class Draft(NamedTuple):
    """What a caller of the log says; the writer adds position, time and chain.

    `body` and each block of `sealed` may be given as their canonical bytes, which are taken as they are.
    """

    type: str
    tenant: str
    body: Mapping[str, Any] | bytes
    sealed: tuple[Mapping[str, str] | bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as it stands in the log."""

    chain: str
    epoch: int
    seq: int
    prev: str
    time: str
    type: str
    retention_class: str
    tenant: str
    body: Mapping[str, Any]
    sealed: tuple[Mapping[str, str], ...] = ()
    orphan_of: Mapping[str, Any] | None = None

    @property
    def position(self) -> Position:
        """Return where the record stands."""
        return Position(chain=self.chain, seq=self.seq)

    @classmethod
    def parse(cls, data: bytes) -> "Record":
        """Read a record, accepting only its one canonical form.

        Raises:
            MalformedError: the bytes are no record.
        """
        if len(data) > MAX_RECORD:
            raise MalformedError("record is larger than 65536 bytes")
        value = form.members(canonical.parse(data), _REQUIRED, _OPTIONAL)
        if type(value["v"]) is not int or value["v"] != 1:
            raise MalformedError("not version 1")
        if type(value["body"]) is not dict:
            raise MalformedError("body is not an object")
        return cls(
            chain=form.chain(value["chain"]),
            epoch=form.integer(value["epoch"], least=1),
            seq=form.integer(value["seq"]),
            prev=form.hash_hex(value["prev"]),
            time=form.time(value["time"]),
            type=_record_type(value["type"]),
            retention_class=form.retention_class(value["class"]),
            tenant=form.tenant(value["tenant"]),
            body=value["body"],
            sealed=_blocks(value["sealed"]) if "sealed" in value else (),
            orphan_of=_orphan(value["orphan_of"]) if "orphan_of" in value else None,
        )


def encode(  # noqa: PLR0913 - the members of a record
    draft: Draft,
    position: Position,
    *,
    epoch: int,
    prev: str,
    time: str,
    retention_class: str,
    orphan_of: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the bytes of the record that `draft` becomes at `position`.

    `orphan_of` says of a record that is carried over where it was acknowledged: `chain`, `leaf`, `seq`.

    Raises:
        MalformedError: the draft has no canonical form.
        RecordTooLargeError: it is larger than a record may be.
    """
    # What a record is made of has its form already, or is text or JSON: the members are put together in their order.
    data = _RECORD % (
        _canonical(draft.body),
        position.chain.encode(),
        retention_class.encode(),
        epoch,
        b"" if orphan_of is None else b'"orphan_of":%b,' % canonical.encode(orphan_of),
        prev.encode(),
        b'"sealed":[%b],' % b",".join(map(_canonical, draft.sealed)) if draft.sealed else b"",
        position.seq,
        _text(draft.tenant),
        time.encode(),
        _text(draft.type),
    )
    most = MAX_RECORD if orphan_of else MAX_RECORD - _SPARE
    if len(data) > most:
        raise RecordTooLargeError(f"record of {len(data)} bytes is larger than {most}")
    return data


@lru_cache(maxsize=1_024)
def _text(value: str) -> bytes:
    """Return the canonical bytes of a word that most records share with others."""
    return canonical.encode(value)


def _canonical(value: Mapping[str, Any] | bytes) -> bytes:
    return value if isinstance(value, bytes) else canonical.encode(value)


def leaf(data: bytes) -> str:
    """Return the leaf hash of a record's bytes, as the next record names it."""
    return leaf_hash(data).hex()


def _blocks(value: Any) -> tuple[Mapping[str, str], ...]:
    if type(value) is not list or not 1 <= len(value) <= MAX_BLOCKS:
        raise MalformedError("sealed is not an array of 1 to 8 blocks")
    return tuple(_block(block) for block in value)


def _block(value: Any) -> Mapping[str, str]:
    block = form.members(value, _BLOCK)
    if block["alg"] != "A256GCM":
        raise MalformedError("sealed block of another algorithm")
    form.hash_hex(block["commit"])
    _key_id(block["kid"])
    _nonce(block["nonce"])
    _subject(block["subject"])
    if type(block["ct"]) is not str or len(form.base64_bytes(block["ct"])) < _SALT_AND_TAG:
        raise MalformedError("sealed block is too short")
    return block


def _orphan(value: Any) -> Mapping[str, Any]:
    orphan = form.members(value, _ORPHAN)
    form.chain(orphan["chain"])
    form.hash_hex(orphan["leaf"])
    form.integer(orphan["seq"])
    return orphan


def stamp(data: bytes) -> tuple[int, str]:
    """Return `seq` and `time` of a record's bytes, which are known to be one, without parsing it.

    Members stand in the order of their names, so these end every record.

    Raises:
        MalformedError: they do not.
    """
    found = _STAMP.search(data, max(0, len(data) - _STAMP_BYTES))
    if found is None:
        raise MalformedError("record does not end as records do")
    return int(found[1]), found[3].decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """What a record says in the open; see `excerpt`."""

    chain: str
    seq: int
    time: str
    type: str
    tenant: str
    body: Mapping[str, Any]

    @property
    def position(self) -> Position:
        """Return where the record stands."""
        return Position(chain=self.chain, seq=self.seq)


def excerpt(data: bytes) -> Excerpt:
    """Return what a record's bytes, which are known to be one, say in the open, without parsing the rest.

    For who reads every record and needs no blocks: it takes a fifth of the time of `Record.parse`, and believes what a
    verified seal vouches for.

    Raises:
        MalformedError: they are none.
    """
    found = _STAMP.search(data, max(0, len(data) - _STAMP_BYTES))
    try:
        text = data.decode()
        body, end = _read_value(text, len(_BODY))
    except (ValueError, RecursionError) as error:
        raise MalformedError("body is not JSON") from error
    chain = _CHAIN.match(text, end)
    if found is None or chain is None or not text.startswith(_BODY) or type(body) is not dict:
        raise MalformedError("record is not built as records are")
    return Excerpt(
        chain=chain[1],
        seq=int(found[1]),
        time=found[3].decode(),
        type=found[4].decode(),
        tenant=found[2].decode(),
        body=body,
    )


def mark(chain: str, retention_class: str) -> bytes:
    """Return what stands in every record of this chain and class; see `continues`."""
    return b',"chain":"%b","class":"%b",' % (chain.encode(), retention_class.encode())


def continues(data: bytes, mark: bytes, head: str) -> bool:
    """Return whether a record's bytes bear `mark`, and name `head` as the leaf hash before them, without parsing it."""
    begins = data.rfind(mark)  # a body may have members of these names: what comes last is the record's own
    return begins >= 0 and data.find(b'"prev":"%b",' % head.encode(), begins, begins + _PREV_BYTES) >= 0
