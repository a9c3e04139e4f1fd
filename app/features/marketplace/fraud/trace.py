"""What is remembered of one buyer, device, network address, card, agent or developer: never more than so much.

Owns the form of a memory and what it answers about the past. Knows neither signals nor where memories are kept.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

HOUR: Final = 3_600
DAY: Final = 86_400
MOST: Final = 64
"""Attempts that are remembered one by one; the oldest are forgotten."""

Sight = tuple[int, tuple[str, ...]]
"""When something was met, and the names that were met with it."""


class Of(StrEnum):
    """Of what something is remembered."""

    AGENT = "agent"
    BUYER = "buyer"
    CARD = "card"
    DEVELOPER = "developer"
    DEVICE = "device"
    NETWORK = "network"


@dataclass(slots=True)
class Tally:
    """A count that fades: after `fading` seconds 37 % of it is left."""

    value: float = 0.0
    at: int = 0

    def count(self, now: int, fading: int) -> float:
        """Return what is left of it."""
        return self.value * math.exp(-max(now - self.at, 0) / fading)

    def add(self, now: int, fading: int, value: float = 1.0) -> None:
        """Count so much more."""
        self.value, self.at = self.count(now, fading) + value, max(now, self.at)


@dataclass(slots=True)
class Spending:
    """Mean and spread of the logarithms of amounts, by Welford's recurrence."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Count one amount more."""
        self.count += 1
        off = value - self.mean
        self.mean += off / self.count
        self.squares += off * (value - self.mean)

    def off(self, value: float) -> float:
        """Return by how many spreads `value` is above the mean; 0 as long as there are not two amounts."""
        return (value - self.mean) / (math.sqrt(self.squares / self.count) + 0.5) if self.count > 1 else 0.0


@dataclass(slots=True)
class Trace:
    """The memory of one thing.

    Attributes:
        seen: when, and the names that were met with it, oldest first.
        tallies: by name.
        spending: of a buyer.
    """

    seen: list[Sight] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    spending: Spending = field(default_factory=Spending)

    def since(self, then: int) -> list[Sight]:
        """Return what was seen after `then`."""
        return [each for each in self.seen if each[0] > then]

    def until(self, then: int) -> list[Sight]:
        """Return what was seen up to `then`."""
        return [each for each in self.seen if each[0] <= then]

    def see(self, at: int, *names: str) -> None:
        """Remember one more."""
        self.seen.append((at, names))
        del self.seen[:-MOST]

    def tally(self, name: str) -> Tally:
        """Return the tally of this name."""
        return self.tallies.setdefault(name, Tally())

    def count(self, name: str, now: int, fading: int) -> float:
        """Return what is left of the tally of this name."""
        found = self.tallies.get(name)
        return found.count(now, fading) if found else 0.0

    def document(self) -> dict[str, Any]:
        """Return it as JSON values; `parse_trace` reads them."""
        return {
            "seen": [[at, *names] for at, names in self.seen],
            "tallies": {name: [each.value, each.at] for name, each in sorted(self.tallies.items())},
            "spending": [self.spending.count, self.spending.mean, self.spending.squares],
        }


def parse_trace(document: dict[str, Any]) -> Trace:
    """Return the memory that `Trace.document` wrote."""
    return Trace(
        seen=[(at, tuple(names)) for at, *names in document["seen"]],
        tallies={name: Tally(value, at) for name, (value, at) in document["tallies"].items()},
        spending=Spending(*document["spending"]),
    )
