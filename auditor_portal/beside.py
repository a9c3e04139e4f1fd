"""Work beside the requests: what reads a large log is done in a process of its own, few at once, one of an engagement.

Owns the queue, who is done next, how far it is, and that its process ends with this one. Knows nothing of what is done:
a job is handed over and called there. What it comes to is told on a thread of this process, which may write it down.
"""

import logging
import os
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final, Protocol

from app.core_dumps import refuse_core_dumps
from app.pdp.lifeline import end_with_parent

AT_ONCE: Final = 2
"""How many jobs are done at once, of all engagements together."""

MOST: Final = 16
"""How many jobs are taken that are not over."""

_NICE: Final = 10
_LOG = logging.getLogger(__name__)

Told = Callable[[int, int], None]
"""Is told how many of how many parts are done."""


class Job(Protocol):
    """What is done: a value that can be sent to another process, called there with whom it tells how far it is."""

    def __call__(self, told: Told) -> Any:
        """Do it, and return what it came to.

        Raises:
            WorkError: it cannot be done.
        """


class WorkError(Exception):
    """What was to be done was not; the message is one line, for who asked for it."""


class CrowdedError(Exception):
    """Nothing more is taken now: one job of an engagement at a time, and not many of all. `code` is a problem's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


Launch = Callable[[Job, Told], Any]
"""Does a job, and returns what it came to, or raises what it raised."""


@dataclass(slots=True)
class _Task:
    job: Job
    engagement: str
    began: Callable[[], None]
    ended: Callable[[Any], None]
    failed: Callable[[str], None]
    progress: tuple[int, int] = (0, 0)


class Beside:
    """The queue of one process, which `owner` names."""

    def __init__(self, launch: Launch | None = None, *, at_once: int = AT_ONCE, most: int = MOST) -> None:
        """Begin with nothing to do.

        Args:
            launch: does a job; None: in a process of its own.
            at_once: how many are done at once.
            most: how many are taken that are not over.
        """
        self.owner: Final = secrets.token_hex(16)
        self._launch, self._at_once, self._most = launch or in_a_process, at_once, most
        self._tasks: dict[str, _Task] = {}
        self._waiting: deque[str] = deque()
        self._threads = 0
        self._changing = threading.Condition()

    def submit(  # noqa: PLR0913 - what is done, for whom, and who hears of it
        self,
        name: str,
        engagement: str,
        job: Job,
        *,
        began: Callable[[], None],
        ended: Callable[[Any], None],
        failed: Callable[[str], None],
        kept: Callable[[], None],
    ) -> None:
        """Take a job. `kept` writes it down before anybody begins it; the others hear of it on another thread.

        Raises:
            CrowdedError: one of this engagement is not over yet, or too many wait.
        """
        with self._changing:
            if any(each.engagement == engagement for each in self._tasks.values()):
                raise CrowdedError(
                    "conflict", "one at a time: another test or report of this engagement is not over yet"
                )
            if len(self._tasks) >= self._most:
                raise CrowdedError("overloaded", "too much waits already: ask again in some minutes")
            self._tasks[name] = _Task(job, engagement, began, ended, failed)
        try:
            kept()
        except BaseException:
            with self._changing:
                del self._tasks[name]
            raise
        with self._changing:
            self._waiting.append(name)
            if self._threads < self._at_once:
                self._threads += 1
                threading.Thread(target=self._work, daemon=True, name="beside").start()

    def progress(self, name: str) -> tuple[int, int] | None:
        """Return how many of how many parts are done of a job, or None where this process has none of that name."""
        task = self._tasks.get(name)
        return None if task is None else task.progress

    def join(self, seconds: float) -> bool:
        """Wait until nothing is left to do; return whether that came in time."""
        with self._changing:
            return self._changing.wait_for(lambda: not self._tasks and not self._threads, seconds)

    def _work(self) -> None:
        while (name := self._next()) is not None:
            task = self._tasks[name]
            try:
                self._do(task)
            except Exception:  # noqa: BLE001 - the next one has to be done all the same
                _LOG.exception("what was done beside the requests could not be written down")
            finally:
                with self._changing:
                    del self._tasks[name]
                    self._changing.notify_all()

    def _next(self) -> str | None:
        with self._changing:
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            self._changing.notify_all()
            return None

    def _do(self, task: _Task) -> None:
        task.began()
        try:
            task.ended(self._launch(task.job, lambda done, of: setattr(task, "progress", (done, of))))
        except WorkError as error:
            task.failed(str(error))
        except Exception:  # noqa: BLE001 - whatever it is, who asked hears that it is over
            _LOG.exception("what was done beside the requests failed")
            task.failed("it failed, and says nothing of why to the outside; the operator's log has it")


def in_a_process(job: Job, told: Told) -> Any:
    """Do a job in a process of its own, which gives way to others and ends with this thread.

    Raises:
        WorkError: it cannot be done, or its process died.
    """
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_done_there, args=(job, sending, os.getpid()), daemon=True)
    process.start()
    sending.close()
    try:
        while True:
            match receiving.recv():
                case ("told", int(done), int(of)):
                    told(done, of)
                case ("done", result):
                    return result
                case ("failed", str(why)):
                    raise WorkError(why)
    except EOFError:
        raise WorkError("it was interrupted: its process ended; start it again") from None
    finally:
        receiving.close()
        process.join()


def _done_there(job: Job, sending: Connection, parent: int) -> None:
    refuse_core_dumps()
    end_with_parent(parent)
    os.nice(_NICE)
    try:
        result = job(lambda done, of: sending.send(("told", done, of)))
    except WorkError as error:
        sending.send(("failed", str(error)))
    else:
        sending.send(("done", result))
