"""The index follows the log: what comes in, what falls out, and that it may be killed anywhere."""

import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, delete, insert, select, text, update

from app import db, schema
from app.db import open_engine, write_transaction
from app.index import indexer as module
from app.index.errors import IndexDamagedError, IndexUnavailableError
from app.index.indexer import Indexer
from app.index.rows import CHAIN, DECISION
from evidence.errors import StoreError
from tests.index.logged import TABLES, Logged, body, contents, counts, denied


@pytest.fixture
def logged():
    """Two chains, three checkpoints, a heartbeat among them."""
    made = Logged()
    first, second = made.chain(), made.chain(retention_class="sec1y")
    for number in range(3):
        first.append(body=body())
        if number != 1:
            second.append(body=denied("signed", "covered"))
        made.publish()
    return made


def test_every_record_under_a_checkpoint_comes_in(engine, logged):
    done = logged.indexer(engine).catch_up()
    assert (done.checkpoints, done.segments, done.records) == (3, 6, 7)
    assert counts(engine) == {"chain": 2, "segment": 6, "checkpoint": 3, "decision": 7, "failure": 4}
    with engine.begin() as connection:
        row = connection.execute(DECISION.select().where(DECISION.c.allow.is_(False))).mappings().first()
    chain = logged.log.chains[1]
    assert dict(row) == {
        "chain": chain.id,
        "seq": 1,
        "segment": 0,
        "time": row["time"],
        "tenant": "acme",
        "type": "decision",
        "caller": "shop",
        "action": "agent.publish",
        "subject_type": "user",
        "subject_ref": f"psn_{'a' * 32}",
        "resource_type": "agent",
        "resource_ref": "agent-7",
        "allow": False,
        "failed": '["signed", "covered"]',
        "bundle": "ab" * 32,
        "revision": "r1",
        "purpose": None,
    }


def test_what_is_under_no_checkpoint_yet_stays_outside(engine, logged):
    chain = logged.log.chains[0]
    chain.append(body=body())
    chain.seal()
    logged.store_all()
    assert logged.indexer(engine).catch_up().records == 7
    logged.log.add_leaves()  # a batch that a process left without its checkpoint
    logged.store_all()
    assert logged.indexer(engine).catch_up().records == 0
    logged.log.add_checkpoint()
    logged.store_all()
    assert logged.indexer(engine).catch_up().records == 1


def test_nothing_new_writes_nothing(engine, logged):
    logged.indexer(engine).catch_up()
    before = contents(engine)
    assert logged.indexer(engine).catch_up().segments == 0
    assert contents(engine) == before


def test_a_rebuilt_index_is_row_for_row_the_one_that_grew(engine, new_engine):
    logged = Logged(step=timedelta(hours=1))
    chains = [logged.chain() for _ in range(3)]
    grown = logged.indexer(engine, length=timedelta(days=2))
    for number in range(12):
        for chain in chains[: 1 + number % 3]:
            chain.append(body=body(resource={"type": "agent", "id": f"agent-{number}"}))
        logged.publish()
        grown.catch_up()
    anew = new_engine()
    logged.indexer(anew, length=timedelta(days=2)).catch_up()
    rebuilt = new_engine("rebuilt")
    rebuilding = logged.indexer(rebuilt, length=timedelta(days=9))
    rebuilding.catch_up()
    logged.indexer(rebuilt, length=timedelta(days=2)).rebuild()
    assert contents(engine) == contents(anew) == contents(rebuilt)
    assert 0 < counts(engine)["decision"] < sum(chain.seq for chain in chains)
    assert logged.lies(engine, length=timedelta(days=2)) == []


class Killed(BaseException):
    """Stands for a kill."""


def test_killed_after_any_segment_it_goes_on_and_comes_to_the_same(engine, new_engine, logged):
    whole = new_engine()
    logged.indexer(whole).catch_up()
    steps = 0
    while True:
        indexer = logged.indexer(engine)

        def kill(_):
            raise Killed

        indexer.progress = kill
        try:
            indexer.catch_up()
        except Killed:
            steps += 1
        else:
            break
    assert steps == 9  # six segments, three checkpoints
    assert contents(engine) == contents(whole)


