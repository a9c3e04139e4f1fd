"""Until when each object of a directory store is kept, and which are under a legal hold.

Two folders beside the objects, `.retention` and `.holds`, with a file for each object: its date as text,
nothing. Their names begin with a dot, so they can be no keys. A mark binds whoever goes through the store
and nobody else.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from evidence.errors import StoreError
from evidence.stores.folders import FILE, draft, lock, opened, opened_folders, read

SCRATCH: Final = ".scratch"
_RETENTION: Final = ".retention"
_HOLDS: Final = ".holds"
_LONGEST: Final = 64  # bytes of a date


class Marks:
    """The marks of one store. Whoever changes one holds the lock of the store (`LocalStore`)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def date(self, key: str) -> datetime | None:
        """Return until when `key` is kept, None where no date is known.

        Raises:
            StoreError: the mark is none.
            OSError: it cannot be read.
        """
        try:
            with self._place(_RETENTION, key) as (folders, name), opened(name, FILE, folders[-1]) as file:
                text = read(file, _LONGEST)
        except FileNotFoundError:
            return None
        try:
            date = datetime.fromisoformat(text.decode("ascii"))
        except ValueError as error:
            raise StoreError(f"the date of `{key}` is damaged") from error
        if date.utcoffset() is None:
            raise StoreError(f"the date of `{key}` is damaged")
        return date

    def prolong(self, key: str, until: datetime) -> None:
        """Keep `key` at least until `until`, durably."""
        if (date := self.date(key)) is not None and date >= until:
            return
        with (
            opened_folders(self._root, [SCRATCH], create=True) as scratch,
            self._place(_RETENTION, key, create=True) as (folders, name),
        ):
            lock(folders[1], fcntl.LOCK_EX)
            if (date := self.date(key)) is None or date < until:
                with draft(until.isoformat().encode(), scratch[-1]) as written:
                    os.rename(written, name, src_dir_fd=scratch[-1], dst_dir_fd=folders[-1])
            _sync(folders)

    def held(self, key: str) -> bool:
        """Return whether `key` is held."""
        try:
            with self._place(_HOLDS, key) as (folders, name), opened(name, FILE, folders[-1]):
                return True
        except FileNotFoundError:
            return False

    def hold(self, key: str, *, on: bool) -> None:
        """Hold `key`, or hold it no longer, durably."""
        with self._place(_HOLDS, key, create=True) as (folders, name):
            if on:
                with opened(name, FILE | os.O_CREAT, folders[-1]) as file:
                    os.fsync(file)
            else:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folders[-1])
            _sync(folders)

    def forget(self, key: str) -> None:
        """Remove the date of `key`, whose object is gone."""
        with (
            suppress(FileNotFoundError),
            self._place(_RETENTION, key) as (folders, name),
        ):
            os.unlink(name, dir_fd=folders[-1])
            _sync(folders)

    @contextmanager
    def _place(self, kind: str, key: str, *, create: bool = False) -> Iterator[tuple[list[int], str]]:
        *parents, name = key.split("/")
        with opened_folders(self._root, [kind, *parents], create=create) as folders:
            yield folders, name


def _sync(folders: list[int]) -> None:
    for folder in reversed(folders):
        os.fsync(folder)
