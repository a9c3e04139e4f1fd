"""Files with personal data, as a store reaches them: below one directory, or objects below one prefix; never elsewhere.

Owns that no name leads out of the place. Knows nothing of what is in them.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from app.objects import ObjectGoneError, Objects, ObjectsError
from app.privacy.stores.errors import StoreError, UnsupportedError

MOST: Final = 64 << 20
"""Bytes of the largest file that is read."""

PART: Final = re.compile(r"(?!\.)[A-Za-z0-9._@+=%-]{1,200}", re.ASCII)
"""What one part of a name may look like: no slash, no dot in front."""


class Files(Protocol):
    """A place for files. Names are parts of `PART` with slashes between. Every method raises `StoreError`."""

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yield the names below `prefix`, which is empty or ends in a slash."""

    def read(self, name: str) -> bytes | None:
        """Return what is in a file, or None where there is none."""

    def replace(self, name: str, data: bytes) -> None:
        """Have `data` in a file that is there, all of it or nothing.

        Raises:
            UnsupportedError: a file cannot be changed here.
        """

    def delete(self, name: str) -> bool:
        """Delete a file, and return whether there was one."""


class DirectoryFiles:
    """A directory, which has to be there. Links below it are not followed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, prefix: str = "") -> Iterator[str]:
        """See `Files`."""
        top = self._root / _checked(prefix.removesuffix("/")) if prefix else self._root
        with _translated():
            if not self._root.is_dir():
                raise StoreError("the directory of a store is not there")
            for folder, folders, files in os.walk(top, followlinks=False, onerror=_raise):
                folders.sort()
                for each in sorted(files):
                    path = Path(folder) / each
                    if not path.is_symlink():
                        yield path.relative_to(self._root).as_posix()

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        try:
            with _translated(), self._path(name).open("rb") as file:
                data = file.read(MOST + 1)
        except FileNotFoundError:
            return None
        if len(data) > MOST:
            raise StoreError(f"a file of a store has more than {MOST} bytes")
        return data

    def replace(self, name: str, data: bytes) -> None:
        """See `Files`: a draft beside it, renamed once it is on disk."""
        path = self._path(name)
        draft = path.with_name(f".{secrets.token_hex(8)}.draft")
        with _translated():
            try:
                mode = path.stat().st_mode & 0o777
                descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(descriptor)
                draft.rename(path)
                _sync(path.parent)
            finally:
                draft.unlink(missing_ok=True)

    def delete(self, name: str) -> bool:
        """See `Files`."""
        path = self._path(name)
        try:
            with _translated():
                path.unlink()
                _sync(path.parent)
        except FileNotFoundError:
            return False
        return True

    def _path(self, name: str) -> Path:
        """Return where a file is, no folder on the way to it being a link."""
        path = self._root
        for part in _checked(name).split("/"):
            path /= part
            if path.is_symlink():
                raise StoreError("a link stands where a store has its files")
        return path


class ObjectFiles:
    """Objects below a prefix, which are written once: they can be deleted, and not changed."""

    def __init__(self, objects: Objects, prefix: str) -> None:
        """Reach what stands below `prefix` of `objects`, which is empty or ends in a slash."""
        self._objects, self._prefix = objects, prefix

    def names(self, prefix: str = "") -> Iterator[str]:
        """See `Files`."""
        with _translated():
            for each in self._objects.list(f"{self._prefix}{prefix}"):
                yield each.key.removeprefix(self._prefix)

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        try:
            return self._objects.get(f"{self._prefix}{_checked(name)}")
        except ObjectGoneError:
            return None
        except ObjectsError as error:
            raise StoreError(f"the objects of a store cannot be used: {error.code}") from error

    def replace(self, name: str, data: bytes) -> None:  # noqa: ARG002 - the port's
        """See `Files`."""
        raise UnsupportedError("objects are deleted whole, and cannot be changed in their place")

    def delete(self, name: str) -> bool:
        """See `Files`."""
        with _translated():
            return self._objects.delete(f"{self._prefix}{_checked(name)}")


def _checked(name: str) -> str:
    if not name or not all(PART.fullmatch(part) for part in name.split("/")):
        raise StoreError("the name of a file is none that a store may have")
    return name


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreError(f"the files of a store cannot be used: {error.strerror}") from error
    except ObjectsError as error:
        raise StoreError(f"the objects of a store cannot be used: {error.code}") from error
