"""How fast a whole log is verified: `python -m bench.verify [RECORDS]`, a million unless told otherwise.

Builds a log in a temporary directory (about 1 GB and a minute for a million), and verifies it as an auditor would,
in a process of its own, with one process and with one for each core. Says records for each second of processor time,
because a machine may have other things to do, and the most memory that any one process took.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence import form, note, record, segment
from evidence.checkpointer import Checkpointer
from evidence.key_history import KeyHistory
from evidence.keys import SigningKey
from evidence.record import Draft, Position
from evidence.segment import Batch, Seal
from evidence.store import WormStore, open_store

_KEY = SigningKey(origin="bench.example/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
_START = datetime(2026, 11, 22, tzinfo=UTC)
_KEEP = timedelta(days=2555)
_CHAIN = "019aa9e4f3c800000000"
_COUNT = 5_000  # records in a segment
_BODY: dict[str, Any] = {
    "action": "marketplace.publish",
    "caller": "marketplace",
    "durability": "journal",
    "policy": {"bundle": "ab" * 32, "engine": "regorus 0.13.0", "revision": "c0ffee" * 6},
    "resource": {"id": "agent-1234567", "type": "agent"},
    "result": {
        "allow": True,
        "diagnostics": [],
        "failed": [],
        "obligations": [],
        "passed": ["covered", "licensed", "scanned", "signed"],
        "violations": [],
    },
    "subject": {"ref": "psn_" + "0a" * 16, "type": "user"},
}
_BLOCK = {
    "alg": "A256GCM",
    "commit": "cd" * 32,
    "ct": form.base64_text(bytes(330)),
    "kid": "k_" + "0b" * 16,
    "nonce": "0c" * 12,
    "subject": "psn_" + "0a" * 16,
}


def build(store: WormStore, records: int) -> None:
    """Write a log of one chain with so many decisions, under one checkpoint."""
    history = KeyHistory(keys=(_KEY.verifier,))
    checkpointer = Checkpointer(store, _KEY, history=history, retention=_KEEP, clock=lambda: _START)
    seal: Seal | None = None
    batch, prev = Batch(), form.HASH_ZERO
    for seq, (data, time_text) in enumerate(_records(records)):
        encoded = data.replace(b"<prev>", prev.encode())
        batch.add(encoded, time_text)
        prev = batch.leaves[-1].hex()
        if len(batch.records) == _COUNT or seq + 1 == records:
            seal = _seal(store, batch, seal)
            checkpointer.add(seal)
            batch = Batch()
    checkpointer.publish()


def _records(number: int) -> Iterator[tuple[bytes, str]]:
    """Yield each record with a mark where the hash before it belongs, and its time."""
    for seq in range(number):
        time_text = form.time_text(_START + timedelta(milliseconds=seq))
        if seq:
            draft = Draft(type="decision", tenant="default", body=_BODY, sealed=(_BLOCK,))
        else:
            draft = Draft(type=record.OPENED, tenant="system", body={"version": "0"})
        position = Position(chain=_CHAIN, seq=seq)
        yield (
            record.encode(draft, position, epoch=1, prev="<prev>", time=time_text, retention_class="std7y"),
            time_text,
        )


def _seal(store: WormStore, batch: Batch, last: Seal | None) -> Seal:
    until = _START + _KEEP
    data = batch.data
    sealed = segment.seal(
        batch,
        data,
        log=_KEY.origin,
        chain=_CHAIN,
        retention_class="std7y",
        segment=0 if last is None else last.segment + 1,
        previous=form.HASH_ZERO if last is None else last.seal_hash,
        first_seq=0 if last is None else last.first_seq + last.count,
        first_prev=form.HASH_ZERO if last is None else last.head,
        sealed_at=form.time_text(_START),
        retain_until=form.time_text(until),
        checkpoint=form.HASH_ZERO,
    )
    store.put(sealed.object_key, data, retain_until=until)
    store.put(sealed.key, note.sign(sealed.text, _KEY), retain_until=until)
    return sealed


def measure(root: Path, key: Path, jobs: int) -> str:
    """Verify in a process of its own; return a line about it."""
    command = [sys.executable, "-m", "evidence", "verify", str(root), "--key", str(key), "--jobs", str(jobs), "--json"]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        report = json.load(process.stdout)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, busy = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    checked = report["checked"]["records"]
    if process.returncode or not report["ok"]:
        raise SystemExit(f"the log does not hold: {report['finding']}")
    return (
        f"{jobs} process(es): {checked} records in {seconds:.1f} s ({checked / seconds:.0f}/s),"
        f" {checked / busy:.0f} records per second of a core, at most {usage.ru_maxrss >> 10} MiB in one process"
    )


def main() -> None:
    """Build, and verify."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        root, key = Path(folder, "store"), Path(folder, "log.vkey")
        key.write_text(f"{_KEY.verifier}\n")
        began = time.perf_counter()
        build(open_store(str(root)), records)
        size = sum(path.stat().st_size for path in root.rglob("*.jsonl"))
        print(f"built {records} records, {size >> 20} MiB, in {time.perf_counter() - began:.0f} s", flush=True)
        for jobs in sorted({1, len(os.sched_getaffinity(0))}):
            print(measure(root, key, jobs), flush=True)


if __name__ == "__main__":
    main()
