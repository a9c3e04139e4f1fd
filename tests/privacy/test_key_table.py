from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from app import schema
from app.db import open_engine
from app.privacy.errors import KeyStoreError
from app.privacy.key_table import KeyTable, insert_new, scrub_files
from app.privacy.rows import SUBJECT_KEY, SUBJECT_KEYS_DESTROYED, SubjectKeyRow
from app.privacy.sealed_block import SubjectKey

KEK = bytes(range(32))
ALICE, BOB, CAROL = "a" * 64, "b" * 64, "c" * 64
PLACE = ("0123456789abcdef0123-42", 0)


@pytest.fixture
def table(engine):
    return KeyTable(engine, KEK, now=lambda: datetime(2026, 11, 22, tzinfo=UTC))


def change(engine, who, **values):
    with engine.begin() as connection:
        connection.execute(update(SUBJECT_KEY).where(SUBJECT_KEY.c.lookup == who).values(values))


def wrapped(engine, lookup):
    with engine.begin() as connection:
        return connection.execute(select(SUBJECT_KEY.c.wrapped).where(SUBJECT_KEY.c.lookup == lookup)).scalar_one()


def test_a_key_is_made_once_and_found_again(table):
    destroyed, found = table.load([ALICE, BOB])
    assert destroyed == 0
    assert found.keys() == {ALICE, BOB}
    assert found[ALICE].subject != found[BOB].subject
    again = table.load([ALICE])[1][ALICE]
    assert (again.subject, again.kid) == (found[ALICE].subject, found[ALICE].kid)
    assert again.open(found[ALICE].seal(b"text", place=PLACE), place=PLACE) == b"text"


def test_a_row_holds_no_key_in_clear(table, engine):
    key = table.load([ALICE])[1][ALICE]
    with engine.begin() as connection:
        row = connection.execute(select(SUBJECT_KEY)).one()
    assert row.subject == key.subject
    assert row.kek == 1
    assert key._key not in row.wrapped


def test_a_key_is_found_by_the_names_in_a_block(table):
    key = table.load([ALICE])[1][ALICE]
    block = key.seal(b"text", place=PLACE)
    assert table.find(block["subject"], block["kid"]).open(block, place=PLACE) == b"text"


def test_a_key_is_not_found_by_the_names_of_two(table):
    found = table.load([ALICE, BOB])[1]
    assert table.find(found[ALICE].subject, found[BOB].kid) is None
    assert table.find("no pseudonym", "") is None


def test_after_destruction_there_is_no_key_and_the_same_person_gets_another(table):
    key = table.load([ALICE])[1][ALICE]
    assert table.destroy(key.subject) is True
    assert table.find(key.subject, key.kid) is None
    destroyed, found = table.load([ALICE])
    assert destroyed == 1
    assert found[ALICE].subject != key.subject


def test_destroying_again_does_no_harm_and_is_not_counted(table):
    key = table.load([ALICE])[1][ALICE]
    assert [table.destroy(key.subject), table.destroy(key.subject)] == [True, False]
    assert table.load([BOB])[0] == 1


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"wrapped": bytes(60)}, id="zeros"),
        pytest.param({"wrapped": b""}, id="nothing"),
        pytest.param({"subject": f"psn_{'0' * 32}"}, id="given to another pseudonym"),
        pytest.param({"kid": f"k_{'0' * 32}"}, id="given to another key id"),
        pytest.param({"lookup": "d" * 64}, id="given to another person"),
        pytest.param({"kek": 2}, id="wrapped under another generation"),
    ],
)
def test_a_damaged_row_fails_its_own_subject_and_no_other(table, engine, values):
    table.load([ALICE, BOB])
    change(engine, ALICE, **values)
    lookup = values.get("lookup", ALICE)
    found = table.load([lookup, BOB, CAROL])[1]
    assert isinstance(found[lookup], KeyStoreError)
    assert isinstance(found[BOB], SubjectKey)
    assert isinstance(found[CAROL], SubjectKey)


def test_a_damaged_row_opens_nothing(table, engine):
    key = table.load([ALICE])[1][ALICE]
    change(engine, ALICE, wrapped=bytes(60))
    with pytest.raises(KeyStoreError, match="damaged"):
        table.find(key.subject, key.kid)


def test_a_swapped_wrap_is_damaged(table, engine):
    table.load([ALICE, BOB])
    change(engine, ALICE, wrapped=wrapped(engine, BOB))
    assert isinstance(table.load([ALICE])[1][ALICE], KeyStoreError)


def test_another_kek_opens_nothing(table, engine):
    table.load([ALICE])
    assert isinstance(KeyTable(engine, bytes(32)).load([ALICE])[1][ALICE], KeyStoreError)


