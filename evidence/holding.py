"""Which chain a process may write: the lock on its directory, its retention class, and the mark that ends it.

A chain has one writer at a time, and a class for ever. A chain that is abandoned is never continued: it is sealed as
far as it can be read, and what the store does not take of it is carried over (`evidence.carrying`).
"""

import os
import secrets
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from evidence import form, journal
from evidence.errors import JournalError, MalformedError

_ABANDONED = "abandoned"
_CLASS = "class"


class Reason(StrEnum):
    """Why nobody may continue a chain."""

    DISK = "disk"  # a sync failed: what the kernel could not write is gone from its books
    FENCED = "fenced"  # another writer sealed other records under this chain's next number
    RESTORED = "restored"  # the journal is not the one that was sealed: an older copy, or one of another machine
    UNCHECKED = "unchecked"  # the store could not say at start whether the journal is the one that was sealed


LOST = frozenset({Reason.FENCED, Reason.RESTORED})
"""Reasons to seal nothing more of a chain: the numbers behind are another's."""


def take(journals: Path, retention_class: str, clock: Callable[[], datetime]) -> tuple[Path, int]:
    """Return a chain of this class and the descriptor that holds it: one nobody holds, else a new one.

    Raises:
        OSError: the disk does not let us.
    """
    for directory in chains(journals):
        if abandoned(directory) is not None or class_of(directory) != retention_class:
            continue
        if not journal.files(directory):
            continue  # never written, or lost: a number given before must not be given again
        if (lock := journal.try_lock(directory)) is not None:
            if abandoned(directory) is None:  # asked again: it may have been ended before it was ours
                return directory, lock
            os.close(lock)
    return begin(journals, retention_class, clock)


def begin(journals: Path, retention_class: str, clock: Callable[[], datetime]) -> tuple[Path, int]:
    """Return a new chain of this class, and the descriptor that holds it. Raises as `take` does."""
    milliseconds = int(clock().timestamp() * 1000)
    directory = journals / f"{milliseconds:012x}{secrets.token_hex(4)}"
    directory.mkdir(mode=0o700)
    lock = journal.try_lock(directory)
    if lock is None:  # pragma: no cover - nobody continues a chain that has no class yet
        raise JournalError(f"chain {directory.name} was taken while it was begun")
    _write(directory, _CLASS, retention_class)
    journal.sync_directory(journals)
    return directory, lock


def chains(journals: Path) -> list[Path]:
    """Return the directories of chains, oldest first; anything else there is not ours."""
    if not journals.is_dir():
        return []
    return sorted(path for path in journals.iterdir() if _is_chain(path.name) and path.is_dir())


def class_of(directory: Path) -> str | None:
    """Return the retention class of a chain's journal, or None where it was never fully begun."""
    try:
        return form.retention_class((directory / _CLASS).read_text("ascii"))
    except (OSError, UnicodeDecodeError, MalformedError):
        return None


def abandon(directory: Path, reason: Reason) -> None:
    """Have nobody continue this chain, also after a crash. That its records are not those of the store counts most.

    Raises:
        OSError: the disk does not take the mark.
    """
    if abandoned(directory) not in {reason, *LOST}:
        _write(directory, _ABANDONED, reason.value)


def abandoned(directory: Path) -> Reason | None:
    """Return why a chain must not be continued, or None where it may be."""
    try:
        return Reason((directory / _ABANDONED).read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # half written, or a disk that does not say: it was about to be ended
        return Reason.DISK


def _write(directory: Path, name: str, text: str) -> None:
    descriptor = os.open(directory / name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, text.encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    journal.sync_directory(directory)


def _is_chain(name: str) -> bool:
    try:
        form.chain(name)
    except MalformedError:
        return False
    return True
