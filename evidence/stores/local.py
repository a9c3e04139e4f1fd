"""A directory of files created once and never opened for writing again.

Whoever owns the directory can still remove it: the log makes that visible, the file system does not
prevent it. Knows nothing of retention: it deletes nothing, and the dates stand in the seals.
"""

import fcntl
import os
import secrets
import stat
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from evidence.errors import AlreadyWrittenError, NotFoundError, ObjectTooLargeError, StoreError
from evidence.store import MAX_OBJECT, check_key, check_retention

_SCRATCH: Final = ".scratch"  # begins with a dot, so it can be no key
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_DRAFT: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OBJECT: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe must not hang its reader

# linux/fs.h
_GET_FLAGS: Final = 0x80086601
_SET_FLAGS: Final = 0x40086602
_IMMUTABLE: Final = 0x10


class LocalStore:
    """Write-once by hard link, durable by `fsync`; several threads and processes may use one.

    An object is written in full beside the others, in a scratch folder of the same file system, and then
    linked to its name: a link fails where the name exists, and no reader ever sees half an object.
    """

    def __init__(self, folder: Path, *, read_only: bool = False, immutable: bool = False) -> None:
        """Open `folder`; create it with mode 0700 and remove what dead writers left, unless `read_only`.

        Args:
            folder: the store. It may be reached by a symbolic link; inside it none is followed.
            read_only: write nothing to disk; `put` is refused.
            immutable: set the immutable flag on every object, so that not even root changes or removes
                it without clearing the flag first.

        Raises:
            StoreError: `folder` cannot be opened, or `immutable` is more than the file system or the
                process's capabilities (CAP_LINUX_IMMUTABLE) can do.
        """
        self._root = folder
        self._read_only = read_only
        self._immutable = immutable
        with _store_errors(str(folder)):
            if not read_only:
                _create_folder(folder)
                self._clean()
            with self._folders([] if read_only else [_SCRATCH]) as folders:
                if immutable and not read_only:
                    _try_immutable(folders[-1])

    def put(self, key: str, data: bytes, *, retain_until: datetime) -> None:
        """See `WormStore.put`."""
        *parents, name = check_key(key).split("/")
        check_retention(retain_until)
        if self._read_only:
            raise StoreError(f"`{key}` cannot be written: the store was opened for reading only")
        with (
            _store_errors(key),
            self._folders([_SCRATCH], create=True) as scratch,
            self._folders(parents, create=True) as folders,
        ):
            fcntl.flock(scratch[-1], fcntl.LOCK_SH)
            _publish(data, scratch[-1], name, folders[-1])
            # Linked by us now or by somebody earlier: either way it has to be these bytes, and durable. A
            # writer that died between link and fsync left the second to whoever retries.
            with _opened(name, _OBJECT, folders[-1]) as file:
                if _read(file, len(data)) != data:
                    raise AlreadyWrittenError(key)
                if self._immutable:
                    _set_immutable(file, on=True)
                os.fsync(file)
            for folder in reversed(folders):
                os.fsync(folder)

    def get(self, key: str, *, limit: int = MAX_OBJECT) -> bytes:
        """See `WormStore.get`."""
        *parents, name = check_key(key).split("/")
        try:
            with self._folders(parents) as folders, _opened(name, _OBJECT, folders[-1]) as file:
                data = _read(file, limit)
        except FileNotFoundError as error:
            raise NotFoundError(key) from error
        except OSError as error:
            raise _store_error(key, error) from error
        if len(data) > limit:
            raise ObjectTooLargeError(key)
        return data

    def keys(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """See `WormStore.keys`.

        Whatever is not a folder counts as an object, also a symbolic link, which `get` then refuses.
        """
        pending = [""]
        while pending:
            name = pending.pop()
            if name.endswith("/") or not name:
                found = [each for each in self._entries(name) if _may_begin_with(prefix, each)]
                pending += reversed([each for each in found if _may_come_after(after, each)])
            elif name > after:
                yield name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    def _entries(self, folder: str) -> list[str]:
        """Return what is in `folder` (empty, or with a slash at its end), sorted; folders end in a slash.

        With the slash in the comparison the keys come out in the order of their characters.
        """
        with _store_errors(folder), self._folders(folder.split("/")[:-1]) as folders, os.scandir(folders[-1]) as found:
            names = [f"{folder}{each.name}" + "/" * each.is_dir(follow_symlinks=False) for each in found]
        return sorted(name for name in names if folder or not (name.startswith(".") and name.endswith("/")))

    @contextmanager
    def _folders(self, path: Sequence[str], *, create: bool = False) -> Iterator[list[int]]:
        """Open the root and each folder of `path` in turn, following no symbolic link; yield all of them."""
        with ExitStack() as opened:
            try:
                folders = [opened.enter_context(_opened(self._root, _FOLDER))]
            except FileNotFoundError as error:  # nothing can be said about any key
                raise StoreError(f"`{self._root}` is no directory") from error
            for name in path:
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=folders[-1])
                folders.append(opened.enter_context(_opened(name, _FOLDER | os.O_NOFOLLOW, folders[-1])))
            yield folders

    def _clean(self) -> None:
        """Remove what dead writers left; each living one holds a lock until its draft is gone."""
        with self._folders([_SCRATCH], create=True) as folders:
            try:
                fcntl.flock(folders[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            with os.scandir(folders[-1]) as left:
                for each in left:
                    with suppress(OSError):  # it takes up room and does no harm
                        os.unlink(each.name, dir_fd=folders[-1])


def _publish(data: bytes, scratch: int, name: str, folder: int) -> None:
    """Link a durable file of `data` at `name`, unless something is there."""
    draft = secrets.token_hex(16)
    try:
        with _opened(draft, _DRAFT, scratch) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
            os.fchmod(file, 0o444)
            os.fsync(file)
        with suppress(FileExistsError):
            os.link(draft, name, src_dir_fd=scratch, dst_dir_fd=folder, follow_symlinks=False)
    finally:
        with suppress(OSError):  # the next one to open the store tries again
            os.unlink(draft, dir_fd=scratch)


def _read(file: int, limit: int) -> bytes:
    """Return the content of `file`, or its first `limit + 1` bytes.

    Raises:
        StoreError: it is no regular file.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise StoreError("something other than a file stands in the store")
    data = bytearray()
    while len(data) <= limit and (chunk := os.read(file, limit + 1 - len(data))):
        data += chunk
    return bytes(data)


def _may_begin_with(prefix: str, name: str) -> bool:
    return name.startswith(prefix) or (name.endswith("/") and prefix.startswith(name))


def _may_come_after(after: str, name: str) -> bool:
    """Tell whether a key below the folder `name`, or the key `name`, can be greater than `after`."""
    return name > after[: len(name)] or after.startswith(name)


def _create_folder(folder: Path) -> None:
    """Create `folder` and those above it where there is none, durably."""
    if folder.is_dir():
        return
    _create_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    with _opened(folder.parent, _FOLDER) as parent:
        os.fsync(parent)


def _try_immutable(folder: int) -> None:
    """Set and clear the flag on a draft, so that a store that cannot do it fails at once."""
    draft = secrets.token_hex(16)
    with _opened(draft, _DRAFT, folder) as file:
        try:
            _set_immutable(file, on=True)
            _set_immutable(file, on=False)
        finally:
            os.unlink(draft, dir_fd=folder)


def _set_immutable(file: int, *, on: bool) -> None:
    flags = bytearray(8)  # declared as long, and the kernel reads and writes an int
    fcntl.ioctl(file, _GET_FLAGS, flags)
    (value,) = struct.unpack_from("i", flags)
    struct.pack_into("i", flags, 0, value | _IMMUTABLE if on else value & ~_IMMUTABLE)
    fcntl.ioctl(file, _SET_FLAGS, flags)


@contextmanager
def _opened(name: str | Path, flags: int, folder: int | None = None) -> Iterator[int]:
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _store_errors(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _store_error(place, error) from error


def _store_error(place: str, error: OSError) -> StoreError:
    return StoreError(f"`{place}`: {error.strerror}")
