"""How the database is reached: one engine per process, and what each connection promises.

Knows no table. Engines must not cross a fork: every process opens its own.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS: Final = 1_500
"""How long a statement waits for another writer; below the patience of those who wait for an answer."""


class DatabaseUrlError(Exception):
    """The setting names no database that can be used; the message never quotes it, as it may hold a password."""


def open_engine(url: str) -> Engine:
    """Return an engine for `url`; nothing is connected yet.

    SQLite is made durable once a commit returns (`synchronous=FULL` in WAL mode), and overwrites what it
    deletes (`secure_delete`). Its file is made with mode 0600. Errors do not show statement parameters.

    Raises:
        DatabaseUrlError: `url` is no database URL, or SQLite without a file, or the file cannot be made.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(parsed, hide_parameters=True)
        _make_file(parsed.database)
        engine = create_engine(parsed, hide_parameters=True)
    except (ArgumentError, ImportError, OSError) as error:
        raise DatabaseUrlError(f"the database cannot be used: {type(error).__name__}") from None
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def write_transaction(engine: Engine, *, busy_timeout_ms: int | None = None) -> Iterator[Connection]:
    """Run a transaction that will write; commit on leaving, roll back on an exception.

    SQLite takes the write lock at once, so that what was read cannot have changed when it is written; it waits
    `busy_timeout_ms` for it, or else as long as ever.
    """
    with engine.connect().execution_options(sqlite_begin="BEGIN IMMEDIATE") as connection:
        if busy_timeout_ms is not None and engine.dialect.name == "sqlite":
            connection.detach()  # so that its patience ends with it
            connection.connection.cursor().execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
        with connection.begin():
            yield connection


def _make_file(path: str | None) -> None:
    if not path or path == ":memory:" or path.startswith("file:"):
        raise DatabaseUrlError("SQLite needs a file: the processes of a node share it")
    with suppress(FileExistsError):  # never opened if it exists: closing it would drop the locks SQLite holds on it
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """Set what SQLite forgets with each connection; transactions are begun by `_begin`, not by the driver."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA foreign_keys=ON")
    _enter_wal(connection)


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Enter WAL mode, which lasts in the file. The first switch does not wait for others by itself."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
