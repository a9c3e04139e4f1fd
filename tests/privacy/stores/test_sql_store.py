"""Tables as a store: found by parameters, erased as described, and looked through again with other eyes."""

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import open_engine
from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.sql_database import ForeignDatabase, url_in
from app.privacy.stores.sql_store import SqlStore, as_json
from app.privacy.stores.table import Erasing, Table
from tests.privacy.stores.people import KEY, described, person

CUSTOMERS = Table(
    name="customers",
    identify={"customer": "id", "email": "email"},
    columns={"name": "contact", "notes": "content"},
    erase=Erasing.DELETE,
    rectify={"name": "name"},
)
ORDERS = Table(name="orders", identify={"customer": "id"}, columns={"ship_to": "contact"}, erase=Erasing.HMAC)
VISITS = Table(name="visits", identify={"customer": "id"}, columns={"ip": "contact"}, erase=Erasing.EMPTY)
INVOICES = Table(
    name="invoices", identify={"customer": "id"}, columns={}, erase=Erasing.KEEP, keep="tax law keeps invoices"
)


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE customers (customer VARCHAR(64), email VARCHAR(64), name VARCHAR(64), notes VARCHAR(200))",
            "CREATE TABLE orders (number INTEGER, customer VARCHAR(64), ship_to VARCHAR(64))",
            "CREATE TABLE visits (customer VARCHAR(64), ip VARCHAR(64), at TIMESTAMP)",
            "CREATE TABLE invoices (customer INTEGER)",
        ):
            connection.execute(text(statement))
        for name in ("alice", "bob"):
            row = {"id": name, "email": f"{name}@example.com"}
            connection.execute(text("INSERT INTO customers VALUES (:id, :email, :id, 'likes tea')"), row)
            for number in (1, 2):
                connection.execute(text(f"INSERT INTO orders VALUES ({number}, :id, 'Main Street')"), row)  # noqa: S608
            connection.execute(text("INSERT INTO visits VALUES (:id, '192.0.2.7', '2026-11-22 14:00:00')"), row)
    yield engine
    engine.dispose()


def store(engine, *tables, **more):
    url = engine.url.render_as_string(hide_password=False)
    return SqlStore(described(), tables, ForeignDatabase(lambda: url, **more), tenant="default", key=KEY)


def rows(engine, statement):
    with engine.begin() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_a_person_is_found_and_exported_by_any_column_that_knows_them(engine):
    made = store(engine, CUSTOMERS, ORDERS)
    assert made.find(person()) == 3
    items = list(made.export(person()))
    assert [each.place for each in items] == ["customers/1", "orders/1", "orders/2"]
    assert items[0].content == {
        "customer": "alice",
        "email": "alice@example.com",
        "name": "alice",
        "notes": "likes tea",
    }
    assert made.find(person("nobody")) == 0
    assert made.find(person("nobody", email="ALICE@example.com")) == 0
    assert made.find(person("nobody", email="alice@example.com")) == 1
    assert made.find(person(tenant="other")) == 0
    assert list(made.export(person(tenant="other"))) == []


def test_values_are_parameters(engine):
    made = store(engine, CUSTOMERS)
    for hostile in ("alice' OR '1'='1", "x'; DROP TABLE customers; --", "%", "_" * 9):
        assert made.find(person(hostile, email=hostile)) == 0
        assert made.erase(person(hostile, email=hostile)) == 0
        assert made.verify(person(hostile, email=hostile)) == ()
    assert made.find(person()) == 1


@pytest.mark.parametrize("name", ["customers; DROP TABLE x", "a b", 'a"b', "", "1a", "é"])
def test_a_name_that_is_no_identifier_is_refused(name):
    with pytest.raises(ValueError, match="no name of a table"):
        Table(name=name, identify={"customer": "id"}, columns={}, erase=Erasing.DELETE)


def test_a_table_that_knows_nobody_or_is_kept_without_a_reason_is_refused():
    with pytest.raises(ValueError, match="says of no column"):
        Table(name="customers", identify={}, columns={}, erase=Erasing.DELETE)
    with pytest.raises(ValueError, match="nobody says why"):
        Table(name="customers", identify={"customer": "id"}, columns={}, erase=Erasing.KEEP)


def test_rows_go_are_emptied_or_hashed_and_those_of_others_stay(engine):
    made = store(engine, ORDERS, VISITS, CUSTOMERS)
    assert made.erase(person()) == 4
    assert made.erase(person()) == 0
    assert rows(engine, "SELECT customer FROM customers") == [("bob",)]
    hashed = rows(engine, "SELECT DISTINCT customer, ship_to FROM orders WHERE customer <> 'bob'")
    assert len(hashed) == 1
    assert len(hashed[0][0]) == 64
    assert hashed[0][1] is None
    assert rows(engine, "SELECT ip FROM visits WHERE customer IS NULL") == [(None,)]
    assert rows(engine, "SELECT ip FROM visits WHERE customer = 'bob'") == [("192.0.2.7",)]
    assert made.verify(person()) == ()
    assert made.find(person("bob")) == 4


