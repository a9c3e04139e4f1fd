#!/usr/bin/env python3
"""Verify an evidence log offline, or the proof of one record: one file, Python 3.11 and its standard library.

This is the auditor's own verifier. It shares no code with the software that writes the log; both follow
`docs/evidence-format.md`, and this file follows it section by section, so that the two can be read side by side.

    python3 verify_evidence.py verify STORE --key FILE [--checkpoint FILE] [--json]
    python3 verify_evidence.py check-proof FILE --key FILE [--json]

STORE is a directory that holds the log's objects. The key file is the log's public key, and the checkpoint one that
was kept from earlier: take both from anywhere but the store. Exit code 0: all holds. 1: something is wrong, and the
first such thing is named. 2: the input is unusable, which says nothing about the log.

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
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Point = tuple[int, int, int, int]
Members = dict[str, Any]  # of a JSON object


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
    """The public key of a log, pinned by the auditor: its origin, key id, 32 bytes, and the multiples of -A."""

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


def parse_key(data: bytes) -> Key:
    """Return the pinned key from one line `<origin>+<key id>+<base64(0x01 || public key)>`."""
    match = KEY_LINE.fullmatch(parse_text(data, MAX_NOTE).strip())
    if match is None:
        raise MalformedError("not `<origin>+<key id>+<base64>`")
    public = parse_base64(match[3])
    refuse(len(public) != 1 + HASH_SIZE or public[0] != 1, "not an Ed25519 key")
    key_id = sha256(match[1].encode() + b"\n" + public)[:KEY_ID_SIZE]
    refuse(key_id.hex() != match[2], "its key id is not that of its origin and key")
    x, y, z, t = point_decode(public[1:])
    return Key(origin=match[1], key_id=key_id, public=public[1:], minus=multiples((P - x, y, z, P - t)))


def parse_note(data: bytes, *, stored: bool = True) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a signed note: its text, with the last newline, and key name and bytes of each signature."""
    note = parse_text(data, MAX_NOTE)
    text, empty_line, lines = note.rpartition("\n\n")
    matches = [SIGNATURE_LINE.fullmatch(line) for line in lines[:-1].split("\n")]
    refuse(CONTROL.search(note) or not empty_line or lines[-1:] != "\n" or None in matches, "not a signed note")
    signatures = [(match[1], parse_base64(match[2])) for match in matches if match]
    sizes = [len(signed) for _, signed in signatures]
    refuse(min(sizes) <= KEY_ID_SIZE, "a signature without key id or without signature")
    refuse(stored and sizes != [KEY_ID_SIZE + SIGNATURE_SIZE], "a note in the store has one signature, of Ed25519")
    return text + "\n", signatures


def check_signature(text: str, signatures: list[tuple[str, bytes]], key: Key, where: str) -> None:
    """Demand one signature by the pinned key; those by other keys are ignored (C2SP signed-note)."""
    key_id = slice(KEY_ID_SIZE)
    ours = [signed for name, signed in signatures if (name, signed[key_id]) == (key.origin, key.key_id)]
    holds = len(ours) == 1 and key.holds(ours[0][KEY_ID_SIZE:], text.encode())
    demand(holds, "bad-signature", where, "it has not one signature by the pinned key that holds")


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


def check_checkpoint(data: bytes, key: Key, where: str, *, stored: bool) -> tuple[str, int, bytes]:
    """Return text, size and root of a checkpoint that the pinned key signed."""
    with parsing("malformed-checkpoint", where):
        text, signatures = parse_note(data, stored=stored)
        match = CHECKPOINT_TEXT.fullmatch(text)
        if match is None:
            raise MalformedError("not three lines: origin, number of leaves, root")
        root = parse_base64(match[3])
        refuse(len(root) != HASH_SIZE or int(match[2]) > MAX_INTEGER, "its root has not 32 bytes, or it is too large")
    demand(match[1] == key.origin, "bad-signature", where, "its origin is not that of the pinned key")
    check_signature(text, signatures, key, where)
    return text, int(match[2]), root


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


def check_proof(data: bytes, key: Key, report: Members) -> None:
    """Follow the proof of one record from its bytes to a checkpoint by the pinned key, and fill in the report."""
    with parsing("malformed-proof", "proof"):
        extra, index, proof, checkpoint = parse_proof(data)
    with parsing("malformed-record", "record"):
        record = parse_record(extra["record"].encode())
    with parsing("malformed-seal", "seal"):
        refuse(not extra["seal"].endswith("\n"), "the text of a note ends in a newline")
        seal = parse_seal(extra["seal"])
    demand(seal["log"] == key.origin, "misplaced-seal", "seal", "its log is not that of the pinned key")
    place = [record[name] == seal[name] for name in ("chain", "class")]
    demand(all(place), "misplaced-record", "record", "its chain or class is not that of the seal")
    with parsing("wrong-proof", "record"):
        parts = [bytes.fromhex(part) for part in extra["proof"]]
        leaf = leaf_hash(extra["record"].encode())
        root = root_by_proof(leaf, record["seq"] - seal["first_seq"], seal["count"], parts)
    demand(root.hex() == seal["root"], "wrong-proof", "record", "its proof does not lead to the root in the seal")
    _, size, tree_root = check_checkpoint(checkpoint, key, "checkpoint", stored=False)
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
}


