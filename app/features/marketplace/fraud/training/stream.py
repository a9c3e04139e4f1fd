"""A simulation as a sale would have met it: each attempt measured on what was known by then."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.features.marketplace.fraud.features import blame, measured, remember
from app.features.marketplace.fraud.trace import Of, Trace
from app.features.marketplace.fraud.training.world import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An event and what was measured of it."""

    event: Event
    signals: dict[str, float]


class LiveMemory:
    """A memory for as long as a simulation runs; see `features.Memory`."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._kept: dict[tuple[Of, str], Trace] = {}

    def trace(self, of: Of, key: str) -> Trace:
        """See `features.Memory`."""
        return self._kept.get((of, key)) or Trace()

    def keep(self, of: Of, key: str, trace: Trace) -> None:
        """See `features.Memory`."""
        self._kept[of, key] = trace


def stream(events: Iterable[Event]) -> Iterator[Measured]:
    """Measure events, which come in the order of time; what becomes known meanwhile counts from then on."""
    memory, told = LiveMemory(), list[tuple[int, int, Event]]()
    for place, event in enumerate(events):
        while told and told[0][0] <= event.attempt.at:
            at, _, found = heapq.heappop(told)
            blame(at, found.attempt, found.standing.developer, memory)
        yield Measured(event=event, signals=measured(event.attempt, event.standing, memory))
        remember(event.attempt, event.standing, memory)
        if event.told_at is not None:
            heapq.heappush(told, (event.told_at, place, event))
