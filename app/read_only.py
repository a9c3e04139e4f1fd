"""Databases that a process may read and nothing else: whatever it holds in its hands, and whoever it is made to be.

Three walls, each for what another misses: the guard of `app.db` refuses a statement before it is sent; the connection
is read-only to the database itself; and what the role or the file system grants is the operator's third.
"""

from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from app.db import BUSY_TIMEOUT_MS, DatabaseUrlError, guard, open_engine

_SQLITE: Final = "sqlite"


def open_read_only(url: str) -> Engine:
    """Return an engine for `url` that reads; nothing is connected yet, and no file is made.

    Args:
        url: as for `app.db.open_engine`.

    Raises:
        DatabaseUrlError: `url` is no URL of such a database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUrlError(f"the database cannot be used: {type(error).__name__}") from None
    if parsed.get_backend_name() == _SQLITE and parsed.database:
        return guard(_open_sqlite(parsed.database))
    engine = open_engine(url)
    event.listen(engine, "connect", _hold_postgresql)
    return guard(engine)


def _open_sqlite(path: str) -> Engine:
    """Return an engine for a file, which has to be there: SQLite opens it read-only, and is told so again."""
    place = URL.create(_SQLITE, database=f"file:{quote(path)}", query={"mode": "ro", "uri": "true"})
    engine = create_engine(place, hide_parameters=True)
    event.listen(engine, "connect", _hold_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _hold_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA query_only=ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _hold_postgresql(connection: Any, _entry: ConnectionPoolEntry) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    connection.commit()
