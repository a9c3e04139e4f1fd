"""The port to write-once storage: its promise in words, the keys it takes, and how to open one.

Knows nothing of records, seals or checkpoints: an object is bytes under a key.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from evidence.errors import InvalidKeyError, StoreError

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

    def keys(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield in ascending order every key that begins with `prefix` and is greater than `after`.

        That includes keys which `put` would refuse: a reader must be able to see what does not belong.

        Raises:
            ShadowedObjectError: a key has several versions, or was deleted.
            StoreError: the store cannot say; the keys so far are not all.
        """
        ...


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
