"""What stands in SQLite's files: nothing of a key that was destroyed, and one error for whatever is wrong with them."""

import random
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.privacy.errors import KeyStoreError
from app.privacy.key_table import KeyTable
from app.privacy.rows import SUBJECT_KEY
from app.privacy.sealed_block import SubjectKey
from tests.privacy.keyring import KEK

ALICE = "a" * 64


@pytest.fixture
def url(sqlite_url):
    return sqlite_url


@pytest.fixture
def table(engine):
    return KeyTable(engine, KEK)


def files(engine):
    """Return what the database file, and whatever SQLite puts beside it, hold."""
    path = Path(engine.url.database)
    return b"".join(found.read_bytes() for found in path.parent.glob(f"{path.name}*"))


def wrapped(engine, lookup):
    with engine.begin() as connection:
        return connection.execute(select(SUBJECT_KEY.c.wrapped).where(SUBJECT_KEY.c.lookup == lookup)).scalar_one()


def texts(engine):
    """Return what each row says of its subject, by lookup."""
    with engine.begin() as connection:
        rows = connection.execute(select(SUBJECT_KEY)).all()
    return {row.lookup: (row.wrapped, row.lookup.encode(), row.subject.encode(), row.kid.encode()) for row in rows}


def test_a_key_in_clear_is_in_no_file(table, engine):
    key = table.load([ALICE])[1][ALICE]
    assert key._key not in files(engine)
    assert key.subject.encode() in files(engine)


def test_after_destruction_the_wrapped_key_is_in_no_file(table, engine):
    found = table.load([f"{number:064x}" for number in range(50)])[1]
    with engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")  # so that it is in both files
    lookup, key = next(iter(found.items()))
    with engine.begin() as connection:
        values = {"created_at": datetime(2026, 11, 23, tzinfo=UTC)}
        connection.execute(update(SUBJECT_KEY).where(SUBJECT_KEY.c.lookup == lookup).values(values))
    secret = wrapped(engine, lookup)
    assert files(engine).count(secret) >= 2
    assert table.destroy(key.subject)
    assert secret not in files(engine)
    assert lookup.encode() not in files(engine)
    assert key.subject.encode() not in files(engine)
    assert key.kid.encode() not in files(engine)


def test_no_page_that_was_split_or_merged_keeps_a_copy(engine):
    chance = random.Random(7)
    table = KeyTable(engine, KEK, random=chance.randbytes)
    for _ in range(20):
        table.load([chance.randbytes(32).hex() for _ in range(40)])
    rows = texts(engine)
    destroyed = chance.sample(sorted(rows), 120)
    for lookup in destroyed:
        assert table.destroy(rows[lookup][2].decode())
        table.load([chance.randbytes(32).hex()])
    data = files(engine)
    assert [text for lookup in destroyed for text in rows[lookup] if text in data] == []
    assert all(text in data for lookup in rows.keys() - set(destroyed) for text in rows[lookup])


@pytest.mark.slow
def test_a_reader_that_keeps_the_deleted_row_visible_is_reported_and_destroying_again_finishes(table, engine):
    key = table.load([ALICE])[1][ALICE]
    secret = wrapped(engine, ALICE)
    with engine.begin() as reader:
        reader.execute(select(func.count()).select_from(SUBJECT_KEY))
        with pytest.raises(KeyStoreError, match="write-ahead log"):
            table.destroy(key.subject)
    assert table.destroy(key.subject) is False
    assert secret not in files(engine)


def test_a_file_that_is_no_database_is_one_error(table, engine):
    engine.dispose()
    Path(engine.url.database).write_bytes(b"not a database" * 1_000)
    for work in (lambda: table.load([ALICE]), lambda: table.find("", ""), lambda: table.destroy("")):
        with pytest.raises(KeyStoreError):
            work()


@pytest.mark.slow
def test_a_writer_that_does_not_let_go_is_one_error(table, engine):
    other = sqlite3.connect(engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(KeyStoreError):
        table.load([ALICE])
    other.execute("ROLLBACK")
    other.close()
    assert isinstance(table.load([ALICE])[1][ALICE], SubjectKey)
