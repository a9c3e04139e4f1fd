import asyncio
import errno
import os
import threading

import pytest

from evidence import holding, journal
from evidence.chain import Chain
from evidence.errors import BackPressureError, JournalError
from evidence.record import Draft, Record
from evidence.spool import Spool, Spooled
from evidence.writer import Limits, Writer, record_once
from tests.evidence.fake_kernel import WAYS


def draft(text="x"):
    return Draft(type="decision", tenant="default", body={"text": text})


class Ticks:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def start(path, ticks=None, **limits):
    return Writer.open(path, retention_class="std7y", version="0", limits=Limits(**limits), ticks=ticks or Ticks())


def spool(*batches):
    made = Spool()
    for next_seq, size, since in batches:
        made.add(Spooled(next_seq=next_seq, size=size, since=since))
    return made


def test_what_is_sealed_no_longer_counts():
    found = spool((2, 100, 1.0), (5, 30, 2.0), (6, 7, 3.0))
    assert (found.size, found.age(10.0)) == (137, 9.0)
    found.sealed(4)
    assert (found.size, found.age(10.0)) == (37, 8.0)
    found.sealed(6)
    assert (found.size, found.age(10.0)) == (0, 0.0)


def test_who_waits_is_told_in_order_and_who_left_is_passed_over():
    async def run():
        found = spool()
        two, gone, nine = found.wait(2), found.wait(3), found.wait(9)
        gone.cancel()
        found.sealed(4)
        assert (two.done(), nine.done()) == (True, False)
        found.sealed(10)
        await nine
        assert found.wait(9).done()
        found.sealed(1)  # late news
        assert found.wait(9).done()

    asyncio.run(run())


def test_beyond_the_size_nothing_is_taken_until_the_store_has_caught_up(tmp_path):
    async def run():
        writer = start(tmp_path, spool_size=3_000)
        while writer.full is None:
            last = await writer.append(lambda _: draft("x" * 100))
        assert 1 < last.position.seq < 20
        with pytest.raises(BackPressureError, match="bytes of the journal wait"):
            writer.append(lambda _: draft("too much"))
        writer.spool.sealed(last.position.seq + 1)
        await writer.append(lambda _: draft("again"))
        await writer.close()

    asyncio.run(run())


def test_beyond_the_age_nothing_is_taken(tmp_path):
    async def run():
        ticks = Ticks()
        writer = start(tmp_path, ticks, spool_age=60.0)
        appended = await writer.append(lambda _: draft())
        ticks.now += 59
        writer.look()
        assert writer.full is None
        ticks.now += 1
        writer.look()
        with pytest.raises(BackPressureError, match="60 seconds"):
            writer.append(lambda _: draft())
        writer.spool.sealed(appended.position.seq + 1)
        writer.look()
        assert writer.full is None
        await writer.close()

    asyncio.run(run())


def test_a_nearly_full_disk_takes_nothing_more(tmp_path, monkeypatch):
    async def run():
        writer = start(tmp_path, free=1 << 20)
        writer.look()
        assert writer.full is None

        class Full:
            f_bavail, f_frsize = 100, 4096

        monkeypatch.setattr(os, "statvfs", lambda _: Full)
        writer.look()
        with pytest.raises(BackPressureError, match="409600 bytes are left"):
            writer.append(lambda _: draft())

        def refuse(_):
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "statvfs", refuse)
        writer.look()
        assert writer.full == "0 bytes are left on the disk of the journal"
        await writer.close()

    asyncio.run(run())


def test_what_an_earlier_start_left_counts_until_the_store_has_it(tmp_path):
    async def run():
        before = start(tmp_path)
        await before.append(lambda _: draft("x" * 1_000))
        await before.close()
        after = start(tmp_path)
        assert after.spool.size == 0  # nobody has said yet what of it is in the store
        after.sealed(0)
        assert after.spool.size > 1_000
        after.sealed(10)
        assert after.spool.size == 0
        await after.close()

    asyncio.run(run())


