"""The short way to an answer: the engine's virtual machine on the worker's own thread, for the actions proved equal.

Owns which actions take it now, which inputs it is never given, and the second look: a share of its answers is computed
again by the interpreter, after the caller has theirs. One difference, and the action is the interpreter's until its
bundle changes. Who is told, and how that outlives this process, is the worker's business.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from random import random
from typing import Final

from app.pdp.decide import Evaluate
from app.pdp.engine import ENGINE, Machine
from app.pdp.errors import EngineError, EnginePanicError, EvaluationError, EvaluatorsGoneError

MACHINE_ENGINE: Final = ENGINE.replace("regorus/", "regorus-vm/")
"""Name and version of the virtual machine, as records state it."""

MAX_INPUT: Final = 16_384
"""Bytes of an input; a longer one would hold the worker's thread for too long, whatever the number of instructions."""

_WAITING: Final = 64  # answers that wait for a second look; a worker that has no time for more looks at fewer
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_TIME: Final = b'"0000-00-00'  # how a time begins, every digit taken for a 0
_USUAL_TIME: Final = re.compile(
    rb'"(?=1[789]|20|21|22[0-5])[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z"'
)
"""One at which the interpreter fails as little as the machine: within nanoseconds in 64 bits, and in UTC."""

OnDifference = Callable[[str, str], Awaitable[None]]
"""Is told the query and the id of the decision."""


@dataclass(frozen=True, slots=True)
class _Answered:
    query: str
    text: bytes
    answer: bytes
    decision_id: str


async def _nobody(query: str, decision_id: str) -> None: ...


class FastPath:
    """Closed until `open`; `share` of the answers (0 to 1) is looked at again by `evaluate`, the interpreter's way."""

    def __init__(self, evaluate: Evaluate, *, share: float = 0.0, chance: Callable[[], float] = random) -> None:
        self._evaluate, self._share, self._chance = evaluate, share, chance
        self._machine: Machine | None = None
        self._trusted: set[str] = set()
        self._distrusted: set[str] = set()
        self._waiting: deque[_Answered] = deque()
        self._looking: asyncio.Task[None] | None = None
        self.on_difference: OnDifference = _nobody

    @property
    def trusted(self) -> frozenset[str]:
        """Return the queries that the machine answers."""
        return frozenset(self._trusted)

    def trusts(self, query: str) -> bool:
        """Tell whether the machine answers a query."""
        return query in self._trusted

    @property
    def opened(self) -> bool:
        """Tell whether there is a machine."""
        return self._machine is not None

    def open(self, machine: Machine, queries: Iterable[str]) -> None:
        """Have `machine`, which was made on this thread, answer `queries`, but for those distrusted before."""
        self._machine, self._trusted = machine, {*queries} - self._distrusted

    def distrust(self, query: str) -> None:
        """Have the interpreter answer `query` from now on."""
        self._trusted.discard(query)
        self._distrusted.add(query)

    def answer(self, query: str, text: bytes) -> bytes | None:
        """Return the machine's answer, or nothing where the interpreter has to be asked."""
        if query not in self._trusted or self._machine is None or not fits(text):
            return None
        try:
            return self._machine.evaluate(query, text.decode()).encode()
        except EnginePanicError:
            self._machine = None
            self._trusted.clear()
        except EngineError:
            pass
        return None

    def chosen(self) -> bool:
        """Draw whether an answer is looked at again."""
        return self._share > 0 and self._chance() < self._share

    def look_again(self, query: str, text: bytes, answer: bytes, decision_id: str) -> None:
        """Have the interpreter compute an answer again, soon; does not wait, and does nothing where too many wait."""
        if len(self._waiting) < _WAITING:
            self._waiting.append(_Answered(query, text, answer, decision_id))
            if self._looking is None or self._looking.done():
                self._looking = asyncio.get_running_loop().create_task(self._look())

    async def close(self) -> None:
        """Answer and look at nothing more; call it on the machine's thread, which alone may let go of it."""
        self._machine = None
        self._trusted.clear()
        self._waiting.clear()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look(self) -> None:
        while self._waiting:
            answered = self._waiting.popleft()
            try:
                expected = await self._evaluate(answered.query, answered.text)
            except EvaluatorsGoneError:
                return
            except EvaluationError as error:
                if error.code != "evaluation_failed":  # which says nothing about the policy
                    continue
                expected = b"{}"
            if canonical(answered.answer) != canonical(expected):
                self.distrust(answered.query)
                await self.on_difference(answered.query, answered.decision_id)


class Asking:
    """One decision's way to its answer; `engine` is what gave it, by the name that records have for it."""

    __slots__ = ("_again", "_evaluate", "_fast", "engine")

    def __init__(self, fast: FastPath | None, evaluate: Evaluate, engine: str) -> None:
        self._fast, self._evaluate, self.engine = fast, evaluate, engine
        self._again: tuple[str, bytes, bytes] | None = None

    async def evaluate(self, query: str, text: bytes) -> bytes:
        """Return the engine's answer; see `decide.Evaluate`.

        Raises:
            EvaluationError, EvaluatorsGoneError: see `Evaluators.evaluate`.
        """
        answer = None if self._fast is None else self._fast.answer(query, text)
        if self._fast is None or answer is None:
            return await self._evaluate(query, text)
        self.engine = MACHINE_ENGINE
        if self._fast.chosen():
            self._again = (query, text, answer)
        return answer

    def recorded(self, decision_id: str) -> None:
        """Take note that the decision is on record: what was drawn for a second look gets it now."""
        if self._fast is not None and self._again is not None:
            self._fast.look_again(*self._again, decision_id)


def fits(text: bytes) -> bool:
    """Tell whether the machine may be given an input at all."""
    if len(text) > MAX_INPUT:
        return False
    alike, place = text.translate(_DIGITS), -1
    while (place := alike.find(_TIME, place + 1)) >= 0:
        if _USUAL_TIME.match(text, place) is None:
            return False
    return True


def canonical(answer: str | bytes) -> str:
    """Return the decision in an answer of either engine in one form: names sorted, no blanks; empty if there is none.

    `1`, `1.0` and `true` stay apart.
    """
    match json.loads(answer):
        case {"result": [{"expressions": [{"value": value}]}]}:
            return json.dumps(value, sort_keys=True, separators=(",", ":"))
    return ""
