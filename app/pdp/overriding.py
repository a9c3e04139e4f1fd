"""A decision on a request that overrides were granted for: which of them it uses, and that each use is counted.

Owns the order: decide, count each use, and only then believe the answer. Where a use cannot be counted any more (two
took the last one, or it was revoked a moment ago), the decision is made again without that grant. A use that was
counted stays counted, whatever comes after: better one too few than one too many.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.pdp.decide import Decided
from app.pdp.grants import Grant
from app.pdp.model import Durability

Decide = Callable[[dict[str, Any]], Awaitable[Decided]]
"""Decides on a document."""

Use = Callable[[Grant], Awaitable[bool]]
"""Counts a use; see `grants.Grants.use`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overriding:
    """A decision, the document it was made on, and how durable its record has to be at least."""

    decided: Decided
    asked: dict[str, Any]
    durability: Durability


async def decide_with_grants(decide: Decide, asked: dict[str, Any], grants: Sequence[Grant], use: Use) -> Overriding:
    """Return the decision on `asked` that policy makes where it is shown `grants`, every use of one counted."""
    left = {grant.id: grant for grant in grants}
    counted: set[str] = set()
    while True:
        document = _showing(asked, left.values())
        decided = await decide(document)
        used = dict.fromkeys(each.id for each in decided.decision.overrides)
        refused = [each for each in used if each not in counted and not await _count(use, left[each], counted)]
        if not refused:
            durability = Durability.LOCKED if used else Durability.JOURNAL
            return Overriding(decided=decided, asked=document, durability=durability)
        for each in refused:
            del left[each]


def _showing(asked: dict[str, Any], grants: Iterable[Grant]) -> dict[str, Any]:
    """Return the document with what policies and the record see of `grants`; the very same where there are none."""
    shown = [grant.document() for grant in grants]
    return asked | {"environment": asked["environment"] | {"overrides": shown}} if shown else asked


async def _count(use: Use, grant: Grant, counted: set[str]) -> bool:
    if not await use(grant):
        return False
    counted.add(grant.id)
    return True
