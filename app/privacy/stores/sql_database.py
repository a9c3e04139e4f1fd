"""A database with personal data, as a store reaches it: for reading, for one transaction that writes, never for long.

Owns the time-outs, and that SQLite keeps nothing of what was overwritten. Knows no table.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlmodel import Session

from app.db import DatabaseUrlError, open_engine, write_transaction
from app.pdp.enforce import Permit
from app.privacy.errors import KeyStoreError
from app.privacy.key_table import scrub_files
from app.privacy.stores.errors import StoreError

SECONDS: Final = 30.0
"""How long one transaction with a store may take."""

_STEPS: Final = 20_000  # of SQLite's machine between two looks at the clock: a millisecond or so
_LONGEST: Final = 4_096  # bytes of a file with a URL


class Database(Protocol):
    """Where tables are."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Return a connection to read with; raises `StoreError`."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Return a connection for one transaction, which is committed in the end; raises `StoreError`."""

    def settled(self) -> None:
        """Have no file hold any more what was overwritten, where that is in our hands; raises `StoreError`."""


class ForeignDatabase:
    """A database of somebody else, at the URL that `url` returns. No connection outlives what it was opened for."""

    def __init__(self, url: Callable[[], str], *, seconds: float = SECONDS) -> None:
        self._url, self._seconds = url, seconds

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See `Database`."""
        with self._opened() as engine, engine.connect() as connection, _limited(connection, self._seconds):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """See `Database`."""
        with self._opened() as engine, write_transaction(engine) as connection, _limited(connection, self._seconds):
            yield connection

    def settled(self) -> None:
        """See `Database`."""
        with self._opened() as engine:
            scrub_files(engine)

    @contextmanager
    def _opened(self) -> Iterator[Engine]:
        with translated():
            url = self._url()
            _refuse_missing(url)
            engine = open_engine(url)
            try:
                yield engine
            finally:
                engine.dispose()


class OwnDatabase:
    """A database of this service, which is written to by permit alone.

    `reading` and `writing` are those of `app.db.Guarded`.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Session]],
        writing: Callable[[Permit], AbstractContextManager[Session]],
        permit: Permit,
    ) -> None:
        self._reading, self._writing, self._permit = reading, writing, permit

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See `Database`."""
        with translated(), self._reading() as session:
            yield session.connection()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """See `Database`."""
        with translated(), self._writing(self._permit) as session:
            yield session.connection()

    def settled(self) -> None:
        """See `Database`: whoever reads pages has the log of SQLite too; it is emptied as it goes round."""
        with translated(), self._reading() as session:
            engine = session.connection().engine
        with translated():
            scrub_files(engine)


def url_in(path: Path) -> Callable[[], str]:
    """Return what reads the URL of a database from a file, which may hold a password.

    Whoever calls it may get a `StoreError`: the file cannot be read.
    """

    def read() -> str:
        try:
            with path.open("rb") as file:
                return file.read(_LONGEST).decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"`{path.name}`, which holds the URL of a database, cannot be read") from error

    return read


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever a database raises into `StoreError`; no statement and no value is quoted."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, KeyStoreError, DatabaseUrlError) as error:
        raise StoreError(f"the database of a store cannot be used: {type(error).__name__}") from error


@contextmanager
def _limited(connection: Connection, seconds: float) -> Iterator[None]:
    """Stop what takes too long."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1_000)}"))
        yield
        return
    end = time.monotonic() + seconds
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _refuse_missing(url: str) -> None:
    """Refuse a file of SQLite that is not there: it would be made."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUrlError("the URL of a store's database is none") from error
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise StoreError("the file of a store's database is not there")
