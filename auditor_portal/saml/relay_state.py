"""RelayState: a key to what we remember, never a place by itself, so that nobody can have us send a browser away.

Owns the key and which places may be remembered: paths of our own.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Final

HOME: Final = "/"

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_PLACE: Final = re.compile(r"/(?:[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*/?)?(?:\?[A-Za-z0-9._~%&=+:,-]*)?")
_LONGEST: Final = 1_024


def relay_key(random: Callable[[int], str] = secrets.token_urlsafe) -> str:
    """Return a new key of 256 random bits; within the 80 bytes that providers have to give back."""
    return random(32)


def relay_hash(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def is_relay_key(said: str | None, kept: str) -> bool:
    """Return whether `said` is the key whose hash is `kept`; in constant time."""
    return said is not None and bool(_KEY.fullmatch(said)) and hmac.compare_digest(relay_hash(said), kept)


def own_place(said: str | None) -> str:
    """Return a place to go to after signing in: a path of ours with its query, or the first page if `said` is none.

    Two slashes, a backslash, a scheme, a control character, a percent sign in the path: each has had browsers leave
    (CWE-601). None of our pages has one.
    """
    if said is None or len(said) > _LONGEST or not _PLACE.fullmatch(said):
        return HOME
    return said if ".." not in said.partition("?")[0].split("/") else HOME
