"""What a witness has seen: of each log the newest head it cosigned, in one SQLite file.

A head replaces the one it was judged against and no other, and is on disk before anybody hears of it. Whoever loses
this file has to retire the witness's key: with an empty one the same key would cosign a second history.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from evidence.checkpoint import Checkpoint
from evidence.witness import nothing_seen

_TABLES = """
CREATE TABLE head (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL);
CREATE TABLE refused (
    origin TEXT NOT NULL, code TEXT NOT NULL, note BLOB NOT NULL, time TEXT NOT NULL, PRIMARY KEY (origin, note)
);
"""
_PATIENCE = 10.0  # seconds for another process to end its transaction
_REFUSED = 100  # notes kept of each log and code: one is proof enough


class HeadsError(Exception):
    """What the witness has seen cannot be read or written; nothing may be cosigned."""


class Heads:
    """The heads of one witness; any number of threads and processes may share them."""

    def __init__(self, path: Path) -> None:
        """Open what is there.

        Raises:
            HeadsError: there is no such file, or it cannot be read.
        """
        self._path = path
        if not path.is_file():
            raise HeadsError(f"`{path}` is gone; a witness that has forgotten what it saw must not use its key again")
        with self._connected() as connection:
            connection.execute("SELECT count(*) FROM head")

    @classmethod
    def create(cls, path: Path) -> "Heads":
        """Make an empty file where there is none, durable once this returns.

        Raises:
            HeadsError: the disk does not take it.
        """
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            os.close(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            with closing(_connect(draft)) as connection:
                connection.executescript(_TABLES)
            with suppress(FileExistsError):  # another process was faster
                os.link(draft, path)  # whole, or not at all
            draft.unlink()
            descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except (OSError, sqlite3.Error) as error:
            raise HeadsError(f"`{path}` cannot be made: {error}") from error
        return cls(path)

    def read(self, origin: str) -> Checkpoint:
        """Return the newest head cosigned of `origin`; the empty tree before the first.

        Raises:
            HeadsError: the disk does not say.
        """
        with self._connected() as connection:
            row = connection.execute("SELECT size, root FROM head WHERE origin = ?", (origin,)).fetchone()
        return nothing_seen(origin) if row is None else Checkpoint(origin=origin, size=row[0], root=row[1])

    def advance(self, seen: Checkpoint, head: Checkpoint, note: bytes) -> bool:
        """Put `head` in the place of `seen`, durable once this returns; return whether `seen` still stood there.

        Raises:
            HeadsError: the disk does not take it; nothing may be assumed of it.
        """
        values = {"origin": head.origin, "size": head.size, "root": head.root, "note": note, "seen": seen.size}
        if seen.size:
            statement = (
                "UPDATE head SET size = :size, root = :root, note = :note WHERE origin = :origin AND size = :seen"
            )
        else:
            statement = "INSERT INTO head VALUES (:origin, :size, :root, :note) ON CONFLICT DO NOTHING"
        with self._connected() as connection:
            return connection.execute(statement, values).rowcount == 1

    def keep_refused(self, origin: str, code: str, note: bytes, time: str) -> None:
        """Keep a signed checkpoint that may prove that a log has two histories; `code` says why it was refused.

        Raises:
            HeadsError: the disk does not take it.
        """
        with self._connected() as connection:
            connection.execute(
                "INSERT INTO refused SELECT :origin, :code, :note, :time"
                " WHERE (SELECT count(*) FROM refused WHERE origin = :origin AND code = :code) < :most"
                " ON CONFLICT DO NOTHING",
                {"origin": origin, "code": code, "note": note, "time": time, "most": _REFUSED},
            )

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(_connect(self._path)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise HeadsError(f"`{self._path}`: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    """Return a connection on which each statement is a transaction of its own, synced with its directory."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE, isolation_level=None
    )
    connection.execute("PRAGMA synchronous = EXTRA")
    return connection
