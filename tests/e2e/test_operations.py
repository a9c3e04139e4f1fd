"""A node as it is operated: its numbers while it works, and its end while everybody goes on asking."""

import asyncio
import json
import os
import re
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.decision_plane.asking import body
from tests.e2e.load import Load, read_answer
from tests.e2e.verified import verified
from tests.node import decided, prepared, sealed

pytestmark = pytest.mark.slow


class Polite(Load):
    """Callers that open another connection where they are asked to, and count what breaks all the same."""

    async def _keep_asking(self):
        while not self._stopping:
            reader, writer = await asyncio.open_connection(*self._address)
            try:
                closing = False
                while not (closing or self._stopping):
                    tag, body = next(self._questions)
                    writer.write(self._request(body))
                    head = await reader.readuntil(b"\r\n\r\n")
                    closing = b"connection: close" in head.lower()
                    whole = asyncio.StreamReader()
                    whole.feed_data(head)
                    size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                    whole.feed_data(await reader.readexactly(size))
                    self._note(tag, *await read_answer(whole))
                    self.closed = getattr(self, "closed", 0) + closing
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()


WORKERS = {"worker 0", "worker 1", "sealer", "indexer", "supervisor"}


def workers(text):
    """Return who has left numbers."""
    return set(re.findall('worker="([^"]+)"', text))


def metrics(service):
    """Return every sample as {(name, labels without the worker): sum}."""
    with urllib.request.urlopen(f"{service.url}/metrics", timeout=60) as answer:  # noqa: S310 - our own service
        text = answer.read().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(value for name, value in sorted(sample.labels.items()) if name != "worker")
            found[sample.name, labels] = found.get((sample.name, labels), 0) + sample.value
    return found, text


def test_a_node_shows_its_numbers_and_ends_without_losing_a_caller(serving):
    service = serving(OMEGA_WORKERS=2, OMEGA_DRAIN_S=60, OMEGA_LOG="json")

    async def main():
        async with Polite(service.url, service.token(), callers=8) as load:
            while not workers((await asyncio.to_thread(metrics, service))[1]) >= WORKERS:
                await load.more(10)
            os.kill(service.processes()["supervisor"][0], signal.SIGTERM)
            while not (ready := await asyncio.to_thread(service.get, "/readyz"))["draining"]:
                await load.more(1)
            before = len(load.answers)
            await load.more(100)
            during, text = await asyncio.to_thread(metrics, service)
        return load, ready, before, during, text

    load, ready, before, during, text = asyncio.run(main())
    assert service.stop() == 0  # told twice, it does not wait
    assert not ready["ready"]
    assert (load.broken, load.refused) == (0, {})
    assert len(load.answers) >= before + 100
    assert load.closed
    counted = {labels[1]: value for (name, labels), value in during.items() if name == "omega_decisions_total"}
    assert counted.keys() == {"allow", "deny"}
    assert 0 < sum(counted.values()) <= len(load.answers)  # of the other worker those of a second ago
    denied = [value for (name, _), value in during.items() if name == "omega_gate_denies_total"]
    assert sum(denied) >= counted["deny"]
    assert workers(text) == WORKERS
    assert all(json.loads(line)["level"] for line in service.log.splitlines())
    log = verified(Path(service.settings.store), service.settings.keys / "log.vkey")
    assert log.lost(load.answers) == []


def test_a_node_of_its_own_keeps_the_index(serving, tmp_path):
    first = prepared(tmp_path / "first")
    decided(first, body(), body())
    sealed(first)
    keys = tmp_path / "other" / "keys"
    keys.mkdir(parents=True, mode=0o700)
    (keys / "log.vkey").write_bytes((first.keys / "log.vkey").read_bytes())
    other = serving("other", OMEGA_STORE=first.store, planes=["background"])
    assert other.get("/readyz")["checks"] == {"index": True}
    listed = json.loads(other.omega("decision", "list", "--json").stdout)
    assert len(listed["decisions"]) == 2
    assert list(keys.iterdir()) == [keys / "log.vkey"]
    assert other.stop() == 0
