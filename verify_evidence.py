#!/usr/bin/env python3
"""Verify an evidence log offline, or the proof of one record: one file, Python 3.11 and its standard library.

This is the auditor's own verifier. It shares no code with the software that writes the log; both follow
`docs/evidence-format.md`, and this file follows it section by section, so that the two can be read side by side.

    python3 verify_evidence.py verify STORE --key FILE [--checkpoint FILE] [--at TIME] [--tsa FILE] [--witness FILE ...]
                                      [--receipts FILE ...] [--json]
    python3 verify_evidence.py check-proof FILE --key FILE [--json]

STORE is a directory that holds the log's objects. The key file is the log's public key, now or at any time before,
and the checkpoint one that was kept from earlier; certificates and witness keys say whom else to believe: take all
of them from anywhere but the store. Time stamps are given to the program `openssl`, where there is one. Exit code
0: all holds. 1: something is wrong, and the first such thing is named. 2: the input is unusable, which says nothing
about the log.

It refuses to know how records are written, what they mean, and the keys of sealed blocks. In memory is one segment at
a time, and of the rest of the log the keys of its objects and the hash of each seal.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Point = tuple[int, int, int, int]
Members = dict[str, Any]  # of a JSON object
Name = tuple[str, int, str]  # of a record: chain, number, leaf hash


class MalformedError(Exception):
    """Bytes do not have the form that the document gives them."""


class FindingError(Exception):
    """The first thing found wrong: a code, a place and a sentence. Exit code 1."""


def refuse(wrong: object, why: str) -> None:
    """Raise `MalformedError` if something is wrong with the form of bytes."""
    if wrong:
        raise MalformedError(why)


def demand(holds: object, code: str, where: str, sentence: str) -> None:
    """Raise `FindingError` unless something holds."""
    if not holds:
        raise FindingError(code, where, sentence)


@contextmanager
def parsing(code: str, where: str) -> Iterator[None]:
    """Make what does not parse a finding with this code and place."""
    try:
        yield
    except MalformedError as error:
        raise FindingError(code, where, str(error)) from error


# ---- Section 1: text, numbers, hashes --------------------------------------------------------------------------------

MAX_INTEGER = 2**53 - 1
MAX_NESTING = 32
ZEROS = "0" * 64
HASH = "[0-9a-f]{64}"
HASH_SIZE = 32
DECIMAL = "(0|[1-9][0-9]{0,15})"
TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{6})Z")


def sha256(data: bytes) -> bytes:
    """Return `H(data)`."""
    return hashlib.sha256(data).digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the leaf hash of bytes (RFC 6962, section 2.1)."""
    return sha256(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962, section 2.1)."""
    return sha256(b"\x01" + left + right)


class Tree:
    """The tree over the leaf hashes added so far (RFC 6962, section 2.1): the roots of its full subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []  # largest subtree first

    def add(self, leaf: bytes) -> None:
        """Add a leaf on the right: as often as the size is odd, the two last subtrees are of one size and join."""
        rest = self.size
        while rest & 1:
            leaf, rest = node_hash(self._full.pop(), leaf), rest >> 1
        self._full.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root: the full subtrees joined from the right."""
        root = self._full[-1] if self._full else sha256(b"")
        for left in reversed(self._full[:-1]):
            root = node_hash(left, root)
        return root


def root_by_proof(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """Return the root to which an inclusion proof leads (RFC 6962, section 2.1.1, read from the root downwards)."""
    refuse(not 0 <= index < size, f"there is no leaf {index} in a tree of {size} leaves")
    refuse(bool(proof) != (size > 1), "the inclusion proof has not the length that its tree asks for")
    if size == 1:
        return leaf
    left = 1 << (size - 1).bit_length() - 1  # leaves in the left subtree: the largest power of two below the size
    if index < left:
        return node_hash(root_by_proof(leaf, index, left, proof[:-1]), proof[-1])
    return node_hash(proof[-1], root_by_proof(leaf, index - left, size - left, proof[:-1]))


def parse_text(data: bytes, most: int) -> str:
    """Return UTF-8 of at most so many bytes as text."""
    refuse(len(data) > most, f"more than {most} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("not UTF-8") from error


def parse_base64(text: str) -> bytes:
    """Return the bytes of base64 in its one canonical form."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedError("not base64") from error
    refuse(base64.b64encode(data).decode() != text, "not the canonical base64 of its bytes")
    return data


