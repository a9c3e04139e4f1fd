"""Subject keys in SQL, wrapped under the key-encryption key (KEK). Blocking; knows neither asyncio nor caches."""

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, Insert, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from app.db import write_transaction
from app.privacy.errors import KeyStoreError, SealedBlockError
from app.privacy.rows import SUBJECT_KEY, SUBJECT_KEYS_DESTROYED
from app.privacy.sealed_block import KEY_BYTES, SubjectKey

_NONCE_BYTES: Final = 12
_COLUMNS: Final = [SUBJECT_KEY.c[name] for name in ("lookup", "subject", "kid", "wrapped", "kek")]

Outcome: TypeAlias = SubjectKey | KeyStoreError


def _now() -> datetime:
    return datetime.now(UTC)


class KeyTable:
    """The rows of `subject_key`, opened with the KEK."""

    def __init__(
        self,
        engine: Engine,
        kek: bytes,
        *,
        generation: int = 1,
        random: Callable[[int], bytes] = os.urandom,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """Use `kek` (32 bytes), which is the `generation`th, for new rows and existing ones alike.

        Raises:
            KeyStoreError: the KEK has not 32 bytes.
        """
        if len(kek) != KEY_BYTES:
            raise KeyStoreError("the key-encryption key has not 32 bytes")
        self._engine = engine
        self._kek = AESGCM(kek)
        self._generation = generation
        self._random = random
        self._now = now

    def load(self, lookups: Collection[str]) -> tuple[int, dict[str, Outcome]]:
        """Return how many keys were destroyed, and for each lookup its key, made and durable now if it was not there.

        A damaged row fails its own subject and no other, so it stands as a value. At most 1,000 lookups.

        Raises:
            KeyStoreError: the database failed. Rows may have become durable all the same.
        """
        with _translated():
            with self._engine.begin() as connection:
                destroyed = _destroyed(connection)  # before the rows: rows newer than the count do no harm
                found = self._read(connection, lookups)
            missing = sorted(lookup for lookup in lookups if lookup not in found)  # in one order: else a deadlock
            if missing:
                with write_transaction(self._engine) as connection:
                    connection.execute(insert_new(connection.dialect.name), [self._new_row(it) for it in missing])
                    found |= self._read(connection, missing)
        return destroyed, found

    def find(self, subject: str, kid: str) -> SubjectKey | None:
        """Return the key of a sealed block, or None if it was destroyed.

        Raises:
            KeyStoreError: the database failed, or the row is damaged.
        """
        wanted = select(*_COLUMNS).where(SUBJECT_KEY.c.subject == subject, SUBJECT_KEY.c.kid == kid)
        with _translated():
            with self._engine.begin() as connection:
                row = connection.execute(wanted).one_or_none()
            return None if row is None else self._unwrapped(row)

    def destroy(self, subject: str) -> bool:
        """Delete the row of `subject`; once this returns, its bytes are in no file of SQLite either.

        PostgreSQL keeps them until VACUUM and in its own log and backups; there the end is the KEK's rotation.

        Returns:
            Whether there was a row. Destroying again does no harm, and finishes what failed the first time.

        Raises:
            KeyStoreError: not destroyed, or not yet gone from the files; destroy it again.
        """
        with _translated():
            with write_transaction(self._engine) as connection:
                gone = connection.execute(delete(SUBJECT_KEY).where(SUBJECT_KEY.c.subject == subject)).rowcount > 0
                if gone:
                    count = SUBJECT_KEYS_DESTROYED.c.count
                    connection.execute(update(SUBJECT_KEYS_DESTROYED).values({count: count + 1}))
            if self._engine.dialect.name == "sqlite":
                self._empty_wal()
        return gone

    def _empty_wal(self) -> None:
        connection = self._engine.raw_connection()
        try:
            busy, *_ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
        if busy:
            raise KeyStoreError("a destroyed key is still in the write-ahead log, as someone is reading it")

    def _read(self, connection: Connection, lookups: Collection[str]) -> dict[str, Outcome]:
        rows = connection.execute(select(*_COLUMNS).where(SUBJECT_KEY.c.lookup.in_(lookups)))
        found: dict[str, Outcome] = {}
        for row in rows:
            try:
                found[row.lookup] = self._unwrapped(row)
            except KeyStoreError as error:
                found[row.lookup] = error
        return found

    def _new_row(self, lookup: str) -> dict[str, Any]:
        subject = f"psn_{self._random(16).hex()}"
        kid = f"k_{self._random(16).hex()}"
        nonce = self._random(_NONCE_BYTES)
        key = self._random(KEY_BYTES)
        return {
            "lookup": lookup,
            "subject": subject,
            "kid": kid,
            "wrapped": nonce + self._kek.encrypt(nonce, key, _associated(lookup, subject, kid, self._generation)),
            "kek": self._generation,
            "created_at": self._now(),
        }

    def _unwrapped(self, row: Row[Any]) -> SubjectKey:
        """Return the key of `row`, which stays bound to its person, pseudonym, key id and KEK generation."""
        if row.kek != self._generation:
            raise KeyStoreError(f"a subject key is wrapped under generation {row.kek} of the key-encryption key")
        nonce, ciphertext = row.wrapped[:_NONCE_BYTES], row.wrapped[_NONCE_BYTES:]
        try:
            key = self._kek.decrypt(nonce, ciphertext, _associated(row.lookup, row.subject, row.kid, row.kek))
            return SubjectKey(row.subject, row.kid, key)
        except (InvalidTag, SealedBlockError, TypeError, ValueError):
            raise KeyStoreError("a subject key is damaged, or wrapped under another key-encryption key") from None


def insert_new(dialect: str) -> Insert:
    """Return the statement that inserts rows and leaves those that are there; SQL has no one word for it."""
    if dialect == "postgresql":
        return postgresql.insert(SUBJECT_KEY).on_conflict_do_nothing()
    return sqlite.insert(SUBJECT_KEY).on_conflict_do_nothing()


def _associated(lookup: str, subject: str, kid: str, generation: int) -> bytes:
    return f"omega-subject-key/v1\n{lookup}\n{subject}\n{kid}\n{generation}".encode()


def _destroyed(connection: Connection) -> int:
    return int(connection.execute(select(SUBJECT_KEYS_DESTROYED.c.count)).scalar_one())


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, TypeError, ValueError) as error:  # SQLite keeps any type in any column
        raise KeyStoreError(f"the key store cannot be used: {type(error).__name__}") from error