@pytest.mark.parametrize("step", range(6))
def test_a_segment_comes_in_with_all_its_records_or_not_at_all(engine, logged, monkeypatch, step):
    real, calls = module.entry.segment_row, []

    def fail(*arguments):
        calls.append(arguments)
        if len(calls) > step:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(module.entry, "segment_row", fail)
    with pytest.raises(Killed):
        logged.indexer(engine).catch_up()
    monkeypatch.setattr(module.entry, "segment_row", real)
    assert counts(engine)["segment"] == step
    logged.indexer(engine).catch_up()
    assert logged.lies(engine) == []


def test_told_to_stop_it_stops_at_the_next_segment(engine, logged):
    asked = []
    indexer = logged.indexer(engine)
    done = indexer.catch_up(lambda: len(asked) < 4 and not asked.append(1))
    assert done.checkpoints == 1
    assert 0 < done.segments < 6
    assert indexer.catch_up().checkpoints == 3


def test_what_is_older_than_the_window_falls_out(engine):
    logged = Logged(step=timedelta(days=1))
    chain = logged.chain()
    for _ in range(10):
        chain.append(body=body())
        logged.publish()
    logged.indexer(engine).catch_up()
    assert counts(engine) == {"chain": 1, "segment": 10, "checkpoint": 10, "decision": 11, "failure": 0}
    logged.indexer(engine, length=timedelta(days=10)).catch_up()
    few = counts(engine)
    assert 0 < few["decision"] == few["segment"] == few["checkpoint"] < 10
    logged.log.time += timedelta(days=100)
    logged.indexer(engine, length=timedelta(days=10)).catch_up()
    assert counts(engine) == {"chain": 1, "segment": 0, "checkpoint": 1, "decision": 0, "failure": 0}
    chain.append(body=body())
    logged.publish()
    assert logged.indexer(engine, length=timedelta(days=10)).catch_up().records == 1
    assert logged.lies(engine, length=timedelta(days=10)) == []


def test_many_old_segments_fall_out_in_several_transactions(engine, logged, monkeypatch):
    monkeypatch.setattr(module, "_DELETED_AT_ONCE", 2)
    indexer = logged.indexer(engine)
    indexer.catch_up()
    logged.log.time += timedelta(days=100)
    asked = []
    indexer.catch_up(lambda: len(asked) < 2 and not asked.append(1))
    assert counts(engine)["segment"] == 4
    indexer.catch_up()
    assert counts(engine)["segment"] == 0


def test_what_need_not_be_kept_any_more_is_not_found_any_more(engine):
    logged = Logged()
    chain = logged.chain()
    chain.append(body=body())
    chain.seal(retain_until="2026-11-23T00:00:00.000000Z")
    logged.publish()
    indexer = logged.indexer(engine)
    indexer.catch_up()
    assert counts(engine)["decision"] == 2
    logged.log.time += timedelta(days=1)
    segment = next(key for key in logged.store.keys("chains/") if "/segments/" in key)
    del logged.store._objects[segment]  # its time is over, and the store let go of it
    assert logged.lies(engine) == []
    indexer.catch_up()
    assert counts(engine)["decision"] == 0
    indexer.rebuild()
    assert logged.lies(engine) == []


def test_two_indexers_of_one_database_come_to_the_same(engine, new_engine, logged, database_url):
    whole = new_engine()
    logged.indexer(whole).catch_up()
    other = open_engine(database_url, durable=False)
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda each: logged.indexer(each).catch_up(), [engine, other]):
            assert done.checkpoints <= 3
    other.dispose()
    logged.indexer(engine).catch_up()
    assert contents(engine) == contents(whole)


@pytest.mark.slow
def test_an_indexer_waits_for_one_that_takes_its_time(postgresql_url, logged, monkeypatch):
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 1)
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 1)
    engine = open_engine(postgresql_url, durable=False)
    indexer = logged.indexer(engine)
    with ThreadPoolExecutor(1) as pool:
        with write_transaction(engine, exclusive=module.LOCK):
            waiting = pool.submit(indexer.catch_up)
            assert wait([waiting], timeout=0.2).not_done
        assert waiting.result().checkpoints == 3
    engine.dispose()


