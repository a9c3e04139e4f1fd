"""Deciding in this process, at once: for tests of policies and for replaying what was recorded.

Nothing here bounds time or memory, so it is for policies that were admitted, and never for a caller who waits.
"""

from collections.abc import Coroutine
from typing import Any

from app.pdp.bundle import Bundle
from app.pdp.decide import Decided, decide
from app.pdp.engine import Engine, Engines
from app.pdp.errors import EngineError, EnginePanicError, EvaluationError


def decide_here(bundle: Bundle, engine: Engine | Engines, document: dict[str, Any]) -> Decided:
    """Return what `bundle`, which `engine` holds, decides on `document`; see `decide`.

    Raises:
        EnginePanicError: the engine broke down; throw it away.
    """

    async def evaluate(query: str, text: bytes) -> bytes:
        try:
            return engine.evaluate(query, text.decode()).encode()
        except EnginePanicError:
            raise
        except EngineError:
            raise EvaluationError("evaluation_failed") from None

    return _finish(decide(bundle, evaluate, document))


def _finish(decided: Coroutine[Any, Any, Decided]) -> Decided:
    """Return what a coroutine that never waits returns; there may be a running loop around us."""
    try:
        decided.send(None)
    except StopIteration as done:
        result: Decided = done.value
        return result
    raise RuntimeError("an evaluation in this process waited")  # pragma: no cover - `evaluate` above never does
