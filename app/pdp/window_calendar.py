"""When change windows are open next: the policy itself is asked, instant by instant.

Owns which instants are worth asking about, and nothing of what makes a window open. Spans shorter than a quarter of an
hour may be passed over.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.pdp.bundle import Bundle, needed
from app.pdp.engine import Engine

_MODULE: Final = "rego/lib/change_window.rego"
_QUERY: Final = "[i | some i, n in input.at; data.lib.change_window.open(input.window, n * 1000000000)]"
_STEP: Final = 900  # seconds
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A span in which a window is open, in Unix seconds: from `begins` until before `ends`.

    `ends` is None where it was still open when looking ended.
    """

    begins: int
    ends: int | None


def openings(bundle: Bundle, now: int, *, days: int = 14) -> dict[str, tuple[Opening, ...]]:
    """Return for each window of `bundle` when it is open between `now` (Unix seconds) and some days later.

    A window that is open now begins now. Blocks for some tens of milliseconds for each window.

    Raises:
        EngineError: the bundle's change windows cannot be evaluated.
    """
    windows: dict[str, Any] = json.loads(bundle.data).get("change_windows", {}).get("windows", {})
    if _MODULE not in bundle.modules:
        return {}
    engine = Engine({path: bundle.modules[path] for path in needed(_MODULE, bundle.modules)}, bundle.data)
    return {name: _openings(engine, name, now, days) for name in sorted(windows)}


def _openings(engine: Engine, window: str, now: int, days: int) -> tuple[Opening, ...]:
    grid = [now, *range(now - now % _STEP + _STEP, now + days * _DAY, _STEP)]
    states = _ask(engine, window, grid)
    turns = [
        (before, after, opened)
        for before, after, closed, opened in zip(grid, grid[1:], states, states[1:], strict=False)
        if closed is not opened
    ]
    moments = _refined(engine, window, turns)
    begins = now if states[0] else None
    return tuple(_spans(begins, [(at, opened) for at, (_, _, opened) in zip(moments, turns, strict=True)]))


def _spans(begins: int | None, turns: Sequence[tuple[int, bool]]) -> Iterator[Opening]:
    for at, opened in turns:
        if begins is not None and not opened:
            yield Opening(begins=begins, ends=at)
        begins = at if opened else None
    if begins is not None:
        yield Opening(begins=begins, ends=None)


def _refined(engine: Engine, window: str, turns: Sequence[tuple[int, int, bool]]) -> list[int]:
    """Return the second at which each turn happens, between two instants of which it happens at the later one."""
    spans = [(before, after) for before, after, _ in turns]
    while any(after - before > 1 for before, after in spans):
        middles = [(before + after) // 2 for before, after in spans]
        states = _ask(engine, window, middles)
        spans = [
            (before, middle) if state is opened else (middle, after)
            for (before, after), middle, state, (_, _, opened) in zip(spans, middles, states, turns, strict=True)
        ]
    return [after for _, after in spans]


def _ask(engine: Engine, window: str, instants: Sequence[int]) -> list[bool]:
    """Return for each instant whether the policy says that the window is open."""
    answer = json.loads(engine.evaluate(_QUERY, json.dumps({"window": window, "at": list(instants)})))
    [result] = answer["result"]
    found = set(result["expressions"][0]["value"])
    return [place in found for place in range(len(instants))]