def test_a_journal_that_cannot_be_measured_is_a_journal_error(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("evidence.writer._found", refuse)
    with pytest.raises(JournalError, match="Input/output error"):
        start(tmp_path)


class Hanging:
    """A disk whose next sync does not come back until it is let go."""

    def __init__(self, monkeypatch):
        self._let_go, self._real = threading.Event(), os.fdatasync
        self._hangs = True
        monkeypatch.setattr(os, "fdatasync", self._fdatasync)

    def _fdatasync(self, descriptor):
        if self._hangs:
            self._let_go.wait(60)
        self._real(descriptor)

    def let_go(self):
        self._hangs = False
        self._let_go.set()


@pytest.mark.parametrize("way", WAYS)
def test_a_disk_that_hangs_hangs_nobody(tmp_path, monkeypatch, way):
    monkeypatch.setattr("evidence.chain_sync.AsyncSync", WAYS[way])

    async def run():
        writer = start(tmp_path, sync=0.05)
        disk = Hanging(monkeypatch)
        first = writer.append(lambda _: draft("first"))
        with pytest.raises(JournalError, match=r"has not synced the journal for 0.05 seconds"):
            await first
        assert writer.stuck
        with pytest.raises(JournalError):
            writer.append(lambda _: draft("second"))
        await writer.close()  # waits for nothing
        disk.let_go()
        while writer.stuck:  # noqa: ASYNC110 - a thread ends, and then the loop is told
            await asyncio.sleep(0.01)
        assert writer.failure is not None

    asyncio.run(run())


def test_a_sync_in_time_cancels_the_alarm(tmp_path):
    async def run():
        writer = start(tmp_path, sync=60.0)
        await writer.append(lambda _: draft())
        await writer.close()
        assert not writer.stuck

    asyncio.run(run())


def test_a_chain_that_cannot_be_closed_was_not(tmp_path, monkeypatch):
    async def run():
        writer = start(tmp_path)
        await writer.append(lambda _: draft())

        def refuse(*_):
            raise OSError(errno.EIO, "Input/output error")

        with monkeypatch.context() as broken:
            broken.setattr(os, "fdatasync", refuse)
            await writer.close()
        return writer.directory

    assert holding.abandoned(asyncio.run(run())) is holding.Reason.DISK


def types(path):
    [directory] = path.iterdir()
    return [
        Record.parse(frame.payload).type
        for file in journal.files(directory)
        for frame in journal.frames(file.read_bytes())
    ]


def test_a_few_records_are_written_by_whoever_has_them(tmp_path):
    for _ in range(2):
        [one, two] = record_once(tmp_path, [draft("a"), draft("b")], retention_class="std7y", version="0")
        assert two.position.seq == one.position.seq + 1
    assert types(tmp_path) == ["chain.opened", "decision", "decision", "chain.closed"] * 2


def test_a_chain_that_is_held_is_not_written_by_others(tmp_path):
    held = Chain.open(tmp_path, retention_class="std7y", version="0")
    [one] = record_once(tmp_path, [draft()], retention_class="std7y", version="0")
    assert one.position.chain != held.name
    held.close()


def test_a_few_records_on_a_disk_that_fails_are_a_journal_error(tmp_path, monkeypatch):
    syncs = iter([None, OSError(errno.EIO, "Input/output error")])

    def fdatasync(_):
        if (error := next(syncs)) is not None:
            raise error

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    with pytest.raises(JournalError, match="Input/output error"):
        record_once(tmp_path, [draft()], retention_class="std7y", version="0")


def test_what_the_service_itself_says_is_taken_where_room_is_short(tmp_path):
    async def run():
        writer = start(tmp_path, spool_size=1)
        await writer.append(lambda _: draft())
        with pytest.raises(BackPressureError):
            writer.append(lambda _: draft())
        await writer.append(lambda _: draft("activated"), always=True)
        await writer.close()

    asyncio.run(run())


def test_a_disk_that_hangs_at_the_end_holds_up_nobody(tmp_path, monkeypatch):
    async def run():
        writer = start(tmp_path, sync=0.05)
        await writer.append(lambda _: draft())
        disk = Hanging(monkeypatch)
        await writer.close()
        disk.let_go()
        await asyncio.get_running_loop().run_in_executor(None, writer._sync._executor.shutdown)

    asyncio.run(run())
