"""The port to write-once storage: its promise in words, the keys it takes, and how to open one.

Knows nothing of records, seals or checkpoints: an object is bytes under a key.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from evidence.errors import InvalidKeyError, RetainedError, StoreError

MAX_OBJECT: Final = 8 << 20
"""Bytes: the largest object of the format, and what `get` reads unless told otherwise."""

_MAX_KEY = 512
_PART = r"[a-z0-9._-]{0,199}"  # file systems take names of 255 bytes, and adapters add to them
_KEY = re.compile(rf"[a-z0-9]{_PART}(/[a-z0-9_-]{_PART})*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)


class WormStore(Protocol):
    """Write-once storage, dedicated to one log.

    An object is durable once `put` returns, and its key never gets other bytes. Writing the same bytes
    to the same key again succeeds, so that a caller that lost the reply may retry. Nothing is promised
    where one key is a folder of another (`a` and `a/b`): file systems have no room for both.

    Every method raises `StoreError` if the store cannot be reached or misbehaves. After that nothing may
    be assumed of a write: the bytes are there, or never will be, or will be in a moment, whatever `get`
    says meanwhile. Only another `put` settles it.

    Keys below `probe/` are canaries of `evidence.probe` and no part of the log.
    """

    def put(self, key: str, data: bytes, *, retain_until: datetime) -> None:
        """Store `data` at `key` for good, or raise.

        Args:
            key: see `check_key`.
            data: at most `MAX_OBJECT` bytes by the format; the store does not check.
            retain_until: with a time zone. The object is kept at least until then, by the means the
                adapter names; an object that stands already is kept longer if need be, never shorter.

        Raises:
            AlreadyWrittenError: the key holds other bytes, and will go on holding them.
            InvalidKeyError: `key` is none; nothing was written.
            StoreError: nothing may be assumed of the write.
        """
        ...

    def get(self, key: str, *, limit: int = MAX_OBJECT) -> bytes:
        """Return the bytes at `key`: of its only version, where a store has versions.

        Raises:
            NotFoundError: nothing was ever written at `key`, as far as the store says.
            ObjectTooLargeError: the object has more than `limit` bytes; at most one more was read.
            ShadowedObjectError: the key has several versions, or was deleted.
            InvalidKeyError: `key` is none; nothing was read.
            StoreError: the store cannot say.
        """
        ...

    def keys(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """Yield in ascending order, once each, every key that begins with `prefix` and comes behind `after`.

        That includes keys which `put` would refuse, and those of shadowed objects, which `get` refuses: a
        reader must be able to see what does not belong. `after` need be no key, so that
        `after="chains/0a1b0"` goes on behind everything below `chains/0a1b/`; what lies before it is not read.

        Raises:
            StoreError: the store cannot say; the keys so far are not all.
        """
        ...

    def retained(self, key: str) -> datetime | None:
        """Return until when the object at `key` is kept; None where no date is known, which keeps it for good.

        Raises:
            NotFoundError: there is no object.
            ShadowedObjectError: the key has several versions, or was deleted.
            StoreError: the store cannot say.
        """
        ...

    def retain(self, key: str, until: datetime) -> None:
        """Keep the object at `key` until `until`, which is no earlier than it is kept already.

        Raises:
            RetainedError: it is kept longer already; nothing was changed.
            NotFoundError: there is no object.
            ShadowedObjectError: the key has several versions, or was deleted.
            StoreError: nothing may be assumed; another call settles it.
        """
        ...

    def held(self, key: str) -> bool:
        """Return whether the object at `key` is under a legal hold. Raises as `retained` does."""
        ...

    def hold(self, key: str, *, on: bool) -> None:
        """Put the object at `key` under a legal hold, which keeps it whatever its date, or lift the hold.

        Raises as `retain` does, but never `RetainedError`; holding twice is holding once.
        """
        ...

    def expire(self, key: str, now: datetime) -> None:
        """Delete the object at `key`, whose date has come by `now` and which is not held.

        The one way in which an object leaves the store. Nothing is bypassed: a store with locks of its own has
        the last word, by its own clock.

        Raises:
            RetainedError: it is kept, or no date is known; it stands as before.
            NotFoundError: there is no object.
            ShadowedObjectError: the key has several versions, or was deleted; nothing was deleted.
            StoreError: nothing may be assumed; another call settles it.
        """
        ...

    def attempts(self) -> "Iterator[Attempt]":
        """Yield what a probe tries against this store because it has to fail, with the rights of its owner."""
        ...

    @property
    def promised(self) -> "Level":
        """The level this store has if every attempt is refused."""
        ...


class Level(StrEnum):
    """How well a store keeps what it was given, as far as it was shown. In ascending order."""

    L0 = "L0"
    """Nothing is kept for certain."""
    L1 = "L1"
    """Durable. Its owner can change and remove every object, which the log then shows."""
    L1I = "L1i"
    """As L1, under a flag of the file system that held against its owner as long as he did not clear it."""
    L2 = "L2"
    """Locked. Whoever has the right to bypass governance can remove an object."""
    L3 = "L3"
    """Locked in mode COMPLIANCE: every attempt was refused, those with a bypass included."""

    @property
    def rank(self) -> int:
        """Return how many levels are below this one."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """An object that may be lost: the one a probe attacks."""

    key: str
    data: bytes
    now: datetime
    until: datetime
    """When it was written, and until when the store has to keep it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Something that the store has to refuse."""

    name: str
    leaves: Level
    """The best level of a store that does it."""
    run: Callable[[Canary], str | None]
    """Try it. Returns in what words it was refused, or None if it was done; raises `StoreError` if nobody knows.
    Touches no other object, and leaves no setting changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """How to reach an S3 service.

    One request takes at most `attempts * (connect_timeout + read_timeout)` seconds and the pauses between
    attempts; a `put` sends two, or six if its outcome has to be found out.
    """

    endpoint: str | None = None
    """URL of the service; None is AWS."""
    region: str | None = None
    """None leaves it to the environment and the profile, as boto3 reads them."""
    credentials: tuple[str, str] | None = field(default=None, repr=False)
    """Access key and secret key; None leaves them to boto3's own chain, which is how to run in production."""
    connect_timeout: float = 2.0
    """Seconds."""
    read_timeout: float = 10.0
    """Seconds between two bytes."""
    attempts: int = 2
    """At least 1. One more than the first hides a lost connection; many more hide an outage."""


