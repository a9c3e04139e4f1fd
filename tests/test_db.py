import sqlite3
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import db
from app.db import DatabaseUrlError, open_engine, write_transaction


@pytest.fixture
def engine(sqlite_url):
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def served(postgresql_url):
    """Return an engine for PostgreSQL."""
    engine = open_engine(postgresql_url)
    yield engine
    engine.dispose()


def test_every_connection_is_durable_and_overwrites_what_it_deletes(engine):
    expected = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "busy_timeout": 1_500, "foreign_keys": 1}
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            found = {name: connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in expected}
            assert found == expected


def test_what_can_be_read_again_elsewhere_need_not_wait_for_the_disk(sqlite_url):
    engine = open_engine(sqlite_url, durable=False)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 1
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    engine.dispose()


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
        pytest.param("mysql://user:secret@host/name", id="a database that is not supported"),
        pytest.param("postgresql+nosuch://user:secret@host/name", id="an unknown driver"),
    ],
)
def test_a_url_that_names_no_usable_database_is_refused_and_not_quoted(url):
    with pytest.raises(DatabaseUrlError) as caught:
        open_engine(url)
    assert "secret" not in str(caught.value)


def shown(engine, name):
    with engine.begin() as connection:
        return connection.execute(text(f"SHOW {name}")).scalar_one()


@pytest.mark.slow
def test_postgresql_is_durable_and_waits_for_no_lock_for_ever(served):
    assert shown(served, "synchronous_commit") == "on"
    assert shown(served, "lock_timeout") == "1500ms"
    assert shown(served, "transaction_isolation") == "read committed"


@pytest.mark.slow
@pytest.mark.parametrize(("chosen", "found"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
def test_a_commit_that_would_not_wait_for_the_disk_is_made_to(served, postgresql_url, chosen, found):
    with served.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {served.url.database} SET synchronous_commit = {chosen}"))
    engine = open_engine(postgresql_url)
    assert shown(engine, "synchronous_commit") == found
    engine.dispose()


@pytest.mark.slow
def test_postgresql_need_not_wait_for_the_disk_either(postgresql_url):
    engine = open_engine(postgresql_url, durable=False)
    assert shown(engine, "synchronous_commit") == "off"
    assert shown(engine, "lock_timeout") == "1500ms"
    engine.dispose()


@pytest.mark.parametrize("url", ["postgresql://host/name", "postgresql+psycopg://host/name"])
def test_what_the_url_says_of_patience_holds(url):
    query = open_engine(f"{url}?connect_timeout=9").url.query
    assert query["connect_timeout"] == "9"
    assert query["tcp_user_timeout"] == "10000"


@pytest.mark.slow
def test_transactions_of_one_number_come_one_after_the_other(served):
    with write_transaction(served, exclusive=7):
        with write_transaction(served, exclusive=8), write_transaction(served):
            pass
        with pytest.raises(OperationalError), write_transaction(served, exclusive=7, busy_timeout_ms=1):
            pass


@pytest.mark.slow
def test_a_server_that_was_started_again_fails_nobody(served, postgresql):
    with write_transaction(served) as connection:
        connection.execute(text("CREATE TABLE kept (x integer)"))
    postgresql.stop()
    with pytest.raises(OperationalError), served.begin():
        pass
    postgresql.start()
    with served.begin() as connection:
        assert connection.execute(text("SELECT * FROM kept")).all() == []


def test_without_the_driver_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseUrlError, match="install the extra `postgresql`"):
        open_engine("postgresql://host/name")
