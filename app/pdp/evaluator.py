"""One evaluator as its worker sees it: a stream of requests, answers in order, one deadline.

Owns the line of requests in flight and the rule of who pays when the process ends: the head of the line alone, because
an evaluator answers each request before it looks at the next. Knows nothing of forking, or of what the bytes mean.
"""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final

from app.pdp import frames
from app.pdp.errors import EvaluationError
from app.pdp.zygote_process import Forked

Request = tuple[bytes, asyncio.Future[bytes]]
"""The frame to send, and who waits for the result."""

_CHUNK: Final = 1 << 18


class Evaluator:
    """A running evaluator, or one that has ended; it never comes back."""

    def __init__(self, forked: Forked, deadline: float, on_room: Callable[[], None], on_end: "OnEnd") -> None:
        """Watch `forked` on the running loop.

        `deadline` is in seconds and runs while a request is at the head of the line. `on_room` is called after
        answers, `on_end` once with the innocent requests that were in flight when the process ended by itself or was
        killed for the deadline.
        """
        self._loop = asyncio.get_running_loop()
        self._connection = forked.connection
        self._process = forked.process
        self._deadline = deadline
        self._on_room = on_room
        self._on_end = on_end
        self.line: deque[Request] = deque()
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._unsent = b""
        self._unread = b""
        self._ended = False
        self._loop.add_reader(self._connection, self._receive)

    def send(self, requests: Sequence[Request]) -> None:
        """Put `requests`, at least one, at the end of the line, in one write."""
        if not self.line:
            self._since = monotonic()
        self.line.extend(requests)
        if self._timer is None:
            self._timer = self._loop.call_later(self._deadline, self._check)
        batch = b"".join([frame for frame, _ in requests])
        if self._unsent:
            self._unsent += batch
        else:
            self._write(batch)

    def stop(self) -> list[Request]:
        """Kill the process, let go of it, and return the line. Call it once."""
        self._ended = True
        self._loop.remove_reader(self._connection)
        self._loop.remove_writer(self._connection)
        self._connection.close()
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        os.close(self._process)
        if self._timer is not None:
            self._timer.cancel()
        line, self.line = list(self.line), deque()
        return line

    def _write(self, batch: bytes) -> None:
        try:
            sent = self._connection.send(batch)
        except OSError:
            sent = 0  # there is no room, or it has ended: reading tells
        if sent < len(batch):
            self._unsent = batch[sent:]
            self._loop.add_writer(self._connection, self._write_rest)

    def _write_rest(self) -> None:
        batch, self._unsent = self._unsent, b""
        self._loop.remove_writer(self._connection)
        self._write(batch)

    def _receive(self) -> None:
        try:
            chunk = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if chunk:
            self._since = monotonic()  # a result is written when its evaluation is over
            self._answer(self._unread + chunk if self._unread else chunk)
        else:
            self._end("evaluation_crashed")

    def _answer(self, chunk: bytes) -> None:
        start, limit, size = 0, len(chunk), frames.ANSWER.size
        while start + size <= limit:
            first = start + size
            end = first + frames.ANSWER.unpack_from(chunk, start)[0]
            if end > limit:
                break
            waiter = self.line.popleft()[1]
            if not waiter.done():
                if end > first:
                    waiter.set_result(chunk[first:end])
                else:
                    waiter.set_exception(EvaluationError("evaluation_failed"))
            start = end
        self._unread = chunk[start:]
        self._on_room()

    def _check(self) -> None:
        """Kill the process if the head of the line is overdue."""
        self._receive()  # the answer may lie there while the loop was busy elsewhere
        if self._ended:
            return
        left = self._since + self._deadline - monotonic()
        if not self.line:
            self._timer = None
        elif left > 0:
            self._timer = self._loop.call_later(left, self._check)
        else:
            self._end("evaluation_timeout")

    def _end(self, code: str) -> None:
        line = self.stop()
        if line and not line[0][1].done():
            line[0][1].set_exception(EvaluationError(code))
        self._on_end(self, line[1:])


OnEnd = Callable[[Evaluator, Sequence[Request]], None]
