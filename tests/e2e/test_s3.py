"""The log in S3: while the store is away decisions go on, and afterwards nothing is missing in it."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest

from evidence.store import open_store
from tests.e2e.load import Load
from tests.e2e.verified import verified
from tests.pdp.evaluating import ROOT

pytestmark = pytest.mark.slow


class Line:
    """A line to the store that can be cut: a forwarder of bytes on a port of its own."""

    def __init__(self, endpoint):
        self._target = urlsplit(endpoint).hostname, urlsplit(endpoint).port
        self._server = None
        self._open = set()
        self.port = 0

    async def mend(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self):
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader, writer):
        self._open.add(asyncio.current_task())
        with suppress(OSError, asyncio.CancelledError):
            there, back = await asyncio.open_connection(*self._target)
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        self._open.discard(asyncio.current_task())


async def _copy(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.transport.abort()


@asynccontextmanager
async def line(endpoint):
    forwarder = Line(endpoint)
    await forwarder.mend()
    try:
        yield forwarder
    finally:
        await forwarder.cut()


async def outages(serving, s3_server, prefix):
    """Take the store away twice under load: first it hangs, then nobody is there."""
    async with line(s3_server.options.endpoint) as wire:
        service = await asyncio.to_thread(
            serving,
            OMEGA_STORE=f"s3://{s3_server.bucket}/{prefix}",
            OMEGA_REQUIRE="L3",
            AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{wire.port}",
            AWS_DEFAULT_REGION=s3_server.options.region,
            **s3_server.environment,
        )
        ready = await asyncio.to_thread(service.get, "/readyz")
        token = service.token()
        async with Load(service.url, token) as load:
            await load.more(100)
            os.kill(s3_server.process_id, signal.SIGSTOP)
            try:
                await load.more(300)
            finally:
                os.kill(s3_server.process_id, signal.SIGCONT)
            await wire.cut()
            while "store does not take the log" not in service.log:
                await load.more(10)
            await load.more(100)
        last = load.answers[-1].decision_id
        bearer = {"authorization": f"Bearer {token}"}
        during = await asyncio.to_thread(service.get, f"/v1/decisions/{last}", **bearer)
        await wire.mend()
        proof = None
        while proof is None:
            proof = (await asyncio.to_thread(service.get, f"/v1/decisions/{last}", **bearer)).get("proof")
        assert await asyncio.to_thread(service.stop) == 0
    return service, load, during, ready


def downloaded(store, folder):
    """Copy every object to a directory, as an auditor would."""
    for key in store.keys(""):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.get(key))
    return folder


def test_a_store_that_comes_back_gets_everything(serving, s3_server, s3_prefix, tmp_path, say):
    service, load, during, ready = asyncio.run(outages(serving, s3_server, s3_prefix))
    assert (load.refused, load.broken) == ({}, 0)
    assert ready["assurance"]["level"] == "L3"
    assert (during["status"], during["proof"]) == ("journal", None)
    key, url = service.settings.keys / "log.vkey", service.settings.store
    direct = {**service.environment, "AWS_ENDPOINT_URL_S3": s3_server.options.endpoint}
    command = [sys.executable, "-m", "evidence", "verify", url, "--key", key]
    done = subprocess.run(command, env=direct, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "all holds" in done.stdout
    store = downloaded(open_store(url, s3=s3_server.options), tmp_path / "copy")
    log = verified(store, key)
    say(f"{len(load.answers)} decisions while S3 hung and was away, {len(log.lost(load.answers))} lost")
    assert log.lost(load.answers) == []
