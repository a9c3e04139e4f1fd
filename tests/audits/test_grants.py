"""The rights of the portal's role, walked table by table on a real PostgreSQL: what it reads, and writes nothing of."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from app import schema
from app.audits import threads
from app.audits.database import open_portal, portal_data
from app.audits.errors import AuditsError
from app.audits.grants import OFFICERS, READ, RoleNameError, grants
from app.audits.request import Asked, Evidence, Side, State
from app.audits.rows_firms import FirmRow
from app.audits.threads import Speaker
from app.db import open_engine
from app.index.query import Query
from app.index.rows import IndexRow
from app.index.search import Page, search
from app.read_only import open_read_only
from tests.auditor_portal.engagement.speaking import PROVENANCE, permit
from tests.auditor_portal.portal import ENGAGEMENT, PERMIT, engagement, firm
from tests.features.serving import NOW

ASKED = Asked(reference="A", title="Changes", text="", control="", due="")
ROLE = "omega_portal"
TREES = (schema.MIGRATIONS, schema.INDEX_MIGRATIONS, schema.PRODUCT_MIGRATIONS, schema.PORTAL_MIGRATIONS)
CLOSED = {"subject_key", "retired_key", "kek_generation", "destroyed_subject", "officer_session", "job_run", "alert"}
WRITES = {
    "insert": "INSERT INTO {table} DEFAULT VALUES",
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "drop": "DROP TABLE {table} CASCADE",
    "alter": "ALTER TABLE {table} ADD COLUMN mine int",
    "trigger": "CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "lock": "LOCK TABLE {table} IN EXCLUSIVE MODE",
}


@pytest.mark.parametrize("role", ["", "Portal", "1portal", 'x"; DROP ROLE y', "a" * 64, "a-b"])
def test_a_role_has_a_plain_name(role):
    with pytest.raises(RoleNameError):
        grants(role)


def test_the_lists_name_tables_once_and_no_secret():
    assert list(READ) == sorted(set(READ))
    assert CLOSED.isdisjoint(READ)
    assert "audit_engagement" in OFFICERS
    assert set(IndexRow.metadata.tables) <= set(READ)


@pytest.fixture(scope="module")
def granted(postgresql):
    """The URLs of a database with all tables, as its owner and as the portal's role reach it. Granted twice."""
    owner = postgresql.create_database()
    for tree in TREES:
        engine = open_engine(owner)
        schema.upgrade(engine, tree)
        engine.dispose()
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("CREATE TABLE portal.audit_thing (n serial PRIMARY KEY)")
        for _ in range(2):
            connection.execute(grants(ROLE))
    return owner, owner.replace("omega@", f"{ROLE}@")


@pytest.fixture(scope="module")
def tables(granted):
    """Return every table of the database, `schema.name`, and the name of one of its columns."""
    query = """SELECT table_schema || '.' || table_name, min(column_name) FROM information_schema.columns
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema') GROUP BY 1"""
    with psycopg.connect(granted[0]) as connection:
        return dict(connection.execute(query).fetchall())


@pytest.fixture
def portal(granted):
    with psycopg.connect(granted[1]) as connection:
        yield connection


def auditor(number):
    """Return an auditor who speaks by permit `number`."""
    return Speaker(permit=permit(number, "beta/b"), side=Side.AUDITOR, at=int(NOW))


def refuses(connection, statement):
    """Return whether the server refuses a statement for want of a right; whatever it did is undone."""
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    except psycopg.Error:
        return False
    finally:
        connection.rollback()
    return False


def own(table):
    return table.startswith("portal.") and table.removeprefix("portal.") not in OFFICERS


@pytest.mark.slow
def test_every_table_outside_its_own_refuses_to_be_written(portal, tables):
    foreign = {table: column for table, column in tables.items() if not own(table)}
    assert len(foreign) > len(READ) + len(OFFICERS)
    written = [
        f"{name} {table}"
        for table, column in foreign.items()
        for name, statement in WRITES.items()
        if not refuses(portal, statement.format(table=table, column=f'"{column}"'))
    ]
    assert written == []


@pytest.mark.slow
def test_it_reads_what_is_listed_and_nothing_else(portal, tables):
    readable = {table for table in tables if not refuses(portal, f"SELECT FROM {table}")}
    assert readable == {f"public.{table}" for table in READ} | {each for each in tables if each.startswith("portal.")}
    assert {f"public.{table}" for table in CLOSED} <= tables.keys() - readable


