"""Two services on one log: a machine and its copy, a machine that wakes up behind its copy, a disk set back."""

import asyncio
import fcntl
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from evidence.record import Record
from evidence.store import open_store
from tests.e2e.load import Load
from tests.e2e.service import Role
from tests.faults.aftermath import held_by

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


async def asked(service, number):
    """Ask until so many questions are answered; return what was acknowledged."""
    async with Load(service.url, service.token()) as load:
        await load.more(number)
    return load.answers


def told(answers):
    return [(answer.decision_id, answer.leaf) for answer in answers]


def copied(service, name):
    """Copy the data of a machine, as a snapshot does it."""
    data = service.settings.data
    return shutil.copytree(data, data.with_name(name), ignore=shutil.ignore_patterns("*.sock", "lock"))


async def together(one, other):
    """Ask both at once; return what each has acknowledged."""
    async with Load(one.url, one.token()) as first, Load(other.url, other.token()) as second:
        await first.more(100)
        await second.more(100)
        await lost_a_chain(one, other)
        await first.more(50)
        await second.more(50)
    return first.answers + second.answers


async def lost_a_chain(*services):
    """Return once one of the services has given a chain up and begun another."""
    while not any("lost to another writer" in service.log for service in services):  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.05)


def finished(log, tally, row, services, answers):
    """Stop all services and hold their log against what they acknowledged; return why chains were abandoned."""
    for service in services:
        assert service.stop() == 0
    key = services[0].settings.keys / "log.vkey"
    tally(row, held_by(log, key.read_text(), told(answers)))
    store = open_store(str(log), read_only=True)
    lines = [line for key in store.keys("chains/") if "/segments/" in key for line in store.get(key).splitlines()]
    abandoned = [found for found in map(Record.parse, lines) if found.type == "chain.abandoned"]
    return {found.body["reason"] for found in abandoned}


def test_a_running_machine_and_its_copy_lose_nothing(serving, log, tally):
    one = serving("one", OMEGA_STORE=log)
    before = asyncio.run(asked(one, 50))
    copied(one, "two")
    two = serving("two", OMEGA_STORE=log)
    answers = before + asyncio.run(together(one, two))
    assert finished(log, tally, "a machine and its copy", [one, two], answers) <= {"fenced", "restored"}


def put_to_sleep(service, log):
    """Stop a machine while it holds no lock on the directory that both use: a machine that is gone holds none."""
    while True:
        everybody = service.all()
        for process in everybody:
            os.kill(process, signal.SIGSTOP)
        while not all(map(is_asleep, everybody)):
            time.sleep(0.001)
        if all(map(is_free, (log / ".scratch", log / ".retention"))):
            return
        for process in everybody:
            os.kill(process, signal.SIGCONT)


def is_asleep(process):
    return "State:\tT" in Path(f"/proc/{process}/status").read_text()


def is_free(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


async def woken(zombie, copy):
    """Ask the copy while the machine sleeps, then both."""
    during = await asked(copy, 100)
    for process in zombie.all():
        os.kill(process, signal.SIGCONT)
    async with Load(zombie.url, zombie.token()) as load:
        await load.more(20)
        await lost_a_chain(zombie)
        await load.more(20)
    return during + load.answers


def test_a_machine_that_wakes_up_behind_its_copy_loses_nothing(serving, log, tally):
    zombie = serving("zombie", OMEGA_STORE=log)
    before = asyncio.run(asked(zombie, 50))
    put_to_sleep(zombie, log)
    copied(zombie, "copy")
    copy = serving("copy", OMEGA_STORE=log)
    answers = before + asyncio.run(woken(zombie, copy))
    assert finished(log, tally, "a machine that wakes up behind its copy", [zombie, copy], answers) == {"fenced"}


def test_a_disk_set_back_loses_nothing_that_was_sealed(serving, log, tally):
    service = serving("node", OMEGA_STORE=log)
    before = asyncio.run(asked(service, 50))
    service.kill(*service.processes()[Role.WORKER])
    snapshot = copied(service, "snapshot")
    answers = before + asyncio.run(asked(service, 50))
    assert service.stop() == 0
    shutil.rmtree(service.settings.data)
    shutil.move(snapshot, service.settings.data)
    service.start()
    answers += asyncio.run(asked(service, 50))
    assert finished(log, tally, "a disk set back", [service], answers) == {"restored"}
