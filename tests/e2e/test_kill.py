"""kill -9 at any moment: nothing that was acknowledged is lost, and the service comes back or ends as a whole."""

import asyncio
import os
import time
from collections import Counter

import pytest

from tests.e2e.load import Load
from tests.e2e.service import Role
from tests.e2e.verified import verified

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]
ROUNDS = int(os.environ.get("OMEGA_ROUNDS", "3"))


async def crashed(service, head_alone):
    """Ask, kill everything in the middle, and return what was acknowledged."""
    async with Load(service.url, service.token()) as load:
        await load.more(150)
        await asyncio.to_thread(service.crash, head_alone=head_alone)
        load._stopping = True
    return load.answers


def chains(log):
    """Return how many chains each retention class has."""
    return Counter(
        retention_class for retention_class, _ in {(r.retention_class, r.chain) for r in log.records.values()}
    )


def test_nothing_acknowledged_is_lost_however_often_everything_is_killed(serving, say):
    service = serving(OMEGA_WORKERS=2)
    acknowledged = []
    for number in range(ROUNDS):
        acknowledged += asyncio.run(crashed(service, head_alone=number % 2 == 1))
        service.start()
    assert service.stop() == 0
    log = verified(service.settings.store, service.settings.keys / "log.vkey")
    lost = log.lost(acknowledged)
    assert len({answer.decision_id for answer in acknowledged}) == len(acknowledged)
    say(
        f"{ROUNDS} crashes under load: {len(acknowledged)} decisions acknowledged,"
        f" {len(log.decisions)} in the verified log, {len(lost)} lost"
    )
    assert lost == []
    assert len(acknowledged) >= 150 * ROUNDS
    found = chains(log)  # each start of the two workers continues what it finds
    assert found["hipaa6y"] == found["aiact1y"] == 2
    assert found["std7y"] - 2 in {0, 1}  # the node may have one for records of its own


def test_a_crash_while_it_starts_costs_nothing_either(serving):
    service = serving()
    acknowledged = asyncio.run(crashed(service, head_alone=False))
    for role in (Role.SEALER, Role.ZYGOTE, Role.EVALUATOR):
        service.begin()
        while not service.processes()[role]:
            time.sleep(0.005)  # nothing tells a test
        service.crash(head_alone=False)
    service.start()
    assert service.stop() == 0
    log = verified(service.settings.store, service.settings.keys / "log.vkey")
    assert log.lost(acknowledged) == []


async def back(service, role, number):
    """Return when there are `number` processes of `role` again."""
    while len(service.processes()[role]) != number:  # noqa: ASYNC110  nothing tells a test
        await asyncio.sleep(0.02)


def cut_off(answers):
    """Return how many decisions were denied for want of an evaluation."""
    return sum(answer.context["diagnostics"] != [] for answer in answers)


async def killed_in_turn(service):
    """Kill one process of each role under load; return what was acknowledged, and what each death cost."""
    costs = {}
    async with Load(service.url, service.token()) as load:
        for role in (Role.EVALUATOR, Role.ZYGOTE, Role.SEALER, Role.INDEXER, Role.WORKER):
            await load.more(50)
            broken, begun, there = load.broken, len(load.answers), service.processes()[role]
            service.kill(there[0])
            await load.more(50)
            await back(service, role, len(there))
            await load.more(50)
            assert there[0] not in service.processes()[role]
            costs[role] = (cut_off(load.answers[begun:]), load.broken - broken)
    assert not load.refused
    return load.answers, costs


def test_whichever_process_is_killed_the_service_recovers(serving, say):
    service = serving()
    answers, costs = asyncio.run(killed_in_turn(service))
    assert service.stop() == 0
    log = verified(service.settings.store, service.settings.keys / "log.vkey")
    for role, (denied, broken) in costs.items():
        say(f"kill -9 of the {role} under load: {denied} evaluations cut off, {broken} connections broken")
    say(f"{len(answers)} decisions acknowledged meanwhile, {len(log.lost(answers))} lost")
    assert log.lost(answers) == []
    assert costs[Role.EVALUATOR][0] <= 1  # the one at the head of its line
    assert [costs[role][1] for role in (Role.EVALUATOR, Role.ZYGOTE, Role.SEALER)] == [0, 0, 0]
    assert costs[Role.SEALER] == costs[Role.INDEXER] == (0, 0)
    assert costs[Role.WORKER][1] > 0
    starts = Counter(record.retention_class for record in log.records.values() if record.type == "policy.activated")
    assert starts == {"std7y": 2, "hipaa6y": 2, "aiact1y": 2}
