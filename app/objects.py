"""Objects that can be deleted: what is too large for a record, or has to be forgotten before the record is.

Owns the port and its directory; `objects_s3` is the other adapter. Knows nothing of what the bytes mean, and is the
opposite of `evidence.store`: nothing here is locked, and a log never stands here.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from evidence.journal import sync_directory
from evidence.store import S3Options

MAX_OBJECT: Final = 32 << 20
"""Bytes: the largest object there may be."""

_MAX_KEY: Final = 256
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(/[a-z0-9_-]{1,64})*", re.ASCII)
_PREFIX: Final = re.compile(r"([a-z0-9_-]{1,64}/)*", re.ASCII)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_DRAFTS: Final = ".drafts"


class ObjectsError(Exception):
    """The objects cannot be reached or misbehave; nothing may be assumed of a write or a deletion."""

    code = "objects_unavailable"


class ObjectGoneError(ObjectsError):
    """There is no object under this key, or none any more."""

    code = "object_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object as a listing shows it: its key, and when it was written (by the clock of the place)."""

    key: str
    modified: datetime


class Objects(Protocol):
    """A place for objects under keys. Several threads may use one. Every method raises `ObjectsError`."""

    def put(self, key: str, data: bytes) -> None:
        """Store `data` at `key`, whole and durable once this returns; the same bytes again do no harm.

        Raises:
            ObjectsError: not stored, or nobody knows; or `key` is none, or holds other bytes.
        """
        ...

    def get(self, key: str, *, limit: int = MAX_OBJECT) -> bytes:
        """Return the bytes at `key`.

        Raises:
            ObjectGoneError: there are none.
            ObjectsError: they cannot be read, or are more than `limit`.
        """
        ...

    def delete(self, key: str) -> bool:
        """Delete the object at `key`, with all its versions; return whether there was one."""
        ...

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield what stands below `prefix`, which is empty or ends in a slash."""
        ...

    def tidy(self, before: datetime) -> int:
        """Remove what writes that never ended left behind before that time; return how much."""
        ...


def check_key(key: str) -> str:
    """Return `key` if it is one: parts of `[a-z0-9_-]` between slashes, at most 256 characters.

    Raises:
        ObjectsError: it is none.
    """
    if len(key) > _MAX_KEY or not _KEY.fullmatch(key):
        raise ObjectsError(f"`{key[:_MAX_KEY]}` is no key of an object")
    return key


def check_prefix(prefix: str) -> str:
    """Return `prefix` if keys can stand below it.

    Raises:
        ObjectsError: they cannot.
    """
    if len(prefix) > _MAX_KEY or not _PREFIX.fullmatch(prefix):
        raise ObjectsError(f"`{prefix[:_MAX_KEY]}` is no prefix of objects")
    return prefix


def open_objects(url: str, *, s3: S3Options | None = None) -> Objects:
    """Return the objects at `url`: `s3://bucket/prefix`, `file:///path` or a path. Nothing is made or asked yet.

    Raises:
        ObjectsError: `url` names no place.
    """
    if url and not _SCHEME.match(url):
        return DirectoryObjects(Path(url))
    parts = urlsplit(url)
    match parts.scheme:
        case "file" if parts.netloc in {"", "localhost"} and parts.path:
            return DirectoryObjects(Path(unquote(parts.path)))
        case "s3" if parts.netloc and not parts.query and not parts.fragment:
            from app.objects_s3 import S3Objects  # noqa: PLC0415 - boto3 is for those who use S3

            return S3Objects(parts.netloc, parts.path.strip("/"), options=s3 or S3Options())
        case _:
            raise ObjectsError(f"`{url}` is no place: write `s3://bucket/prefix`, `file:///path` or a path")


class DirectoryObjects:
    """A directory, made at the first write and closed to others. See `Objects`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes) -> None:
        """See `Objects.put`."""
        path = self._root / check_key(key)
        with _translated():
            _make_directory(path.parent)
            _make_directory(self._root / _DRAFTS)
            draft = self._root / _DRAFTS / secrets.token_hex(16)
            try:
                _write(draft, data)
                with suppress(FileExistsError):
                    os.link(draft, path)
            finally:
                draft.unlink(missing_ok=True)
            sync_directory(path.parent)
            if path.read_bytes() != data:
                raise ObjectsError(f"`{key}` holds something else")

    def get(self, key: str, *, limit: int = MAX_OBJECT) -> bytes:
        """See `Objects.get`."""
        with _translated(), (self._root / check_key(key)).open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise ObjectsError(f"`{key}` has more than {limit} bytes")
        return data

    def delete(self, key: str) -> bool:
        """See `Objects.delete`."""
        path = self._root / check_key(key)
        try:
            with _translated():
                path.unlink()
                sync_directory(path.parent)
        except ObjectGoneError:
            return False
        return True

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """See `Objects.list`."""
        with _translated():
            for path in sorted((self._root / check_prefix(prefix)).rglob("*")):
                key = path.relative_to(self._root).as_posix()
                if _KEY.fullmatch(key) and path.is_file():
                    with suppress(FileNotFoundError):  # somebody deleted it meanwhile
                        yield Stored(key=key, modified=datetime.fromtimestamp(path.stat().st_mtime, UTC))

    def tidy(self, before: datetime) -> int:
        """See `Objects.tidy`."""
        removed = 0
        with _translated():
            for draft in (self._root / _DRAFTS).glob("*"):
                with suppress(FileNotFoundError):
                    if draft.stat().st_mtime < before.timestamp():
                        draft.unlink()
                        removed += 1
        return removed


def _make_directory(path: Path) -> None:
    """Make a directory and those above it; each is durable in the one it stands in."""
    if path.is_dir():
        return
    _make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_directory(path.parent)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise ObjectGoneError("there is no such object") from None
    except OSError as error:
        raise ObjectsError(f"objects cannot be reached: {error.strerror}") from error
