"""What the index costs: `python -m bench.index [DATABASE_URL]`, SQLite in a scratch directory by default.

One run, one machine, ratios. Taking a log in, against a plain insert of the same rows into one SQLite table without
secondary indexes, each segment one transaction; and pages of a search, against the lookup of one row by its key.
"""

import os
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select

from app.db import open_engine
from app.index import entry
from app.index.indexer import Indexer
from app.index.query import Query
from app.index.rows import DECISION
from app.index.sealed_log import SealedLog
from app.index.search import search
from evidence import checkpoint, form, note, record, segment
from evidence.checkpoint import Checkpoint, Leaf
from evidence.checkpointer import checkpoint_key, leaves_key
from evidence.keys import SigningKey
from evidence.record import Draft, Excerpt, Position
from evidence.segment import Batch, Seal
from evidence.stores.memory import MemoryStore
from evidence.tree import Frontier

SEGMENTS = int(os.environ.get("OMEGA_BENCH_SEGMENTS", "60"))
RECORDS = 1_000  # in each segment
SUBJECTS = 5_000
DAYS = timedelta(days=90)
CHAIN = "0" * 20
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)


def decisions(chance: Random) -> Iterator[Draft]:
    """Yield decisions of two tenants about many subjects, one in ten denied."""
    while True:
        allow = chance.random() > 0.1
        yield Draft(
            type="decision",
            tenant=chance.choice(["default", "other"]),
            body={
                "caller": "marketplace",
                "action": chance.choice(["marketplace.publish", "marketplace.update", "studio.deploy"]),
                "subject": {"type": "user", "ref": f"psn_{chance.randrange(SUBJECTS):032x}"},
                "resource": {"type": "agent", "id": f"agent-{chance.randrange(1_000)}"},
                "policy": {"bundle": "ab" * 32, "revision": "0" * 40, "engine": "regorus 0"},
                "result": {"allow": allow, "passed": [], "failed": [] if allow else ["marketplace.publish.signed"]},
                "durability": "journal",
            },
        )


def written(store: MemoryStore, key: SigningKey) -> None:
    """Write a log of one chain, with a checkpoint after each segment."""
    drafts, tree, prev = decisions(Random(7)), Frontier(), form.HASH_ZERO  # noqa: S311 - the same log each time
    last: Seal | None = None
    for number in range(SEGMENTS):
        batch = Batch()
        for place in range(RECORDS):
            position = Position(chain=CHAIN, seq=number * RECORDS + place)
            moment = form.time_text(NOW - timedelta(milliseconds=10 * (SEGMENTS * RECORDS - position.seq)))
            data = record.encode(next(drafts), position, epoch=1, prev=prev, time=moment, retention_class="std7y")
            batch.add(data, moment)
            prev = record.leaf(data)
        data = batch.data
        last = segment.seal(batch, data, **_position(key, number, last))
        store.put(last.object_key, data, retain_until=FOREVER)
        store.put(last.key, note.sign(last.text, key), retain_until=FOREVER)
        leaf = Leaf(chain=CHAIN, segment=number, seal_hash=last.seal_hash)
        tree.append(bytes.fromhex(leaf.seal_hash))
        head = Checkpoint(origin=key.origin, size=tree.size, root=tree.root())
        store.put(leaves_key(number), checkpoint.format_leaves([leaf]), retain_until=FOREVER)
        store.put(checkpoint_key(number), checkpoint.sign(head, key), retain_until=FOREVER)


def _position(key: SigningKey, number: int, last: Seal | None) -> dict[str, object]:
    return {
        "log": key.origin,
        "chain": CHAIN,
        "retention_class": "std7y",
        "segment": number,
        "previous": last.seal_hash if last else form.HASH_ZERO,
        "first_seq": number * RECORDS,
        "first_prev": last.head if last else form.HASH_ZERO,
        "sealed_at": form.time_text(NOW),
        "retain_until": form.time_text(NOW + timedelta(days=2_555)),
        "checkpoint": form.HASH_ZERO,
    }


