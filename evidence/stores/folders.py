"""Files and folders below one directory, reached by descriptors that follow no symbolic link.

Knows nothing of objects and keys. Lets every `OSError` through.
"""

import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from evidence.errors import StoreError

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe must not hang its reader
NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PATIENCE: Final = 5.0  # seconds for a lock: others hold one for as long as a few syncs take
_PAUSE: Final = 0.005


@contextmanager
def opened(name: str | Path, flags: int, folder: int | None = None) -> Iterator[int]:
    """Yield a descriptor of `name`, which is in `folder` if that is given."""
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_folders(root: Path, path: Sequence[str], *, create: bool = False) -> Iterator[list[int]]:
    """Open `root` and each folder of `path` in turn; yield descriptors of all of them.

    Raises:
        StoreError: there is no `root`: nothing can be said about what is in it.
    """
    with ExitStack() as stack:
        try:
            folders = [stack.enter_context(opened(root, FOLDER))]
        except FileNotFoundError as error:
            raise StoreError(f"`{root}` is no directory") from error
        for name in path:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=folders[-1])
            folders.append(stack.enter_context(opened(name, FOLDER | os.O_NOFOLLOW, folders[-1])))
        yield folders


def lock(folder: int, how: int) -> None:
    """Take a lock on `folder` until it is closed, and do not wait for ever: a stopped process keeps what it holds.

    Raises:
        StoreError: another process holds it, and does not let go in time.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(folder, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise StoreError("another process holds the lock of the store") from None
            time.sleep(_PAUSE)
        else:
            return


def create_folder(folder: Path) -> None:
    """Create `folder` and those above it where there is none, durably."""
    if folder.is_dir():
        return
    create_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    with opened(folder.parent, FOLDER) as parent:
        os.fsync(parent)


@contextmanager
def draft(data: bytes, folder: int) -> Iterator[str]:
    """Yield the name of a new file of `data` in `folder`, read-only and durable; remove it if it is still there."""
    name = secrets.token_hex(16)
    try:
        with opened(name, NEW, folder) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
            os.fchmod(file, 0o444)
            os.fsync(file)
        yield name
    finally:
        with suppress(OSError):  # the next one to open the store tries again
            os.unlink(name, dir_fd=folder)


def read(file: int, limit: int) -> bytes:
    """Return the content of `file`, or its first `limit + 1` bytes.

    Raises:
        StoreError: it is no regular file.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise StoreError("something other than a file stands in the store")
    pieces, left = [], limit + 1
    while left and (piece := os.read(file, left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)  # nearly always one, which is then not copied
