"""What testing controls costs: `python -m bench.control_testing`, `OMEGA_BENCH_RECORDS` decisions of a year (100,000).

One process, so rows a second are those of one core. All shipped controls are tested: over rows that are in memory, and
over the same log in a store, read, verified and parsed on the way. Then over twice as many, for what memory does.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.control_testing.log_rows import Log, rows
from evidence import form, note, record, segment
from evidence.keys import SigningKey
from evidence.reader import Reader
from evidence.record import Draft, Position
from evidence.segment import Batch, Seal
from evidence.stores.memory import MemoryStore
from frameworks import control
from frameworks.testing import Period, Result, Row, Testing

RECORDS = int(os.environ.get("OMEGA_BENCH_RECORDS", "100000"))
EACH = 2_500  # records of a segment
CHAIN = "0" * 20
START = datetime(2025, 1, 1, tzinfo=UTC)
YEAR = Period(start=START, end=datetime(2026, 1, 1, tzinfo=UTC))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)
ACTIONS = ["marketplace.publish", "studio.deploy", "platform.use_session", "platform.keep_access", "voice.execute"]
GATES = [f"gate_{number}" for number in range(8)]


def drafts(chance: Random) -> Iterator[Draft]:
    """Yield decisions about many subjects, one in twenty denied, each with a sealed block as large as they are."""
    block = {
        "alg": "A256GCM", "commit": "ab" * 32, "ct": "A" * 1_200, "kid": f"k_{0:032x}", "nonce": "0" * 24,
        "subject": f"psn_{0:032x}",
    }  # fmt: skip
    while True:
        allow = chance.random() > 0.05
        yield Draft(
            type="decision",
            tenant="default",
            body={
                "caller": "marketplace",
                "action": chance.choice(ACTIONS),
                "subject": {"type": "user", "ref": f"psn_{chance.randrange(5_000):032x}"},
                "resource": {"type": "agent", "id": f"agent-{chance.randrange(1_000)}"},
                "policy": {"bundle": "ab" * 32, "revision": "git:" + "0" * 40, "engine": "regorus/0"},
                "result": {
                    "allow": allow,
                    "passed": GATES,
                    "failed": [] if allow else ["gate_9"],
                    "violations": [],
                    "obligations": [],
                    "diagnostics": [],
                },
                "durability": "journal",
            },
            sealed=(block,),
        )


def written(count: int) -> Log:
    """Return a log of one chain with `count` decisions, spread over the year."""
    store, key = MemoryStore(), SigningKey(origin="bench.example/log", private_key=Ed25519PrivateKey.generate())
    found, prev, last = drafts(Random(7)), form.HASH_ZERO, None  # noqa: S311 - the same log each time
    step = (YEAR.end - YEAR.start) / count
    for first in range(0, count, EACH):
        batch = Batch()
        for seq, draft in enumerate(islice(found, min(EACH, count - first)), first):
            at, time_ = Position(chain=CHAIN, seq=seq), form.time_text(START + seq * step)
            data = record.encode(draft, at, epoch=1, prev=prev, time=time_, retention_class="std7y")
            batch.add(data, time_)
            prev = record.leaf(data)
        last = _sealed(store, key, batch, last)
    return Log(reader=Reader(store, key.verifier), journals=Path("/nonexistent"))


def _sealed(store: MemoryStore, key: SigningKey, batch: Batch, before: Seal | None) -> Seal:
    data = batch.data
    now = form.time_text(NOW)
    sealed = segment.seal(
        batch,
        data,
        log=key.origin,
        chain=CHAIN,
        retention_class="std7y",
        segment=before.segment + 1 if before else 0,
        previous=before.seal_hash if before else form.HASH_ZERO,
        first_seq=before.first_seq + before.count if before else 0,
        first_prev=before.head if before else form.HASH_ZERO,
        sealed_at=now,
        retain_until=form.time_text(NOW + timedelta(days=2_555)),
        checkpoint=form.HASH_ZERO,
    )
    store.put(sealed.object_key, data, retain_until=FOREVER)
    store.put(sealed.key, note.sign(sealed.text, key), retain_until=FOREVER)
    return sealed


def tested(found: Iterator[Row]) -> list[Result]:
    """Return what all shipped controls show over rows."""
    testing = Testing(CONTROLS, YEAR, now=NOW)
    for row in found:
        testing.take(row)
    return testing.finish()


def timed(work: Callable[[], object]) -> float:
    """Return the processor seconds of this process that `work` takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def peak() -> float:
    """Return the most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(name: str, count: int, seconds: float) -> None:
    """Print how fast it was."""
    print(f"{name:44} {count / seconds:10,.0f} rows/s   {seconds * 1e6 / count:6.1f} µs each")


def main() -> None:
    """Print every figure."""
    tests: Sequence[object] = [test for each in CONTROLS for test in each.tests]
    print(f"{len(CONTROLS)} controls, {len(tests)} tests, {RECORDS:,} decisions")
    log = written(RECORDS)
    held = peak()
    report("from the log: read, verified, parsed", RECORDS, timed(lambda: sum(1 for _ in _rows(log))))
    report("from the log, tested", RECORDS, timed(lambda: tested(_rows(log))))
    print(f"memory, beside the log itself: {peak() - held:.1f} MiB")
    whole = written(2 * RECORDS)
    held = peak()
    report("from a log twice as long, tested", 2 * RECORDS, timed(lambda: tested(_rows(whole))))
    print(f"memory, beside the log itself: {peak() - held:.1f} MiB more")
    found = list(_rows(log))
    report("rows in memory, tested", RECORDS, timed(lambda: tested(iter(found))))


def _rows(log: Log) -> Iterator[Row]:
    return rows(log, YEAR, YEAR, now=NOW)


CONTROLS = tuple(control.load().values())

if __name__ == "__main__":
    main()
