import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import db
from app.db import DatabaseUrlError, open_engine, write_transaction


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'some.db'}")
    yield engine
    engine.dispose()


def test_every_connection_is_durable_and_overwrites_what_it_deletes(engine):
    expected = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "busy_timeout": 1_500, "foreign_keys": 1}
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            found = {name: connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in expected}
            assert found == expected


def test_the_file_is_for_its_owner_alone(engine, tmp_path):
    with write_transaction(engine) as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == dict.fromkeys(
            ["some.db", "some.db-shm", "some.db-wal"], "0o600"
        )


def test_a_write_transaction_commits_or_leaves_nothing(engine):
    with write_transaction(engine) as connection:
        connection.execute(text("CREATE TABLE kept (x)"))
    with pytest.raises(OperationalError), write_transaction(engine) as connection:  # noqa: PT012 - the point
        connection.execute(text("CREATE TABLE dropped (x)"))
        connection.execute(text("no SQL"))
    with engine.begin() as connection:
        assert connection.execute(text("SELECT name FROM sqlite_master")).scalars().all() == ["kept"]


def test_a_longer_patience_ends_with_its_transaction(engine):
    with write_transaction(engine, busy_timeout_ms=9_000) as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 9_000
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 1_500


class Busy:
    """A connection whose file others hold for the first few statements."""

    def __init__(self, refusals):
        self.refusals = refusals

    def execute(self, _statement):
        if self.refusals:
            self.refusals -= 1
            raise sqlite3.OperationalError("database is locked")


def test_the_switch_to_wal_is_tried_again_while_others_hold_the_file():
    busy = Busy(refusals=2)
    db._enter_wal(busy)
    assert busy.refusals == 0


def test_the_switch_to_wal_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", -1)
    with pytest.raises(sqlite3.OperationalError):
        db._enter_wal(Busy(refusals=2))


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("no url", id="no URL"),
        pytest.param("sqlite://", id="SQLite in memory"),
        pytest.param("sqlite:///:memory:", id="SQLite in memory by name"),
        pytest.param("sqlite:///file:secret?mode=memory&uri=true", id="SQLite by URI"),
        pytest.param("sqlite:////nowhere/secret/some.db", id="a directory that is not there"),
        pytest.param("nosuch://user:secret@host/name", id="an unknown database"),
        pytest.param("postgresql+nosuch://user:secret@host/name", id="an unknown driver"),
    ],
)
def test_a_url_that_names_no_usable_database_is_refused_and_not_quoted(url):
    with pytest.raises(DatabaseUrlError) as caught:
        open_engine(url)
    assert "secret" not in str(caught.value)
