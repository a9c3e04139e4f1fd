"""What looking through the log costs an auditor: `python -m bench.browsing [ROWS ...] [--database URL]`.

Rows are put into the index's tables in bulk, the same for the same number, and every question of the evidence browser
is asked within an engagement's scope: first on a connection that is new after the database's own cache is as cold as it
gets without a reboot, then again and again. One run, one machine; beside milliseconds each has its ratio to the lookup
of one row by its key. SQLite in a scratch directory by default (OMEGA_BENCH_DIR names another).
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

from sqlalchemy import Connection, Engine, Table, insert, select, text

from app import schema
from app.db import open_engine
from app.index import entry
from app.index.entry import Row
from app.index.query import Query
from app.index.rows import DECISION, FAILURE, IndexRow
from app.index.scope import Portal, Scope, of_engagement
from app.index.search import count, search
from evidence import form

ROWS: Final = (100_000, 1_000_000)
SOME: Final = 10_000
"""Rows that are made; all others are copies of them."""

LATER: Final = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%f', time, '+' || :seconds || ' seconds') || '000Z'",
    "postgresql": "to_char((time::timestamptz + make_interval(secs => :seconds)) AT TIME ZONE 'UTC',"
    """ 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}
"""What a time is, so many seconds later."""

TIMES: Final = 25
END: Final = datetime(2026, 11, 1, tzinfo=UTC)
PERIOD: Final = timedelta(days=365)
CHAINS: Final = 4
ACTIONS: Final = tuple(
    f"{package}.{verb}"
    for package in ("marketplace", "studio", "replay", "voice")
    for verb in ("publish", "update", "view", "deploy", "run")
)
GATES: Final = ("authorised", "signed", "covered", "within", "own_tenant")
REVISIONS: Final = 60


def rows(number: int, copies: int) -> Iterator[Row]:
    """Yield so many rows over the first of `copies` stretches of a year, oldest first, one in fifty denied."""
    chance = Random(7)  # noqa: S311 - the same rows each time
    step, begin = PERIOD / copies / number, END - PERIOD
    for place in range(number):
        action, denied = ACTIONS[int(len(ACTIONS) * chance.random() ** 2)], chance.random() < 1 / 50
        activated = place == 0
        yield {
            "chain": f"{place % CHAINS:020x}",
            "seq": place // CHAINS,
            "segment": place // CHAINS // 1_000,
            "time": form.time_text(begin + step * place),
            "tenant": "system" if activated else chance.choice(("default", "default", "other")),
            "type": "policy.activated" if activated else "decision",
            "caller": None if activated else "marketplace",
            "action": None if activated else action,
            "subject_type": None if activated else "user",
            "subject_ref": None if activated else f"psn_{chance.randrange(number // 50):032x}",
            "resource_type": None if activated else "agent",
            "resource_ref": None if activated else f"agent-{chance.randrange(number // 200)}",
            "allow": None if activated else not denied,
            "failed": None if activated else f'["{chance.choice(GATES)}"]' if denied else "[]",
            "bundle": f"{0:064x}",
            "revision": f"git:{0:040x}",
        }


def filled(engine: Engine, number: int) -> float:
    """Make the tables, put the rows in and then the indexes beside them; return the seconds that took."""
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    begun, copies = time.perf_counter(), number // SOME
    indexes = [index for table in (DECISION, FAILURE) for index in table.indexes]
    first = list(rows(SOME, copies))
    with engine.begin() as connection:
        for index in indexes:
            index.drop(connection)
        put(connection, DECISION, first)
        put(connection, FAILURE, [failure for row in first for failure in entry.failure_rows(row)])
        for table in (DECISION, FAILURE):
            connection.execute(text(f"CREATE TEMPORARY TABLE some_{table} AS SELECT * FROM {table}"))  # noqa: S608
        for copy in range(1, copies):
            copied(connection, copy, copies)
        for index in indexes:
            index.create(connection)
    taken = time.perf_counter() - begun
    if engine.dialect.name == "postgresql":  # as autovacuum does a while after so much was written
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in IndexRow.metadata.tables:
                connection.execute(text(f"VACUUM ANALYZE {name}"))
    return taken


def put(connection: Connection, table: Table, some: list[Row]) -> None:
    """Insert rows by the driver's own means."""
    compiled = insert(table).compile(dialect=connection.dialect)
    given = [tuple(row.values()) for row in some] if compiled.positional else some
    connection.exec_driver_sql(str(compiled), given)


def copied(connection: Connection, copy: int, copies: int) -> None:
    """Put the first rows in once more, later, about other persons and resources, under the policies of that time."""
    moved: dict[str, str] = {
        "time": LATER[connection.dialect.name],
        "seq": "seq + :seq",
        "segment": "segment + :segment",
        "subject_ref": "'psn_' || :group || substr(subject_ref, 7)",
        "resource_ref": "resource_ref || :tail",
        "bundle": ":bundle",
        "revision": ":revision",
    }
    revision, group = copy * REVISIONS // copies, copy % 64
    given = {
        "seconds": PERIOD.total_seconds() * copy / copies,
        "seq": SOME // CHAINS * copy,
        "segment": SOME // CHAINS // 1_000 * copy,
        "group": f"{group:02x}",
        "tail": f"-{group}" if group else "",
        "bundle": f"{revision:064x}",
        "revision": f"git:{revision:040x}",
    }
    for table in (DECISION, FAILURE):
        names = [str(name) for name in table.c.keys()]  # noqa: SIM118 - columns, not rows
        values = ", ".join(moved.get(name, name) for name in names)
        statement = f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM some_{table}"  # noqa: S608 - our own
        needed = {name: value for name, value in given.items() if f":{name}" in statement}
        connection.execute(text(statement), needed)