def parse_json(text: str) -> Any:
    """Return the value of canonical JSON: parse it, encode it again, and refuse it unless the text is the same."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error
    check_profile(value, MAX_NESTING)
    again = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    refuse(again != text, "JSON, but not in its canonical form")
    return value


def check_profile(value: Any, nesting: int) -> None:
    """Refuse numbers, object names and nesting outside the profile; `nesting` is how much of it is left."""
    refuse(isinstance(value, float), "a number is not an integer")
    if isinstance(value, int):
        refuse(abs(value) > MAX_INTEGER, "an integer is too large")
    elif isinstance(value, dict | list):
        refuse(nesting == 0, "nested too deep")
        refuse(isinstance(value, dict) and not all(name.isascii() for name in value), "an object name is not ASCII")
        for child in value.values() if isinstance(value, dict) else value:
            check_profile(child, nesting - 1)


def is_time(value: Any) -> bool:
    """Return whether this is a time: its digits in their places, and a real date and time."""
    match = TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        return match is not None and bool(datetime(*map(int, match.groups())))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return False


def fits(value: Any, form: Any) -> bool:
    """Return whether a value has a form: a pattern, a range of integers, the members of an object, or a function."""
    match form:
        case str():
            return isinstance(value, str) and re.fullmatch(form, value) is not None
        case range():
            return type(value) is int and value in form  # `true` is no integer, though Python says so
        case dict():
            return check_members(value, form) is value
        case _:
            return bool(form(value))


def check_members(value: Any, forms: Members, optional: frozenset[str] = frozenset()) -> Members:
    """Return an object that has exactly these members, each in its form; those in `optional` may be missing."""
    if not isinstance(value, dict) or not forms.keys() - optional <= value.keys() <= forms.keys():
        raise MalformedError("not an object with exactly the members it must have")
    for name, member in value.items():
        refuse(not fits(member, forms[name]), f"member `{name}` has not the form it must have")
    return value


# ---- Sections 2 and 4: record, sealed block --------------------------------------------------------------------------

MAX_RECORD = 65_536
MAX_BLOCKS = 8
MIN_CIPHERTEXT = 16 + 16  # salt and tag
CHAIN = "[0-9a-f]{20}"
CLASS = "[a-z0-9]{1,16}"
BLOCK = {
    "alg": "A256GCM",
    "commit": HASH,
    "ct": lambda value: isinstance(value, str) and len(parse_base64(value)) >= MIN_CIPHERTEXT,
    "kid": "k_[0-9a-f]{32}",
    "nonce": "[0-9a-f]{24}",
    "subject": "psn_[0-9a-f]{32}",
}
RECORD = {
    "v": range(1, 2),
    "chain": CHAIN,
    "epoch": range(1, MAX_INTEGER + 1),
    "seq": range(MAX_INTEGER + 1),
    "prev": HASH,
    "time": is_time,
    "type": r"(?=.{1,64}$)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*",
    "class": CLASS,
    "tenant": "[a-z0-9][a-z0-9_-]{0,63}",
    "body": lambda value: isinstance(value, dict),
    "sealed": lambda value: (
        isinstance(value, list) and 1 <= len(value) <= MAX_BLOCKS and all(fits(block, BLOCK) for block in value)
    ),
    "orphan_of": {"chain": CHAIN, "leaf": HASH, "seq": range(MAX_INTEGER + 1)},
}


def parse_record(data: bytes) -> Members:
    """Return the members of a record."""
    return check_members(parse_json(parse_text(data, MAX_RECORD)), RECORD, frozenset({"sealed", "orphan_of"}))


# ---- Section 6: Ed25519 (RFC 8032) -----------------------------------------------------------------------------------
# A signature is R (32 bytes) and S (32 bytes). It holds if S < L, and S·B - k·A encodes to R byte for byte, where
# k = SHA-512(R || A || text) mod L. OpenSSL accepts the same signatures. Of keys it accepts more: those that RFC 8032
# forbids (y >= p, or a sign where x is 0). No key generator makes one; such a key file is unusable here. Nothing below
# is secret, so nothing below needs constant time.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
SIGNATURE_SIZE = 64
KEY_ID_SIZE = 4
D = -121665 * pow(121666, -1, P) % P


def point_add(one: Point, two: Point) -> Point:
    """Add two points, equal or not, in extended coordinates X, Y, Z, T (RFC 8032, section 5.1.4)."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, two
    a, b, c, d = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P, 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_encode(point: Point) -> bytes:
    """Return the 32 bytes of a point (RFC 8032, section 5.1.2)."""
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def point_decode(data: bytes) -> Point:
    """Return the point that 32 bytes encode (RFC 8032, section 5.1.3)."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P  # times a square root of -1
    refuse(y >= P or (x * x - square) % P or (x == 0 and sign), "not the encoding of a point of the curve")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def multiples(point: Point) -> list[list[Point]]:
    """Return 0 to 15 times 16^i·point for i = 0 to 63, so that a multiplication takes 64 additions."""
    table = []
    for _ in range(64):
        row: list[Point] = [(0, 1, 1, 0)]
        for _ in range(15):
            row.append(point_add(row[-1], point))
        table.append(row)
        point = point_add(row[-1], point)
    return table


BASE = multiples(point_decode(bytes.fromhex("58" + "66" * 31)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key of a log, or of a witness: its name, key id, 32 bytes, and the multiples of -A."""

    origin: str
    key_id: bytes
    public: bytes
    minus: list[list[Point]]

    def holds(self, signature: bytes, text: bytes) -> bool:
        """Return whether this key made this signature over the text (RFC 8032, section 5.1.7)."""
        r, s = signature[:32], int.from_bytes(signature[32:], "little")
        k = int.from_bytes(hashlib.sha512(r + self.public + text).digest(), "little") % L
        total, rest = (0, 1, 1, 0), s
        for base, minus in zip(BASE, self.minus, strict=True):
            total = point_add(point_add(total, base[rest & 15]), minus[k & 15])
            rest, k = rest >> 4, k >> 4
        return len(signature) == SIGNATURE_SIZE and s < L and point_encode(total) == r


# ---- Section 6: signed note, seal, leaves, checkpoint ----------------------------------------------------------------

MAX_NOTE = 16 * 1024
MAX_LEAVES = 1024 * 1024
MAX_SEGMENT = 8 * 1024 * 1024
NO_BYTES = sha256(b"").hex()
ORIGIN = "[!-*,-~]{1,128}"  # printable ASCII without space and plus
KEY_LINE = re.compile(rf"({ORIGIN})\+([0-9a-f]{{8}})\+([^\n]+)")
SIGNATURE_LINE = re.compile("— ([^ +]+) (.+)")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
LEAF_LINE = re.compile(f"({CHAIN}) (0|[1-9][0-9]{{0,11}}) ({HASH})")
CHECKPOINT_TEXT = re.compile(f"({ORIGIN})\n{DECIMAL}\n([^\n]+)\n")
SEAL = {
    "v": range(1, 2),
    "log": ORIGIN,
    "chain": CHAIN,
    "class": CLASS,
    "segment": range(10**12),
    "previous": HASH,
    "first_seq": range(MAX_INTEGER + 1),
    "count": range(5_000 + 1),
    "first_prev": HASH,
    "head": HASH,
    "root": HASH,
    "sha256": HASH,
    "bytes": range(MAX_SEGMENT + 1),
    "min_time": lambda value: value is None or is_time(value),
    "max_time": lambda value: value is None or is_time(value),
    "sealed_at": is_time,
    "retain_until": is_time,
    "checkpoint": HASH,
}


def parse_key(data: bytes, kind: int = 1) -> Key:
    """Return a key from one line `<origin>+<key id>+<base64(kind || public key)>`; a witness's is of kind 4."""
    match = KEY_LINE.fullmatch(parse_text(data, MAX_NOTE).strip(" \t\r\n"))
    if match is None:
        raise MalformedError("not `<origin>+<key id>+<base64>`")
    public = parse_base64(match[3])
    refuse(len(public) != 1 + HASH_SIZE or public[0] != kind, "not an Ed25519 key, or not of this kind")
    key_id = sha256(match[1].encode() + b"\n" + public)[:KEY_ID_SIZE]
    refuse(key_id.hex() != match[2], "its key id is not that of its origin and key")
    x, y, z, t = point_decode(public[1:])
    return Key(origin=match[1], key_id=key_id, public=public[1:], minus=multiples((P - x, y, z, P - t)))


