"""Signed notes, checkpoints and cosignatures as others read them: from the text of C2SP alone.

Written from signed-note, tlog-checkpoint and tlog-cosignature. Refuses to know every module of the project.
"""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE, COSIGNATURE = 1, 4  # types of signature that we know


@dataclass(frozen=True)
class Opened:
    """A note that was opened: its text, and who signed it, with the time where they say one."""

    text: str
    signed: dict[str, int | None]


def open_note(note: bytes, *vkeys: str) -> Opened:
    """Open a note with the verifier keys that are trusted; somebody of them must have signed."""
    whole = note.decode()
    if not all(character == "\n" or ord(character) >= 32 for character in whole):
        raise ValueError("control characters")
    split = whole.rindex("\n\n")
    text, lines = whole[: split + 1], whole[split + 2 :]
    if not lines.endswith("\n"):
        raise ValueError("the last line does not end")
    known = {}
    for vkey in vkeys:
        name, key_id, encoded = vkey.strip().split("+", 2)
        key = base64.b64decode(encoded, validate=True)
        if hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() != key_id:
            raise ValueError("key id")
        known[name, key_id] = key
    signed = {}
    for line in lines[:-1].split("\n"):
        dash, name, encoded = line.split(" ")
        if dash != "—" or not name or "+" in name:
            raise ValueError("not a signature line")
        data = base64.b64decode(encoded, validate=True)
        key = known.get((name, data[:4].hex()))
        if key is not None:
            signed[name] = check(key, data[4:], text)
    if not signed:
        raise ValueError("nobody who is known signed it")
    return Opened(text, signed)


def check(key: bytes, signature: bytes, text: str) -> int | None:
    """Check a signature of either type; return the time that a cosignature says."""
    public = Ed25519PublicKey.from_public_bytes(key[1:])
    try:
        if key[0] == SIGNATURE:
            public.verify(signature, text.encode())
            return None
        assert key[0] == COSIGNATURE
        time = int.from_bytes(signature[:8], "big")
        public.verify(signature[8:], f"cosignature/v1\ntime {time}\n{text}".encode())
    except InvalidSignature as error:
        raise ValueError("signature") from error
    return time


def checkpoint(text: str) -> tuple[str, int, bytes]:
    """Read origin, size and root of a checkpoint."""
    origin, size, encoded, *extensions = text.split("\n")
    if not origin or not size.isdigit() or str(int(size)) != size or not extensions or "" in extensions[:-1]:
        raise ValueError("not a checkpoint")
    return origin, int(size), base64.b64decode(encoded, validate=True)
