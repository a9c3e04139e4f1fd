"""The log of a worker: chains by class, and who waits until a record is in the store."""

import asyncio

import pytest

from app import sealing_line
from app.node_log import NodeLog, Place
from app.sealing_line import SealerEnd
from evidence import holding
from evidence.chain import utc_now
from evidence.errors import BackPressureError, JournalError, NotLockedError, RetentionError
from evidence.record import Draft
from evidence.writer import Limits

CLASSES = {"std7y": None, "aiact1y": None}


def with_log(path, does, patience=10.0, **limits):
    async def run():
        mine, theirs = sealing_line.pair()
        place = Place(journals=path, version="0", limits=Limits(**limits), clock=utc_now)
        log = NodeLog(place, classes=CLASSES, line=mine, patience=patience)
        try:
            return await does(log, SealerEnd([theirs]))
        finally:
            await log.close()
            theirs.close()

    return asyncio.run(run())


def draft(_):
    return Draft(type="decision", tenant="default", body={})


def test_each_class_has_a_chain_and_none_the_default(tmp_path):
    async def does(log, _):
        log.open(["aiact1y"])
        log.open(["aiact1y"])
        assert len(log.chains()) == 2
        assert log.chain(None) is log.chain("std7y")
        return {name: holding.class_of(log.chain(name).writer.directory) for name in CLASSES}

    assert with_log(tmp_path, does) == {"std7y": "std7y", "aiact1y": "aiact1y"}


def test_a_class_that_is_not_kept_has_no_chain(tmp_path):
    async def does(log, _):
        with pytest.raises(RetentionError, match="`forever` has no days"):
            log.open(["forever"])
        with pytest.raises(RetentionError, match="no chain of class `std7y`"):
            log.chain(None)

    with_log(tmp_path, does)


def test_who_waits_is_answered_when_the_sealer_says_so(tmp_path):
    async def does(log, sealer):
        log.open([])
        chain = log.chain(None)
        with chain.coming():
            pass
        appended = await chain.append(draft)
        waiting = asyncio.ensure_future(chain.locked(appended))
        await asyncio.sleep(0)
        assert sealer.wait(10)[0] == {chain.writer.chain}
        log.look()
        assert sealer.wait(10)[0] == {chain.writer.chain}  # said again, while somebody waits
        sealer.tell(chain.writer.chain, appended.position.seq)
        sealer.tell("0" * 20, 100)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        sealer.tell(chain.writer.chain, appended.position.seq + 1)
        await waiting
        log.look()
        assert sealer.wait(10) == (set(), {chain.writer.chain})

    with_log(tmp_path, does)


def test_nobody_waits_for_ever(tmp_path):
    async def does(log, _):
        log.open([])
        appended = await log.chain(None).append(draft)
        with pytest.raises(NotLockedError, match=appended.position.decision_id):
            await log.chain(None).locked(appended)

    with_log(tmp_path, does, patience=0.01)


def test_a_chain_that_is_full_is_said(tmp_path):
    async def does(log, _):
        log.open([])
        assert log.full is None
        while log.full is None:
            await log.chain(None).append(draft)
        with pytest.raises(BackPressureError):
            await log.chain(None).append(draft)
        assert (log.failure, log.stuck) == (None, False)

    with_log(tmp_path, does, spool_size=1_000)


def test_a_chain_that_is_lost_to_another_takes_nothing_more(tmp_path):
    async def does(log, _):
        log.open([])
        writer = log.chain(None).writer
        holding.abandon(writer.directory, holding.Reason.FENCED)
        log.look()
        assert log.failure == f"chain {writer.chain} is lost to another writer: fenced"
        with pytest.raises(JournalError):
            log.chain(None).append(draft)

    with_log(tmp_path, does)
