"""A log as an auditor gets it: checked by both verifiers, which have to say the same, then read."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evidence.keys import VerifierKey
from evidence.note import Note
from evidence.record import Record, leaf
from evidence.segment import Seal
from evidence.store import WormStore, open_store
from tests.e2e.load import Answer
from tests.pdp.evaluating import ROOT

_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What both verifiers report, and the records under seals by decision id."""

    report: dict[str, object]
    records: dict[str, Record]
    leaves: dict[str, str]

    @property
    def decisions(self) -> list[Record]:
        """Return the decisions."""
        return [record for record in self.records.values() if record.type == "decision"]

    def lost(self, answers: Iterable[Answer]) -> list[str]:
        """Return the acknowledged decisions that are not in the log as they were acknowledged."""
        return [answer.decision_id for answer in answers if self.leaves.get(answer.decision_id) != answer.leaf]


def verified(store: Path, key: Path) -> Verified:
    """Verify the log in a directory and read it. Where a service still seals, the two verifiers may see another end."""
    for _ in range(_TRIES):
        reports = [
            _report([sys.executable, "-m", "evidence", "verify", store, "--key", key, "--json"]),
            _report([sys.executable, "-I", ROOT / "verify_evidence.py", "verify", store, "--key", key, "--json"]),
        ]
        if reports[0] == reports[1]:
            break
    assert reports[0] == reports[1]
    found = [
        (Record.parse(line), leaf(line))
        for line in _lines(open_store(str(store), read_only=True), VerifierKey.parse(key.read_text()))
    ]
    records = {record.position.decision_id: record for record, _ in found}
    assert len(records) == len(found), "a sequence number stands twice"
    return Verified(
        report=reports[0],
        records=records,
        leaves={record.position.decision_id: leaf_hash for record, leaf_hash in found},
    )


def _report(command: list[object]) -> dict[str, object]:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=ROOT, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


def _lines(store: WormStore, key: VerifierKey) -> Iterable[bytes]:
    for name in store.keys("chains/"):
        if "/seals/" in name:
            seal = Seal.parse(Note.parse_stored(store.get(name)).verify(key))
            if seal.count:
                yield from store.get(seal.object_key).splitlines()