def parse_note(
    data: bytes, *, stored: bool = True, lines: int = 1, most: int = MAX_NOTE
) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a signed note: its text, with the last newline, and key name and bytes of each signature.

    One that is not `stored` may have any number of signature lines.
    """
    return split_note(parse_text(data, most), lines if stored else 0)


def split_note(note: str, count: int) -> tuple[str, list[tuple[str, bytes]]]:
    """Return text and signatures of a note with so many signature lines of Ed25519, or any if 0."""
    text, empty_line, lines = note.rpartition("\n\n")
    matches = [SIGNATURE_LINE.fullmatch(line) for line in lines[:-1].split("\n")]
    refuse(CONTROL.search(note) or not empty_line or lines[-1:] != "\n" or None in matches, "not a signed note")
    signatures = [(match[1], parse_base64(match[2])) for match in matches if match]
    sizes = [len(signed) for _, signed in signatures]
    refuse(min(sizes) <= KEY_ID_SIZE, "a signature without key id or without signature")
    refuse(
        count and sizes != [KEY_ID_SIZE + SIGNATURE_SIZE] * count, "not as many signatures of Ed25519 as it must have"
    )
    return text + "\n", signatures


def check_signature(text: str, signatures: list[tuple[str, bytes]], key: Key, where: str) -> None:
    """Demand one signature by this key; those by other keys are ignored (C2SP signed-note)."""
    key_id = slice(KEY_ID_SIZE)
    ours = [signed for name, signed in signatures if (name, signed[key_id]) == (key.origin, key.key_id)]
    holds = len(ours) == 1 and key.holds(ours[0][KEY_ID_SIZE:], text.encode())
    demand(holds, "bad-signature", where, f"it has not one signature by the key {key.key_id.hex()} that holds")


def parse_seal(text: str) -> Members:
    """Return the members of a seal from the text of its note."""
    seal = check_members(parse_json(text[:-1]), SEAL)
    of_records = [seal[name] for name in ("head", "root", "sha256", "bytes", "min_time", "max_time")]
    if seal["count"]:
        refuse(None in of_records or not seal["bytes"], "the times or bytes of its records are missing")
    else:
        refuse(of_records != [seal["first_prev"], NO_BYTES, NO_BYTES, 0, None, None], "a heartbeat has no records")
    return seal


def parse_leaves(data: bytes) -> list[tuple[str, int, bytes]]:
    """Return chain, segment and seal hash of each line."""
    *lines, rest = parse_text(data, MAX_LEAVES).split("\n")
    matches = [LEAF_LINE.fullmatch(line) for line in lines]
    refuse(rest or not matches or None in matches, "not lines of a chain, a segment and a seal hash")
    return [(match[1], int(match[2]), bytes.fromhex(match[3])) for match in matches if match]


def check_checkpoint(data: bytes, keys: History, where: str, *, stored: bool) -> tuple[str, int, bytes]:
    """Return text, size and root of a checkpoint, signed by the key of its last leaf."""
    with parsing("malformed-checkpoint", where):
        text, signatures = parse_note(data, stored=stored)
        match = CHECKPOINT_TEXT.fullmatch(text)
        if match is None:
            raise MalformedError("not three lines: origin, number of leaves, root")
        root = parse_base64(match[3])
        refuse(len(root) != HASH_SIZE or int(match[2]) > MAX_INTEGER, "its root has not 32 bytes, or it is too large")
    demand(match[1] == keys.origin, "bad-signature", where, "its origin is not that of the pinned key")
    check_signature(text, signatures, keys.at(int(match[2]) - 1), where)
    return text, int(match[2]), root


# ---- Section 6: key history, receipt ---------------------------------------------------------------------------------

MAX_RECEIPT = 64 * 1024
MAX_RECEIPTS = 64 * 1024 * 1024
MAX_RECEIPTED = 256
STATEMENT = {
    "v": range(1, 2),
    "log": ORIGIN,
    "number": range(1, MAX_INTEGER + 1),
    "previous": HASH,
    "previous_key": lambda value: isinstance(value, str),
    "key": lambda value: isinstance(value, str),
    "size": range(MAX_INTEGER + 1),
    "root": HASH,
    "reason": "rotated|compromised",
    "time": is_time,
}
RECEIPTED = {"chain": CHAIN, "seq": range(MAX_INTEGER + 1), "leaf": HASH}
RECEIPT = {
    "v": range(1, 2),
    "log": ORIGIN,
    "type": "receipt",
    "issued_at": is_time,
    "records": lambda value: (
        isinstance(value, list) and 1 <= len(value) <= MAX_RECEIPTED and all(fits(entry, RECEIPTED) for entry in value)
    ),
}


class History:
    """The keys of a log in their order, and the statements that lead from each to the next."""

    def __init__(self, first: Key) -> None:
        self.origin, self.keys = first.origin, [first]
        self.statements: list[Members] = []
        self.last = ZEROS  # hash of the newest statement

    def at(self, leaf: int) -> Key:
        """Return the key that signs the seal at this place of the tree; -1 is before the first."""
        begun: int = sum(statement["size"] <= leaf for statement in self.statements)
        return self.keys[begun]

    def take(self, data: bytes, where: str, pinned: Key) -> None:
        """Take in the next statement, signed by the key before it and by the key it brings."""
        with parsing("malformed-statement", where):
            text, signatures = parse_note(data, lines=2)
            statement = check_members(parse_json(text[:-1]), STATEMENT)
            before, after = parse_exact_key(statement["previous_key"]), parse_exact_key(statement["key"])
            refuse({before.origin, after.origin} != {statement["log"]}, "its keys are not of its log")
        if not self.statements:
            self.keys = [before]  # whatever was pinned: it may be a later one
        number = len(self.statements) + 1
        follows = {"number": number, "previous": self.last, "previous_key": key_text(self.keys[-1])}
        continues = follows.items() <= statement.items()
        grows = not self.statements or statement["size"] >= self.statements[-1]["size"]
        demand(continues and grows, "broken-key-history", where, "it does not continue the statement before it")
        known = [key.key_id for key in self.keys]
        demand(after.key_id not in known, "broken-key-history", where, "it brings back a key that was there before")
        demand(statement["log"] == pinned.origin, "bad-signature", where, "its log is not that of the pinned key")
        for key, (name, signed) in zip((before, after), signatures, strict=True):
            holds = (name, signed[:KEY_ID_SIZE]) == (key.origin, key.key_id)
            holds = holds and key.holds(signed[KEY_ID_SIZE:], text.encode())
            demand(holds, "bad-signature", where, f"it is not signed by the key {key.key_id.hex()} in its place")
        self.keys.append(after)
        self.statements.append(statement)
        self.last = sha256(text.encode()).hex()

    def check_receipt(self, text: str, signatures: list[tuple[str, bytes]], where: str) -> None:
        """Demand a signature by any one key of the log."""
        ids = {(name, signed[:KEY_ID_SIZE]) for name, signed in signatures}
        ours = [key for key in self.keys if (key.origin, key.key_id) in ids]
        demand(len(ours) == 1, "bad-signature", where, "it has not one signature by a key of the log")
        check_signature(text, signatures, ours[0], where)


def key_text(key: Key) -> str:
    """Return a log's key as one line, in its one form."""
    return f"{key.origin}+{key.key_id.hex()}+{base64.b64encode(bytes([1]) + key.public).decode()}"


