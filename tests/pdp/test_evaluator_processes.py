"""How the processes of the evaluators start, what holds them, how they end, and that nothing is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import uvloop

from app.pdp import evaluators as pool
from app.pdp import zygote_process
from app.pdp.errors import BundleError, EvaluatorsGoneError
from app.pdp.evaluators import Evaluators
from app.pdp.zygote_process import ZygoteProcess
from tests.pdp.evaluating import (
    ECHO,
    ENDLESS,
    PANICKING,
    PATIENT,
    ROOT,
    ask,
    asking,
    children,
    fingerprint,
    numbered,
    readable,
    running,
    sent,
    until,
    write,
    zygote,
)


@pytest.fixture(
    params=[
        pytest.param(asyncio.new_event_loop, id="asyncio", marks=pytest.mark.slow),
        pytest.param(uvloop.new_event_loop, id="uvloop"),
    ]
)
def run(request):
    with asyncio.Runner(loop_factory=request.param) as runner:
        runner.get_loop()
        yield runner.run


@pytest.fixture
def snapshot(tmp_path):
    return write(tmp_path / "bundle.json")


def descriptors():
    return sorted(link.name for link in Path("/proc/self/fd").iterdir())


@pytest.mark.slow
def test_a_dead_zygote_denies_what_is_pending_and_is_started_again(run, snapshot):
    async def main():
        async with running(snapshot, deadline=PATIENT) as evaluators:
            asked = asking(evaluators, ENDLESS, *[numbered(0)] * 40)
            await sent(evaluators, 2 * pool.IN_FLIGHT)
            os.kill(zygote(), signal.SIGKILL)
            denied = await asyncio.gather(*asked)
            answers = await asyncio.gather(*[ask(evaluators, ECHO, numbered(n)) for n in range(10)])
            await until(lambda: len(evaluators._running) == 2)
            assert len(children(zygote())) == 2
            return denied, answers

    assert run(main()) == (["evaluation_crashed"] * 40, list(range(10)))


@pytest.mark.slow
def test_without_any_evaluator_to_be_had_everybody_learns_it(run, snapshot):
    async def main():
        async with running(snapshot) as evaluators:
            snapshot.unlink()
            os.kill(zygote(), signal.SIGKILL)
            await until(lambda: evaluators._zygote.lost)
            (waiting,) = asking(evaluators, ECHO, numbered(1))
            reason = await evaluators.gone
            assert isinstance(reason, EvaluatorsGoneError)
            assert "No such file" in str(reason)
            assert await waiting == "evaluation_crashed"
            with pytest.raises(EvaluatorsGoneError):
                await evaluators.evaluate(ECHO, numbered(1))

    run(main())


def test_a_snapshot_that_was_edited_decides_nothing(run, snapshot):
    async def main():
        async with running(snapshot, deadline=PATIENT) as evaluators:
            edited = snapshot.read_text().replace("echo := input.n", "echo := 666")
            snapshot.write_text(edited)
            assert await ask(evaluators, ECHO, numbered(1)) == 1
            os.kill(zygote(), signal.SIGKILL)
            await until(lambda: evaluators._zygote.lost)
            (waiting,) = asking(evaluators, ECHO, numbered(1))
            assert "bundle.json:1:1: is not what it was" in str(await evaluators.gone)
            assert await waiting == "evaluation_crashed"

    run(main())


def test_a_zygote_that_does_not_start_is_tried_three_times(run, snapshot, monkeypatch):
    tried = []

    async def main():
        async with running(snapshot) as evaluators:
            monkeypatch.setattr(pool, "PAUSE", 0.0)
            monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: tried.append(1) or Path("/none").read_bytes())
            os.kill(zygote(), signal.SIGKILL)
            return str(await evaluators.gone)

    assert run(main()) == "the zygote does not start"
    assert len(tried) >= pool.ATTEMPTS


def test_an_evaluator_that_cannot_be_forked_is_tried_again_while_another_runs(run, snapshot, monkeypatch):
    refused = []
    fork = ZygoteProcess.fork

    async def main():
        async with running(snapshot) as evaluators:

            async def unwilling(held):
                if len(refused) <= pool.ATTEMPTS:
                    refused.append(1)
                    raise EvaluatorsGoneError("not now")
                return await fork(held)

            monkeypatch.setattr(pool, "PAUSE", 0.0)
            monkeypatch.setattr(ZygoteProcess, "fork", unwilling)
            os.kill(children(zygote())[0], signal.SIGKILL)
            await until(lambda: len(evaluators._running) == 1)
            answer = await ask(evaluators, ECHO, numbered(1))
            await until(lambda: len(evaluators._running) == 2)
            return answer

    assert run(main()) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"modules": {"a.rego": "package a\nx := {"}}, "a.rego:2:7: expecting expression", id="half a rule"
        ),
        pytest.param({"modules": {"t.rego": "package t\necho := y\n"}}, "t.rego:2:9: var y is unsafe", id="unsafe"),
        pytest.param(
            {"entries": {"data.t.": ["t.rego"]}}, "<query.rego>:1:1: expecting", id="an entry that is no query"
        ),
        pytest.param({"entries": {ECHO: ["u.rego"]}}, "'u.rego'", id="an entry that needs what is not there"),
        pytest.param({"data": "[]"}, "data must be object", id="data that is a list"),
        pytest.param({"modules": [1]}, "", id="modules that are a list"),
    ],
)
def test_a_bundle_that_cannot_be_loaded_is_refused_with_its_reason(run, tmp_path, changes, message):
    before = descriptors()
    with pytest.raises(BundleError) as raised:
        run(Evaluators.start(changed := write(tmp_path / "bundle.json", **changes), fingerprint(changed)))
    assert str(raised.value).startswith(message)
    assert descriptors() == before


def test_no_bundle_is_refused_too(run, tmp_path):
    with pytest.raises(BundleError, match="No such file"):
        run(Evaluators.start(tmp_path / "none.json", "0" * 64))


def test_no_interpreter_is_no_evaluators(run, snapshot, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    before = descriptors()
    with pytest.raises(EvaluatorsGoneError, match="the zygote does not start"):
        run(Evaluators.start(snapshot, fingerprint(snapshot)))
    assert descriptors() == before


def test_a_zygote_that_is_not_ready_in_time_is_no_zygote(run, snapshot, monkeypatch):
    monkeypatch.setattr(zygote_process, "START", 0.0)
    before = descriptors()
    with pytest.raises(EvaluatorsGoneError, match="the zygote does not answer"):
        run(Evaluators.start(snapshot, fingerprint(snapshot)))
    assert descriptors() == before


def test_an_evaluator_that_is_not_forked_in_time_is_let_go(run, snapshot, monkeypatch):
    async def main():
        held = await ZygoteProcess.start(snapshot, fingerprint(snapshot), 1 << 28, lambda: None)
        before = descriptors()
        os.kill(zygote(), signal.SIGSTOP)
        monkeypatch.setattr(zygote_process, "FORK", 0.0)
        with pytest.raises(EvaluatorsGoneError, match="the zygote does not answer"):
            await held.fork()
        os.kill(zygote(), signal.SIGCONT)
        await until(lambda: not held._replies)
        monkeypatch.undo()
        assert descriptors() == before
        held.stop()
        held.stop()
        with pytest.raises(EvaluatorsGoneError, match="the zygote does not fork"):
            await held.fork()

    run(main())


def test_a_zygote_that_ends_while_it_is_asked_to_fork_is_lost(run, snapshot):
    lost = []

    async def main():
        held = await ZygoteProcess.start(snapshot, fingerprint(snapshot), 1 << 28, lambda: lost.append(1))
        before = descriptors()
        os.kill(zygote(), signal.SIGSTOP)
        forking = asyncio.create_task(held.fork())
        await until(lambda: held._replies)
        os.kill(zygote(), signal.SIGKILL)
        with pytest.raises(EvaluatorsGoneError, match="the zygote has ended"):
            await forking
        assert len(before) - len(descriptors()) == 1

    run(main())
    assert lost == [1]


def test_an_evaluator_that_cannot_be_confined_does_not_run(run, snapshot):
    before = descriptors()
    with pytest.raises(EvaluatorsGoneError, match="an evaluator ended before it was ready"):
        run(Evaluators.start(snapshot, fingerprint(snapshot), memory=1 << 64))
    assert descriptors() == before


def test_nothing_is_left_behind(run, snapshot):
    before = descriptors()

    async def main():
        async with running(snapshot, count=3, deadline=PATIENT) as evaluators:
            processes = [os.pidfd_open(number) for number in (zygote(), *children(zygote()))]
            await asyncio.gather(*[ask(evaluators, PANICKING, b'{"s": ""}') for _ in range(20)])
            await asyncio.gather(*[ask(evaluators, ECHO, numbered(n)) for n in range(20)])
            await until(lambda: len(evaluators._running) == 3)
            processes += [os.pidfd_open(number) for number in children(zygote())]
            await evaluators.close()
            for process in processes:
                readable(process)
                os.close(process)

    run(main())
    assert descriptors() == before


def test_an_evaluator_is_confined_and_holds_nothing_but_its_stream(run, snapshot):
    async def look():
        async with running(snapshot, count=3, memory=100 << 20):
            return [confinement(Path(f"/proc/{number}")) for number in children(zygote())]

    seen = run(look())
    assert len(seen) == 3
    for opened, space, core in seen:
        assert opened[:3] == ["/dev/null"] * 3
        assert len(opened) == 4
        assert opened[3].startswith("socket:")
        assert 100 << 20 < int(space) < 300 << 20
        assert core == "0"


def confinement(process):
    opened = sorted(link.readlink().as_posix() for link in (process / "fd").iterdir())
    limits = (process / "limits").read_text().splitlines()
    space, core = (next(line for line in limits if line.startswith(name)) for name in ("Max address", "Max core"))
    return opened, space.split()[3], core.split()[4]


def test_signals_for_the_whole_group_leave_evaluators_to_their_worker(run, snapshot):
    async def main():
        async with running(snapshot, count=1) as evaluators:
            before = children(zygote())
            for number in (zygote(), *before):
                for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    os.kill(number, sign)
            answer = await ask(evaluators, ECHO, numbered(1))
            assert children(zygote()) == before
            return answer

    assert run(main()) == 1


def test_processes_die_with_the_worker(snapshot):
    script = """
import asyncio, sys
from pathlib import Path
from app.pdp.evaluators import Evaluators

async def main():
    evaluators = await Evaluators.start(Path(sys.argv[1]), sys.argv[2], deadline=60.0)
    endless = [asyncio.create_task(evaluators.evaluate("data.t.endless", b'{"n": 0}')) for _ in range(4)]
    print("running", flush=True)
    await asyncio.gather(*endless)

asyncio.run(main())
"""
    command = [sys.executable, "-c", script, snapshot, fingerprint(snapshot)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as worker:
        assert worker.stdout.readline() == b"running\n"
        (parent,) = children(worker.pid)
        evaluators = children(parent)
        assert len(evaluators) == 2
        processes = [os.pidfd_open(number) for number in (parent, *evaluators)]
        worker.kill()
        for process in processes:
            readable(process)
            os.close(process)
