"""A thousand requests that are made to break the evaluators, among ten thousand that are not: none of those is lost."""

import asyncio
import random
from collections import Counter

import pytest
import uvloop

from tests.pdp.evaluating import (
    ECHO,
    ENDLESS,
    FAILING,
    PANICKING,
    RECURSING,
    SWELLING,
    WHOLE,
    ask,
    numbered,
    running,
    write,
)

GOOD = 10_000
AT_ONCE = 200
ABUSES = {
    "half a character": (200, ECHO, b'{"n": "\\ud800"}'),
    "no UTF-8": (100, ECHO, b'{"n": "\xff"}'),
    "no JSON": (50, ECHO, b'{"n": '),
    "an input 10,000 deep": (200, ECHO, b'{"n": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"),
    "a number without end": (50, ECHO, b'{"n": 1e999999}'),
    "a rule that raises": (100, FAILING, b'{"s": "x"}'),
    "a result that is too long": (50, WHOLE, b'"' + b"x" * 300_000 + b'"'),
    "a panic": (100, PANICKING, b'{"s": ""}'),
    "a function that calls itself": (100, RECURSING, numbered(10_000)),
    "a memory bomb": (30, SWELLING, numbered(0, s="")),
    "a loop of 900 million": (20, ENDLESS, numbered(0)),
}


def storm():
    """Return requests and what they are, a number or the name of an abuse, in an order of no kind."""
    asked = [(ECHO, numbered(n), n) for n in range(GOOD)]
    asked += [(query, text, name) for name, (times, query, text) in ABUSES.items() for _ in range(times)]
    random.Random(20261122).shuffle(asked)
    return asked


@pytest.mark.slow
def test_abuse_among_good_requests_loses_none_of_them(tmp_path):
    asked = storm()
    room = asyncio.Semaphore(AT_ONCE)

    async def one(evaluators, query, text):
        async with room:
            return await ask(evaluators, query, text)

    async def main():
        async with running(write(tmp_path / "bundle.json"), deadline=1.0, memory=64 << 20) as evaluators:
            answers = await asyncio.gather(*[one(evaluators, query, text) for query, text, _ in asked])
            return answers, await ask(evaluators, ECHO, numbered(-1))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answers, after = runner.run(main())
    got = Counter()
    for (_, _, what), answer in zip(asked, answers, strict=True):
        good = isinstance(what, int)
        denied = answer in {"evaluation_failed", "evaluation_crashed", "evaluation_timeout"}
        got["good" if good else what, "right" if (answer == what if good else denied) else str(answer)[:40]] += 1
    assert got == {("good", "right"): GOOD} | {(name, "right"): times for name, (times, *_) in ABUSES.items()}
    assert len(asked) == GOOD + 1_000
    assert after == -1
