"""Under which name a person is found in the key store: a keyed hash, so that the store names nobody."""

import hmac


def lookup_of(key: bytes, tenant: str, kind: str, identifier: str) -> str:
    """Return hex HMAC-SHA-256 of the three texts with NUL between them.

    A NUL inside the first two becomes 0xff, which UTF-8 never holds, so no two triples look alike.
    """
    first, second = (_encoded(part).replace(b"\0", b"\xff") for part in (tenant, kind))
    return hmac.digest(key, b"\0".join((first, second, _encoded(identifier))), "sha256").hex()


def _encoded(part: str) -> bytes:
    return part.encode("utf-8", "surrogatepass")
