"""Databases that are read and nothing else: every wall by itself, in SQLite and in PostgreSQL."""

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from app import db
from app.db import DatabaseUrlError, UnpermittedError, open_engine
from app.read_only import open_read_only

WRITES = [
    "INSERT INTO thing VALUES (2)",
    "UPDATE thing SET n = 3",
    "DELETE FROM thing",
    "DROP TABLE thing",
    "CREATE TABLE other (n INTEGER)",
]


@pytest.fixture
def url(database_url):
    """The URL of a database with one table and one row."""
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE thing (n INTEGER)"))
        connection.execute(text("INSERT INTO thing VALUES (1)"))
    engine.dispose()
    return database_url


def rows(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT n FROM thing")).scalars().all()


def test_it_reads(url):
    engine = open_read_only(url)
    assert rows(engine) == [1]
    engine.dispose()


@pytest.mark.parametrize("statement", WRITES)
def test_the_guard_refuses_a_statement_before_it_is_sent(url, statement):
    engine = open_read_only(url)
    with pytest.raises(UnpermittedError), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize("statement", WRITES)
def test_the_database_refuses_it_where_no_guard_stands(url, statement):
    engine = open_read_only(url)
    event.remove(engine, "before_cursor_execute", db._refuse_unpermitted)
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(statement))
    assert rows(engine) == [1]
    engine.dispose()


def test_a_file_is_opened_read_only_whatever_the_connection_is_told(tmp_path):
    place = f"sqlite:///{tmp_path / 'x.db'}"
    with open_engine(place).begin() as connection:
        connection.execute(text("CREATE TABLE thing (n INTEGER)"))
    engine = open_read_only(place)
    event.remove(engine, "before_cursor_execute", db._refuse_unpermitted)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        with pytest.raises(DBAPIError, match="readonly"):
            connection.execute(text("INSERT INTO thing VALUES (2)"))
    engine.dispose()


def test_a_file_that_is_not_there_is_not_made(tmp_path):
    engine = open_read_only(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(DBAPIError):
        rows(engine)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["", "sqlite://", "mysql://u:hunter2@h/d", "://"])
def test_no_url_of_a_database(url):
    with pytest.raises(DatabaseUrlError) as refused:
        open_read_only(url)
    assert "hunter2" not in str(refused.value)
