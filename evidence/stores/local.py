"""A directory of files created once and never opened for writing again.

Whoever owns the directory can still remove it: the log makes that visible, the file system does not
prevent it. Dates and legal holds bind whoever goes through this store (`evidence.stores.marks`).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from evidence.errors import AlreadyWrittenError, NotFoundError, ObjectTooLargeError, StoreError
from evidence.store import MAX_OBJECT, Attempt, Canary, Level, check_expired, check_key, check_longer, check_retention
from evidence.stores import immutable as flag
from evidence.stores.folders import FILE, create_folder, draft, lock, opened, opened_folders, read
from evidence.stores.marks import SCRATCH, Marks


class LocalStore:
    """Write-once by hard link, durable by `fsync`; several threads and processes may use one.

    An object is written in full beside the others, in a scratch folder of the same file system, and then
    linked to its name: a link fails where the name exists, and no reader ever sees half an object.
    """

    def __init__(self, folder: Path, *, read_only: bool = False, immutable: bool = False) -> None:
        """Open `folder`; create it with mode 0700 and remove what dead writers left, unless `read_only`.

        Args:
            folder: the store. It may be reached by a symbolic link; inside it none is followed.
            read_only: write nothing to disk; whatever would is refused.
            immutable: set the immutable flag on every object, so that not even root changes or removes
                it without clearing the flag first.

        Raises:
            StoreError: `folder` cannot be opened, or `immutable` is more than the file system or the
                process's capabilities (CAP_LINUX_IMMUTABLE) can do.
        """
        self._root = folder
        self._read_only = read_only
        self._immutable = immutable
        self._marks = Marks(folder)
        with _store_errors(str(folder)):
            if not read_only:
                create_folder(folder)
                self._clean()
            with opened_folders(folder, [] if read_only else [SCRATCH]) as folders:
                if immutable and not read_only:
                    flag.try_flag(folders[-1])

    def put(self, key: str, data: bytes, *, retain_until: datetime) -> None:
        """See `WormStore.put`."""
        *parents, name = check_key(key).split("/")
        check_retention(retain_until)
        with (
            self._changing(key, fcntl.LOCK_SH) as scratch,
            opened_folders(self._root, parents, create=True) as folders,
        ):
            if not _stands(name, folders[-1]):  # an object never stands without a date
                self._marks.prolong(key, retain_until)
            with draft(data, scratch) as written, suppress(FileExistsError):
                os.link(written, name, src_dir_fd=scratch, dst_dir_fd=folders[-1], follow_symlinks=False)
            # Linked by us now or by somebody earlier: either way it has to be these bytes, and durable. A
            # writer that died between link and fsync left the second to whoever retries.
            with opened(name, FILE, folders[-1]) as file:
                if read(file, len(data)) != data:
                    raise AlreadyWrittenError(key)
                if self._immutable:
                    flag.set_flag(file, on=True)
                os.fsync(file)
            for folder in reversed(folders):
                os.fsync(folder)
            self._marks.prolong(key, retain_until)

    def get(self, key: str, *, limit: int = MAX_OBJECT) -> bytes:
        """See `WormStore.get`."""
        with self._object(key) as file:
            data = read(file, limit)
        if len(data) > limit:
            raise ObjectTooLargeError(key)
        return data

    def keys(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """See `WormStore.keys`.

        Whatever is not a folder counts as an object, also a symbolic link, which `get` then refuses.
        """
        pending = [""]
        while pending:
            name = pending.pop()
            if name.endswith("/") or not name:
                found = self._entries(name)
                pending += reversed(
                    [each for each in found if _may_begin_with(prefix, each) and _reaches_beyond(after, each)]
                )
            else:
                yield name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    def retained(self, key: str) -> datetime | None:
        """See `WormStore.retained`."""
        with self._object(key):
            return self._marks.date(key)

    def retain(self, key: str, until: datetime) -> None:
        """See `WormStore.retain`."""
        with self._changing(key, fcntl.LOCK_SH), self._object(key):
            self._marks.prolong(key, check_longer(key, until, self._marks.date(key)))

    def held(self, key: str) -> bool:
        """See `WormStore.held`."""
        with self._object(key):
            return self._marks.held(key)

    def hold(self, key: str, *, on: bool) -> None:
        """See `WormStore.hold`."""
        with self._changing(key, fcntl.LOCK_SH), self._object(key):
            self._marks.hold(key, on=on)

    def expire(self, key: str, now: datetime) -> None:
        """See `WormStore.expire`. Waits until nobody writes, and lets nobody write meanwhile."""
        *parents, name = check_key(key).split("/")
        with self._changing(key, fcntl.LOCK_EX), self._object(key) as file:
            check_expired(key, now, self._marks.date(key), self._marks.held)
            if self._immutable:
                flag.set_flag(file, on=False)
            with opened_folders(self._root, parents) as folders:
                os.unlink(name, dir_fd=folders[-1])
                os.fsync(folders[-1])
            self._marks.forget(key)

    def attempts(self) -> Iterator[Attempt]:
        """See `WormStore.attempts`: without the flag nothing holds against the owner, and nothing is tried."""
        for name, change in flag.CHANGES if self._immutable else ():
            yield Attempt(name=name, leaves=Level.L1, run=partial(self._attempt, change))

    @property
    def promised(self) -> Level:
        """See `WormStore.promised`."""
        return Level.L1I if self._immutable else Level.L1

    def _attempt(self, change: flag.Change, canary: Canary) -> str | None:
        with _store_errors(canary.key):
            return flag.attempt(change, self._root / canary.key)

    @contextmanager
    def _object(self, key: str) -> Iterator[int]:
        """Open the object at `key`.

        Raises:
            NotFoundError: there is none.
        """
        *parents, name = check_key(key).split("/")
        with _store_errors(key), ExitStack() as stack:
            try:
                folders = stack.enter_context(opened_folders(self._root, parents))
                file = stack.enter_context(opened(name, FILE, folders[-1]))
            except FileNotFoundError as error:
                raise NotFoundError(key) from error
            yield file

    @contextmanager
    def _changing(self, key: str, how: int) -> Iterator[int]:
        """Lock the store against `expire`, or against all others; yield its scratch folder."""
        if self._read_only:
            raise StoreError(f"`{key}` cannot be changed: the store was opened for reading only")
        with _store_errors(key), opened_folders(self._root, [SCRATCH], create=True) as folders:
            lock(folders[-1], how)
            yield folders[-1]

    def _entries(self, folder: str) -> list[str]:
        """Return what is in `folder` (empty, or with a slash at its end), sorted; folders end in a slash.

        With the slash in the comparison the keys come out in the order of their characters.
        """
        path = folder.split("/")[:-1]
        with _store_errors(folder), opened_folders(self._root, path) as folders, os.scandir(folders[-1]) as found:
            names = [f"{folder}{each.name}" + "/" * each.is_dir(follow_symlinks=False) for each in found]
        return sorted(name for name in names if folder or not (name.startswith(".") and name.endswith("/")))

    def _clean(self) -> None:
        """Remove what dead writers left; each living one holds a lock until its draft is gone."""
        with opened_folders(self._root, [SCRATCH], create=True) as folders:
            try:
                fcntl.flock(folders[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            with os.scandir(folders[-1]) as left:
                for each in left:
                    with suppress(OSError):  # it takes up room and does no harm
                        os.unlink(each.name, dir_fd=folders[-1])


def _stands(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _may_begin_with(prefix: str, name: str) -> bool:
    return name.startswith(prefix) or (name.endswith("/") and prefix.startswith(name))


def _reaches_beyond(after: str, name: str) -> bool:
    """Return whether the file `name`, or anything in the folder, comes behind `after`."""
    return name > after or (name.endswith("/") and after.startswith(name))


@contextmanager
def _store_errors(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"`{place}`: {error.strerror}") from error
