"""Under which name a person is found in the key store: a keyed hash, so that the store names nobody."""

import hashlib
from functools import lru_cache
from typing import Final

_BLOCK: Final = 64  # bytes that SHA-256 takes at once
_INNER: Final = bytes(each ^ 0x36 for each in range(256))
_OUTER: Final = bytes(each ^ 0x5C for each in range(256))


def lookup_of(key: bytes, tenant: str, kind: str, identifier: str) -> str:
    """Return hex HMAC-SHA-256 of the three texts with NUL between them.

    A NUL inside the first two becomes 0xff, which UTF-8 never holds, so no two triples look alike.
    """
    first, second = _encoded(tenant).replace(b"\0", b"\xff"), _encoded(kind).replace(b"\0", b"\xff")
    begun, ending = _begun(key)
    inner, outer = begun.copy(), ending.copy()
    inner.update(b"\0".join((first, second, _encoded(identifier))))
    outer.update(inner.digest())
    return outer.hexdigest()


@lru_cache(maxsize=8)
def _begun(key: bytes) -> "tuple[hashlib._Hash, hashlib._Hash]":
    """Return both hashes of an HMAC (RFC 2104, section 2) that took in the key, which is the same all the time."""
    padded = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    return hashlib.sha256(padded.translate(_INNER)), hashlib.sha256(padded.translate(_OUTER))


def _encoded(part: str) -> bytes:
    return part.encode("utf-8", "surrogatepass")
