"""How the database is reached: one engine per process, and what each connection promises.

Knows no table. Engines must not cross a fork: every process opens its own. The databases of the control plane and of
the auditor portal are guarded: they are written to by permit alone (`writing`), and read otherwise (`reading`).
Migrations, which open an engine of their own, are outside the guard, and so is the index, which is rebuilt from the
log.
"""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, Final

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel

from app.pdp.enforce import Permit

BUSY_TIMEOUT_MS: Final = 1_500
"""How long a statement waits for another writer; below the patience of those who wait for an answer."""

_PATIENCE: Final = {
    "connect_timeout": "2",  # seconds, of each address of the server
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",  # milliseconds that what was sent may stay unacknowledged
}


class DatabaseUrlError(Exception):
    """The setting names no database that can be used; the message never quotes it, as it may hold a password."""


def open_engine(url: str, *, durable: bool = True) -> Engine:
    """Return an engine for `url` (SQLite or PostgreSQL); nothing is connected yet.

    Either is durable once a commit returns, at isolation READ COMMITTED or above. SQLite overwrites what it deletes
    (`secure_delete`); its file is made with mode 0600. Errors do not show statement parameters.

    Args:
        url: as SQLAlchemy writes it.
        durable: False does not wait for the disk: for what can be read again elsewhere. Whole transactions may be
            lost with the machine, the newest ones first; nothing else changes.

    Raises:
        DatabaseUrlError: `url` is no URL of such a database, or SQLite without a file, or the file cannot be made.
    """
    try:
        parsed = make_url(url)
        match parsed.get_backend_name():
            case "sqlite":
                return _open_sqlite(parsed, durable=durable)
            case "postgresql":
                return _open_postgresql(parsed, durable=durable)
            case other:
                raise DatabaseUrlError(f"the database cannot be used: `{other}` is neither sqlite nor postgresql")
    except ModuleNotFoundError:
        raise DatabaseUrlError(
            "the database cannot be used: its driver is missing; install the extra `postgresql`"
        ) from None
    except (ArgumentError, ImportError, OSError) as error:
        raise DatabaseUrlError(f"the database cannot be used: {type(error).__name__}") from None


class ProductRow(SQLModel):
    """Keeps the tables of the control plane apart from those of the log: they have migrations of their own."""

    metadata: ClassVar[MetaData] = MetaData()


class UnpermittedError(Exception):
    """A statement that may write came without a permit, and was not run. Its text is not quoted."""


_READ: Final = re.compile(
    r"(?:SELECT|EXPLAIN|SHOW|BEGIN|SAVEPOINT|RELEASE|ROLLBACK|SET LOCAL (?:lock|statement)_timeout)\b[^;]*;?\s*",
    re.IGNORECASE,
)
_COMMON_TABLE: Final = re.compile(r"WITH\b[^;]*;?\s*", re.IGNORECASE)
_WRITES: Final = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|INTO|NEXTVAL|SETVAL)\b", re.IGNORECASE)
_PERMIT: Final = "permit"


def guard(engine: Engine) -> Engine:
    """Return `engine`, which runs nothing but reads from now on, except on a connection that `writing` made.

    What is no read is refused before it reaches the database, whoever sends it: mapped rows, bulk statements, text.
    """
    event.listen(engine, "before_cursor_execute", _refuse_unpermitted)
    return engine


def _refuse_unpermitted(
    connection: Connection,
    _cursor: Any,
    statement: str,
    _parameters: Any,
    _context: Any,
    _many: bool,  # noqa: FBT001
) -> None:
    if isinstance(connection.get_execution_options().get(_PERMIT), Permit):
        return
    text = statement.strip()
    read = _READ.fullmatch(text) or _COMMON_TABLE.fullmatch(text)
    if read is None or (_WRITES.search(text) and not text.upper().startswith("SET LOCAL")):
        raise UnpermittedError("nothing is written without a permit")


class Guarded:
    """One database of this process that is written to by permit alone, whichever engine it is opened with."""

    def __init__(self, name: str) -> None:
        """Name it, for messages; `opened` opens it."""
        self._name = name
        self._engines: list[Engine] = []  # the newest last

    @contextmanager
    def opened(self, engine: Engine) -> Iterator[Engine]:
        """Have `writing` and `reading` mean this engine, guarded, until it is left; then it is closed."""
        self._engines.append(guard(engine))
        try:
            yield engine
        finally:
            self._engines.remove(engine)
            engine.dispose()

    @contextmanager
    def writing(self, permit: Permit) -> Iterator[Session]:
        """Run one transaction that `permit` allows; commit on leaving, roll back on an exception.

        See `write_transaction`. Rows that it leaves carry `permit.decision_id`. What the decision was made on is read
        again in here, and the transaction given up if it has changed (409): nothing was locked while policy decided.
        """
        with (
            write_transaction(self._engine().execution_options(**{_PERMIT: permit})) as connection,
            Session(bind=connection, expire_on_commit=False) as session,
        ):
            yield session
            session.flush()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read; whatever writes is refused, before it is sent and by the database itself."""
        with self._engine().connect() as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)  # noqa: PLW2901 - the same one
            with Session(bind=connection, autoflush=False) as session:
                yield session

    def _engine(self) -> Engine:
        if not self._engines:
            raise RuntimeError(f"no {self._name} database is open in this process")
        return self._engines[-1]


product_data: Final = Guarded("product")
"""The control plane's database."""

product, writing, reading = product_data.opened, product_data.writing, product_data.reading


@contextmanager
def write_transaction(
    engine: Engine, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS, exclusive: int | None = None
) -> Iterator[Connection]:
    """Run a transaction that will write; commit on leaving, roll back on an exception.

    SQLite takes the write lock at once, so that what was read cannot have changed when it is written. PostgreSQL does
    so against transactions of the same number `exclusive`, and against no other. Waits `busy_timeout_ms` for locks.
    """
    with engine.connect().execution_options(sqlite_begin="BEGIN IMMEDIATE") as connection:
        if busy_timeout_ms != BUSY_TIMEOUT_MS and engine.dialect.name == "sqlite":
            connection.detach()  # so that its patience ends with it
            connection.connection.cursor().execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {busy_timeout_ms}")
                if exclusive is not None:
                    connection.execute(select(func.pg_advisory_xact_lock(exclusive)))
            yield connection


def _open_postgresql(url: URL, *, durable: bool) -> Engine:
    """Return an engine that notices a dead server in seconds; the URL's own parameters win."""
    driver = "postgresql+psycopg" if url.drivername == "postgresql" else url.drivername
    patience = {name: value for name, value in _PATIENCE.items() if name not in url.query}
    engine = create_engine(
        url.set(drivername=driver).update_query_dict(patience),
        hide_parameters=True,
        isolation_level="READ COMMITTED",  # a row that another process inserted has to be seen by the statement after
        pool_pre_ping=True,  # so that a server that was started again fails nobody
    )
    event.listen(engine, "connect", _prepare_postgresql if durable else _prepare_hasty_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """Have commits wait for the disk, whatever the role or the database was set to, and locks not wait for ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        cursor.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    connection.commit()


def _prepare_hasty_postgresql(connection: Any, _entry: ConnectionPoolEntry) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    connection.commit()


def _open_sqlite(url: URL, *, durable: bool) -> Engine:
    _make_file(url.database)
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare if durable else _prepare_hasty)
    event.listen(engine, "begin", _begin)
    return engine


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


def _prepare_hasty(connection: Any, entry: ConnectionPoolEntry) -> None:
    _prepare(connection, entry)
    connection.execute("PRAGMA synchronous=NORMAL")


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
