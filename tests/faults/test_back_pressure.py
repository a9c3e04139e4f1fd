"""The store is away for longer than the journal may wait for it: no evidence, no answer; then everything is sealed."""

import asyncio

import pytest

from evidence.store import open_store
from tests.e2e.load import Load
from tests.e2e.test_s3 import downloaded, line
from tests.faults.aftermath import held_by

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
REFUSED = "503 urn:omega:problem:evidence_unavailable"


async def long_outage(serving, s3_server, prefix):
    """Ask until nothing is answered any more, then until it is again."""
    async with line(s3_server.options.endpoint) as wire:
        service = await asyncio.to_thread(
            serving,
            OMEGA_STORE=f"s3://{s3_server.bucket}/{prefix}",
            OMEGA_SPOOL_MIB=1,
            AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{wire.port}",
            AWS_DEFAULT_REGION=s3_server.options.region,
            **s3_server.environment,
        )
        async with Load(service.url, service.token()) as load:
            await load.more(50)
            await wire.cut()
            while load.refused.total() < 100:  # noqa: ASYNC110 - refusals tell nothing
                await asyncio.sleep(0.05)
            full = len(load.answers)
            ready = await asyncio.to_thread(service.get, "/readyz")
            await wire.mend()
            await load.more(100)
        assert await asyncio.to_thread(service.stop) == 0
    return service, load, full, ready


def test_beyond_the_spool_nothing_is_answered_and_afterwards_all_is_sealed(
    serving, s3_server, s3_prefix, tmp_path, tally
):
    service, load, full, ready = asyncio.run(long_outage(serving, s3_server, s3_prefix))
    assert (list(load.refused), load.broken) == ([REFUSED], 0)
    assert ready["checks"]["spool"] is False
    assert full > 100
    log = downloaded(open_store(service.settings.store, s3=s3_server.options), tmp_path / "copy")
    told = [(answer.decision_id, answer.leaf) for answer in load.answers]
    tally("a store that is away for long", held_by(log, (service.settings.keys / "log.vkey").read_text(), told))
