"""A worker has the engines compared once, opens the fast path for what was proved, and makes a difference known."""

import asyncio
import json
import os
from itertools import pairwise
from types import SimpleNamespace

import pytest

from app import machine_files, machine_watch
from app.machine_watch import MachineWatch, alarms
from app.pdp.errors import EngineError, UnrecordedError
from app.pdp.fast_path import FastPath
from tests.pdp.machines import QUERY, text
from tests.pdp.shop import SCHEMA, SELL, stocked


class Point:
    """Stands for a decision point."""

    def __init__(self, bundle, fast=None):
        self.policies = SimpleNamespace(bundle=bundle, fast=fast)
        self.own = {"acme": None}
        self.said = []

    async def disagreed(self, bundle, action, decision_id):
        self.said.append((bundle.digest, action, decision_id))
        raise UnrecordedError("the disk is full")


@pytest.fixture
def bundle(tmp_path):
    return stocked(tmp_path / "policies")


@pytest.fixture
def bundles(tmp_path):
    directory = tmp_path / "bundles"
    directory.mkdir()
    return directory


async def never(_query, _given):
    return b"{}"


def run(bundles, bundle, does, prove=None, clock=lambda: 1_000.0):
    """Run `does` with a watch and a decision point whose fast path is closed."""

    async def main():
        asked = []

        async def proving(given, _first):
            asked.append(given.digest)
            return {"shop.sell": ""}

        watch = MachineWatch(bundles, prove=prove or proving, clock=clock)
        point = Point(bundle, FastPath(never, share=1.0))
        try:
            return await does(watch, point), asked
        finally:
            await watch.close()
            await point.policies.fast.close()

    return asyncio.run(main())


async def compared(watch, point):
    await watch.look(point)
    await watch._comparing
    await watch.look(point)


def test_what_was_proved_is_decided_on_the_fast_path(bundles, bundle):
    async def look(watch, point):
        await compared(watch, point)
        await watch.look(point)
        return point.policies.fast.answer(QUERY, text().encode())

    answer, asked = run(bundles, bundle, look)
    assert b'"allow": true' in answer
    assert asked == [bundle.digest]
    assert machine_files.load_verdicts(bundles, bundle.digest) == {"shop.sell": ""}


def test_it_is_compared_once_for_each_bundle(bundles, bundle):
    machine_files.keep_verdicts(bundles, bundle.digest, {"shop.sell": "", "shop.gone": ""})

    async def look(watch, point):
        await watch.look(point)
        return point.policies.fast.trusted

    assert run(bundles, bundle, look) == ({QUERY}, [])


def test_while_somebody_compares_nobody_else_does(bundles, bundle):
    async def look(watch, point):
        with machine_files.comparing(bundles):
            await watch.look(point)
            await watch._comparing
        return point.policies.fast.opened

    assert run(bundles, bundle, look) == (False, [])


def test_a_comparison_under_way_is_waited_for_and_can_be_given_up(bundles, bundle):
    began = []

    async def prove(given, _first):
        began.append(given)
        await asyncio.sleep(60)

    async def look(watch, point):
        for _ in range(3):
            await watch.look(point)
            await asyncio.sleep(0)

    run(bundles, bundle, look, prove)
    assert len(began) == 1


class Busy:
    """A machine without time: each comparison gives what is next, and then nothing more."""

    def __init__(self, *found):
        self.found, self.asked, self.now = [*found], [], 1_000.0

    def clock(self):
        return self.now

    async def prove(self, _bundle, first):
        self.asked.append((self.now, first))
        return self.found.pop(0) if self.found else {}

    async def look(self, watch, point, seconds):
        """Look each ten seconds."""
        for _ in range(0, seconds, 10):
            await watch.look(point)
            if watch._comparing is not None:
                await watch._comparing
            self.now += 10


def test_what_could_not_be_compared_is_tried_again_after_pauses_that_grow(bundles, bundle, caplog):
    busy = Busy()

    async def look(watch, point):
        await busy.look(watch, point, 12_000)
        return point.policies.fast.opened

    assert run(bundles, bundle, look, busy.prove, busy.clock)[0] is False
    times = [time for time, _ in busy.asked]
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]
    assert "could not be compared on 1 actions; again in 60 seconds" in caplog.text


def test_once_there_is_time_it_is_compared_after_all(bundles, bundle):
    busy = Busy({}, {}, {"shop.sell": ""})

    async def look(watch, point):
        await busy.look(watch, point, 600)
        return point.policies.fast.trusted

    assert run(bundles, bundle, look, busy.prove, busy.clock)[0] == {QUERY}
    assert len(busy.asked) == 3


def test_a_clock_that_is_set_back_is_no_reason_to_wait(bundles, bundle):
    busy = Busy({}, {"shop.sell": ""})

    async def look(watch, point):
        await busy.look(watch, point, 10)
        busy.now = -100_000.0
        await busy.look(watch, point, 20)
        return point.policies.fast.trusted

    assert run(bundles, bundle, look, busy.prove, busy.clock)[0] == {QUERY}


