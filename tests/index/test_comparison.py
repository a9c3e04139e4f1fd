"""Every lie in the index is found: a row that is missing, one too many, one that was changed."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update

from app.index import comparison as module
from app.index.errors import IndexUnavailableError
from app.index.rows import CHAIN, CHECKPOINT, DECISION, FAILURE, SEGMENT, IndexRow
from evidence.errors import FindingError
from tests.index.logged import TABLES, Logged, body, contents, denied

COLUMNS = [
    (table, column.name) for table in IndexRow.metadata.tables.values() for column in table.c if not column.primary_key
]


@pytest.fixture
def logged():
    made = Logged()
    for _ in range(2):
        made.chain()
    for _ in range(2):
        for chain in made.log.chains:
            chain.append(body=body())
            chain.append(body=denied("signed"))
        made.publish()
    return made


@pytest.fixture
def indexed(engine, logged):
    logged.indexer(engine).catch_up()
    return engine


def run(engine, *statements):
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def one_row(engine, table):
    """Return a condition for one row of a table: of the checkpoints not the newest, of the records a decision."""
    with engine.begin() as connection:
        rows = connection.execute(select(*table.primary_key).order_by(*table.primary_key)).all()
    row = rows[{CHECKPOINT: 0, DECISION: -1}.get(table, len(rows) // 2)]
    return [column == value for column, value in zip(table.primary_key, row, strict=True)]


def another(value):
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value[:-1]}{'0' if value[-1] != '0' else '1'}"
    return "other"


def test_an_index_that_says_what_the_log_says_is_no_lie(indexed, logged):
    comparison = logged.comparison(indexed)
    assert list(comparison.lies()) == []
    assert comparison.compared == module.Compared(checkpoints=2, published=2, segments=4, records=10)


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table.name}.{name}" for table, name in COLUMNS])
def test_a_changed_column_is_found(indexed, logged, table, column):
    where = one_row(indexed, table)
    with indexed.begin() as connection:
        value = connection.execute(select(table.c[column]).where(*where)).scalar_one()
    run(indexed, update(table).where(*where).values({column: another(value)}))
    assert [lie.partition(": ")[2] for lie in logged.lies(indexed)] == [f"changed-column: `{column}`"]


@pytest.mark.parametrize("column", ["action", "allow", "failed", "caller"])
def test_a_column_made_null_is_found(indexed, logged, column):
    run(indexed, update(DECISION).where(*one_row(indexed, DECISION)).values({column: None}))
    assert [lie.partition(": ")[2] for lie in logged.lies(indexed)] == [f"changed-column: `{column}`"]


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_a_missing_row_is_found(indexed, logged, table):
    run(indexed, delete(table).where(*one_row(indexed, table)))
    assert any(": missing-row" in lie for lie in logged.lies(indexed))


def test_the_place_of_a_lie_is_the_decision(indexed, logged):
    chain = logged.log.chains[0].id
    here = [DECISION.c.chain == chain, DECISION.c.seq == 2]
    run(indexed, update(DECISION).where(*here).values(allow=True, action="other"))
    assert logged.lies(indexed) == [
        f"decision {chain}-2: changed-column: `action`",
        f"decision {chain}-2: changed-column: `allow`",
    ]
    run(indexed, delete(DECISION).where(*here))
    assert logged.lies(indexed) == [f"decision {chain}-2: missing-row"]


EXTRA = {
    "behind the last record of a chain": {"seq": 99},
    "of a chain that is not there": {"chain": "f" * 20},
    "before the first chain": {"chain": "0" * 20, "seq": 0},
}


@pytest.mark.parametrize("changes", EXTRA.values(), ids=EXTRA.keys())
def test_a_decision_too_many_is_found(indexed, logged, changes):
    with indexed.begin() as connection:
        row = dict(connection.execute(select(DECISION).limit(1)).mappings().one()) | changes
        connection.execute(insert(DECISION), [row])
    assert logged.lies(indexed) == [f"decision {row['chain']}-{row['seq']}: extra-row"]


def test_a_decision_between_two_of_a_dropped_segment_is_found(engine):
    logged = Logged(step=timedelta(days=1))
    chain = logged.chain()
    for _ in range(10):
        chain.append(body=body())
        logged.publish()
    length = timedelta(days=10)
    logged.indexer(engine, length=length).catch_up()
    with engine.begin() as connection:
        row = dict(connection.execute(select(DECISION).limit(1)).mappings().one()) | {"seq": 1}
        connection.execute(insert(DECISION), [row])
    assert logged.lies(engine, length=length) == [f"decision {chain.id}-1: extra-row"]
    run(engine, delete(DECISION))
    assert len(logged.lies(engine, length=length)) == len(contents(engine)["indexed_segment"])


@pytest.mark.parametrize(
    ("table", "changes", "where"),
    [
        pytest.param(CHAIN, {"chain": "f" * 20}, f"chain {'f' * 20}", id="a chain"),
        pytest.param(CHECKPOINT, {"number": -1}, "checkpoint -1", id="a checkpoint"),
        pytest.param(SEGMENT, {"number": -1}, "segment {chain}/-1", id="a segment before the first"),
        pytest.param(SEGMENT, {"number": 99}, "segment {chain}/99", id="a segment behind the last"),
    ],
)
def test_any_other_row_too_many_is_found(indexed, logged, table, changes, where):
    with indexed.begin() as connection:
        row = dict(connection.execute(select(table).limit(1)).mappings().one()) | changes
        connection.execute(insert(table), [row])
    assert logged.lies(indexed) == [f"{where.format(**row)}: extra-row"]


FAILURES = {
    "a rule that did not fail": ({"rule": "agent.publish/covered"}, "{chain}-{seq}"),
    "of a record in which nothing failed": ({"seq": 1}, "{chain}-1"),
    "behind the last record of a chain": ({"seq": 99}, "{chain}-99"),
    "of a chain that is not there": ({"chain": "f" * 20}, "{chain}-{seq}"),
}


@pytest.mark.parametrize(("changes", "where"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_too_many_is_found(indexed, logged, changes, where):
    with indexed.begin() as connection:
        row = dict(connection.execute(select(FAILURE).limit(1)).mappings().one()) | changes
        connection.execute(insert(FAILURE), [row])
    assert logged.lies(indexed) == [f"failure {where.format(**row)}: extra-row"]


def test_another_rule_than_the_one_that_failed_is_found(indexed, logged):
    where = one_row(indexed, FAILURE)
    run(indexed, update(FAILURE).where(*where).values(rule="agent.publish/another"))
    assert [lie.partition(": ")[2] for lie in logged.lies(indexed)] == ["missing-row", "extra-row"]


def test_a_checkpoint_that_is_not_in_the_log_is_too_many(indexed, logged):
    with indexed.begin() as connection:
        row = dict(connection.execute(select(CHECKPOINT).limit(1)).mappings().one()) | {"number": 7}
        connection.execute(insert(CHECKPOINT), [row])
    assert "checkpoint 7: extra-row" in logged.lies(indexed)


def test_what_the_index_has_not_read_yet_is_no_lie(indexed, logged):
    logged.log.chains[0].append(body=body())
    logged.chain().append(body=body())
    logged.publish()
    comparison = logged.comparison(indexed)
    assert list(comparison.lies()) == []
    assert (comparison.compared.checkpoints, comparison.compared.published) == (2, 3)


def test_a_checkpoint_that_is_half_read_is_no_lie_and_what_was_read_is_compared(indexed, logged):
    for chain in logged.log.chains:
        chain.append(body=body())
    logged.publish()
    asked = []
    logged.indexer(indexed).catch_up(lambda: len(asked) < 2 and not asked.append(1))
    comparison = logged.comparison(indexed)
    assert list(comparison.lies()) == []
    assert comparison.compared.segments == 5
    with indexed.begin() as connection:
        newest = connection.execute(select(func.max(DECISION.c.seq))).scalar_one()
    run(indexed, delete(DECISION).where(DECISION.c.seq == newest))
    assert logged.lies(indexed) == [f"decision {logged.log.chains[0].id}-{newest}: missing-row"]


def test_an_index_that_read_nothing_tells_no_lie(engine, logged):
    comparison = logged.comparison(engine)
    assert list(comparison.lies()) == []
    assert (comparison.compared.checkpoints, comparison.compared.published) == (0, 2)


def test_an_empty_index_that_says_it_read_everything_lies(indexed, logged):
    run(indexed, delete(DECISION), delete(SEGMENT), delete(CHAIN))
    codes = [lie.split(": ")[1] for lie in logged.lies(indexed)]
    assert codes == ["missing-row"] * (4 + 10 + 2)


def test_what_the_window_is_about_to_drop_may_be_there_or_not(indexed, logged):
    logged.log.time += timedelta(days=100)
    assert logged.lies(indexed) == []
    chain = logged.log.chains[1].id
    run(indexed, update(SEGMENT).where(SEGMENT.c.chain == chain).values(sealed_at="2099-01-01T00:00:00.000000Z"))
    assert logged.lies(indexed) == [f"segment {chain}/{number}: changed-column: `sealed_at`" for number in range(2)]


def test_a_log_that_does_not_hold_says_so(indexed, logged):
    segment = next(key for key in logged.store.keys("chains/") if "/segments/" in key)
    logged.store._objects[segment] += b"x"
    with pytest.raises(FindingError, match="wrong-segment"):
        logged.lies(indexed)


def test_a_database_that_fails_is_one_error(indexed, logged):
    run(indexed, *[table.delete() for table in TABLES])
    IndexRow.metadata.drop_all(indexed)
    with pytest.raises(IndexUnavailableError):
        logged.lies(indexed)


def test_nobody_need_listen_to_the_end(indexed, logged):
    run(indexed, delete(DECISION))
    found = logged.comparison(indexed).lies()
    assert next(found).code is module.Code.MISSING
    found.close()
    with suppress(StopIteration):
        next(found)
