"""kill -9 at any moment: nothing that was acknowledged is lost, and the service comes back or ends as a whole."""

import asyncio
import os

import pytest

from tests.e2e.load import Load
from tests.e2e.service import Role
from tests.e2e.verified import verified

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]
ROUNDS = int(os.environ.get("OMEGA_ROUNDS", "5"))


async def crashed(service, head_alone):
    """Ask, kill everything in the middle, and return what was acknowledged."""
    async with Load(service.url, service.token()) as load:
        await load.more(150)
        await asyncio.to_thread(service.crash, head_alone=head_alone)
        load._stopping = True
    return load.answers


def test_nothing_acknowledged_is_lost_however_often_everything_is_killed(serving, say):
    service = serving()
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
