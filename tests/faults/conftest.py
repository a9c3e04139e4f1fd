"""Faults, by kind: what is injected, what is checked, and where.

After every fault the node lives again (`life.py`). Then both verifiers must find its log good, and say the same of it.
Every record that was acknowledged must stand in it exactly once, where it was acknowledged or where it was carried
over to; no number may stand twice; and what failed must have recovered, or refused with an error of its own
(`aftermath.py`). What was tried, acknowledged and lost is counted, and shown when the tests end.

| kind | what is injected | where |
|---|---|---|
| kill -9 | death at each passage of each step: writes, syncs, answers, puts, marks, removals, carrying over | \
`test_kill.py`; of whole processes under load `tests/e2e/test_kill.py` |
| failing disk | EIO and ENOSPC, once, for good, after half of the bytes, or though it was done, at each call | \
`test_disk.py`; the directory store alone `tests/evidence/test_local_faults.py` |
| failing kernel | the same, death, and calls that take long, returned by the kernel | `test_strace.py` |
| full disk | a file system that has no room, a file that may not grow | `test_full_disk.py` |
| torn and altered journals | an end cut at any byte with any tail, bits flipped before it | \
`test_torn.py`, `tests/evidence/test_journal.py` |
| S3 | answers that are late, lost, torn, wrong or errors; a server that stops or is killed; none for long | \
`test_s3.py`, `test_back_pressure.py`, `tests/evidence/test_s3_faults.py`, `tests/e2e/test_s3.py` |
| two writers | a copied machine, a machine that wakes up behind its copy, a disk set back | \
`test_two_nodes.py`, `tests/evidence/test_fencing.py` |
| clock | steps back and ahead between any two records and seals | `test_clock.py` |
| flipped bits, other spellings | every byte of what was carried over; of all else in a log | \
`test_intruders.py`, `tests/evidence/lies_*.py`, `tests/evidence/test_verify*.py` |
| intruders | objects where ours are to be, the signing key in another hand, shadows of objects | \
`test_intruders.py`, `tests/evidence/lies_tree.py`, `tests/evidence/test_s3_store.py` |
| erasure | death between the steps of an erasure | `tests/privacy` |
| long runs | a million records through one sealer; decisions without end | \
`test_soak.py`, `tests/e2e/test_memory.py` |
| stores | one contract for all of them | `tests/evidence/test_stores.py` |
"""

import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.conftest import serving  # noqa: F401 - a fixture
from tests.faults.histories import HISTORIES

TALLY = pytest.StashKey()


def pytest_configure(config):
    config.stash.setdefault(TALLY, {})


@pytest.fixture
def tally(request):
    """Return a way to count what was tried, acknowledged and lost, for the summary."""
    rows = request.config.stash[TALLY]

    def count(row, after, *, tried=1):
        sums = rows.setdefault(row, Counter())
        sums.update(tried=tried, acknowledged=after.acknowledged, lost=len(after.lost), repeated=len(after.repeated))
        assert after.lost == []
        assert after.repeated == []

    return count


@pytest.fixture(scope="session")
def histories(tmp_path_factory):
    """Return a node with each history, to copy, by name."""
    found = {}
    for name, make in HISTORIES.items():
        found[name] = tmp_path_factory.mktemp("history") / "node"
        make(found[name])
    return found


@pytest.fixture(params=HISTORIES)
def before(request, histories):
    """Return the name of a history, and a node that has it, to copy."""
    return request.param, histories[request.param]


@pytest.fixture
def quick(tmp_path):
    """Return a folder in memory, where there is such a thing: what a dead process wrote is there all the same."""
    memory = Path("/dev/shm")  # noqa: S108 - the point is that it is memory
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="omega-faults-", dir=memory) as folder:
        yield Path(folder)


def pytest_terminal_summary(terminalreporter, config):
    """Say of each kind what was tried, and what came of it."""
    rows = config.stash.get(TALLY, {})
    if rows:
        terminalreporter.section("faults")
    for row, sums in sorted(rows.items()):
        told = f"{sums['tried']:5} tried, {sums['acknowledged']:6} acknowledged, {sums['lost']} lost"
        terminalreporter.line(f"{row:50} {told}, {sums['repeated']} repeated")