def list_store(root: Path) -> list[tuple[str, bool]]:
    """Return the key of every object, ascending, and whether it is a regular file; links are not followed.

    A directory at the root whose name starts with a dot is the store's own scratch space, and left out.
    """
    found, folders = [], [("", root)]
    while folders:
        prefix, folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                key = prefix + entry.name
                if not entry.is_dir(follow_symlinks=False):
                    found.append((key, entry.is_file(follow_symlinks=False)))
                elif not key.startswith("."):
                    folders.append((key + "/", root / key))
    return sorted(found, key=lambda item: os.fsencode(item[0]))


def read(path: Path, limit: int) -> bytes:
    """Return a file, or its first `limit` + 1 bytes where it is longer than it may be: whoever asked refuses it."""
    with path.open("rb") as file:
        return file.read(limit + 1)


class Verification:
    """The five steps over one store, in their order; the first thing that is wrong raises `FindingError`."""

    def __init__(self, root: Path, key: Key, report: Members) -> None:
        self.root, self.key, self.report, self.checked = root, key, report, report["checked"]
        self.present: dict[str, set[str]] = {kind: set() for kind in KEYS}  # object keys, by kind
        self.last: dict[str, int] = {}  # chain -> the highest number of a seal or leaf; -1 if there is none
        self.leaves: list[bytes] = []  # of the tree, in order
        self.leaves_of: defaultdict[str, list[bytes]] = defaultdict(list)  # chain -> seal hashes, from seal 0
        self.known = {ZEROS}  # what a seal may name as its checkpoint
        self.told = time.monotonic()

    def run(self, earlier: bytes | None) -> None:
        """Take the steps; `earlier` is the checkpoint kept from earlier, if there is one."""
        self.check_keys()
        self.check_checkpoints()
        if earlier is not None:
            self.check_earlier(earlier)
        for chain in sorted(self.last):
            self.check_chain(chain)
        self.report["uncheckpointed_seals"] = self.checked["seals"] - self.report["up_to"]["tree_size"]
        self.check_strays()

    def check_keys(self) -> None:
        """Step 1: every key has one of the four forms, and there is a seal."""
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

    def check_checkpoints(self) -> None:
        """Step 2: leaves and checkpoints from 0 without gap; each checkpoint is signed, and of the leaves so far."""
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
                    self.leaves_of[chain].append(leaf)
                    self.leaves.append(leaf)
                    tree.add(leaf)
                    self.last[chain] = max(number, self.last.get(chain, -1))
            if checkpoint in present:
                data = read(self.root / checkpoint, MAX_NOTE)
                text, size, root = check_checkpoint(data, self.key, checkpoint, stored=True)
                agrees = (size, root) == (tree.size, tree.root())
                demand(agrees, "wrong-root", checkpoint, "its size or root is not that of the leaves up to it")
                self.known.add(sha256(text.encode()).hex())
                self.checked["checkpoints"] += 1
                self.report["up_to"] |= {"tree_size": size, "root": base64.b64encode(root).decode()}

    def check_earlier(self, data: bytes) -> None:
        """Step 3: the tree of the checkpoint kept from earlier is the beginning of this one."""
        where, tree = "--checkpoint", Tree()
        _, size, root = check_checkpoint(data, self.key, where, stored=False)
        demand(size <= self.report["up_to"]["tree_size"], "rollback", where, "the log had more leaves than it has now")
        for leaf in self.leaves[:size]:
            tree.add(leaf)
        demand(tree.root() == root, "rollback", where, "the log had other leaves than it has now")

    def check_chain(self, chain: str) -> None:
        """Step 4, one chain: its seals in turn, each with the records of its segment."""
        follows: Members = {"previous": ZEROS, "first_seq": 0, "first_prev": ZEROS}  # of the next seal
        epoch = 0
        for n in range(self.last[chain] + 1):
            where = f"chains/{chain}/seals/{n:012}.note"
            seal, seal_hash = self.check_seal(where, chain, n, follows)
            if seal["count"]:
                epoch = self.check_segment(where, seal, epoch)
                self.report["up_to"]["max_time"] = max(seal["max_time"], self.report["up_to"]["max_time"] or "")
            follows = {"previous": seal_hash, "first_seq": seal["first_seq"] + seal["count"]}
            follows |= {"first_prev": seal["head"], "class": seal["class"]}
            self.checked["seals"] += 1
            self.tell()
        self.checked["chains"] += self.last[chain] >= 0

    def check_seal(self, where: str, chain: str, n: int, follows: Members) -> tuple[Members, str]:
        """Step 4, one seal: return its members and its seal hash."""
        demand(where in self.present["seal"], "seal-gap", where, "it is missing, and a later one or a leaf is there")
        with parsing("malformed-seal", where):
            text, signatures = parse_note(read(self.root / where, MAX_NOTE))
            seal = parse_seal(text)
        check_signature(text, signatures, self.key, where)
        place = {"log": self.key.origin, "chain": chain, "segment": n, "class": follows.pop("class", seal["class"])}
        demand(place.items() <= seal.items(), "misplaced-seal", where, "its log, chain, number or class is another's")
        demand(follows.items() <= seal.items(), "broken-seal-chain", where, "it does not continue the one before it")
        demand(seal["checkpoint"] in self.known, "unknown-checkpoint", where, "it names a checkpoint that is not there")
        seal_hash = leaf_hash(text.encode())
        leaf = self.leaves_of[chain][n : n + 1] or [seal_hash]
        demand(leaf == [seal_hash], "wrong-leaf", where, "the tree has another seal in its place")
        return seal, seal_hash.hex()

    def check_segment(self, sealed_by: str, seal: Members, epoch: int) -> int:
        """Step 4, the segment of a seal: its bytes, then its records in turn. Return the last epoch."""
        where = f"chains/{seal['chain']}/segments/{seal['segment']:012}-{seal['sha256']}.jsonl"
        demand(where in self.present["segment"], "missing-segment", where, "a seal names it, but it is not there")
        self.present["segment"].remove(where)  # what remains in the end is stray
        data = read(self.root / where, seal["bytes"])
        as_sealed = len(data) == seal["bytes"] and sha256(data).hex() == seal["sha256"]
        demand(as_sealed, "wrong-segment", where, "its length or hash is not as sealed")
        *lines, rest = data.split(b"\n")
        tree, prev, times = Tree(), seal["first_prev"], []
        for i in range(seal["count"]):
            place = {"chain": seal["chain"], "seq": seal["first_seq"] + i, "class": seal["class"]}
            at = f"{place['chain']}-{place['seq']}"
            demand(i < len(lines), "wrong-count", at, "the segment ends before this record")
            record = check_record(lines[i], at, place, prev, epoch)
            epoch, leaf = record["epoch"], leaf_hash(lines[i])
            prev = leaf.hex()
            tree.add(leaf)
            times.append(record["time"])
            self.checked["records"] += 1
        end = f"{seal['chain']}-{seal['first_seq'] + seal['count']}"
        demand(len(lines) == seal["count"] and not rest, "wrong-count", end, "the segment goes on after its records")
        of_records = {"root": tree.root().hex(), "head": prev, "min_time": min(times), "max_time": max(times)}
        demand(of_records.items() <= seal.items(), "wrong-root", sealed_by, "root, head or times are not its records'")
        self.checked["segments"] += 1
        return int(epoch)

    def check_strays(self) -> None:
        """Step 5: a segment that no seal names at least has the hash that its key says."""
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


