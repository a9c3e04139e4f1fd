"""Receipts: the log's signed word that records were taken in, before anything of them is sealed.

docs/evidence-format.md, section 6. A caller keeps one, and an auditor asks for the records it names.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from evidence import canonical, form, note
from evidence.errors import MalformedError, SignatureError
from evidence.key_history import KeyHistory
from evidence.keys import SigningKey, parse_origin
from evidence.note import Note
from evidence.record import Position

MAX_RECEIPT = 1 << 16  # bytes
MAX_FILE = 64 << 20  # bytes of receipts in one file
MOST_RECORDS = 256
_MEMBERS = frozenset({"v", "log", "type", "issued_at", "records"})
_RECORD = frozenset({"chain", "seq", "leaf"})
_TYPE = "receipt"


class Recorded(Protocol):
    """A record that is on disk, as the writer says it."""

    @property
    def position(self) -> Position:
        """Where it stands."""
        ...

    @property
    def leaf(self) -> str:
        """Its leaf hash in hex."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record of a receipt."""

    position: Position
    leaf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the log says it took in, unchecked."""

    log: str
    issued_at: str
    records: tuple[Entry, ...]

    @classmethod
    def parse(cls, data: bytes) -> "tuple[Receipt, Note]":
        """Read a receipt, and the note that its signature is checked on.

        Raises:
            MalformedError: the bytes are none.
        """
        signed = Note.parse_stored(data, limit=MAX_RECEIPT)
        if not signed.text.endswith("}\n"):
            raise MalformedError("a receipt is one line")
        value = form.members(canonical.parse(signed.text[:-1].encode()), _MEMBERS)
        if type(value["v"]) is not int or value["v"] != 1 or value["type"] != _TYPE:
            raise MalformedError("not a receipt of version 1")
        records = value["records"]
        if type(value["log"]) is not str or type(records) is not list or not 1 <= len(records) <= MOST_RECORDS:
            raise MalformedError("log is not an origin, or there are not 1 to 256 records")
        receipt = cls(
            log=parse_origin(value["log"]),
            issued_at=form.time(value["issued_at"]),
            records=tuple(map(_entry, records)),
        )
        return receipt, signed

    @classmethod
    def verify(cls, data: bytes, history: KeyHistory) -> "Receipt":
        """Return the receipt, once a key of the log is known to have signed it.

        Raises:
            MalformedError: the bytes are none.
            SignatureError: it is another log's, or no key of the history signed it.
        """
        receipt, signed = cls.parse(data)
        if receipt.log != history.origin:
            raise SignatureError(f"is of the log `{receipt.log}`")
        history.verify(signed)
        return receipt


def issue(records: Sequence[Recorded], key: SigningKey, now: datetime) -> bytes:
    """Return a receipt for `records`, 1 to 256 of them, which are on disk.

    Raises:
        MalformedError: there are none, or too many.
    """
    if not 1 <= len(records) <= MOST_RECORDS:
        raise MalformedError("a receipt is for 1 to 256 records")
    value = {
        "v": 1,
        "log": key.origin,
        "type": _TYPE,
        "issued_at": form.time_text(now),
        "records": [{"chain": each.position.chain, "seq": each.position.seq, "leaf": each.leaf} for each in records],
    }
    return note.sign(canonical.encode(value).decode() + "\n", key)


def parse_file(data: bytes) -> tuple[bytes, ...]:
    """Return the receipts in a file: one as it is, or JSON Lines, each line a JSON string that holds one.

    Raises:
        MalformedError: a line is no JSON string.
    """
    if not data.startswith(b'"'):
        return (data,)
    return tuple(_line(line) for line in data.removesuffix(b"\n").split(b"\n"))


def _line(line: bytes) -> bytes:
    try:
        text = json.loads(line.decode())
        if type(text) is not str:
            raise MalformedError("a line of receipts is no string")
        return text.encode()
    except (ValueError, RecursionError) as error:  # text that is no Unicode too
        raise MalformedError("a line of receipts is no JSON") from error


def _entry(value: Any) -> Entry:
    found = form.members(value, _RECORD)
    position = Position(chain=form.chain(found["chain"]), seq=form.integer(found["seq"]))
    return Entry(position=position, leaf=form.hash_hex(found["leaf"]))