def test_a_kek_has_32_bytes(engine):
    with pytest.raises(KeyStoreError, match="32 bytes"):
        KeyTable(engine, bytes(16))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("DROP TABLE subject_key", id="no table of keys"),
        pytest.param("DROP TABLE subject_keys_destroyed", id="no table of the count"),
        pytest.param("DELETE FROM subject_keys_destroyed", id="no count"),
        pytest.param("UPDATE subject_keys_destroyed SET count = 'many'", id="a count that is none"),
        pytest.param("UPDATE subject_key SET wrapped = 'text'", id="text for bytes"),
        pytest.param("UPDATE subject_key SET kid = x'ff'", id="bytes for text"),
        pytest.param("UPDATE subject_key SET kek = 'one'", id="text for a number"),
    ],
)
def test_whatever_the_database_holds_there_is_one_error(table, engine, damage):
    table.load([ALICE])
    try:
        with engine.begin() as connection:
            connection.execute(text(damage))
    except DBAPIError:
        return  # PostgreSQL lets no such thing happen
    try:
        outcome = table.load([ALICE])[1][ALICE]
    except KeyStoreError:
        return
    assert isinstance(outcome, KeyStoreError)


def test_errors_show_no_parameters(table, engine):
    table.load([BOB])
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE subject_key"))
    with pytest.raises(KeyStoreError) as caught:
        table.load([ALICE])
    assert ALICE not in f"{caught.value} {caught.value.__cause__}"


def test_a_row_shows_no_wrapped_key_in_its_repr(table, engine):
    table.load([ALICE])
    secret = wrapped(engine, ALICE)
    row = SubjectKeyRow(
        lookup=ALICE, subject="psn", kid="k", wrapped=secret, kek=1, created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert repr(secret)[2:-1] not in repr(row)


def test_the_insert_for_postgresql_leaves_rows_that_are_there():
    compiled = str(insert_new("postgresql").compile(dialect=postgresql.dialect()))
    assert compiled.endswith("ON CONFLICT DO NOTHING")


def test_the_count_of_destroyed_keys_is_one_row(engine):
    with engine.begin() as connection:
        assert connection.execute(select(SUBJECT_KEYS_DESTROYED)).all() == [(1, 0)]


def test_a_row_whose_names_have_another_form_is_damaged_though_it_unwraps(table, engine):
    table.load([ALICE])
    row = {"lookup": ALICE, "subject": "alice", "kid": "k", "kek": 1}
    change(engine, ALICE, subject="alice", kid="k", wrapped=table.keks.wrap(row, bytes(32), bytes(12)))
    assert isinstance(table.load([ALICE])[1][ALICE], KeyStoreError)


def test_only_sqlite_has_a_log_to_empty():
    class Dialect:
        name = "postgresql"

    class Other:
        dialect = Dialect()

    scrub_files(Other())


def test_two_nodes_that_make_the_same_keys_in_another_order_agree(table, url):
    """Each holds rows the other waits for, unless both go through them in one order."""
    other_engine = open_engine(url)
    other = KeyTable(other_engine, KEK)
    with ThreadPoolExecutor(2) as pool:
        for number in range(10):
            lookups = [f"{number:032x}{place:032x}" for place in range(100)]
            here, there = pool.map(lambda work: work[0].load(work[1])[1], [(table, lookups), (other, lookups[::-1])])
            assert [here[lookup].subject for lookup in lookups] == [there[lookup].subject for lookup in lookups]
    other_engine.dispose()


def test_two_nodes_that_renew_the_same_keys_in_another_order_agree(table, engine, url):
    other_engine = open_engine(url)
    other = KeyTable(other_engine, KEK, now=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    lookups = [f"{place:064x}" for place in range(100)]
    first = table.load(lookups)[1]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            with engine.begin() as connection:
                connection.execute(update(SUBJECT_KEY).values(created_at=datetime(2026, 1, 1, tzinfo=UTC)))
            here, there = pool.map(lambda work: work[0].load(work[1])[1], [(table, lookups), (other, lookups[::-1])])
            assert [here[lookup].kid for lookup in lookups] == [there[lookup].kid for lookup in lookups]
            assert {here[lookup].kid for lookup in lookups}.isdisjoint(key.kid for key in first.values())
    other_engine.dispose()


@pytest.mark.slow
def test_a_key_outlives_a_crash_of_the_server(postgresql, postgresql_url):
    engine = open_engine(postgresql_url)
    schema.upgrade(engine)
    table = KeyTable(engine, KEK)
    key = table.load([ALICE])[1][ALICE]
    postgresql.stop()
    with pytest.raises(KeyStoreError, match="cannot be used: OperationalError"):
        table.load([ALICE])
    postgresql.start()
    assert table.find(key.subject, key.kid) is not None
    assert table.load([ALICE])[1][ALICE].subject == key.subject
    engine.dispose()
