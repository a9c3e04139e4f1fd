import asyncio
import errno
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from evidence import journal, record
from evidence import writer as writer_module
from evidence.chain import Chain
from evidence.errors import DamagedJournalError, JournalError, MalformedError, RecordTooLargeError
from evidence.holding import class_of
from evidence.record import Draft, Record
from evidence.writer import Writer
from tests.evidence.fake_kernel import WAYS

NOW = datetime(2026, 11, 22, 10, 46, 23, 123456, tzinfo=UTC)


@pytest.fixture(params=WAYS)
def each_way(request, monkeypatch):
    """Sync in each way there is: a test may have `os.fdatasync` fail in both."""
    monkeypatch.setattr("evidence.chain_sync.AsyncSync", WAYS[request.param])


def draft(text="x"):
    return Draft(type="decision", tenant="default", body={"text": text})


def start(path):
    return Writer.open(path, retention_class="std7y", version="0", clock=lambda: NOW)


def records(path):
    found = []
    for directory in sorted(path.iterdir()):
        for file in journal.files(directory):
            found += [frame.payload for frame in journal.frames(file.read_bytes())]
    return found


def check_chain(payloads):
    """Every record of one chain names the one before it, without gaps, epochs rising by one at each opening."""
    prev, epoch = "0" * 64, 0
    for seq, payload in enumerate(payloads):
        found = Record.parse(payload)
        epoch += found.type == record.OPENED
        assert (found.seq, found.prev, found.epoch) == (seq, prev, epoch)
        prev = record.leaf(payload)


async def append_some(path, *texts):
    writer = start(path)
    appended = await asyncio.gather(*[writer.append(lambda _, text=text: draft(text)) for text in texts])
    await writer.close()
    return appended


@pytest.mark.usefixtures("each_way")
def test_records_are_on_disk_when_the_future_ends(tmp_path):
    async def run():
        writer = start(tmp_path)
        appended = await writer.append(lambda position: draft(position.decision_id))
        payload = records(tmp_path)[-1]
        assert Record.parse(payload).body["text"] == appended.position.decision_id
        assert record.leaf(payload) == appended.leaf
        await writer.close()

    asyncio.run(run())


def test_what_waits_for_the_store_is_counted(tmp_path):
    now = [100.0]

    async def run():
        waiting = []
        for start_ in range(2):
            writer = Writer.open(tmp_path, retention_class="std7y", version="0", ticks=lambda: now[0])
            waiting.append(writer.unsealed)
            last = [await writer.append(lambda _: draft()) for _ in range(3)][-1]
            waiting.append(writer.unsealed)
            now[0] += 10
            assert writer.age == 10
            writer.sealed(last.position.seq - start_)
            waiting.append(writer.unsealed)
            assert writer.retention_class == "std7y"
            await writer.close()
        return waiting

    # The opening's record counts as earlier, until the sealer has spoken; the first start leaves its last one, too.
    assert asyncio.run(run()) == [0, 3, 1, 0, 3, 2]


@pytest.mark.usefixtures("each_way")
def test_many_callers_share_a_chain(tmp_path):
    appended = asyncio.run(append_some(tmp_path, *map(str, range(500))))
    payloads = records(tmp_path)
    check_chain(payloads)
    assert [one.position.seq for one in appended] == list(range(1, 501))
    assert [Record.parse(payload).body.get("text") for payload in payloads[1:-1]] == [str(n) for n in range(500)]


def test_a_chain_is_continued_after_a_restart(tmp_path):
    first = asyncio.run(append_some(tmp_path, "a"))
    second = asyncio.run(append_some(tmp_path, "b"))
    assert first[0].position.chain == second[0].position.chain
    check_chain(records(tmp_path))


def test_two_writers_have_two_chains(tmp_path):
    async def run():
        one, two = start(tmp_path), start(tmp_path)
        assert one.chain != two.chain
        await one.close()
        await two.close()

    asyncio.run(run())


def test_another_class_is_another_chain(tmp_path):
    asyncio.run(append_some(tmp_path, "a"))
    other = Writer.open(tmp_path, retention_class="sec1y", version="0")
    assert class_of(tmp_path / other.chain) == "sec1y"
    assert len(list(tmp_path.iterdir())) == 2
    asyncio.run(other.close())


def test_a_torn_write_is_recorded(tmp_path):
    appended = asyncio.run(append_some(tmp_path, "a"))
    file = journal.files(tmp_path / appended[0].position.chain)[-1]
    with file.open("ab") as end:
        end.write(b"torn" + bytes(100))
    asyncio.run(append_some(tmp_path, "b"))
    payloads = records(tmp_path)
    check_chain(payloads)
    types = [Record.parse(payload).type for payload in payloads]
    before, after = ["chain.opened", "decision", "chain.closed"], ["chain.opened", "recovery", "decision"]
    assert types == [*before, *after, "chain.closed"]
    assert Record.parse(payloads[4]).body["dropped_bytes"] == 4


