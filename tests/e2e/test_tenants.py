"""Two tenants on two workers: what one does to itself, and what dies, costs the other nothing."""

import asyncio
import json
import os
import signal
import time
from collections import defaultdict
from itertools import chain, repeat
from urllib.parse import urlsplit

import pytest

from app import status, tenants
from tests.decision_plane.asking import body
from tests.e2e.hazards import spoiled, task
from tests.e2e.load import Load, read_answer
from tests.e2e.verified import verified
from tests.pdp.shop import FILES, written
from tests.tenancy import files, listing

pytestmark = pytest.mark.slow

SOLD = ("sold", body(grams=50))
HAZARDS = [task("spin", "spin", 1_000), task("swell", "swell", 1)] * 2


@pytest.fixture
def service(serving, tmp_path):
    """Return a node whose tenant `acme` has policies that do harm, and `globex` some that do none."""
    listed = listing(tmp_path, acme=files("acme"), globex=files("globex", 50))
    spoiled(tmp_path / "acme-policies")
    nodes = written(tmp_path / "policies", FILES)
    return serving(OMEGA_WORKERS=2, OMEGA_TENANTS=listed, OMEGA_POLICIES=nodes, OMEGA_DEADLINE_MS=2_000)


def stands(service):
    """Return how the service stands."""
    return status.look(service.settings, time.time())


async def until(service, condition):
    """Return how the service stands once that is as the test wants."""
    while not condition(found := stands(service)):  # noqa: ASYNC110 - nothing tells a test
        await asyncio.sleep(0.05)
    return found


def digests(found, tenant):
    return {worker["tenants"][tenant] for worker in found.workers}


class Connection:
    """One connection of a caller, which stays with the worker that took it."""

    @classmethod
    async def open(cls, service, token):
        made = cls()
        where = urlsplit(service.url)
        made._reader, made._writer = await asyncio.open_connection(where.hostname, where.port)
        made._token = token
        return made

    async def ask(self):
        """Return the answer to the question; an error where the connection breaks."""
        head = f"POST /access/v1/evaluation HTTP/1.1\r\nhost: omega\r\nauthorization: Bearer {self._token}\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(SOLD[1])}\r\n\r\n"
        self._writer.write(head.encode() + SOLD[1])
        status, document = await read_answer(self._reader)
        assert (status, document["decision"]) == (200, True)
        return document["context"]["evidence"]["chain"]

    def close(self):
        self._writer.close()


async def by_worker(service, token):
    """Return connections of each worker, by its process."""
    owners = {each["chain"]: worker["pid"] for worker in stands(service).workers for each in worker["chains"]}
    found = defaultdict(list)
    while len(found) < 2:
        made = await Connection.open(service, token)
        found[owners[await made.ask()]].append(made)
    return found


async def one_worker_killed(service, token):
    """Kill a worker while callers ask the other on the connections they have; return how often they did."""
    found = await by_worker(service, token)
    (killed, _), (other, staying) = found.items()
    os.kill(killed, signal.SIGKILL)
    replaced = asyncio.create_task(until(service, lambda now: now.ready and killed not in processes(now)))
    asked = 0
    while not replaced.done():
        for each in staying:
            await each.ask()
            asked += 1
    assert other in processes(replaced.result())
    for each in chain.from_iterable(found.values()):
        each.close()
    return asked, {each["name"]: each["starts"] for each in replaced.result().processes}


def processes(found):
    return {worker["pid"] for worker in found.workers}


async def harmed(service, acme, globex):
    """Have one tenant do itself harm while the other asks; return what each was answered."""
    await until(service, lambda found: found.ready)  # it says so once the first worker is
    async with Load(service.url, globex, repeat(SOLD), callers=1) as load:
        async with Load(service.url, acme, iter(HAZARDS), callers=4) as harm:
            await harm.more(len(HAZARDS))
        reloaded = await asyncio.to_thread(tenants.activate, service.settings, "globex")
        await until(service, lambda found: digests(found, "globex") == {reloaded.digest})
    asked, starts = await one_worker_killed(service, globex)
    return load, harm, asked, starts


def test_what_one_tenant_does_to_itself_and_what_dies_costs_the_other_nothing(service, tmp_path, say):
    acme, globex = (service.token(tenant=name) for name in ("acme", "globex"))
    before = tenants.standing(service.settings.bundles)["acme"].bundle
    written(tmp_path / "globex-policies", files("globex", 40))
    load, harm, asked, starts = asyncio.run(harmed(service, acme, globex))

    codes = {(answer.tag, answer.context["diagnostics"][0]["code"]) for answer in harm.answers}
    assert codes <= {(tag, f"evaluation_{how}") for tag in ("spin", "swell") for how in ("timeout", "crashed")}
    assert (len(harm.answers), harm.refused) == (len(HAZARDS), {})
    assert (load.refused, {answer.allow for answer in load.answers}) == ({}, {True})
    assert {name: number for name, number in starts.items() if number > 1}.keys() <= {"worker 0", "worker 1"}
    assert sum(starts.values()) == len(starts) + 1

    said = service.omega("status", "--json")
    assert (said.returncode, {each["tenants"]["acme"] for each in json.loads(said.stdout)["workers"]}) == (0, {before})

    theirs, ours = harm.answers[0].decision_id, load.answers[0].decision_id
    seen = [(token, path) for token in (acme, globex) for path in (theirs, ours)]
    found = [service.get(f"/v1/decisions/{path}", authorization=f"Bearer {token}") for token, path in seen]
    assert ["record" in each for each in found] == [True, False, False, True]
    assert {each["type"] for each in found if "record" not in each} == {"urn:omega:problem:not_found"}

    assert service.stop() == 0
    assert service.omega("status").returncode == 3
    log = verified(service.settings.store, service.settings.keys / "log.vkey")
    assert log.lost(load.answers + harm.answers) == []
    say(f"{len(load.answers)} decisions of one tenant beside {len(harm.answers)} that harmed another's evaluators,")
    say(f"and {asked} asked of one worker while the other was killed: none failed, none lost")
