"""The decision point for threads: each question is asked on the loop of the process, and the thread waits.

Decides nothing itself. A worker's loop serves decisions to others meanwhile, so nobody may wait for it on it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import CancelledError
from typing import Any, Final, TypeVar

from app.pdp.enforce import Caller, Pdp, Permit, Policies, Recorded
from app.pdp.errors import UnrecordedError
from app.pdp.model import Decision, Durability, EvaluationRequest

PATIENCE: Final = 30.0
"""Seconds a thread waits; longer than what the worker itself waits for the store."""

_T = TypeVar("_T")


class OnLoopError(Exception):
    """Code on the loop would wait for the loop: it awaits `Pdp` instead."""


class BlockingPdp:
    """See `Pdp`; its methods here return only when it is done, and are called on any thread but the loop's."""

    def __init__(self, pdp: Pdp, loop: asyncio.AbstractEventLoop, *, patience: float = PATIENCE) -> None:
        """Ask `pdp`, which lives on `loop`, and wait `patience` seconds at most."""
        self._pdp, self._loop, self._patience = pdp, loop, patience

    @property
    def policies(self) -> Policies:
        """Return the node's policies in force."""
        return self._pdp.policies

    def enforce(
        self, request: EvaluationRequest, caller: Caller, *, durability: Durability = Durability.JOURNAL
    ) -> Permit:
        """Return a permit for `request`, or raise.

        Raises:
            DeniedError, MalformedRequestError, TooLargeError, EvaluatorsGoneError, NoPoliciesError: see `Pdp.enforce`.
            UnrecordedError: the log could not take the decision, or did not in time. No evidence, no action.
            OnLoopError: see there.
        """
        return self._wait(lambda: self._pdp.enforce(request, caller, durability=durability))

    def evaluate(
        self, request: EvaluationRequest, caller: Caller, *, durability: Durability = Durability.JOURNAL
    ) -> Recorded:
        """Return the decision on `request`, allow or deny, once it is on record; raises as `enforce`, not a denial."""
        return self._wait(lambda: self._pdp.evaluate(request, caller, durability=durability))

    def preview(self, request: EvaluationRequest, caller: Caller) -> Decision:
        """Return what policy would decide on `request` by now, unrecorded; see `Pdp.preview`, and raises as it does."""
        return self._wait(lambda: self._pdp.preview(request, caller))

    def note(self, kind: str, caller: Caller, body: Mapping[str, Any]) -> None:
        """Record something that is no decision; see `Pdp.note`.

        Raises:
            UnrecordedError: the log could not take it, or did not in time.
            OnLoopError: see there.
        """
        self._wait(lambda: self._pdp.note(kind, caller, body))

    def _wait(self, begin: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        try:
            running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is self._loop:
            raise OnLoopError("this is the loop of the decision point: await it")
        if self._loop.is_closed():
            raise UnrecordedError("the decision point has ended")
        future = asyncio.run_coroutine_threadsafe(begin(), self._loop)
        try:
            return future.result(self._patience)
        except TimeoutError:
            future.cancel()
            raise UnrecordedError("the decision did not come in time") from None
        except CancelledError:
            raise UnrecordedError("the decision point has ended") from None
