"""What a durable record costs, level by level, beside what else people do: `python -m bench.evidence`.

One run, one machine, ratios: records per second by callers at durability `journal` and `locked`, against one object
for each decision in the same store, and against a row committed in SQLite and PostgreSQL. Then the proof of one record
as a log grows. Stores: a local directory, and SeaweedFS where the extra `s3dev` is installed; PostgreSQL where its test
extra is. Traffic goes to 127.0.0.1 alone and stops by itself.
"""

import asyncio
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.dev_s3 import DevS3Error, running_s3
from bench.decide import table
from evidence import canonical, form
from evidence.chain import Chain
from evidence.keys import SigningKey
from evidence.reader import Reader
from evidence.record import Draft, Position
from evidence.sealer import Limits, Sealer
from evidence.store import WormStore, open_store
from evidence.stores.memory import MemoryStore
from evidence.writer import Writer
from tests.postgresql import NotInstalledError, running_postgresql

CALLERS = (1, 8, 64, 256)
SECONDS = float(os.environ.get("OMEGA_BENCH_SECONDS", "3"))
GROWTH = tuple(int(size) for size in os.environ.get("OMEGA_BENCH_GROWTH", "1000,10000,100000,1000000").split(","))
KEY = SigningKey(origin="bench.localhost/log", private_key=Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
CLASSES = {"std7y": timedelta(days=1)}
BLOCK = {
    "alg": "A256GCM",
    "commit": "0" * 64,
    "ct": form.base64_text(b"x" * 900),
    "kid": "k_" + "0" * 32,
    "nonce": "0" * 24,
    "subject": "psn_" + "0" * 32,
}
DRAFT = Draft(
    type="decision", tenant="default", body={"result": {"allow": True, "passed": ["signed"] * 12}}, sealed=(BLOCK,)
)
Rates = dict[int, float]


async def per_second(append: Callable[[], Awaitable[object]], callers: int) -> float:
    """Return how many of `append` so many callers finish in a second."""
    until, done = time.perf_counter() + SECONDS, 0

    async def one() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await append()
            done += 1

    begun = time.perf_counter()
    await asyncio.gather(*[one() for _ in range(callers)])
    return done / (time.perf_counter() - begun)


def journalled(scratch: Path) -> Rates:
    """Return the rates of records that are synced before the answer."""

    async def run() -> Rates:
        writer = Writer.open(scratch / "journal only", retention_class="std7y", version="0")
        rates = {callers: await per_second(lambda: writer.append(lambda _: DRAFT), callers) for callers in CALLERS}
        await writer.close()
        return rates

    return uvloop.run(run())


def locked(scratch: Path, store: WormStore, name: str) -> Rates:
    """Return the rates of records that are in `store`, under a seal that was read back, before the answer."""
    journals = scratch / f"journal {name}"

    async def run() -> Rates:
        loop = asyncio.get_running_loop()
        writer = Writer.open(journals, retention_class="std7y", version="0")
        ended, hurry = threading.Event(), threading.Event()

        def told(_: str, next_seq: int) -> None:
            loop.call_soon_threadsafe(writer.spool.sealed, next_seq)

        sealer = Sealer(store, journals, KEY, classes=CLASSES, limits=Limits(checkpoint=1.0), sealed=told)

        def sealing() -> None:
            while not ended.is_set():
                hurry.wait(0.1)
                hurry.clear()
                sealer.step(now={writer.chain})

        async def append() -> None:
            appended = await writer.append(lambda _: DRAFT)
            waiting = writer.spool.wait(appended.position.seq)
            hurry.set()
            await waiting

        thread = threading.Thread(target=sealing)
        thread.start()
        rates = {callers: await per_second(append, callers) for callers in CALLERS}
        ended.set()
        await asyncio.to_thread(thread.join)
        await writer.close()
        return rates

    return uvloop.run(run())


def in_threads(write: Callable[[int], object]) -> Rates:
    """Return the rates of a blocking write that callers do in threads of their own."""
    numbers = iter(range(1 << 60))

    async def run() -> Rates:
        rates, loop = {}, asyncio.get_running_loop()
        with ThreadPoolExecutor(64) as pool:

            async def one() -> None:
                await loop.run_in_executor(pool, write, next(numbers))

            for callers in CALLERS:
                rates[callers] = await per_second(one, callers)
        return rates

    return uvloop.run(run())


def one_object_each(store: WormStore) -> Rates:
    """Return the rates of a store that gets an object for each decision."""
    until = datetime.now(UTC) + timedelta(days=1)
    payload = canonical.encode(DRAFT.body) + form.base64_text(b"x" * 900).encode()

    def put(number: int) -> None:
        store.put(f"decisions/{number:012}", payload + b"%d" % number, retain_until=until)

    return in_threads(put)


def in_sqlite(scratch: Path) -> Rates:
    """Return the rates of a row inserted and committed by each caller (WAL, synchronous=FULL)."""
    path, local = scratch / "rows.db", threading.local()
    with sqlite3.connect(path) as first:
        first.execute("PRAGMA journal_mode=WAL")
        first.execute("CREATE TABLE record (number INTEGER PRIMARY KEY, data TEXT)")

    def insert(number: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(path, timeout=60, isolation_level=None)
            local.connection.execute("PRAGMA synchronous=FULL")
        local.connection.execute("INSERT INTO record VALUES (?, ?)", (number, BLOCK["ct"]))

    return in_threads(insert)


def in_postgresql(url: str) -> Rates:
    """Return the rates of a row inserted and committed by each caller (synchronous_commit=on)."""
    local = threading.local()
    with psycopg.connect(url, autocommit=True) as first:
        first.execute("CREATE TABLE record (number BIGINT PRIMARY KEY, data TEXT)")

    def insert(number: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(url, autocommit=True)
        local.connection.execute("INSERT INTO record VALUES (%s, %s)", (number, BLOCK["ct"]))

    return in_threads(insert)


@contextmanager
def s3() -> Iterator[WormStore | None]:
    """Lend a bucket with Object Lock, or None where there is no server."""
    try:
        with running_s3() as server:
            yield open_store(server.url, s3=server.options)
    except DevS3Error as error:
        print(f"  (no S3 server: {error})")
        yield None


@contextmanager
def postgresql() -> Iterator[str | None]:
    """Lend the URL of a database of a server of one's own, or None where there is none."""
    try:
        with running_postgresql() as server:
            yield server.create_database().replace("postgresql+psycopg:", "postgresql:")
    except NotInstalledError as error:
        print(f"  (no PostgreSQL: {error})")
        yield None


def proofs() -> list[tuple[str, ...]]:
    """Return a row for each size of a log: the proof's bytes, and the time to make it, cold and warm."""
    rows: list[tuple[str, ...]] = [("records", "seals", "proof bytes", "first proof ms", "next proof ms")]
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        store, journals = MemoryStore(), Path(name)
        chain = Chain.open(journals, retention_class="std7y", version="0")
        small = Draft(type="decision", tenant="default", body={})
        limits = Limits(checkpoint=0.0, count=100, keep_journal=0.0)
        sealer = Sealer(store, journals, KEY, classes=CLASSES, limits=limits)
        written = 1
        for size in GROWTH:
            while written < size:
                count = min(10_000, size - written)
                chain.write([chain.take_in(lambda _: small) for _ in range(count)])
                written += count
                while sealer.step(flush=True):
                    pass
            reader = Reader(store, KEY.verifier)
            taken, proof = [], b""
            for seq in (size // 2, size // 3, size // 5):
                begun = time.perf_counter()
                proof = reader.prove(Position(chain=chain.name, seq=seq)).format()
                taken.append((time.perf_counter() - begun) * 1_000)
            seals = sum(1 for _ in store.keys(f"chains/{chain.name}/seals/"))
            rows.append((f"{size:,}", f"{seals:,}", f"{len(proof):,}", f"{taken[0]:.1f}", f"{min(taken[1:]):.1f}"))
        chain.close()
    return rows


def main() -> None:
    """Run everything."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name, s3() as bucket, postgresql() as database:
        scratch = Path(name)
        print(f"{os.cpu_count()} cores; {SECONDS:g} s a run; records of {len(BLOCK['ct']) + 800} bytes or so")
        local = open_store(str(scratch / "store"))
        runs: dict[str, Callable[[], Rates]] = {
            "journal": partial(journalled, scratch),
            "locked, local directory": partial(locked, scratch, local, "local"),
            "one object each, local": partial(one_object_each, open_store(str(scratch / "objects"))),
            "row and commit, SQLite": partial(in_sqlite, scratch),
        }
        if bucket is not None:
            runs["locked, S3"] = partial(locked, scratch, bucket, "s3")
            runs["one object each, S3"] = partial(one_object_each, bucket)
        if database is not None:
            runs["row and commit, PostgreSQL"] = partial(in_postgresql, database)
        rates = {run: measure() for run, measure in runs.items()}
        print("\nrecords per second by callers; ratio to `journal`")
        base = rates["journal"]
        rows: list[tuple[str, ...]] = [("", *map(str, CALLERS))]
        for run, found in rates.items():
            rows.append((run, *(f"{found[count]:,.0f} x{found[count] / base[count]:.2f}" for count in CALLERS)))
        table(rows)
    print("\nthe proof of one record, in memory, a segment of 100 records, as the log grows")
    table(proofs())


if __name__ == "__main__":
    main()