def parse_exact_key(text: str) -> Key:
    """Return a log's key from the one form of its line."""
    key = parse_key(text.encode(errors="replace"))
    refuse(key_text(key) != text, "a key is not in its one form")
    return key


def parse_receipt(data: bytes) -> tuple[Members, str, list[tuple[str, bytes]]]:
    """Return the members of a receipt, and text and signatures of its note."""
    text, signatures = parse_note(data, most=MAX_RECEIPT)
    return check_members(parse_json(text[:-1]), RECEIPT), text, signatures


def split_receipts(data: bytes) -> list[bytes]:
    """Return the receipts in a file: one as it is, or JSON Lines, each line a string that holds one."""
    refuse(len(data) > MAX_RECEIPTS, f"more than {MAX_RECEIPTS} bytes of receipts")
    if not data.startswith(b'"'):
        return [data]
    texts = [json.loads(line.decode()) for line in data.removesuffix(b"\n").split(b"\n")]
    refuse(not all(isinstance(text, str) for text in texts), "a line of receipts is no string")
    return [text.encode() for text in texts]


# ---- Section 6: time stamp, cosignature ------------------------------------------------------------------------------

MAX_TIMESTAMP = 64 * 1024
MAX_COSIGNATURE = 512
LAST_SECOND = 253_402_300_799  # of the year 9999
COSIGNATURE = re.compile(f"— ({ORIGIN}) ([^ \n]+)\n")
INTEGER, OCTETS, OID, GENERALIZED_TIME, SEQUENCE, SET, EXPLICIT = 2, 4, 6, 24, 48, 49, 160  # tags of DER
SIGNED_DATA, TST_INFO, SHA256 = map(
    bytes.fromhex, ("2a864886f70d010702", "2a864886f70d0109100104", "608648016503040201")
)
STAMPED = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]{1,9}))?Z")


def der_take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the DER element at the beginning, which has this tag, and what follows it."""
    refuse(len(data) <= 1 or data[0] != tag, "an element of a time stamp is missing")
    start, length = 2, data[1]
    if length in (0x81, 0x82):
        start += length - 0x80
        length = int.from_bytes(data[2:start], "big")
        refuse(length not in range((0x80, 0x100)[start - 3], 1 << 16), "a length is not in its shortest form")
    else:
        refuse(length not in range(0x80), "a length is longer than a time stamp")
    refuse(len(data) < start + length, "an element of a time stamp is cut off")
    return data[start : start + length], data[start + length :]


def der_whole(data: bytes, *tags: int) -> bytes:
    """Return the content of the one DER element that this is, inside of which is one, and so on."""
    for tag in tags:
        data, rest = der_take(data, tag)
        refuse(rest, "something stands behind an element of a time stamp")
    return data


def parse_timestamp(data: bytes) -> tuple[bytes, str]:
    """Return the SHA-256 that a TimeStampResp is over, and its time (RFC 3161, section 2.4.2)."""
    refuse(len(data) > MAX_TIMESTAMP, f"more than {MAX_TIMESTAMP} bytes")
    status, token = der_take(der_whole(data, SEQUENCE), SEQUENCE)
    refuse(der_take(status, INTEGER)[0] != b"\0", "no time stamp was granted")
    kind, content = der_take(der_whole(token, SEQUENCE), OID)
    rest = der_take(der_whole(content, EXPLICIT, SEQUENCE), INTEGER)[1]
    info_kind, info = der_take(der_take(der_take(rest, SET)[1], SEQUENCE)[0], OID)
    refuse((kind, info_kind) != (SIGNED_DATA, TST_INFO), "not signed data of a time stamp")
    version, rest = der_take(der_whole(info, EXPLICIT, OCTETS, SEQUENCE), INTEGER)
    hashed, rest = der_take(der_take(rest, OID)[1], SEQUENCE)
    algorithm, octets = der_take(hashed, SEQUENCE)
    imprint = der_whole(octets, OCTETS)
    match = STAMPED.fullmatch(der_take(der_take(rest, INTEGER)[1], GENERALIZED_TIME)[0])
    as_it_must = (version, der_take(algorithm, OID)[0], len(imprint)) == (b"\1", SHA256, HASH_SIZE)
    if match is None or not as_it_must:
        raise MalformedError("not a time stamp of version 1 over a SHA-256")
    year, month, day, hour, minute, second, fraction = (part.decode() for part in match.groups(b""))
    stamped = f"{year}-{month}-{day}T{hour}:{minute}:{second}.{fraction[:6]:0<6}Z"
    refuse(not is_time(stamped), "not a real date and time")
    return imprint, stamped


def openssl_holds(program: str, stamp: Path, over: Path, roots: Path, stamped: str) -> bool:
    """Return whether OpenSSL believes a time stamp over a file, by certificates that were good at its time."""
    seconds = int(datetime.fromisoformat(stamped).timestamp())
    files: list[str | Path] = ["-in", stamp, "-data", over, "-CAfile", roots, "-attime", str(seconds)]
    command = [program, "ts", "-verify", *files]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0  # noqa: S603


def parse_cosignature(data: bytes) -> tuple[str, bytes, int, bytes]:
    """Return name, key id, seconds since 1970 and signature of a cosignature (C2SP tlog-cosignature)."""
    match = COSIGNATURE.fullmatch(parse_text(data, MAX_COSIGNATURE))
    if match is None:
        raise MalformedError("not a cosignature line")
    signed = parse_base64(match[2])
    refuse(len(signed) != KEY_ID_SIZE + 8 + SIGNATURE_SIZE, "not the length of a cosignature of Ed25519")
    seconds = int.from_bytes(signed[4:12], "big")
    refuse(seconds > LAST_SECOND, "its time is after the year 9999")
    return match[1], signed[:4], seconds, signed[12:]


# ---- Section 7: proof of one record ----------------------------------------------------------------------------------

MAX_PROOF = 256 * 1024
PROOF_HEAD = re.compile(rf"c2sp\.org/tlog-proof@v1\nextra ([^\n]+)\nindex {DECIMAL}((?:\n[^\n]+)*)")
EXTRA = {
    "v": range(1, 2),
    "proof": lambda value: isinstance(value, list) and all(fits(part, HASH) for part in value),
    "record": lambda value: isinstance(value, str),
    "seal": lambda value: isinstance(value, str),
}


def parse_proof(data: bytes) -> tuple[Members, int, list[bytes], bytes]:
    """Return the extra object, the seal's index and inclusion proof, and the checkpoint (C2SP tlog-proof)."""
    head, _, checkpoint = parse_text(data, MAX_PROOF).partition("\n\n")
    match = PROOF_HEAD.fullmatch(head)
    if match is None:
        raise MalformedError("not a tlog-proof with an extra line")
    proof = [parse_base64(line) for line in match[3].split("\n")[1:]]
    refuse(any(len(part) != HASH_SIZE for part in proof), "a hash has not 32 bytes")
    extra = check_members(parse_json(parse_text(parse_base64(match[1]), MAX_PROOF)), EXTRA)
    return extra, int(match[2]), proof, checkpoint.encode()