def plain_insert(path: Path, rows: list[entry.Row]) -> float:
    """Return the seconds SQLite takes for the rows alone."""
    connection = sqlite3.connect(path)
    names = list(rows[0])
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"CREATE TABLE plain ({', '.join(names)}, PRIMARY KEY (chain, seq))")
    values = [tuple(row.values()) for row in rows]
    statement = f"INSERT INTO plain VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - our own names
    begun = time.perf_counter()
    for first in range(0, len(values), RECORDS):
        with connection:
            connection.executemany(statement, values[first : first + RECORDS])
    taken = time.perf_counter() - begun
    connection.close()
    return taken


def seconds(work: Callable[[], object], times: int = 200) -> float:
    """Return the median of the time that one call takes."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return median(taken)


def searches(engine: Engine) -> Iterator[tuple[str, float]]:
    """Yield what is asked, and the seconds it takes."""

    def lookup() -> None:
        with engine.begin() as connection:
            connection.execute(select(DECISION).where(DECISION.c.chain == CHAIN, DECISION.c.seq == SEGMENTS)).one()

    subject = f"psn_{7:032x}"
    middle = search(engine, Query(tenant="default", until=NOW - timedelta(seconds=SEGMENTS * RECORDS // 200), limit=1))
    for name, query in (
        ("newest page of a tenant", Query(tenant="default")),
        ("a page in the middle", Query(tenant="default", after=middle.after)),
        ("denials of a tenant", Query(tenant="default", allow=False)),
        ("one subject", Query(tenant="default", subject=subject)),
        ("one action, denied", Query(tenant="default", action="studio.deploy", allow=False)),
        ("200 rows", Query(tenant="default", limit=200)),
    ):
        yield name, seconds(lambda query=query: search(engine, query))  # type: ignore[misc]
    yield "one row by its key", seconds(lookup)


def main() -> None:
    """Measure, and print."""
    key = SigningKey(
        origin="bench.example/log", private_key=Ed25519PrivateKey.from_private_bytes(secrets.token_bytes(32))
    )
    store = MemoryStore()
    written(store, key)
    log = SealedLog(store, key.verifier)
    total = SEGMENTS * RECORDS
    with tempfile.TemporaryDirectory() as scratch:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{scratch}/index.db"
        rows = [entry.decision_row(found, 0) for found in _records(log)]
        plain = plain_insert(Path(scratch) / "plain.db", rows)
        reading = seconds(lambda: [entry.decision_row(found, 0) for found in _records(log)], 1)
        engine = open_engine(url, durable=False)
        indexer = Indexer(engine, log, length=DAYS, clock=lambda: NOW)
        indexer.prepare()
        begun = time.perf_counter()
        indexer.rebuild()
        taken = time.perf_counter() - begun
        print(f"{engine.dialect.name}, {total} records in {SEGMENTS} segments")
        print(f"  plain insert of the rows  {total / plain:9.0f} rows/s     1.0")
        print(f"  reading and checking      {total / reading:9.0f} rows/s  {reading / plain:6.1f}")
        print(f"  taking the log in         {total / taken:9.0f} rows/s  {taken / plain:6.1f}")
        if engine.dialect.name == "sqlite":
            print(f"  bytes of a row            {Path(url.removeprefix('sqlite:///')).stat().st_size / total:9.0f}")
        found = list(searches(engine))
        for name, each in found:
            print(f"  {name:25} {each * 1_000:9.2f} ms      {each / found[-1][1]:6.1f}")
        engine.dispose()


def _records(log: SealedLog) -> Iterator[Excerpt]:
    for number in range(SEGMENTS):
        batch = log.batch(number)
        for leaf in batch.leaves if batch else ():
            yield from log.records(log.seal(leaf))


if __name__ == "__main__":
    main()
