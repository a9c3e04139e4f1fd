"""Subject keys in SQL, wrapped under the key-encryption key (KEK). Blocking; knows neither asyncio nor caches."""

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Engine, Insert, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from app.db import write_transaction
from app.privacy.errors import KeyStoreError
from app.privacy.keks import Keks
from app.privacy.rows import DESTROYED_SUBJECT, KEK_GENERATION, RETIRED_KEY, SUBJECT_KEY, SUBJECT_KEYS_DESTROYED
from app.privacy.sealed_block import KEY_BYTES, SubjectKey

DATA_KEY_LIFETIME: Final = timedelta(days=90)
"""How long a data key seals; then the subject gets another, and the old one opens what it sealed."""

_NONCE_BYTES: Final = 12
_MOST_NEWS: Final = 10_000
_NAMES: Final = ("lookup", "subject", "kid", "wrapped", "kek")
_COLUMNS: Final = [SUBJECT_KEY.c[name] for name in _NAMES]
_RETIRED: Final = [RETIRED_KEY.c[name] for name in _NAMES]

Outcome: TypeAlias = SubjectKey | KeyStoreError


def _now() -> datetime:
    return datetime.now(UTC)


class KeyTable:
    """The rows of `subject_key` and `retired_key`, opened with the KEK."""

    def __init__(
        self,
        engine: Engine,
        kek: bytes | Keks,
        *,
        random: Callable[[int], bytes] = os.urandom,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """Use the generations of `kek`; 32 bytes alone are the first generation, and it never rotates.

        Raises:
            KeyStoreError: the KEK has not 32 bytes.
        """
        self.engine = engine
        if isinstance(kek, Keks):
            self.keks = kek
        else:
            self.keks = Keks(lambda: {1: kek})
            self.keks.reload()
        self.random = random
        self._now = now

    def load(self, lookups: Collection[str]) -> tuple[int, dict[str, Outcome]]:
        """Return how many keys were destroyed, and for each lookup its key, made and durable now if it was not there.

        A key that has sealed for long enough is retired, and a fresh one made. A damaged row fails its own subject
        and no other, so it stands as a value. At most 1,000 lookups.

        Raises:
            KeyStoreError: the database failed. Rows may have become durable all the same.
        """
        with translated():
            with self.engine.begin() as connection:
                destroyed = _destroyed(connection)  # before the rows: rows newer than the count do no harm
                found, aged = self._read(connection, lookups)
            missing = sorted(lookup for lookup in lookups if lookup not in found)  # in one order: else a deadlock
            if missing or aged:
                with write_transaction(self.engine) as connection:
                    generation = current_generation(connection)
                    if missing:
                        rows = [self._new_row(lookup, generation) for lookup in missing]
                        connection.execute(insert_new(connection.dialect.name), rows)
                    if aged:
                        self._renew(connection, aged, generation)
                    found |= self._read(connection, [*missing, *aged])[0]
        return destroyed, found

    def find(self, subject: str, kid: str) -> SubjectKey | None:
        """Return the key of a sealed block, be it retired, or None if it was destroyed.

        Raises:
            KeyStoreError: the database failed, or the row is damaged.
        """
        present = select(*_COLUMNS).where(SUBJECT_KEY.c.subject == subject, SUBJECT_KEY.c.kid == kid)
        retired = select(*_RETIRED).where(RETIRED_KEY.c.subject == subject, RETIRED_KEY.c.kid == kid)
        with translated():
            with self.engine.begin() as connection:  # in this order: between the two a key may retire
                row = connection.execute(present).mappings().one_or_none()
                row = row or connection.execute(retired).mappings().one_or_none()
            return None if row is None else self.keks.subject_key(row)

    def find_all(self, kids: Collection[str]) -> dict[str, Outcome]:
        """Return the keys of these key ids, retired ones too; one that was destroyed is not among them.

        A damaged row stands as a value, as in `load`. At most 1,000 key ids.

        Raises:
            KeyStoreError: the database failed.
        """
        found: dict[str, Outcome] = {}
        with translated(), self.engine.begin() as connection:  # in this order: between the two a key may retire
            for table, columns in ((SUBJECT_KEY, _COLUMNS), (RETIRED_KEY, _RETIRED)):
                for row in connection.execute(select(*columns).where(table.c.kid.in_(kids))).mappings():
                    try:
                        found[row["kid"]] = self.keks.subject_key(row)
                    except KeyStoreError as error:
                        found[row["kid"]] = error
        return found

    def subject_of(self, lookup: str) -> str | None:
        """Return the pseudonym under which somebody is known, or None. Makes nobody known.

        Raises:
            KeyStoreError: the database failed.
        """
        with translated(), self.engine.begin() as connection:
            wanted = select(SUBJECT_KEY.c.subject).where(SUBJECT_KEY.c.lookup == lookup)
            found = connection.execute(wanted).scalar_one_or_none()
        return None if found is None else str(found)

    def key_ids(self, subject: str) -> list[str]:
        """Return the ids of all keys of a pseudonym, retired ones too.

        Raises:
            KeyStoreError: the database failed.
        """
        with translated(), self.engine.begin() as connection:
            return sorted(
                kid
                for table in (SUBJECT_KEY, RETIRED_KEY)
                for kid in connection.execute(select(table.c.kid).where(table.c.subject == subject)).scalars()
            )

    def destroy(self, subject: str) -> bool:
        """Delete the keys of `subject`; once this returns, their bytes are in no file of SQLite either.

        PostgreSQL keeps them until VACUUM and in its own log and backups; there the end is the KEK's rotation.

        Returns:
            Whether there was a key. Destroying again does no harm, and finishes what failed the first time.

        Raises:
            KeyStoreError: not destroyed, or not yet gone from the files; destroy it again.
        """
        with translated():
            with write_transaction(self.engine) as connection:
                gone = bool(delete_keys(connection, subject))
            scrub_files(self.engine)
        return gone

    def news(self, seen: int) -> tuple[int, frozenset[str] | None]:
        """Return how many were destroyed so far, and whose keys since there were `seen`, or None where nobody can say.

        A person is named by `half` of the pseudonym. Drops generations of the KEK that are not there any more.

        Raises:
            KeyStoreError: the database failed.
        """
        wanted = select(DESTROYED_SUBJECT.c.half).where(DESTROYED_SUBJECT.c.number > seen)
        with translated():
            with self.engine.begin() as connection:
                count = _destroyed(connection)
                generation = connection.execute(select(KEK_GENERATION.c.generation)).scalar_one()
                gone = (
                    frozenset(connection.execute(wanted).scalars()) if 0 < count - seen <= _MOST_NEWS else frozenset()
                )
            if self.keks.held != {generation}:
                with suppress(KeyStoreError):  # who needs one that cannot be had is told so
                    self.keks.reload()
        return count, gone if len(gone) == count - seen else None

    def _read(self, connection: Connection, lookups: Collection[str]) -> tuple[dict[str, Outcome], list[str]]:
        """Return the keys that are there, and the lookups of those that have sealed for long enough."""
        aged = (SUBJECT_KEY.c.created_at < self._now() - DATA_KEY_LIFETIME).label("aged")
        found: dict[str, Outcome] = {}
        old = []
        rows = connection.execute(select(*_COLUMNS, aged).where(SUBJECT_KEY.c.lookup.in_(lookups)))
        for row in rows.mappings():
            try:
                found[row["lookup"]] = self.keks.subject_key(row)
            except KeyStoreError as error:
                found[row["lookup"]] = error
            else:
                if row["aged"]:
                    old.append(row["lookup"])
        return found, old

    def _new_row(self, lookup: str, generation: int, subject: str | None = None) -> dict[str, Any]:
        row = {
            "lookup": lookup,
            "subject": subject or f"psn_{self.random(16).hex()}",
            "kid": f"k_{self.random(16).hex()}",
            "kek": generation,
            "created_at": self._now(),
        }
        key = bytearray(self.random(KEY_BYTES))
        try:
            return row | {"wrapped": self.keks.wrap(row, key, self.random(_NONCE_BYTES))}
        finally:
            key[:] = bytes(KEY_BYTES)

    def _renew(self, connection: Connection, lookups: Collection[str], generation: int) -> None:
        """Retire the keys that are still old, and give their subjects fresh ones."""
        aged = SUBJECT_KEY.c.created_at < self._now() - DATA_KEY_LIFETIME
        wanted = select(SUBJECT_KEY).where(SUBJECT_KEY.c.lookup.in_(lookups), aged)
        wanted = wanted.order_by(SUBJECT_KEY.c.lookup).with_for_update()  # in one order: else a deadlock
        for row in connection.execute(wanted).mappings().all():
            connection.execute(insert(RETIRED_KEY).values(dict(row)))
            fresh = self._new_row(row["lookup"], generation, row["subject"])
            connection.execute(update(SUBJECT_KEY).where(SUBJECT_KEY.c.lookup == row["lookup"]).values(fresh))


def insert_new(dialect: str) -> Insert:
    """Return the statement that inserts rows and leaves those that are there; SQL has no one word for it."""
    if dialect == "postgresql":
        return postgresql.insert(SUBJECT_KEY).on_conflict_do_nothing()
    return sqlite.insert(SUBJECT_KEY).on_conflict_do_nothing()


def current_generation(connection: Connection) -> int:
    """Return the KEK generation to wrap under; it stays so until the transaction ends."""
    return int(connection.execute(select(KEK_GENERATION.c.generation).with_for_update(read=True)).scalar_one())


def delete_keys(connection: Connection, subject: str) -> tuple[str, ...]:
    """Delete all keys of `subject` in a transaction, with word to the caches; return the ids of what was there."""
    kids: list[str] = []
    for table in (SUBJECT_KEY, RETIRED_KEY):
        kids += connection.execute(delete(table).where(table.c.subject == subject).returning(table.c.kid)).scalars()
    if kids:
        count = SUBJECT_KEYS_DESTROYED.c.count
        connection.execute(update(SUBJECT_KEYS_DESTROYED).values({count: count + 1}))
        connection.execute(insert(DESTROYED_SUBJECT).values(number=_destroyed(connection), half=half(subject)))
    return tuple(sorted(kids))


def half(subject: str) -> str:
    """Return the first half of the digits of a pseudonym, by which caches find what they have to forget."""
    return subject[4:20]


def scrub_files(engine: Engine) -> None:
    """Have SQLite keep nothing that was overwritten or deleted, in the file or in its write-ahead log.

    `secure_delete` overwrites a row where it lies, and not what earlier moves of it between pages left behind: so the
    file is written anew. That takes the memory of the file, and 0.4 s for 100,000 persons, in which others wait.

    Raises:
        KeyStoreError: somebody is reading it.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA temp_store=MEMORY")  # never in a file that lies elsewhere
        cursor.execute("VACUUM")
        busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()
    if busy:
        raise KeyStoreError("a destroyed key is still in the write-ahead log, as someone is reading it")


def _destroyed(connection: Connection) -> int:
    return int(connection.execute(select(SUBJECT_KEYS_DESTROYED.c.count)).scalar_one())


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever a database raises into `KeyStoreError`."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, TypeError, ValueError) as error:  # SQLite keeps any type in any column
        raise KeyStoreError(f"the key store cannot be used: {type(error).__name__}") from error
