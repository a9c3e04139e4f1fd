import asyncio
import errno
import os
from pathlib import Path

import pytest

from evidence import async_sync
from evidence.async_sync import AsyncSync
from evidence.chain import Chain
from evidence.chain_sync import ChainSync
from tests.evidence.fake_kernel import DESTROY, EVENTS, SETUP, SUBMIT, FakeKernel


@pytest.fixture
def file(tmp_path):
    """Return the descriptor of a file that was written to."""
    descriptor = os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)
    os.pwrite(descriptor, b"x" * 5_000, 0)
    yield descriptor
    os.close(descriptor)


def outcomes(kernel, file, *, times=1):
    """Sync a file; return how each sync ended."""

    async def run():
        loop = asyncio.get_running_loop()
        syncing, found = kernel(loop), []
        for _ in range(times):
            ended = loop.create_future()
            syncing.start(file, ended.set_result)
            found.append(await asyncio.wait_for(ended, 20))
        syncing.close()
        return found

    return asyncio.run(run())


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_this_kernel_syncs_and_says_so(file):
    try:
        assert outcomes(AsyncSync, file, times=3) == [None] * 3
    except OSError as error:
        pytest.skip(f"SYNCS WITHOUT A THREAD ARE TESTED AGAINST A FAKE ALONE: {error.strerror}")


def test_this_kernel_refuses_what_is_no_file():
    read, write = os.pipe()
    with pytest.raises(OSError):  # noqa: PT011 - a kernel without any of this has another error
        outcomes(AsyncSync, write)
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("beside", [True, False], ids=["later", "at once"])
def test_each_sync_is_told_of_once(file, beside):
    assert outcomes(FakeKernel(beside=beside).offer, file, times=5) == [None] * 5


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_what_the_sync_says_is_the_error(file, monkeypatch, code):
    def fail(_):
        raise OSError(code, "")

    monkeypatch.setattr(os, "fdatasync", fail)
    [error] = outcomes(FakeKernel().offer, file)
    assert (error.errno, error.strerror) == (code, os.strerror(code))


@pytest.mark.parametrize("result", [1, -1])
def test_whatever_is_not_a_clear_yes_is_an_error(file, result):
    kernel = FakeKernel()
    real = kernel.take

    def alter(event):
        found = real(event)
        number, control, _, more = async_sync._EVENT.unpack(event)
        async_sync._EVENT.pack_into(event, 0, number, control, result, more)
        return found

    kernel.take = alter
    [error] = outcomes(kernel.offer, file)
    assert isinstance(error, OSError)


def test_a_kernel_that_cannot_say_how_it_ended_has_failed(file):
    [error] = outcomes(FakeKernel(fails={EVENTS: errno.EINVAL}).offer, file)
    assert error.errno == errno.EINVAL


def test_what_says_nothing_of_the_sync_that_runs_is_no_answer(file):
    async def run():
        loop, kernel = asyncio.get_running_loop(), FakeKernel()
        syncing, ended = kernel.offer(loop), loop.create_future()
        os.eventfd_write(syncing._told, 1)  # with no event at all
        kernel.sync = lambda **_: None
        syncing.start(file, ended.set_result)
        while EVENTS not in kernel.called:  # noqa: ASYNC110 - the loop looks in its own time
            await asyncio.sleep(0)
        del kernel.sync
        kernel.sync(data=7, descriptor=file, told=syncing._told)  # an event of something else
        while kernel.events:  # noqa: ASYNC110
            await asyncio.sleep(0)
        early = ended.done()
        kernel.sync(data=1, descriptor=file, told=syncing._told)
        error = await ended
        kernel.sync(data=1, descriptor=file, told=syncing._told)  # the same again, which nobody waits for
        while kernel.events:  # noqa: ASYNC110
            await asyncio.sleep(0)
        syncing.close()
        return early, error

    assert asyncio.run(run()) == (False, None)


def test_another_machine_has_none():
    async def run():
        AsyncSync(asyncio.get_running_loop(), call=FakeKernel(), machine=lambda: "vax")

    with pytest.raises(OSError, match=os.strerror(errno.ENOSYS)):
        asyncio.run(run())


def test_a_loop_that_watches_no_descriptors_has_none():
    class Loop:
        """A loop as of another system."""

        def add_reader(self, *_):
            raise NotImplementedError

    kernel, before = FakeKernel(), open_descriptors()
    with pytest.raises(NotImplementedError):
        kernel.offer(Loop())
    assert kernel.called == [SETUP, DESTROY]
    assert open_descriptors() == before


@pytest.mark.parametrize("call", [SETUP, SUBMIT], ids=["from the start", "later"])
def test_a_thread_syncs_where_the_kernel_refuses_and_it_is_not_asked_again(tmp_path, monkeypatch, call):
    kernel = FakeKernel(fails={call: errno.EAGAIN})
    monkeypatch.setattr("evidence.chain_sync.AsyncSync", kernel.offer)

    async def run():
        chain = Chain.open(tmp_path, retention_class="std7y", version="0")
        sync, found = ChainSync(chain), []
        for _ in range(2):
            ended = asyncio.get_running_loop().create_future()
            sync.start(ended.set_result)
            found.append(await ended)
        sync.close(stuck=False)
        chain.close()
        return found

    assert asyncio.run(run()) == [None, None]
    assert kernel.called.count(call) == 1
    assert kernel.called[-1] == (SETUP if call == SETUP else DESTROY)


def test_what_is_stuck_is_not_waited_for(tmp_path, monkeypatch):
    kernel = FakeKernel()
    kernel.sync = lambda **_: None
    monkeypatch.setattr("evidence.chain_sync.AsyncSync", kernel.offer)

    async def run():
        chain = Chain.open(tmp_path, retention_class="std7y", version="0")
        sync = ChainSync(chain)
        sync.start(lambda _: None)
        sync.close(stuck=True)
        chain.close()
        return sync._kernel

    left = asyncio.run(run())
    assert DESTROY not in kernel.called
    os.close(left._told)
