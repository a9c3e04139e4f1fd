"""Who leads: one process among all, for as long as it holds a lock that nobody can hold twice.

Owns the locks and the watch over them. Whoever loses one is told at once, and leads no more.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from app.db import open_engine

_LOG = logging.getLogger(__name__)

LOOK: Final = 0.5
"""Seconds between two looks whether the lock is held, or can be."""

FENCE: Final = 2.0
"""Seconds a new leader waits: longer than one that lost the lock of a database needs to notice."""

_NUMBER: Final = 0x6F6D6567_61000002
"""Number of the lock of PostgreSQL; `app.schema` has the one before it."""

_HELD: Final = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
    " AND (classid::bigint << 32) + objid::bigint = :number AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_IMPATIENT: Final = {  # this connection alone has to notice within seconds that nobody is there any more
    "connect_timeout": "2",
    "keepalives_idle": "1",
    "keepalives_interval": "1",
    "keepalives_count": "1",
    "tcp_user_timeout": "1500",
}


class Lock(Protocol):
    """A lock that at most one process holds. For one thread."""

    fence: float

    def take(self) -> bool:
        """Return whether this process holds it now."""

    def held(self) -> bool:
        """Return whether this process holds it still."""

    def release(self) -> None:
        """Hold it no more."""


class FileLock:
    """A lock on a file of this machine. It ends with the process, and so cannot be lost unless the file is."""

    fence = 0.0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """See `Lock`."""
        try:
            file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            _LOG.warning("`%s` cannot be used: %s", self._path.name, error.strerror)
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        if not self.held():  # removed between the two calls: another may hold the one that is there now
            self.release()
            return False
        return True

    def held(self) -> bool:
        """See `Lock`: whether what is locked is still what others would lock."""
        if self._file is None:
            return False
        try:
            there, mine = self._path.stat(), os.fstat(self._file)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    def release(self) -> None:
        """See `Lock`."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class PostgreSqlLock:
    """A session's advisory lock, on a connection of its own.

    It is gone when the session is: also where a pool hands each statement to another session, as poolers in front of a
    server do. Then nobody leads.
    """

    fence = FENCE

    def __init__(self, url: str) -> None:
        self._url = make_url(url).update_query_dict(_IMPATIENT)
        self._engine: Engine | None = None
        self._connection: Connection | None = None

    def take(self) -> bool:
        """See `Lock`."""
        try:
            self._engine = open_engine(self._url.render_as_string(hide_password=False))
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection.exec_driver_sql("SET statement_timeout = 1500")
            taken = self._connection.execute(text("SELECT pg_try_advisory_lock(:number)"), {"number": _NUMBER})
            if taken.scalar_one() and self.held():
                return True
        except SQLAlchemyError as error:
            _LOG.warning("the database does not answer: %s", type(error).__name__)
        self.release()
        return False

    def held(self) -> bool:
        """See `Lock`; asks the server."""
        if self._connection is None:
            return False
        try:
            return bool(self._connection.execute(_HELD, {"number": _NUMBER}).scalar_one() == 1)
        except SQLAlchemyError:
            return False

    def release(self) -> None:
        """See `Lock`: the session ends, and the lock with it."""
        connection, engine = self._connection, self._engine
        self._connection = self._engine = None
        with suppress(SQLAlchemyError):
            if connection is not None:
                connection.invalidate()
                connection.close()
        if engine is not None:
            engine.dispose()


def lead(
    lock: Lock,
    work: Callable[[], AbstractContextManager[None]],
    stop: threading.Event,
    *,
    look: float = LOOK,
    leads: Callable[[bool], None] = lambda _: None,
) -> None:
    """Have `work` done whenever this process leads, until `stop`.

    `work` is entered once the lock is held and whoever held it before has noticed that it does not any more. It is
    left when the lock is lost, at the next look, and at the end. `leads` is told of both.
    """
    while not stop.is_set():
        if lock.take():
            try:
                if not stop.wait(lock.fence) and lock.held():
                    with work():
                        leads(True)  # noqa: FBT003 - it is what it is told
                        while lock.held() and not stop.wait(look):
                            pass
                        if not stop.is_set():
                            _LOG.warning("the lock is lost: this process leads no more")
                        leads(False)  # noqa: FBT003
            finally:
                lock.release()
        stop.wait(look)