def check_record(line: bytes, where: str, place: Members, prev: str, epoch: int) -> Members:
    """Step 4, one record of a segment: return its members if it follows the record before it."""
    with parsing("malformed-record", where):
        record = parse_record(line)
    demand(place.items() <= record.items(), "misplaced-record", where, "its chain, number or class is another's")
    demand(record["prev"] == prev, "broken-chain", where, "it does not name the record before it")
    follows = epoch + (record["type"] == "chain.opened")
    demand(record["epoch"] == follows, "wrong-epoch", where, "its epoch does not follow from the record before it")
    return record


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


def verify_store(root: Path, key: Key, earlier: bytes | None) -> Members:
    """Return the report on a log: what held before the finding, or all of it if there is none."""
    kinds = ("chains", "seals", "segments", "records", "checkpoints")
    report: Members = {"ok": False, "log": key.origin, "checked": dict.fromkeys(kinds, 0)}
    report |= {"up_to": {"tree_size": 0, "root": None, "max_time": None}}
    report |= {"uncheckpointed_seals": 0, "stray_segments": 0, "finding": None}
    return report_on(report, lambda report: Verification(root, key, report).run(earlier))


def verify_proof(data: bytes, key: Key) -> Members:
    """Return the report on the proof of one record."""
    report = {"ok": False, "log": key.origin, "record": None, "up_to": None, "finding": None}
    return report_on(report, lambda report: check_proof(data, key, report))


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
    if "checked" in report and report["ok"]:
        lines.append(f"not covered  seals under no checkpoint: {report['uncheckpointed_seals']}")
        lines.append(f"             segments that no seal names: {report['stray_segments']}")
        if not earlier:
            lines.append("             whether the log ends too early or was rewritten: no --checkpoint was given")
    if finding := report["finding"]:
        lines += [f"WRONG        {finding['code']} at {finding['where']}", f"             {finding['detail']}"]
    lines.append("all holds" if report["ok"] else "nothing after this was checked")
    return "".join(printable(line) + "\n" for line in lines)


def printable(text: str) -> str:
    """Return text with what could steer a terminal, or cannot be encoded, escaped."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit code."""
    try:
        options = parse_arguments(arguments)
        key = parse_key(read(options.key, MAX_NOTE))
        earlier = options.command == "verify" and options.checkpoint and read(options.checkpoint, MAX_NOTE)
        if options.command == "verify":
            report = verify_store(options.target, key, earlier)
        else:
            report = verify_proof(read(options.target, MAX_PROOF), key)
        text = json.dumps(report) + "\n" if options.json else describe(report, earlier=bool(earlier))
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