def check_proof(data: bytes, keys: History, report: Members) -> None:
    """Follow the proof of one record from its bytes to a checkpoint by the pinned key, and fill in the report."""
    with parsing("malformed-proof", "proof"):
        extra, index, proof, checkpoint = parse_proof(data)
    with parsing("malformed-record", "record"):
        record = parse_record(extra["record"].encode())
    with parsing("malformed-seal", "seal"):
        refuse(not extra["seal"].endswith("\n"), "the text of a note ends in a newline")
        seal = parse_seal(extra["seal"])
    demand(seal["log"] == keys.origin, "misplaced-seal", "seal", "its log is not that of the pinned key")
    place = [record[name] == seal[name] for name in ("chain", "class")]
    demand(all(place), "misplaced-record", "record", "its chain or class is not that of the seal")
    with parsing("wrong-proof", "record"):
        parts = [bytes.fromhex(part) for part in extra["proof"]]
        leaf = leaf_hash(extra["record"].encode())
        root = root_by_proof(leaf, record["seq"] - seal["first_seq"], seal["count"], parts)
    demand(root.hex() == seal["root"], "wrong-proof", "record", "its proof does not lead to the root in the seal")
    _, size, tree_root = check_checkpoint(checkpoint, keys, "checkpoint", stored=False)
    with parsing("wrong-proof", "seal"):
        root = root_by_proof(leaf_hash(extra["seal"].encode()), index, size, proof)
    demand(root == tree_root, "wrong-proof", "seal", "its proof does not lead to the root in the checkpoint")
    report["record"] = {"id": f"{record['chain']}-{record['seq']}", "type": record["type"], "time": record["time"]}
    report["up_to"] = {"tree_size": size, "root": base64.b64encode(root).decode()}


# ---- Section 8: verification -----------------------------------------------------------------------------------------

KEYS = {
    "segment": re.compile(rf"chains/({CHAIN})/segments/([0-9]{{12}})-{HASH}\.jsonl"),
    "seal": re.compile(rf"chains/({CHAIN})/seals/([0-9]{{12}})\.note"),
    "leaves": re.compile(r"log/(leaves)/([0-9]{12})\.txt"),
    "checkpoint": re.compile(r"log/(checkpoints)/([0-9]{12})\.note"),
    "statement": re.compile(r"log/(keys)/([0-9]{12})\.note"),
    "timestamp": re.compile(r"log/(timestamps)/([0-9]{12})\.tsr"),
    "cosignature": re.compile(r"log/(cosignatures)/([0-9]{12})-([0-9a-f]{8})\.txt"),
}


def list_store(root: Path) -> list[tuple[str, bool]]:
    """Return the key of every object, ascending, and whether it is a regular file; links are not followed.

    A directory at the root whose name starts with a dot is the store's own, and left out; so is `probe`, where the
    service tries whether the store keeps what it is given.
    """
    found, folders = [], [("", root)]
    while folders:
        prefix, folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                key = prefix + entry.name
                if not entry.is_dir(follow_symlinks=False):
                    found.append((key, entry.is_file(follow_symlinks=False)))
                elif not key.startswith(".") and key != "probe":
                    folders.append((key + "/", root / key))
    return sorted(found, key=lambda item: os.fsencode(item[0]))