def test_an_altered_journal_is_not_continued(tmp_path):
    appended = asyncio.run(append_some(tmp_path, "a"))
    file = journal.files(tmp_path / appended[0].position.chain)[-1]
    data = bytearray(file.read_bytes())
    data[30] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(DamagedJournalError):
        start(tmp_path)


@pytest.mark.usefixtures("each_way")
def test_a_new_file_begins_when_one_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "MAX_FILE", 400)

    async def run():
        writer = start(tmp_path)
        for number in range(10):
            await writer.append(lambda _, number=number: draft(str(number)))
        await writer.close()
        assert len(journal.files(tmp_path / writer.chain)) > 2

    asyncio.run(run())
    check_chain(records(tmp_path))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [(draft("x" * 70_000), RecordTooLargeError), (draft("\ud800"), MalformedError)],
    ids=["too large", "no canonical form"],
)
def test_a_draft_that_cannot_be_leaves_no_gap(tmp_path, wrong, error):
    async def run():
        writer = start(tmp_path)
        with pytest.raises(error):
            await writer.append(lambda _: wrong)
        await writer.append(lambda _: draft("right"))
        await writer.close()

    asyncio.run(run())
    check_chain(records(tmp_path))


def test_a_build_that_raises_leaves_no_gap(tmp_path):
    async def run():
        writer = start(tmp_path)
        with pytest.raises(ZeroDivisionError):
            await writer.append(lambda _: 1 / 0)
        await writer.append(lambda _: draft("right"))
        await writer.close()

    asyncio.run(run())
    check_chain(records(tmp_path))


def test_who_was_cancelled_need_not_hear_that_a_build_raised(tmp_path):
    async def run():
        writer = start(tmp_path)
        writer.append(lambda _: 1 / 0).cancel()
        last = writer.append(lambda _: draft("right"))
        assert writer.queued == 2
        await last
        await writer.close()

    asyncio.run(run())
    check_chain(records(tmp_path))


@pytest.mark.usefixtures("each_way")
def test_closing_waits_for_what_was_taken_in(tmp_path):
    async def run():
        writer = start(tmp_path)
        waiting = writer.append(lambda _: draft("last"))
        await writer.close()
        return await waiting

    assert asyncio.run(run()).position.seq == 1


@pytest.mark.usefixtures("each_way")
def test_closing_waits_for_a_sync_that_nobody_waits_for(tmp_path):
    async def run():
        writer = start(tmp_path)
        gone = writer.append(lambda _: draft("gone"))
        while writer.queued:  # noqa: ASYNC110 - the flush is the loop's next turn
            await asyncio.sleep(0)
        gone.cancel()
        await writer.close()

    asyncio.run(run())
    check_chain(records(tmp_path))
    assert [Record.parse(payload).type for payload in records(tmp_path)][1:] == ["decision", "chain.closed"]


def batches(path):
    """How many syncs the records of the only chain shared: frames of one batch say the same of what was durable."""
    [directory] = path.iterdir()
    data = journal.files(directory)[-1].read_bytes()
    return len({frame.durable for frame in journal.frames(data)})


@pytest.mark.usefixtures("each_way")
def test_one_sync_does_for_all_that_were_said_to_be_coming(tmp_path):
    async def run():
        writer = start(tmp_path)

        async def one(number):
            with writer.coming():
                for _ in range(number):
                    await asyncio.sleep(0)
            await writer.append(lambda _: draft(str(number)))

        await asyncio.gather(*[one(number) for number in range(1, 9)])
        await writer.close()

    asyncio.run(run())
    check_chain(records(tmp_path))
    assert batches(tmp_path) == 3  # the opening, all eight, and the closing


def test_a_sync_does_not_wait_for_ever_for_what_is_coming(tmp_path):
    async def run():
        writer = start(tmp_path)
        with writer.coming():
            await writer.append(lambda _: draft("first"))
            await writer.append(lambda _: draft("second"))
        await writer.close()

    asyncio.run(run())
    assert batches(tmp_path) == 4


def test_who_came_together_is_expected_to_come_together_again(tmp_path, monkeypatch):
    async def run():
        writer = start(tmp_path)
        await asyncio.gather(*[writer.append(lambda _: draft("together")) for _ in range(4)])
        monkeypatch.setattr(writer_module, "PATIENCE", 60.0)

        async def one(number):
            for _ in range(number * 3):
                await asyncio.sleep(0)
            await writer.append(lambda _: draft(str(number)))

        await asyncio.gather(*[one(number) for number in range(4)])
        await writer.close()

    asyncio.run(run())
    assert batches(tmp_path) == 4  # the opening, twice all four, and the closing


