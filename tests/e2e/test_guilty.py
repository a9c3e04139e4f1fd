"""An evaluation that takes too long or too much costs itself, and nobody beside it."""

import asyncio
from itertools import chain, cycle, islice

import pytest

from tests.e2e.hazards import policies, task
from tests.e2e.load import ALLOWED, Load
from tests.e2e.verified import verified

pytestmark = pytest.mark.slow

INNOCENT = [ALLOWED, task("innocent", "spin", 0), task("innocent", "swell", 0)]
SLOW = task("slow", "spin", 1_000)
LARGE = task("large", "swell", 1)
GUILTY = 4  # of each kind


def questions():
    """Yield many innocent requests with a few guilty ones between them."""
    rounds = ([*islice(cycle(INNOCENT), 60), SLOW, *islice(cycle(INNOCENT), 60), LARGE] for _ in range(GUILTY))
    return chain(chain.from_iterable(rounds), islice(cycle(INNOCENT), 60))


async def asked(service):
    async with Load(service.url, service.token(), questions()) as load:
        await load.more(10_000)
    return load


def test_exactly_the_guilty_requests_are_denied(serving, tmp_path, say):
    service = serving(
        OMEGA_POLICIES=policies(tmp_path / "policies"), OMEGA_DEADLINE_MS=1_500, OMEGA_EVALUATOR_MEMORY_MIB=64
    )
    load = asyncio.run(asked(service))
    assert service.stop() == 0
    outcomes = {
        tag: {
            (answer.allow, *[found["code"] for found in answer.context["diagnostics"]])
            for answer in load.answers
            if answer.tag == tag
        }
        for tag in ("allowed", "innocent", "slow", "large")
    }
    say(f"{len(load.answers) - 2 * GUILTY} innocent requests beside {2 * GUILTY} guilty ones: {outcomes}")
    assert outcomes == {
        "allowed": {(True,)},
        "innocent": {(True,)},
        "slow": {(False, "evaluation_timeout")},
        "large": {(False, "evaluation_crashed")},
    }
    assert (load.refused, load.broken) == ({}, 0)
    log = verified(service.settings.store, service.settings.keys / "log.vkey")
    assert log.lost(load.answers) == []
