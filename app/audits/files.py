"""Files given as evidence: their digests, their names, and where their bytes lie.

The bytes lie with the objects that can be deleted, under their own digest; what is known of a file, the portal's tables
say. A file is handed out as the bytes it was, never as a page.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from app.audits import entered
from app.audits.errors import AuditsError
from app.audits.request import Evidence
from app.objects import Objects

MAX_FILE: Final = 6 << 20
"""Bytes of one file."""

HEADERS: Final[Mapping[str, str]] = {
    "content-type": "application/octet-stream",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
}
"""How a file is handed out: as bytes to keep, whatever it is."""

_NAME: Final = 120
_ASCII: Final = 128
_FOLDER: Final = "audit-evidence"


class DamagedFileError(Exception):
    """The bytes that are kept are not those that were given."""


def digest(data: bytes) -> str:
    """Return SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def digest_of(said: Mapping[str, Any]) -> str:
    """Return the digest of what a form said: of its JSON, sorted by name, without spaces, in UTF-8."""
    return digest(json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(errors="replace"))


def file_name(said: str | None) -> str:
    """Return the name of a file without the folders a browser may send with it.

    Raises:
        AuditsError: `invalid`, it has none that can be shown.
    """
    last = (said or "").replace("\\", "/").rpartition("/")[2]
    return entered.text("file", last, longest=_NAME, needed=True)


def keep(objects: Objects, engagement: str, data: bytes) -> str:
    """Keep a file of an engagement and return the key it lies at; the same bytes again lie where they lay.

    Raises:
        AuditsError: `invalid`, it is empty or too large.
        ObjectsError: it is not kept, or nobody knows.
    """
    if not 0 < len(data) <= MAX_FILE:
        raise AuditsError("invalid", f"a file has at least one byte, and at most {MAX_FILE >> 20} MiB")
    key = f"{_FOLDER}/{engagement}/{digest(data)}"
    objects.put(key, data)
    return key


def load(objects: Objects, evidence: Evidence) -> bytes:
    """Return the bytes of a file, which are those that were given.

    Raises:
        ObjectsError: they cannot be had.
        DamagedFileError: see there.
    """
    data = objects.get(evidence.key, limit=MAX_FILE)
    if digest(data) != evidence.sha256:
        raise DamagedFileError
    return data


def disposition(name: str) -> str:
    """Return the header that has a browser keep a file under its name (RFC 6266; RFC 8187)."""
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._- ") else "_" for each in name)
    quoted = "".join(chr(each) if chr(each).isalnum() and each < _ASCII else f"%{each:02X}" for each in name.encode())
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quoted}"