def test_whoever_stays_away_is_waited_for_once(tmp_path):
    async def run():
        writer = start(tmp_path)
        await asyncio.gather(*[writer.append(lambda _: draft("together")) for _ in range(4)])
        await writer.append(lambda _: draft("alone"))
        assert writer._together == 1
        await writer.close()

    asyncio.run(run())


@pytest.mark.usefixtures("each_way")
def test_who_gave_up_is_not_told_that_the_disk_failed(tmp_path, monkeypatch):
    async def run():
        writer = start(tmp_path)
        with monkeypatch.context() as broken:
            Faults(broken, "fdatasync", errno.EIO)
            gone, told = writer.append(lambda _: draft("gone")), writer.append(lambda _: draft("told"))
            gone.cancel()
            with pytest.raises(JournalError):
                await told
        await writer.close()

    asyncio.run(run())


class Faults:
    """A disk that fails from now on."""

    def __init__(self, monkeypatch, call, code):
        def fail(*_):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, call, fail)


async def fails(path, monkeypatch, call, code):
    writer = start(path)
    await writer.append(lambda _: draft("acknowledged"))
    with monkeypatch.context() as broken:
        Faults(broken, call, code)
        waiting = [writer.append(lambda _: draft("lost")) for _ in range(3)]
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {JournalError}
    with pytest.raises(JournalError):
        writer.append(lambda _: draft("after"))
    await writer.close()
    return writer.chain


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["disk full", "input/output error"])
@pytest.mark.usefixtures("each_way")
def test_a_write_that_fails_ends_the_writer_and_not_the_chain(tmp_path, monkeypatch, code):
    chain = asyncio.run(fails(tmp_path, monkeypatch, "pwrite", code))
    again = asyncio.run(append_some(tmp_path, "b"))
    assert again[0].position.chain == chain
    check_chain(records(tmp_path))
    assert sum(b"acknowledged" in payload for payload in records(tmp_path)) == 1


def test_a_disk_without_space_to_set_aside_ends_the_writer(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "SET_ASIDE", 100)
    chain = asyncio.run(fails(tmp_path, monkeypatch, "posix_fallocate", errno.ENOSPC))
    assert asyncio.run(append_some(tmp_path, "b"))[0].position.chain == chain


@pytest.mark.usefixtures("each_way")
def test_a_sync_that_fails_ends_the_chain(tmp_path, monkeypatch):
    chain = asyncio.run(fails(tmp_path, monkeypatch, "fdatasync", errno.EIO))
    again = asyncio.run(append_some(tmp_path, "b"))
    assert again[0].position.chain != chain


@pytest.mark.usefixtures("each_way")
def test_a_sync_that_fails_on_a_disk_that_takes_nothing_more_still_ends_the_writer(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "read-only file system")

    monkeypatch.setattr("evidence.writer.Path.touch", refuse)
    asyncio.run(fails(tmp_path, monkeypatch, "fdatasync", errno.EIO))


def test_a_disk_that_does_not_take_the_first_record_is_a_journal_error(tmp_path, monkeypatch):
    with monkeypatch.context() as broken:
        Faults(broken, "pwrite", errno.ENOSPC)
        with pytest.raises(JournalError):
            start(tmp_path)


def test_callers_that_gave_up_do_not_disturb_the_others(tmp_path):
    async def run():
        writer = start(tmp_path)
        gone, kept = writer.append(lambda _: draft("gone")), writer.append(lambda _: draft("kept"))
        gone.cancel()
        await kept
        await writer.close()

    asyncio.run(run())
    check_chain(records(tmp_path))
    assert len(records(tmp_path)) == 4


def test_the_clock_is_a_machines_clock_unless_told(tmp_path):
    writer = Writer.open(tmp_path, retention_class="std7y", version="0")
    asyncio.run(writer.close())
    assert Record.parse(records(tmp_path)[0]).time > "2026"


@pytest.mark.parametrize("content", [None, "UPPER", b"\xff"], ids=["none", "no class", "no text"])
def test_a_directory_without_a_class_is_no_chain(tmp_path, content):
    stray = tmp_path / "stray"
    stray.mkdir()
    if content is not None:
        (stray / "class").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert class_of(stray) is None
    assert asyncio.run(append_some(tmp_path, "a"))[0].position.chain != "stray"