def test_what_a_law_keeps_is_said_and_everything_else_is_erased(engine):
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO invoices VALUES (7)"))
    made = store(engine, INVOICES, CUSTOMERS)
    who = person("7", email="alice@example.com")
    with pytest.raises(UnsupportedError, match="tax law keeps invoices"):
        made.erase(who)
    assert made.find(who) == 1
    assert made.erase(person("8", email="bob@example.com")) == 1
    assert made.verify(who) == ("invoices.customer: 1",)


def test_looking_again_finds_other_capitals_and_mentions_in_longer_texts(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE customers SET notes = 'ask Alice@Example.com' WHERE name = 'bob'"))
        connection.execute(text("INSERT INTO orders VALUES (9, ' ALICE ', 'x')"))
    made = store(engine, ORDERS, CUSTOMERS)
    made.erase(person())
    assert made.verify(person()) == ("orders.customer: 1", "customers.notes: 1")


def test_what_a_person_may_change_is_changed_once(engine):
    made = store(engine, CUSTOMERS, ORDERS)
    assert made.rectify(person(), {"name": "Alice L.", "shoe_size": 7}) == 1
    assert made.rectify(person(), {"name": "Alice L."}) == 0
    assert made.rectify(person(tenant="other"), {"name": "x"}) == 0
    assert rows(engine, "SELECT name FROM customers ORDER BY customer") == [("Alice L.",), ("bob",)]
    with pytest.raises(UnsupportedError, match="nothing of what is to be changed"):
        made.rectify(person(), {"shoe_size": 7})
    with pytest.raises(UnsupportedError, match="nothing in this place"):
        store(engine, ORDERS).rectify(person(), {"name": "x"})


def test_everybody_that_the_tables_know_is_named_for_a_look_after_a_restore(engine):
    assert sorted(store(engine, CUSTOMERS).identifiers()) == [
        ("email", "alice@example.com"),
        ("email", "bob@example.com"),
        ("id", "alice"),
        ("id", "bob"),
    ]


def test_values_of_a_database_become_values_of_json(engine):
    table = Table(name="visits", identify={"customer": "id"}, columns={"at": "usage"}, erase=Erasing.DELETE)
    [item] = store(engine, table).export(person())
    assert item.category == "usage"
    assert item.content["at"].startswith("2026-11-22")


def test_more_rows_than_an_export_takes_are_not_cut_off_in_silence(engine, monkeypatch):
    monkeypatch.setattr("app.privacy.stores.sql_store.MOST", 1)
    with pytest.raises(UnsupportedError, match="more than 1 rows"):
        list(store(engine, ORDERS).export(person()))


def test_no_file_of_the_database_holds_the_person_afterwards(sqlite_url):
    engine = open_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE customers (customer TEXT, email TEXT, name TEXT, notes TEXT)"))
        connection.execute(text("INSERT INTO customers VALUES ('alice', 'a@example.com', 'Alice Liddell', '')"))
    engine.dispose()
    made = store(engine, CUSTOMERS)
    assert made.erase(person()) == 1
    assert b"Liddell" not in b"".join(path.read_bytes() for path in Path(engine.url.database).parent.glob("some.db*"))


def test_a_database_that_fails_is_named_without_its_url(tmp_path):
    missing = ForeignDatabase(lambda: f"sqlite:///{tmp_path / 'secret'}")
    with pytest.raises(StoreError, match="file of a store's database is not there"), missing.reading():
        pass
    assert not (tmp_path / "secret").exists()
    with pytest.raises(StoreError, match="DatabaseUrlError"), ForeignDatabase(lambda: "pass word").reading():
        pass
    odd = SqlStore(described(), (CUSTOMERS,), _with(tmp_path, "CREATE TABLE other (x)"), tenant="default", key=KEY)
    with pytest.raises(StoreError, match="OperationalError") as caught:
        odd.find(person())
    assert "alice" not in str(caught.value)


def test_a_store_that_takes_too_long_is_stopped(tmp_path):
    slow = _with(tmp_path, "CREATE TABLE t (x)", seconds=-1.0)
    forever = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    with pytest.raises(StoreError), slow.reading() as connection:
        connection.execute(text(forever))


def _with(tmp_path, statement, **more):
    path = tmp_path / "odd.db"
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    return ForeignDatabase(lambda: f"sqlite:///{path}", **more)


def test_the_url_stands_in_a_file(tmp_path):
    file = tmp_path / "crm.url"
    with pytest.raises(StoreError, match=r"`crm.url`, which holds the URL of a database, cannot be read"):
        url_in(file)()
    file.write_text("sqlite:////srv/crm.db\n")
    assert url_in(file)() == "sqlite:////srv/crm.db"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        (datetime(2026, 11, 22, tzinfo=UTC), "2026-11-22T00:00:00+00:00"),
        (b"\xff", "/w=="),
        (memoryview(b"a"), "YQ=="),
        ([b"a", {"n": Decimal("1.50")}], ["YQ==", {"n": "1.50"}]),
    ],
)
def test_any_value_of_a_database_has_a_form_in_json(value, wanted):
    assert as_json(value) == wanted