def check_key(key: str) -> str:
    """Return `key` if a store takes it: `[a-z0-9][a-z0-9._/-]*`, at most 512 characters.

    Between slashes stand 1 to 200 characters that do not begin with a dot; `..` stands nowhere.

    Raises:
        InvalidKeyError: a store takes no such key.
    """
    if len(key) > _MAX_KEY or ".." in key or not _KEY.fullmatch(key):
        raise InvalidKeyError(f"`{key[:_MAX_KEY]}` is no key of a store")
    return key


def check_retention(retain_until: datetime) -> datetime:
    """Return `retain_until` if it names one moment.

    Raises:
        ValueError: it has no time zone, so it names many.
    """
    if retain_until.utcoffset() is None:
        raise ValueError("retain_until has no time zone")
    return retain_until


def check_longer(key: str, until: datetime, kept: datetime | None) -> datetime:
    """Return `until`, to which the object at `key` may be kept longer, being kept until `kept`.

    Raises:
        RetainedError: it is kept longer already, or for good.
        ValueError: `until` has no time zone.
    """
    if kept is None or check_retention(until) < kept:
        raise RetainedError(f"`{key}` is kept longer already: {kept.isoformat() if kept else 'no date is known'}")
    return until


def check_expired(key: str, now: datetime, kept: datetime | None, held: Callable[[str], bool]) -> None:
    """Return if the object at `key` may be deleted, being kept until `kept`. Asks `held` last: not all may see holds.

    Raises:
        RetainedError: it may not.
    """
    if kept is None:
        raise RetainedError(f"`{key}` is kept: no date is known")
    if kept > now:
        raise RetainedError(f"`{key}` is kept until {kept.isoformat()}")
    if held(key):
        raise RetainedError(f"`{key}` is kept: it is under a legal hold")


def open_store(url: str, *, s3: S3Options | None = None, read_only: bool = False, immutable: bool = False) -> WormStore:
    """Return the store at `url`: `s3://bucket/prefix`, `file:///path` or a path.

    Args:
        url: what to open. A directory is created where there is none, unless `read_only`.
        s3: how to reach S3; the defaults of `S3Options` if None. A directory has no use for it.
        read_only: touch nothing on disk, and refuse `put`. On S3 the credentials decide that.
        immutable: set the file system's immutable flag on every object. On S3 Object Lock does more.

    Raises:
        StoreError: `url` names no store, or the directory cannot be had.
    """
    if not url:
        raise StoreError("the url of the store is empty")
    if not _SCHEME.match(url):
        return _open_folder(Path(url), read_only=read_only, immutable=immutable)
    parts = urlsplit(url)
    match parts.scheme:
        case "file" if parts.netloc in {"", "localhost"} and parts.path:
            return _open_folder(Path(unquote(parts.path)), read_only=read_only, immutable=immutable)
        case "s3" if parts.netloc and not parts.query and not parts.fragment:
            from evidence.stores.s3 import S3Store  # noqa: PLC0415  # boto3 is for those who use S3

            return S3Store(parts.netloc, parts.path.strip("/"), options=s3 or S3Options())
        case _:
            raise StoreError(f"`{url}` is no store: write `s3://bucket/prefix`, `file:///path` or a path")


def _open_folder(folder: Path, *, read_only: bool, immutable: bool) -> WormStore:
    from evidence.stores.local import LocalStore  # noqa: PLC0415  # adapters import this module

    return LocalStore(folder, read_only=read_only, immutable=immutable)
