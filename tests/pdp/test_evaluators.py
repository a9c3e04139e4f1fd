"""Who gets which answer, who is denied and who is not; with the real engine in real processes."""

import asyncio
import os
import signal
import socket
import subprocess
from collections import Counter

import pytest
import uvloop

from app.pdp import evaluators as pool
from app.pdp import frames
from app.pdp.errors import EvaluationError, EvaluatorsGoneError
from app.pdp.evaluator import Evaluator
from app.pdp.zygote_process import Forked
from tests.pdp.evaluating import (
    ECHO,
    ENDLESS,
    FAILING,
    PANICKING,
    PATIENT,
    RECURSING,
    SWELLING,
    WHOLE,
    ask,
    asking,
    children,
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
        yield runner.run


@pytest.fixture
def snapshot(tmp_path):
    return write(tmp_path / "bundle.json")


def test_what_waits_is_known(run, snapshot):
    async def main():
        async with running(snapshot) as evaluators:
            asked = asyncio.gather(*[ask(evaluators, ECHO, numbered(n)) for n in range(50)])
            await asyncio.sleep(0)  # they are asked, and none was sent
            waiting = evaluators.waiting
            await asked
            return waiting, evaluators.waiting

    assert run(main()) == (50, 0)


def test_everyone_gets_their_own_answer(run, snapshot):
    async def main():
        async with running(snapshot) as evaluators:
            return await asyncio.gather(*[ask(evaluators, ECHO, numbered(n)) for n in range(500)])

    assert run(main()) == list(range(500))


@pytest.mark.parametrize(
    ("query", "text", "answer"),
    [
        pytest.param(ECHO, b"{}", "undefined", id="a rule that does not hold"),
        pytest.param("data.t.nothing", b"{}", "undefined", id="a rule nobody wrote"),
        pytest.param(FAILING, b'{"s": "x"}', "evaluation_failed", id="a rule that raises"),
        pytest.param("data.t.", b"{}", "evaluation_failed", id="no query"),
        pytest.param(ECHO, b"{", "evaluation_failed", id="no JSON"),
        pytest.param(ECHO, b"[" * 10_000 + b"]" * 10_000, "evaluation_failed", id="an input 10,000 deep"),
        pytest.param(WHOLE, b'"' + b"x" * 300_000 + b'"', "evaluation_failed", id="a result that is too long"),
        pytest.param(WHOLE, b'"' + b"x" * 200_000 + b'"', "x" * 200_000, id="a long result"),
        pytest.param(PANICKING, b'{"s": ""}', "evaluation_crashed", id="a panic of the engine"),
        pytest.param(ECHO, b"\xff", "evaluation_crashed", id="no UTF-8"),
        pytest.param(RECURSING, numbered(10_000), "evaluation_crashed", id="a function that calls itself 10,000 times"),
    ],
)
def test_what_one_request_comes_to(run, snapshot, query, text, answer):
    async def main():
        async with running(snapshot, count=1, deadline=PATIENT) as evaluators:
            return await asyncio.gather(
                ask(evaluators, ECHO, numbered(1)), ask(evaluators, query, text), ask(evaluators, ECHO, numbered(2))
            )

    assert run(main()) == [1, answer, 2]


def test_the_error_says_nothing_of_what_the_engine_said(run, snapshot):
    async def main():
        async with running(snapshot, count=1) as evaluators:
            with pytest.raises(EvaluationError) as raised:
                await evaluators.evaluate(FAILING, b'{"s": "a person"}')
            return raised.value

    error = run(main())
    assert (error.args, error.__cause__, error.__context__) == (("evaluation_failed",), None, None)


@pytest.mark.slow
def test_overdue_requests_are_denied_and_nobody_else(run, snapshot):
    async def main():
        async with running(snapshot, deadline=0.5) as evaluators:
            queries = [ENDLESS if n in {50, 51, 150} else ECHO for n in range(200)]
            return await asyncio.gather(*[ask(evaluators, query, numbered(n)) for n, query in enumerate(queries)])

    assert run(main()) == [n if n not in {50, 51, 150} else "evaluation_timeout" for n in range(200)]


@pytest.mark.slow
def test_requests_that_need_too_much_memory_are_denied_and_nobody_else(run, snapshot):
    async def main():
        async with running(snapshot, deadline=PATIENT, memory=64 << 20) as evaluators:
            queries = [SWELLING if n in {20, 70} else ECHO for n in range(100)]
            return await asyncio.gather(*[ask(evaluators, query, numbered(n, s="")) for n, query in enumerate(queries)])

    assert run(main()) == [n if n not in {20, 70} else "evaluation_crashed" for n in range(100)]


def test_only_the_head_of_the_line_pays_when_an_evaluator_is_killed(run, snapshot):
    async def main():
        async with running(snapshot, count=1, deadline=PATIENT) as evaluators:
            (victim,) = children(zygote())
            asked = asking(evaluators, ENDLESS, numbered(0)) + asking(evaluators, ECHO, *map(numbered, range(20)))
            await sent(evaluators, pool.IN_FLIGHT)
            os.kill(victim, signal.SIGKILL)
            return await asyncio.gather(*asked)

    assert run(main()) == ["evaluation_crashed", *range(20)]


def test_an_idle_evaluator_that_is_killed_costs_nobody_an_answer(run, snapshot):
    async def main():
        async with running(snapshot, count=1) as evaluators:
            (victim,) = children(zygote())
            os.kill(victim, signal.SIGKILL)
            await until(lambda: not evaluators._running)
            answer = await ask(evaluators, ECHO, numbered(1))
            assert children(zygote()) not in ([], [victim])
            return answer

    assert run(main()) == 1


def test_a_request_to_an_evaluator_that_has_just_ended_is_denied(run, snapshot):
    async def main():
        async with running(snapshot, count=1) as evaluators:
            os.kill(*children(zygote()), signal.SIGKILL)
            readable(evaluators._running[0]._connection)
            return await asyncio.gather(*[ask(evaluators, ECHO, numbered(n)) for n in range(3)])

    assert run(main())[1:] == [1, 2]


def test_more_than_may_wait_are_refused_at_once(run, snapshot):
    async def main():
        async with running(snapshot) as evaluators:
            return await asyncio.gather(*[ask(evaluators, ECHO, numbered(0)) for _ in range(pool.WAITING + 5)])

    assert Counter(run(main())) == {0: pool.WAITING, "evaluators_busy": 5}


def test_inputs_larger_than_a_socket_takes_at_once_arrive_whole(run, snapshot):
    async def main():
        async with running(snapshot, count=1, deadline=PATIENT) as evaluators:
            texts = [numbered(n, padding="x" * 500_000) for n in range(8)]
            first = asking(evaluators, ECHO, *texts[:3])
            await sent(evaluators, 3)
            return await asyncio.gather(*first, *asking(evaluators, ECHO, *texts[3:]))

    assert run(main()) == list(range(8))


def test_a_caller_that_leaves_takes_nobody_elses_answer(run, snapshot):
    async def main():
        async with running(snapshot, count=1) as evaluators:
            asked = asking(evaluators, ECHO, *map(numbered, range(30)))
            await sent(evaluators, 1)
            asked[3].cancel()
            asked[25].cancel()
            return await asyncio.gather(*asked, return_exceptions=True)

    answers = run(main())
    assert [n for n, answer in enumerate(answers) if isinstance(answer, asyncio.CancelledError)] == [3, 25]
    assert [answer for answer in answers if isinstance(answer, int)] == [n for n in range(30) if n not in {3, 25}]


def test_a_caller_that_leaves_before_its_evaluator_ends_is_left_alone(run, snapshot):
    async def main():
        async with running(snapshot, count=1, deadline=PATIENT) as evaluators:
            asked = asking(evaluators, ENDLESS, numbered(0)) + asking(evaluators, ECHO, numbered(1), numbered(2))
            await sent(evaluators, 3)
            asked[0].cancel()
            asked[1].cancel()
            os.kill(*children(zygote()), signal.SIGKILL)
            answer = await asked[2]
            (left,) = asking(evaluators, ENDLESS, numbered(0))
            await sent(evaluators, 1)
            left.cancel()
            await evaluators.close(at_once=True)
            return answer

    assert run(main()) == 2


def test_an_answer_that_lies_there_beats_the_deadline(run, snapshot):
    async def main():
        async with running(snapshot, count=1, deadline=PATIENT) as evaluators:
            (asked,) = asking(evaluators, ECHO, numbered(1))
            await sent(evaluators, 1)
            (evaluator,) = evaluators._running
            readable(evaluator._connection)  # the loop is busy elsewhere until the answer is there
            evaluator._since -= 2 * PATIENT
            evaluator._check()
            return await asked

    assert run(main()) == 1


def test_a_late_look_at_an_evaluator_that_has_ended_finds_out(run, snapshot):
    async def main():
        async with running(snapshot, count=1, deadline=PATIENT) as evaluators:
            asked = asking(evaluators, ENDLESS, numbered(0)) + asking(evaluators, ECHO, numbered(1))
            await sent(evaluators, 2)
            (evaluator,) = evaluators._running
            os.kill(*children(zygote()), signal.SIGKILL)
            readable(evaluator._connection)
            evaluator._check()
            return await asyncio.gather(*asked)

    assert run(main()) == ["evaluation_crashed", 1]


def test_answers_that_arrive_in_pieces_are_put_together(run):
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    stream = b"".join(frames.ANSWER.pack(len(result)) + result for result in (b"first", b"second"))

    async def main(forked):
        evaluator = Evaluator(forked, PATIENT, lambda: None, lambda *_: None)
        waiters = [asyncio.get_running_loop().create_future() for _ in range(2)]
        evaluator.send([(b"request", waiter) for waiter in waiters])
        for place in range(len(stream)):
            theirs.sendall(stream[place : place + 1])
            evaluator._receive()
        evaluator.stop()
        return await asyncio.gather(*waiters)

    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process, theirs:
        forked = Forked(connection=ours, process=os.pidfd_open(process.pid))
        assert run(main(forked)) == [b"first", b"second"]


def test_closing_answers_what_was_asked_and_takes_no_more(run, snapshot):
    async def main():
        async with running(snapshot) as evaluators:
            asked = asking(evaluators, ECHO, *map(numbered, range(100)))
            await sent(evaluators, 1)
            closing = asyncio.create_task(evaluators.close())
            await asyncio.sleep(0)
            with pytest.raises(EvaluatorsGoneError):
                await evaluators.evaluate(ECHO, numbered(1))
            await closing
            return await asyncio.gather(*asked)

    assert run(main()) == list(range(100))


def test_closing_at_once_denies_what_was_asked(run, snapshot):
    async def main():
        async with running(snapshot, deadline=PATIENT) as evaluators:
            asked = asking(evaluators, ENDLESS, *[numbered(0)] * 40)
            await sent(evaluators, 1)
            await evaluators.close(at_once=True)
            return await asyncio.gather(*asked)

    assert run(main()) == ["evaluation_crashed"] * 40


def test_a_second_bundle_runs_beside_the_first(run, tmp_path):
    first = write(tmp_path / "first.json", modules={"t.rego": "package t\necho := 1"}, digest="01")
    second = write(tmp_path / "second.json", modules={"t.rego": "package t\necho := 2"}, digest="02")

    async def main():
        async with running(first) as old:
            asked = asking(old, ECHO, *[b"{}"] * 50)
            async with running(second) as new:
                await old.close()
                assert (old.digest, new.digest) == ("01", "02")
                return [*await asyncio.gather(*asked), await ask(new, ECHO, b"{}")]

    assert run(main()) == [1] * 50 + [2]


def test_what_is_sent_to_an_evaluator_that_has_just_ended_is_denied(run, snapshot):
    async def main():
        async with running(snapshot, count=1) as evaluators:
            [evaluator] = evaluators._running
            signal.pidfd_send_signal(evaluator._process, signal.SIGKILL)
            readable(evaluator._process)
            waiter = asyncio.get_running_loop().create_future()
            evaluators._waiting.append((frames.request(ECHO, numbered(1)), waiter))
            evaluators._dispatch()  # now, before the loop can tell that it has ended
            with pytest.raises(EvaluationError, match="evaluation_crashed"):
                await waiter
            return await ask(evaluators, ECHO, numbered(2))

    assert run(main()) == 2
