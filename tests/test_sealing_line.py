"""The line between a worker and the sealer: anything may be lost, nothing is believed that has not its form."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sealing_line import SealerEnd, WorkerEnd, pair

ONE, TWO = "01a203ec17c0f73dc8f6", "01a203ec17c0f73dc8f7"


@pytest.fixture
def ends():
    mine, theirs = pair()
    yield mine, theirs
    mine.close()
    theirs.close()


def talk(ends, does):
    """Run `does` with both ends; return what the worker was told."""

    async def run():
        told = []
        worker = WorkerEnd(ends[0], lambda *said: told.append(said))
        does(worker, SealerEnd([ends[1]]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        worker.close()
        return told

    return asyncio.run(run())


def test_the_sealer_hears_who_is_in_a_hurry_and_who_only_asks(ends):
    def does(worker, sealer):
        assert sealer.wait(0) == (set(), set())
        worker.ask(ONE, hurry=True)
        worker.ask(TWO, hurry=False)
        assert sealer.wait(10) == ({ONE}, {TWO})

    assert talk(ends, does) == []


def test_the_worker_that_asked_is_told(ends):
    def does(worker, sealer):
        sealer.tell(ONE, 1)  # nobody asked for it
        worker.ask(ONE, hurry=False)
        sealer.wait(10)
        sealer.tell(ONE, 7)
        sealer.tell(TWO, 3)

    assert talk(ends, does) == [(ONE, 7)]


def test_a_line_that_is_full_holds_up_nobody(ends):
    def does(worker, sealer):
        for _ in range(100_000):
            worker.ask(ONE, hurry=False)
        assert sealer.wait(0) == (set(), {ONE})

    talk(ends, does)


@pytest.mark.parametrize("message", [b"", b"now", b"now x", b"now " + ONE.encode() + b" 1", b"\xff\xfe", b"x" * 200])
def test_what_is_no_message_is_passed_over(ends, message):
    mine, theirs = ends
    mine.send(message)
    assert SealerEnd([theirs]).wait(10) == (set(), set())


@given(message=st.binary(max_size=100))
def test_no_bytes_disturb_either_end(message):
    mine, theirs = pair()
    mine.send(message)
    theirs.send(message)
    SealerEnd([theirs]).wait(0)

    async def run():
        worker = WorkerEnd(mine, lambda *_: None)
        worker._receive()
        worker.close()

    asyncio.run(run())
    theirs.close()


def test_an_end_that_is_handed_on_still_speaks(ends):
    again = socket.socket(fileno=ends[1].detach())

    def does(worker, _):
        worker.ask(ONE, hurry=True)
        sealer = SealerEnd([again])
        assert sealer.wait(10) == ({ONE}, set())
        sealer.tell(ONE, 2)

    mine = ends[0]
    spare = pair()
    try:
        assert talk((mine, spare[1]), does) == [(ONE, 2)]
    finally:
        again.close()
        for end in spare:
            end.close()