def questions() -> Iterator[tuple[str, Query]]:
    """Yield what is asked."""
    middle = END - PERIOD / 2
    revision = REVISIONS // 2
    control = tuple(action for action in ACTIONS if action.startswith("studio."))
    yield "newest decisions", Query()
    yield "of a day in the middle", Query(since=middle, until=middle + timedelta(days=1))
    yield "records of any type", Query(type=None)
    yield "policies put in force", Query(type="policy.activated")
    yield "one action", Query(action=ACTIONS[0])
    yield "a rare action", Query(action=ACTIONS[-1])
    yield "one action, denied", Query(action=ACTIONS[-1], allow=False)
    yield "denials", Query(allow=False)
    yield "one subject", Query(subject=f"psn_{7:032x}")
    yield "one resource", Query(resource="agent-7")
    yield "one rule that failed", Query(rules=(f"{ACTIONS[3]}/signed",))
    yield "a control's actions", Query(actions=control)
    yield "a control's rules, failed", Query(rules=tuple(f"{action}/{gate}" for action in control for gate in GATES))
    yield "one revision", Query(revision=f"git:{revision:040x}")
    yield "one bundle", Query(bundle=f"{revision:064x}")
    yield "one revision, denied", Query(revision=f"git:{revision:040x}", allow=False)
    yield "subject and action", Query(subject=f"psn_{7:032x}", action=ACTIONS[0])
    yield "nobody", Query(subject="psn_nobody")


def asked(engine: Engine, scope: Scope) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield every question as a page, some of them far back, and how many there are."""
    place = search(engine, Query(until=END - PERIOD / 2, limit=1), scope).after
    for name, query in questions():
        yield name, lambda query=query: search(engine, query, scope)  # type: ignore[misc]
    yield "a page far back", lambda: search(engine, Query(after=place), scope)
    yield "the page before it", lambda: search(engine, Query(before=place), scope)
    yield "counted: all", lambda: count(engine, Query(), scope)
    yield "counted: denials", lambda: count(engine, Query(allow=False), scope)
    yield "counted: a control", lambda: count(engine, replace(Query(), actions=ACTIONS[5:10]), scope)


def measured(engine: Engine, number: int) -> None:
    """Ask everything and print what it takes."""
    scope = of_engagement("soc2-2026", "default", END - PERIOD, END, Portal())

    def lookup() -> None:
        with engine.begin() as connection:
            connection.execute(select(DECISION).where(DECISION.c.chain == f"{0:020x}", DECISION.c.seq == 7)).one()

    one = seconds(lookup)
    print(f"  {'question':28}    cold ms    warm ms   slowest      ratio")
    for name, work in asked(engine, scope):
        engine.dispose()  # SQLite's cache belongs to a connection
        cold = seconds(work, 1)
        taken = times(work)
        print(
            f"  {name:28} {cold * 1e3:10.2f} {median(taken) * 1e3:10.2f} {max(taken) * 1e3:9.2f}"
            f" {median(taken) / one:10.1f}",
            flush=True,
        )
    print(f"  {'one row by its key':28} {'':10} {one * 1e3:10.2f} {'':9} {1.0:10.1f}   of {number} rows")


def times(work: Callable[[], object], number: int = TIMES) -> list[float]:
    """Return the seconds that each of so many calls takes."""
    taken = []
    for _ in range(number):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return taken


def seconds(work: Callable[[], object], number: int = TIMES) -> float:
    """Return the median of the seconds that a call takes."""
    return median(times(work, number))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.browsing", description=__doc__)
    parser.add_argument("rows", type=int, nargs="*", default=ROWS, help="how many rows (default: 100000 and 1000000)")
    parser.add_argument("--database", help="a PostgreSQL URL, of an empty database; it is emptied after each run")
    options = parser.parse_args()
    for number in options.rows:
        with tempfile.TemporaryDirectory(dir=os.environ.get("OMEGA_BENCH_DIR")) as scratch:
            path = Path(scratch) / "index.db"
            engine = open_engine(options.database or f"sqlite:///{path}", durable=False)
            taken = filled(engine, number)
            size = f", {path.stat().st_size / number:.0f} bytes each" if options.database is None else ""
            print(f"{engine.dialect.name}: {number} rows, put in at {number / taken:.0f} rows/s{size}", flush=True)
            measured(engine, number)
            if options.database is not None:
                with engine.begin() as connection:
                    IndexRow.metadata.drop_all(connection)
                    connection.execute(text("DROP TABLE index_version"))
            engine.dispose()


if __name__ == "__main__":
    main()