def read(path: Path, limit: int) -> bytes:
    """Return a file, or its first `limit` + 1 bytes where it is longer than it may be: whoever asked refuses it."""
    with path.open("rb") as file:
        return file.read(limit + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the auditor brings along, each from elsewhere than the store."""

    at: str | None = None  # time of the verification; None: nothing has expired
    roots: Path | None = None  # file of certificates
    witnesses: tuple[Key, ...] = ()
    receipts: tuple[bytes, ...] = ()


class Verification:
    """The eight steps over one store, in their order; the first thing that is wrong raises `FindingError`."""

    def __init__(self, root: Path, key: Key, report: Members, asked: Asked) -> None:
        self.root, self.pinned, self.report, self.checked = root, key, report, report["checked"]
        self.asked, self.history = asked, History(key)
        self.present: dict[str, set[str]] = {kind: set() for kind in KEYS}  # object keys, by kind
        self.last: dict[str, int] = {}  # chain -> the highest number of a seal or leaf; -1 if there is none
        self.leaves: list[bytes] = []  # of the tree, in order
        self.leaves_of: defaultdict[str, list[int]] = defaultdict(list)  # chain -> places in the tree, from seal 0
        self.known = {ZEROS}  # what a seal may name as its checkpoint
        self.sizes: dict[int, int] = {}  # leaves under each checkpoint
        self.wanted = {name for data in asked.receipts for name in names_in(data)}
        self.seen: dict[str, set[Name]] = {"records": set(), "carried": set()}  # of what is wanted
        self.expired: list[tuple[str, range]] = []
        self.told = time.monotonic()

    def run(self, earlier: bytes | None) -> None:
        """Take the steps; `earlier` is the checkpoint kept from earlier, if there is one."""
        self.check_keys()
        self.check_history()
        self.check_checkpoints()
        self.check_statements()
        if earlier is not None:
            self.check_earlier(earlier)
        self.check_anchors()
        for chain in sorted(self.last):
            self.check_chain(chain)
        self.report["uncheckpointed_seals"] = self.checked["seals"] - self.report["up_to"]["tree_size"]
        self.check_strays()
        for data in self.asked.receipts:
            self.check_receipt(data)

    def check_keys(self) -> None:
        """Step 1: every key has one of the forms, and there is a seal."""
        for key, regular in list_store(self.root):
            if key.startswith("probe/"):  # what a probe of the store leaves is no part of the log
                continue
            demand(regular, "unexpected-object", key, "it is not a regular file")
            for kind, form in KEYS.items():
                match = form.fullmatch(key)
                if match is None:
                    continue
                self.present[kind].add(key)
                if kind in ("segment", "seal"):
                    number = int(match[2]) if kind == "seal" else -1
                    self.last[match[1]] = max(number, self.last.get(match[1], -1))
                break
            else:
                raise FindingError("unexpected-object", key, "the log has no object with such a key")
        demand(self.present["seal"], "empty-log", "chains/", "there is no seal")

    def check_history(self) -> None:
        """Step 2: key statements from 1 without gap, each by the key before it; the pinned key is among their keys."""
        present = self.present["statement"]
        for n in range(1, max((int(key[9:21]) for key in present), default=0) + 1):
            where = f"log/keys/{n:012}.note"
            demand(where in present, "key-gap", where, "it is missing")
            self.history.take(read(self.root / where, MAX_NOTE), where, self.pinned)
        told = [("first", self.history.keys[0], {"size": 0, "reason": None})]
        told += [("", key, each) for key, each in zip(self.history.keys[1:], self.history.statements, strict=True)]
        public = [key.public for key in self.history.keys]
        where = f"log/keys/{1:012}.note"
        demand(self.pinned.public in public, "bad-signature", where, "the statements do not speak of the pinned key")
        for _, key, each in told:
            shown = {"id": key.key_id.hex(), "from_leaf": each["size"], "reason": each["reason"]}
            self.report["keys"].append(shown)

    def check_statements(self) -> None:
        """Step 3, in the end: the trees that key statements speak of."""
        for statement in self.history.statements:
            tree, where = Tree(), f"log/keys/{statement['number']:012}.note"
            for leaf in self.leaves[: statement["size"]]:
                tree.add(leaf)
            agrees = (statement["size"], statement["root"]) == (tree.size, tree.root().hex())
            demand(agrees, "wrong-root", where, "its size or root is not that of the leaves there are")

    def check_checkpoints(self) -> None:
        """Step 3: leaves and checkpoints from 0 without gap; each checkpoint is signed, and of the leaves so far."""
        tree, present = Tree(), self.present["leaves"] | self.present["checkpoint"]
        last = max((int(key.split("/")[2][:12]) for key in present), default=-1)
        for n in range(last + 1):
            batch, checkpoint = f"log/leaves/{n:012}.txt", f"log/checkpoints/{n:012}.note"
            demand(batch in present, "checkpoint-gap", batch, "it is missing")
            demand(
                checkpoint in present or n == last,
                "checkpoint-gap",
                checkpoint,
                "it is missing, and later ones are there",
            )
            with parsing("malformed-leaves", batch):
                for chain, number, leaf in parse_leaves(read(self.root / batch, MAX_LEAVES)):
                    refuse(number != len(self.leaves_of[chain]), f"`{chain} {number}` is not the next of its chain")
                    self.leaves_of[chain].append(len(self.leaves))
                    self.leaves.append(leaf)
                    tree.add(leaf)
                    self.last[chain] = max(number, self.last.get(chain, -1))
            if checkpoint in present:
                data = read(self.root / checkpoint, MAX_NOTE)
                text, size, root = check_checkpoint(data, self.history, checkpoint, stored=True)
                agrees = (size, root) == (tree.size, tree.root())
                demand(agrees, "wrong-root", checkpoint, "its size or root is not that of the leaves up to it")
                self.known.add(sha256(text.encode()).hex())
                self.sizes[n] = size
                self.checked["checkpoints"] += 1
                self.report["up_to"] |= {"tree_size": size, "root": base64.b64encode(root).decode()}

    def check_earlier(self, data: bytes) -> None:
        """Step 4: the tree of the checkpoint kept from earlier is the beginning of this one."""
        where, tree = "--checkpoint", Tree()
        _, size, root = check_checkpoint(data, self.history, where, stored=False)
        demand(size <= self.report["up_to"]["tree_size"], "rollback", where, "the log had more leaves than it has now")
        for leaf in self.leaves[:size]:
            tree.add(leaf)
        demand(tree.root() == root, "rollback", where, "the log had other leaves than it has now")

    def check_anchors(self) -> None:
        """Step 5: what others say of checkpoints; without trust in anybody their form, and what they are over."""
        for key in sorted(self.present["cosignature"] | self.present["timestamp"]):
            n, kind = int(key.split("/")[2][:12]), key.split("/")[1]
            demand(n in self.sizes, "unexpected-object", key, "there is no such checkpoint")
            over = self.root / f"log/checkpoints/{n:012}.note"
            newest = {"checkpoint": n, "tree_size": self.sizes[n]}
            if kind == "timestamps":
                self.check_timestamp(key, over, newest)
            else:
                self.check_cosignature(key, over, newest)

    def check_timestamp(self, key: str, over: Path, newest: Members) -> None:
        """Step 5, one time stamp."""
        with parsing("malformed-anchor", key):
            imprint, stamped = parse_timestamp(read(self.root / key, MAX_TIMESTAMP))
        demand(imprint == sha256(read(over, MAX_NOTE)), "bad-anchor", key, "it is not over the checkpoint")
        program = shutil.which("openssl")
        verified = self.asked.roots is not None and program is not None
        if self.asked.roots is not None and program is not None:
            holds = openssl_holds(program, self.root / key, over, self.asked.roots, stamped)
            demand(holds, "bad-anchor", key, "no authority below the given certificates made it")
        self.report["timestamped"] = newest | {"time": stamped, "verified": verified}

    def check_cosignature(self, key: str, over: Path, newest: Members) -> None:
        """Step 5, one cosignature."""
        with parsing("malformed-anchor", key):
            name, key_id, seconds, signature = parse_cosignature(read(self.root / key, MAX_COSIGNATURE))
            refuse(key_id.hex() != key[-12:-4], "it is by another key than its name says")
        ours = [each for each in self.asked.witnesses if (each.origin, each.key_id) == (name, key_id)]
        text = parse_note(read(over, MAX_NOTE))[0]
        for witness in ours:
            holds = witness.holds(signature, f"cosignature/v1\ntime {seconds}\n{text}".encode())
            demand(holds, "bad-anchor", key, f"{name} did not cosign this checkpoint")
        if not ours and self.asked.witnesses:
            return  # by somebody whom the auditor does not know
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        told = [when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")]
        names, before = {name}, self.report["cosigned"]
        if before is not None and before["checkpoint"] == newest["checkpoint"]:
            told.append(before["time"])
            names |= {*before["witnesses"]}
        self.report["cosigned"] = newest | {"time": min(told), "witnesses": sorted(names), "verified": bool(ours)}

    def check_chain(self, chain: str) -> None:
        """Step 6, one chain: its seals in turn, each with the records of its segment."""
        follows: Members = {"previous": ZEROS, "first_seq": 0, "first_prev": ZEROS}  # of the next seal
        epochs = range(1)  # what the epoch of the last record can be
        for n in range(self.last[chain] + 1):
            where = f"chains/{chain}/seals/{n:012}.note"
            seal, seal_hash = self.check_seal(where, chain, n, follows)
            if seal["count"]:
                epochs = self.check_segment(where, seal, epochs)
                self.report["up_to"]["max_time"] = max(seal["max_time"], self.report["up_to"]["max_time"] or "")
            follows = {"previous": seal_hash, "first_seq": seal["first_seq"] + seal["count"]}
            follows |= {"first_prev": seal["head"], "class": seal["class"]}
            self.checked["seals"] += 1
            self.tell()
        self.checked["chains"] += self.last[chain] >= 0

    def check_seal(self, where: str, chain: str, n: int, follows: Members) -> tuple[Members, str]:
        """Step 6, one seal: return its members and its seal hash."""
        demand(where in self.present["seal"], "seal-gap", where, "it is missing, and a later one or a leaf is there")
        with parsing("malformed-seal", where):
            text, signatures = parse_note(read(self.root / where, MAX_NOTE))
            seal = parse_seal(text)
        places = self.leaves_of[chain][n : n + 1]  # in the tree: one, or none yet
        check_signature(text, signatures, self.history.at(*places) if places else self.history.keys[-1], where)
        place = {"log": self.pinned.origin, "chain": chain, "segment": n, "class": follows.pop("class", seal["class"])}
        demand(place.items() <= seal.items(), "misplaced-seal", where, "its log, chain, number or class is another's")
        demand(follows.items() <= seal.items(), "broken-seal-chain", where, "it does not continue the one before it")
        demand(seal["checkpoint"] in self.known, "unknown-checkpoint", where, "it names a checkpoint that is not there")
        seal_hash = leaf_hash(text.encode())
        as_told = all(self.leaves[index] == seal_hash for index in places)
        demand(as_told, "wrong-leaf", where, "the tree has another seal in its place")
        return seal, seal_hash.hex()

    def check_segment(self, sealed_by: str, seal: Members, epochs: range) -> range:
        """Step 6, the segment of a seal: its bytes, then its records in turn. Return what the last epoch can be."""
        where = f"chains/{seal['chain']}/segments/{seal['segment']:012}-{seal['sha256']}.jsonl"
        if where not in self.present["segment"] and self.asked.at is not None and seal["retain_until"] < self.asked.at:
            self.report["expired"] += 1
            self.expired.append((seal["chain"], range(seal["first_seq"], seal["first_seq"] + seal["count"])))
            # Each record that is gone may have opened an epoch, and the first of a chain did.
            return range(max(epochs.start, 1), epochs.stop + seal["count"])
        demand(where in self.present["segment"], "missing-segment", where, "a seal names it, but it is not there")
        self.present["segment"].remove(where)  # what remains in the end is stray
        data = read(self.root / where, seal["bytes"])
        as_sealed = len(data) == seal["bytes"] and sha256(data).hex() == seal["sha256"]
        demand(as_sealed, "wrong-segment", where, "its length or hash is not as sealed")
        *lines, rest = data.split(b"\n")
        tree, prev, times, orphans = Tree(), seal["first_prev"], [], 0
        for i in range(seal["count"]):
            place = {"chain": seal["chain"], "seq": seal["first_seq"] + i, "class": seal["class"]}
            at = f"{place['chain']}-{place['seq']}"
            demand(i < len(lines), "wrong-count", at, "the segment ends before this record")
            record = check_record(lines[i], at, place, prev, epochs)
            epochs, leaf = range(record["epoch"], record["epoch"] + 1), leaf_hash(lines[i])
            prev = leaf.hex()
            tree.add(leaf)
            times.append(record["time"])
            self.look_for(record, prev)
            orphans += "orphan_of" in record
            self.checked["records"] += 1
        end = f"{seal['chain']}-{seal['first_seq'] + seal['count']}"
        demand(len(lines) == seal["count"] and not rest, "wrong-count", end, "the segment goes on after its records")
        of_records = {"root": tree.root().hex(), "head": prev, "min_time": min(times), "max_time": max(times)}
        demand(of_records.items() <= seal.items(), "wrong-root", sealed_by, "root, head or times are not its records'")
        self.checked["segments"] += 1
        self.report["orphans"] += orphans
        return epochs

    def look_for(self, record: Members, leaf: str) -> None:
        """Step 8, while records pass by: note those that receipts name."""
        places = {"records": (record["chain"], record["seq"], leaf)}
        if orphan := record.get("orphan_of"):
            places["carried"] = (orphan["chain"], orphan["seq"], orphan["leaf"])
        for kind, name in places.items():
            if name in self.wanted:
                self.seen[kind].add(name)

    def check_receipt(self, data: bytes) -> None:
        """Step 8: each record of a receipt is in the log, or was carried over, or has expired."""
        where = "--receipts"
        with parsing("malformed-receipt", where):
            receipt, text, signatures = parse_receipt(data)
        demand(receipt["log"] == self.history.origin, "bad-signature", where, "its log is not that of the pinned key")
        self.history.check_receipt(text, signatures, where)
        counts = self.report["receipts"]
        for name in map(name_of, receipt["records"]):
            seen = [kind for kind in ("records", "carried") if name in self.seen[kind]]
            gone = any(chain == name[0] and name[1] in numbers for chain, numbers in self.expired)
            place = f"{name[0]}-{name[1]}"
            demand(seen or gone, "missing-receipt", place, "the log gave a receipt for it, and does not hold it")
            counts[seen[0] if seen else "expired"] += 1

    def check_strays(self) -> None:
        """Step 7: a segment that no seal names at least has the hash that its key says."""
        for key in sorted(self.present["segment"]):
            data = read(self.root / key, MAX_SEGMENT)
            as_named = len(data) <= MAX_SEGMENT and key.endswith(f"-{sha256(data).hex()}.jsonl")
            demand(as_named, "wrong-segment", key, "its hash is not the one in its key")
            self.report["stray_segments"] += 1

    def tell(self) -> None:
        """Say on a terminal, once a second, how far the work is."""
        if sys.stderr.isatty() and time.monotonic() - self.told > 1:
            self.told = time.monotonic()
            told = f"{self.checked['seals']} of {len(self.present['seal'])} seals, {self.checked['records']} records"
            sys.stderr.write(f"{told}\r")  # so that the next line is written over this one
            sys.stderr.flush()


def check_record(line: bytes, where: str, place: Members, prev: str, epochs: range) -> Members:
    """Step 6, one record of a segment: return its members if it follows the record before it."""
    with parsing("malformed-record", where):
        record = parse_record(line)
    demand(place.items() <= record.items(), "misplaced-record", where, "its chain, number or class is another's")
    demand(record["prev"] == prev, "broken-chain", where, "it does not name the record before it")
    follows = record["epoch"] - (record["type"] == "chain.opened") in epochs
    demand(follows, "wrong-epoch", where, "its epoch does not follow from the record before it")
    return record


def names_in(data: bytes) -> list[Name]:
    """Return what a receipt names; nothing if it is none, which is said later."""
    try:
        return [name_of(entry) for entry in parse_receipt(data)[0]["records"]]
    except MalformedError:
        return []


def name_of(entry: Members) -> Name:
    """Return chain, number and leaf hash of a record that a receipt names."""
    return entry["chain"], entry["seq"], entry["leaf"]


# ---- Report and command line -----------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """A parser of the command line that raises what is wrong with it."""

    def error(self, message: str) -> NoReturn:
        """Raise the message."""
        raise ValueError(message)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Return the command line."""
    parser = Parser(description="Verify an evidence log offline, or the proof of one record.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="verify a whole log")
    verify.add_argument("target", metavar="STORE", type=Path, help="the directory of the log's objects")
    verify.add_argument("--checkpoint", metavar="FILE", type=Path, help="a checkpoint kept from earlier")
    verify.add_argument("--at", metavar="TIME", help="verify as of this time: what expired before may be gone")
    verify.add_argument(
        "--tsa", metavar="FILE", type=Path, help="certificates (PEM) of time-stamp authorities to trust"
    )
    many: dict[str, Any] = {"metavar": "FILE", "type": Path, "action": "append", "default": []}
    verify.add_argument("--witness", help="verifier key of a witness to trust", **many)
    verify.add_argument("--receipts", help="receipts whose records must be there", **many)
    proof = commands.add_parser("check-proof", help="check the proof of one record")
    proof.add_argument("target", metavar="FILE", type=Path, help="the proof")
    for command in (verify, proof):
        command.add_argument("--key", metavar="FILE", type=Path, required=True, help="the log's verifier key")
        command.add_argument("--json", action="store_true", help="report as JSON")
    return parser.parse_args(arguments)


def report_on(report: Members, check: Callable[[Members], None]) -> Members:
    """Run a check that fills in a report, and return the report with what the check found."""
    try:
        check(report)
    except FindingError as finding:
        report["finding"] = dict(zip(("code", "where", "detail"), finding.args, strict=True))
    return report | {"ok": report["finding"] is None}


def verify_store(root: Path, key: Key, earlier: bytes | None, asked: Asked | None = None) -> Members:
    """Return the report on a log: what held before the finding, or all of it if there is none."""
    kinds = ("chains", "seals", "segments", "records", "checkpoints")
    report: Members = {"ok": False, "log": key.origin, "checked": dict.fromkeys(kinds, 0)}
    report |= {"up_to": {"tree_size": 0, "root": None, "max_time": None}}
    report |= {"keys": [], "timestamped": None, "cosigned": None}
    report |= {"receipts": {"records": 0, "carried": 0, "expired": 0}, "expired": 0, "orphans": 0}
    report |= {"uncheckpointed_seals": 0, "stray_segments": 0, "finding": None}
    return report_on(report, lambda report: Verification(root, key, report, asked or Asked()).run(earlier))


def verify_proof(data: bytes, key: Key) -> Members:
    """Return the report on the proof of one record."""
    report = {"ok": False, "log": key.origin, "record": None, "up_to": None, "finding": None}
    return report_on(report, lambda report: check_proof(data, History(key), report))


def describe(report: Members, *, earlier: bool) -> str:
    """Return the report as text."""
    lines, up_to = [f"log          {report['log']}"], report["up_to"]
    if record := report.get("record"):
        lines.append(f"record       {record['id']}, {record['type']}, taken in {record['time']} by the writer's clock")
    if "checked" in report:
        lines.append("checked      " + ", ".join(f"{kind} {count}" for kind, count in report["checked"].items()))
    if up_to and up_to["root"]:
        lines.append(f"up to        the tree of {up_to['tree_size']} seals with root {up_to['root']}")
    if up_to and up_to.get("max_time"):
        lines.append(f"             the record of {up_to['max_time']}")
    if "checked" in report:
        lines += describe_more(report)
    if "checked" in report and report["ok"]:
        lines.append(f"not covered  seals under no checkpoint: {report['uncheckpointed_seals']}")
        lines.append(f"             segments that no seal names: {report['stray_segments']}")
        if not earlier:
            lines.append("             whether the log ends too early or was rewritten: no --checkpoint was given")
    if finding := report["finding"]:
        lines += [f"WRONG        {finding['code']} at {finding['where']}", f"             {finding['detail']}"]
    lines.append("all holds" if report["ok"] else "nothing after this was checked")
    return "".join(printable(line) + "\n" for line in lines)


def describe_more(report: Members) -> list[str]:
    """Return lines on what not every log has."""
    lines = [f"key          {key['id']} from leaf {key['from_leaf']}" for key in report["keys"][1:]]
    if stamp := report["timestamped"]:
        known = "" if stamp["verified"] else ", by whom was not checked"
        lines.append(f"time stamp   {stamp['time']} of the tree of {stamp['tree_size']} seals{known}")
    if cosigned := report["cosigned"]:
        known = "" if cosigned["verified"] else ", which was not checked"
        by = ", ".join(cosigned["witnesses"])
        lines.append(f"cosigned     {cosigned['time']} the tree of {cosigned['tree_size']} seals by {by}{known}")
    if any(report["receipts"].values()):
        lines.append("receipts     " + ", ".join(f"{kind} {count}" for kind, count in report["receipts"].items()))
    if report["orphans"]:
        lines.append(f"carried over {report['orphans']} records from chains that could not go on")
    if report["expired"]:
        lines.append(f"expired      {report['expired']} segments, whose seals hold")
    return lines


def parse_asked(options: argparse.Namespace) -> Asked:
    """Return what the command line brings along."""
    at = options.at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    at = f"{at}T00:00:00.000000Z" if len(at) == len("2026-11-22") else at
    refuse(not is_time(at), "--at is not a time such as 2026-11-22T10:46:23.123456Z, or a date")
    if options.tsa is not None:
        read(options.tsa, 0)  # so that a file that is not there says nothing about the log
    return Asked(
        at=at,
        roots=options.tsa,
        witnesses=tuple(parse_key(read(path, MAX_NOTE), 4) for path in options.witness),
        receipts=tuple(data for path in options.receipts for data in split_receipts(read(path, MAX_RECEIPTS))),
    )


def printable(text: str) -> str:
    """Return text with what could steer a terminal, or cannot be encoded, escaped."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit code."""
    try:
        options = parse_arguments(arguments)
        key = parse_key(read(options.key, MAX_NOTE))
        earlier = None
        if options.command == "verify":
            earlier = None if options.checkpoint is None else read(options.checkpoint, MAX_NOTE)
            report = verify_store(options.target, key, earlier, parse_asked(options))
        else:
            report = verify_proof(read(options.target, MAX_PROOF), key)
        text = json.dumps(report) + "\n" if options.json else describe(report, earlier=earlier is not None)
        if sys.stderr.isatty():
            sys.stderr.write("\x1b[K")  # ends the line of progress
        with open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False) as out:
            out.write(text)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 # whatever it is, it is no finding about the log
        sys.stderr.write(printable(f"verify_evidence: {type(error).__name__}: {error}") + "\n")
        return 2
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
