"""Memory stays where it was: what grows is caches, and those have a bound.

What may grow with the number of decisions, in the processes that take part in one:
* the worker keeps the keys of the subjects it saw last, 50,000 at most and about 1 KiB each;
* the sealer keeps 32 bytes and some Python around them per seal, and reads a journal in chunks of 8 MiB;
* the indexer holds one segment of 8 MiB and its lines, and some rows;
* nothing else; `SLACK` is what allocators keep of what was used for a moment.
"""

import asyncio
import os
from itertools import chain, count, islice
from pathlib import Path

import pytest

from tests.e2e.load import ALLOWED, DENIED, Load, person, question
from tests.e2e.service import Role
from tests.e2e.verified import verified

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

DECISIONS = int(os.environ.get("OMEGA_DECISIONS", "10000"))
WARM = 2_000
SUBJECTS_KEPT = 50_000
SUBJECT = 1.0  # KiB
SLACK = {  # MiB
    Role.SUPERVISOR: 2,
    Role.SEALER: 24,
    Role.INDEXER: 32,
    Role.WORKER: 24,
    Role.ZYGOTE: 1,
    Role.EVALUATOR: 8,
}


def questions(number):
    """Yield questions, half of them about somebody never seen before."""
    strangers = (question("allowed", person(each)) for each in count())
    return islice(chain.from_iterable(zip(strangers, _regulars(), strict=False)), number)


def _regulars():
    while True:
        yield from (ALLOWED, DENIED)


def resident(pid):
    """Return the resident memory of a process, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def sizes(service):
    return {(role, pid): resident(pid) for role, pids in service.processes().items() for pid in pids}


async def measured(service):
    """Return the sizes of all processes after a warm-up, and after all decisions."""
    async with Load(service.url, service.token(), questions(DECISIONS), callers=16) as load:
        await load.more(WARM)
        start = sizes(service)
        await load.more(DECISIONS)
    return start, sizes(service), load


def test_no_process_grows_beyond_its_caches(serving, say):
    service = serving(OMEGA_SEAL_AGE_MS=1_000)
    start, end, load = asyncio.run(measured(service))
    assert service.stop() == 0
    assert (len(load.answers), load.refused, load.broken) == (DECISIONS, {}, 0)
    strangers = min((DECISIONS - WARM) // 2, SUBJECTS_KEPT)
    say(f"resident memory in KiB after {WARM} and after {DECISIONS} decisions, {strangers} of them on new subjects:")
    for (role, pid), size in start.items():
        say(f"  {role:10}  {size:8}  {end[role, pid]:8}")
    grown = {role: max(end[key] - start[key] for key in start if key[0] == role) for role in Role}
    assert start.keys() == end.keys()
    bound = {role: SLACK[role] * 1_024 + (strangers * SUBJECT if role == Role.WORKER else 0) for role in Role}
    assert {role: size for role, size in grown.items() if size > bound[role]} == {}
    log = verified(service.settings.store, service.settings.keys / "log.vkey")
    assert log.lost(load.answers) == []
    assert len(log.decisions) == DECISIONS
    assert {answer.allow for answer in load.answers} == {True, False}
