"""The evaluators of one worker for one bundle: who gets which request, and what happens when a process ends.

Owns the queue, the number of evaluators, and the life of the zygote. Knows nothing of what a policy says: queries and
results are text. A new bundle gets a new `Evaluators`; the old one is closed when its last request is answered.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic
from typing import Final, Self

from app.pdp import frames
from app.pdp.errors import EvaluationError, EvaluatorsGoneError
from app.pdp.evaluator import Evaluator, Request
from app.pdp.zygote_process import ZygoteProcess

WAITING: Final = 2048
"""Requests that may wait for an evaluator; more are refused at once, which is better than too late."""

IN_FLIGHT: Final = 8
"""Requests one evaluator may hold: enough to keep it busy, few enough to be sent again cheaply."""

ATTEMPTS: Final = 3
"""How often in a row starting processes may fail before `Evaluators.gone`."""

PAUSE: Final = 1.0
"""Seconds between two attempts, and between two starts of a zygote."""


class Evaluators:
    """Evaluators are running, or about to be, until `close` or until `gone` is done.

    `digest` is that of the bundle. `gone` resolves to an `EvaluatorsGoneError` when no evaluator can be had any more;
    the process that sees it can only end.
    """

    def __init__(self, snapshot: Path, fingerprint: str, *, count: int, deadline: float, memory: int) -> None:
        """Start nothing; `start` is the way to get evaluators that run."""
        self._loop = asyncio.get_running_loop()
        self._snapshot, self._fingerprint = snapshot, fingerprint
        self._count = count
        self._deadline = deadline
        self._memory = memory
        self._waiting: deque[Request] = deque()
        self._running: list[Evaluator] = []
        self._open = 0
        self._scheduled = False
        self._vacant = asyncio.Event()
        self._drained: asyncio.Future[None] | None = None
        self._zygote: ZygoteProcess | None = None
        self._started = 0.0
        self._tender: asyncio.Task[None]
        self.digest = ""
        self.gone: asyncio.Future[EvaluatorsGoneError] = self._loop.create_future()

    @classmethod
    async def start(
        cls, snapshot: Path, fingerprint: str, *, count: int = 2, deadline: float = 0.25, memory: int = 256 << 20
    ) -> Self:
        """Load the bundle in `snapshot` and fork `count` evaluators.

        `fingerprint` is that of the bundle, which was loaded and so is the one of the file's name: every zygote, the
        first and whichever follows it, loads these bytes or none.

        The zygote lives as long as the thread this is called on: let that be the main thread. `deadline` is in
        seconds, for one evaluation; `memory` in bytes, for one evaluator beyond what the loaded bundle takes.

        Raises:
            BundleError: the snapshot cannot be loaded or is another one, or one of its entries raises.
            EvaluatorsGoneError: the processes cannot be started.
        """
        evaluators = cls(snapshot, fingerprint, count=count, deadline=deadline, memory=memory)
        try:
            await evaluators._fill()
        except BaseException:
            evaluators._stop()
            raise
        evaluators._tender = evaluators._loop.create_task(evaluators._tend())
        evaluators._tender.add_done_callback(evaluators._give_up)
        return evaluators

    async def evaluate(self, query: str, text: bytes) -> bytes:
        """Return the engine's answer to `query` with the input `text`, JSON both.

        Raises:
            EvaluationError: `evaluation_failed`, a rule raised or the result is too long; `evaluation_timeout`, it
                took longer than the deadline; `evaluation_crashed`, its evaluator ended; `evaluators_busy`, too many
                requests wait already.
            EvaluatorsGoneError: closed, or see `gone`.
        """
        if self._drained is not None or self.gone.done():
            raise EvaluatorsGoneError("there are no evaluators")
        if len(self._waiting) >= WAITING:
            raise EvaluationError("evaluators_busy")
        waiter: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting.append((frames.request(query, text), waiter))
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._dispatch)
        self._open += 1
        try:
            return await waiter
        finally:
            self._open -= 1
            if self._drained is not None and not self._open:
                self._drained.set_result(None)

    @property
    def waiting(self) -> int:
        """Return how many requests wait for an evaluator."""
        return len(self._waiting)

    async def close(self, *, at_once: bool = False) -> None:
        """Take no more requests, answer those there are (or, `at_once`, deny them), and end all processes."""
        if self._drained is None:
            self._drained = self._loop.create_future()
        if self._open and not at_once:
            await asyncio.shield(self._drained)
        self._tender.cancel()
        await asyncio.wait([self._tender])
        self._stop()

    def _dispatch(self) -> None:
        """Spread what waits over the evaluators, so that each has about as much in flight as the others."""
        self._scheduled = False
        waiting = self._waiting
        if not (waiting and self._running):
            return
        total = len(waiting) + sum([len(evaluator.line) for evaluator in self._running])
        share = min(IN_FLIGHT, -(-total // len(self._running)))
        for evaluator in self._running:
            batch: list[Request] = []
            room = share - len(evaluator.line)
            while len(batch) < room and waiting:
                request = waiting.popleft()
                if not request[1].done():  # else its caller has left
                    batch.append(request)
            if batch:
                evaluator.send(batch)

    def _ended(self, evaluator: Evaluator, innocent: Sequence[Request]) -> None:
        self._running.remove(evaluator)
        self._waiting.extendleft(reversed(innocent))
        self._vacant.set()
        self._dispatch()

    def _lost(self) -> None:
        """Deny everything: without the zygote its evaluators end too, and nobody knows when there will be others."""
        self._deny_all()
        self._vacant.set()

    async def _tend(self) -> None:
        """Fill vacancies for ever.

        Raises:
            PdpError: it cannot be done.
        """
        failures = 0
        while True:
            await self._vacant.wait()
            self._vacant.clear()
            try:
                await self._fill()
                failures = 0
            except EvaluatorsGoneError:
                failures += 1
                if failures >= ATTEMPTS and not self._running:
                    raise
                self._loop.call_later(PAUSE, self._vacant.set)

    async def _fill(self) -> None:
        """Start a zygote if there is none, and fork the evaluators that are missing."""
        if self._zygote is None or self._zygote.lost:
            await asyncio.sleep(self._started + PAUSE - monotonic())
            self._started = monotonic()
            self._zygote = await ZygoteProcess.start(self._snapshot, self._fingerprint, self._memory, self._lost)
            self.digest = self._zygote.digest
        while len(self._running) < self._count:
            forked = await self._zygote.fork()
            self._running.append(Evaluator(forked, self._deadline, self._dispatch, self._ended))
            self._dispatch()

    def _give_up(self, tender: asyncio.Task[None]) -> None:
        if tender.cancelled():
            return
        self.gone.set_result(EvaluatorsGoneError(str(tender.exception())))
        self._stop()

    def _stop(self) -> None:
        self._deny_all()
        if self._zygote is not None:
            self._zygote.stop()

    def _deny_all(self) -> None:
        for evaluator in self._running:
            _deny(evaluator.stop())
        self._running.clear()
        _deny(self._waiting)
        self._waiting.clear()


def _deny(requests: Iterable[Request]) -> None:
    for _, waiter in requests:
        if not waiter.done():
            waiter.set_exception(EvaluationError("evaluation_crashed"))