@pytest.mark.slow
def test_it_writes_its_own_rows_and_cannot_change_what_its_tables_are(portal, tables):
    mine = {table: column for table, column in tables.items() if own(table)}
    assert "portal.audit_thing" in mine
    for table, column in mine.items():
        asked = {name: each.format(table=table, column=f'"{column}"') for name, each in WRITES.items()}
        given = {name for name, statement in asked.items() if not refuses(portal, statement)}
        assert given <= {"insert", "update", "delete", "lock"}, table
        assert {"insert", "update", "delete"} <= given, table


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (n int)",
        "CREATE TABLE portal.mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SET ROLE omega",
        "SET SESSION AUTHORIZATION omega",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY public.finding FROM '/etc/hostname'",
        "SELECT pg_read_file('/etc/hostname')",
        "ALTER ROLE omega_portal SUPERUSER",
        "GRANT SELECT ON public.subject_key TO omega_portal",
    ],
)
def test_it_cannot_become_more_than_it_is(portal, statement):
    with pytest.raises(psycopg.Error):
        portal.execute(statement)
    assert portal.info.transaction_status is psycopg.pq.TransactionStatus.INERROR


@pytest.mark.slow
def test_the_portal_works_with_it(granted):
    as_owner, as_portal = (open_portal(url) for url in granted)
    with portal_data.opened(as_owner), portal_data.writing(PERMIT) as session:
        session.add(firm())
    assert schema.upgrade(as_portal, schema.PORTAL_MIGRATIONS) == schema.newest(schema.PORTAL_MIGRATIONS)
    with portal_data.opened(as_portal):
        with portal_data.reading() as session:
            assert session.get(FirmRow, "acme").name == "Firm acme"
        with pytest.raises(DBAPIError, match="permission denied"), portal_data.writing(PERMIT) as session:
            session.add(firm("other"))


@pytest.mark.slow
def test_auditors_speak_with_it(granted):
    as_owner, as_portal = (open_portal(url) for url in granted)
    with portal_data.opened(as_owner), portal_data.writing(PERMIT) as session:
        session.add(firm("beta"))
        session.flush()
        session.add(engagement("beta-1", "beta"))
    with portal_data.opened(as_portal):
        assert threads.add(auditor(1), "beta-1", (ASKED,)) == (1,)
        threads.say(auditor(2), "beta-1", 1, "by Friday")
        threads.say(auditor(3), "beta-1", 1, "not any more", State.WITHDRAWN)
        found = threads.find_thread("beta-1", 1)
        assert ([each.text for each in found.messages], found.request.state) == (
            ["by Friday", "not any more"],
            "withdrawn",
        )
        given = Evidence(
            number=0, name="a", size=1, sha256="", key="", provenance=PROVENANCE, by="", at=0, decision_id=""
        )
        threads.add(auditor(4), "beta-1", (replace(ASKED, reference="B"),))
        with pytest.raises(DBAPIError, match="permission denied"):
            threads.attach(auditor(5), "beta-1", 2, given)


@pytest.mark.slow
def test_two_that_ask_at_once_get_two_numbers_or_one_asks_again(postgresql_url):
    engine = open_portal(postgresql_url)
    schema.upgrade(engine, schema.PORTAL_MIGRATIONS)
    with portal_data.opened(engine):
        with portal_data.writing(PERMIT) as session:
            session.add(firm())
            session.flush()
            session.add(engagement())

        def ask(number):
            try:
                return threads.add(auditor(number), ENGAGEMENT, (replace(ASKED, reference=f"R-{number}"),))
            except AuditsError as error:
                return error.code

        with ThreadPoolExecutor(4) as pool:
            given = list(pool.map(ask, range(12)))
        numbers = [each[0] for each in given if each != "changed"]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        assert [each.number for each in threads.requests_of(ENGAGEMENT)] == sorted(numbers)


@pytest.mark.slow
def test_what_is_found_by_search_is_found_with_it(granted):
    for url in granted:
        engine = open_read_only(url)
        assert search(engine, Query(tenant="default")) == Page(entries=(), after=None)
        engine.dispose()