def test_a_chain_whose_journal_is_gone_is_not_begun_again(tmp_path):
    appended = asyncio.run(append_some(tmp_path, "a"))
    for file in journal.files(tmp_path / appended[0].position.chain):
        file.unlink()
    assert asyncio.run(append_some(tmp_path, "b"))[0].position.chain != appended[0].position.chain


def test_what_is_no_chain_is_not_continued(tmp_path):
    appended = asyncio.run(append_some(tmp_path, "a"))
    chain = tmp_path / appended[0].position.chain
    shutil.copytree(chain, chain.with_name(chain.name + ".bak"))
    lock = journal.try_lock(chain)  # somebody holds the chain, so that only the copy would be free
    assert start(tmp_path).chain not in (chain.name, chain.name + ".bak")
    os.close(lock)


def test_a_chain_under_another_name_is_refused(tmp_path):
    appended = asyncio.run(append_some(tmp_path, "a"))
    chain = tmp_path / appended[0].position.chain
    chain.rename(chain.with_name("0" * 20))
    with pytest.raises(DamagedJournalError, match="holds records of chain"):
        start(tmp_path)


def test_a_chain_whose_opening_was_not_synced_is_not_continued(tmp_path, monkeypatch):
    with monkeypatch.context() as broken:
        Faults(broken, "fdatasync", errno.EIO)
        with pytest.raises(JournalError):
            start(tmp_path)
    [chain] = tmp_path.iterdir()
    assert asyncio.run(append_some(tmp_path, "b"))[0].position.chain != chain.name


KILLED = """
import asyncio, os, sys
from pathlib import Path
from evidence.record import Draft
from evidence.writer import Writer

async def run():
    writer = Writer.open(Path(sys.argv[1]), retention_class="std7y", version="0")
    async def one():
        while True:
            appended = await writer.append(lambda _: Draft(type="decision", tenant="a", body={}))
            os.write(1, (appended.position.decision_id + "\\n").encode())
    await asyncio.gather(*[one() for _ in range(20)])

asyncio.run(run())
"""


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9(tmp_path):
    acknowledged = []
    for _ in range(5):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        acknowledged += [child.stdout.readline().strip() for _ in range(200)]
        child.kill()
        acknowledged += [line for line in child.stdout.read().split("\n")[:-1] if line]
        child.wait()
        child.stdout.close()
    payloads = records(tmp_path)
    check_chain(payloads)
    ids = [Record.parse(payload).position.decision_id for payload in payloads]
    assert len(set(ids)) == len(ids)
    assert len(set(acknowledged)) == len(acknowledged)
    assert set(acknowledged) <= set(ids)


@pytest.mark.usefixtures("each_way")
def test_what_arrives_during_a_sync_is_synced_next(tmp_path):
    async def run():
        writer = start(tmp_path)
        first = writer.append(lambda _: draft("first"))
        while writer.queued:  # noqa: ASYNC110 - the flush is the loop's next turn
            await asyncio.sleep(0)
        second = writer.append(lambda _: draft("second"))
        await asyncio.gather(first, second)
        await writer.close()

    asyncio.run(run())
    assert batches(tmp_path) == 4


@pytest.mark.parametrize("call", ["ftruncate", "close"])
def test_a_disk_that_fails_as_a_chain_is_let_go_of_takes_nothing_back(tmp_path, monkeypatch, call):
    """The records are on disk by then, and whoever asked for them must hear of it."""
    real, writing = getattr(os, call), []

    def fail(descriptor, *rest):
        if call == "close" and descriptor not in writing:
            return real(descriptor, *rest)
        if call == "close":
            real(descriptor)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    chain = Chain.open(tmp_path, retention_class="std7y", version="0")
    writing += [chain._file, chain._lock]
    with monkeypatch.context() as broken:
        broken.setattr(os, call, fail)
        chain.close()
    lock = journal.try_lock(chain.directory)
    assert lock is not None
    os.close(lock)
    again = Writer.open(tmp_path, retention_class="std7y", version="0")
    assert again.chain == chain.name
    asyncio.run(again.close())


def test_a_chain_that_could_not_be_opened_is_let_go_of(tmp_path, monkeypatch):
    chain = asyncio.run(append_some(tmp_path, "a"))[0].position.chain
    file = journal.files(tmp_path / chain)[-1]
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"decision", b"derision"))
    with pytest.raises(DamagedJournalError):
        start(tmp_path)
    file.write_bytes(whole)
    with monkeypatch.context() as broken:
        Faults(broken, "pwrite", errno.ENOSPC)
        with pytest.raises(JournalError):
            start(tmp_path)
    assert asyncio.run(append_some(tmp_path, "b"))[0].position.chain == chain