@pytest.fixture
def two(tmp_path):
    """Return a bundle of two actions."""
    files = {
        "rego/shop/trade.rego": SELL.replace("package shop.sell", "package shop.trade").replace(
            "shop.sell", "shop.trade"
        ),
        "rego/shop/trade.schema.json": json.dumps(SCHEMA),
    }
    return stocked(tmp_path / "two", files)


def test_what_was_compared_is_on_the_fast_path_and_the_rest_follows(bundles, two):
    busy = Busy({"shop.sell": ""}, {"shop.trade": "", "shop.sell": "never asked"})
    seen = []

    async def look(watch, point):
        for _ in range(10):
            await busy.look(watch, point, 10)
            seen.append(point.policies.fast.trusted)

    run(bundles, two, look, busy.prove, busy.clock)
    assert [first for _, first in busy.asked] == ["shop.sell", "shop.trade"]
    assert seen[1] == {QUERY}
    assert seen[-1] == {QUERY, QUERY.replace("sell", "trade")}
    assert machine_files.load_verdicts(bundles, two.digest) == {"shop.sell": "", "shop.trade": ""}


def test_what_differed_stays_the_interpreters_when_the_rest_follows(bundles, two):
    """Even where that could not be written down."""
    busy = Busy({"shop.sell": ""}, {"shop.trade": ""})

    async def look(watch, point):
        await busy.look(watch, point, 20)
        point.policies.fast.distrust(QUERY)
        await busy.look(watch, point, 100)
        return point.policies.fast.trusted

    assert run(bundles, two, look, busy.prove, busy.clock)[0] == {QUERY.replace("sell", "trade")}


def test_a_difference_is_a_verdict_and_never_tried_again(bundles, bundle):
    busy = Busy({"shop.sell": "the engines differ on input 1 of those compared"}, {"shop.sell": ""})

    async def look(watch, point):
        await busy.look(watch, point, 8_000)
        return point.policies.fast.trusted

    assert run(bundles, bundle, look, busy.prove, busy.clock)[0] == set()
    assert len(busy.asked) == 1


def test_where_it_cannot_be_kept_it_is_not_tried_again(bundles, bundle, caplog):
    async def prove(_given, _first):
        raise OSError(28, "No space left on device")

    async def look(watch, point):
        await compared(watch, point)
        return watch._comparing.done(), point.policies.fast.opened

    assert run(bundles, bundle, look, prove)[0] == (True, False)
    assert "the engines are not compared: No space left on device" in caplog.text


def test_programs_that_do_not_load_keep_it_closed(bundles, bundle, caplog, monkeypatch):
    machine_files.keep_verdicts(bundles, bundle.digest, {"shop.sell": ""})

    def refuse(*_):
        raise EngineError("no such instruction")

    monkeypatch.setattr(machine_watch, "compile_program", refuse)

    async def look(watch, point):
        await watch.look(point)
        await watch.look(point)
        return point.policies.fast.opened

    assert run(bundles, bundle, look)[0] is False
    assert caplog.text.count("the fast path stays closed: no such instruction") == 1


def test_what_another_worker_distrusts_is_the_interpreters(bundles, bundle):
    machine_files.keep_verdicts(bundles, bundle.digest, {"shop.sell": ""})

    async def look(watch, point):
        await watch.look(point)
        before = point.policies.fast.trusted
        machine_files.distrust(bundles, bundle.digest, "shop.sell")
        await watch.look(point)
        return before, point.policies.fast.trusted

    assert run(bundles, bundle, look)[0] == ({QUERY}, set())
    assert run(bundles, bundle, look)[0] == (set(), set())  # after a start too
    assert alarms(bundles, bundle.digest) == ("engines differ: shop.sell",)


@pytest.mark.parametrize("writable", [True, False], ids=["others are told", "others cannot be told"])
def test_a_difference_is_made_known(bundles, bundle, caplog, writable):
    machine_files.keep_verdicts(bundles, bundle.digest, {"shop.sell": ""})
    if not writable:
        os.mknod(bundles / f"{bundle.digest}.distrusted")

    async def differ(watch, point):
        await watch.look(point)
        fast = point.policies.fast
        answer = fast.answer(QUERY, text().encode())
        fast.look_again(QUERY, text().encode(), answer, "c-7")
        await fast._looking
        return point.said, fast.trusted

    said, trusted = run(bundles, bundle, differ)[0]
    assert said == [(bundle.digest, "shop.sell", "c-7")]
    assert trusted == set()
    assert "the engines differ on `shop.sell` in decision c-7" in caplog.text
    assert ("the other workers cannot be told" in caplog.text) is not writable
    assert machine_files.distrusted(bundles, bundle.digest) == ({"shop.sell"} if writable else set())


def test_where_it_is_turned_off_there_is_nothing_to_do(bundles, bundle):
    async def look(watch, point):
        point.policies = SimpleNamespace(bundle=bundle, fast=None)
        await watch.look(point)
        point.policies = SimpleNamespace(bundle=bundle, fast=FastPath(never))
        return watch._comparing

    assert run(bundles, bundle, look) == (None, [])