@pytest.mark.parametrize("moment", ["before a segment", "before a checkpoint"])
def test_a_rebuild_meanwhile_is_noticed(engine, logged, monkeypatch, moment):
    """An indexer that is overtaken must not say that what was forgotten is in."""
    name = {"before a segment": "_take_segment", "before a checkpoint": "_known"}[moment]
    real = getattr(Indexer, name)
    calls = []

    def forgotten_first(self, *arguments):
        calls.append(1)
        found = real(self, *arguments) if name == "_known" else None
        if len(calls) == 3:
            with engine.begin() as connection:
                for table in TABLES:
                    connection.execute(delete(table))
        return found if name == "_known" else real(self, *arguments)

    monkeypatch.setattr(Indexer, name, forgotten_first)
    done = logged.indexer(engine).catch_up()
    assert done.checkpoints < 3
    monkeypatch.setattr(Indexer, name, real)
    logged.indexer(engine).catch_up()
    assert logged.lies(engine) == []
    assert counts(engine)["checkpoint"] == 3


def test_a_checkpoint_that_another_finished_is_not_written_again(engine, logged, monkeypatch):
    other = logged.indexer(engine)
    real = Indexer._known

    def overtaken(self):
        found = real(self)
        monkeypatch.setattr(Indexer, "_known", real)
        other.catch_up()
        return dict.fromkeys(found, 99)

    logged.indexer(engine).catch_up(lambda: not counts(engine)["checkpoint"])
    monkeypatch.setattr(Indexer, "_known", overtaken)
    assert logged.indexer(engine).catch_up().checkpoints == 1
    assert counts(engine)["checkpoint"] == 3
    assert logged.lies(engine) == []


def test_rows_that_do_not_go_together_are_said_to_be_damaged(engine, logged):
    logged.indexer(engine).catch_up(lambda: not counts(engine)["checkpoint"])
    with engine.begin() as connection:
        connection.execute(update(CHAIN).values(segments=0))
    with pytest.raises(IndexDamagedError, match="does not know segment 0"):
        logged.indexer(engine).catch_up()
    logged.indexer(engine).rebuild()
    assert logged.lies(engine) == []


def test_a_store_that_is_away_leaves_what_was_read(engine, logged):
    class Failing:
        """The store, which fails after so many objects."""

        def __init__(self, store, left):
            self.store, self.left = store, left

        def get(self, key, *, limit):
            self.left -= 1
            if self.left < 0:
                raise StoreError("the store is away")
            return self.store.get(key, limit=limit)

        def keys(self, prefix):
            return self.store.keys(prefix)

    failures = 0
    for left in range(20):
        with suppress(StoreError):
            logged.indexer(engine, store=Failing(logged.store, left)).catch_up()
            break
        failures += 1
    assert failures > 3
    assert logged.lies(engine) == []
    assert counts(engine)["decision"] == 7


def test_whatever_the_database_does_is_one_error(engine, logged):
    indexer = logged.indexer(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE indexed_checkpoint"))
    for work in (indexer.catch_up, indexer.rebuild):
        with pytest.raises(IndexUnavailableError, match=r"^the index cannot be used: \w+$"):
            work()


def test_a_newer_index_is_left_alone(engine, logged):
    with engine.begin() as connection:
        connection.execute(text("UPDATE index_version SET version_num = '9999'"))
    with pytest.raises(IndexUnavailableError, match="`9999`"):
        logged.indexer(engine)


def test_an_index_from_before_there_were_purposes_is_read_again(database_url, logged, new_engine, tmp_path):
    whole = new_engine()
    logged.indexer(whole).catch_up()
    before = tmp_path / "migrations" / "index"
    shutil.copytree(schema.INDEX_MIGRATIONS, before, ignore=shutil.ignore_patterns("0003_*", "__pycache__"))
    engine = open_engine(database_url, durable=False)
    schema.upgrade(engine, before)
    with engine.begin() as connection:
        for table in TABLES:
            rows = [row._asdict() for row in rows_of(whole, table)]
            for row in rows:
                row.pop("purpose", None)
            columns = [each for each in table.c if each.name != "purpose"]
            values = {each.name: bindparam(each.name) for each in columns}
            connection.execute(insert(table).values(values), rows)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    assert set(counts(engine).values()) == {0}
    logged.indexer(engine).catch_up()
    assert contents(engine) == contents(whole)
    assert counts(engine)["failure"] == 4
    engine.dispose()


def rows_of(engine, table):
    with engine.begin() as connection:
        return connection.execute(select(table)).all()
