"""Regions: where a tenant's data have their home, where this node stores and processes, and which pairs go together.

Owns the words and the one comparison. A tenant without a home, or a node without a region, is as if there were none;
where both have one, they have to be the same, unless policy data (`residency.processing`) permit the pair now.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any


class Region(StrEnum):
    """A region, as policy data name them."""

    APAC = "APAC"
    EU = "EU"
    UK = "UK"
    US = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Residence:
    """The region of a node, and the homes of the tenants that have one."""

    region: Region | None = None
    homes: Mapping[str, Region] = field(default_factory=dict)

    def admits(self, tenant: str, data: str, now: float) -> bool:
        """Tell whether requests of `tenant` may be answered here.

        Args:
            tenant: whose request it is.
            data: the JSON text of the policies' data.
            now: Unix seconds.
        """
        home = self.homes.get(tenant)
        if home is None or self.region is None or home is self.region:
            return True
        at = datetime.fromtimestamp(now, UTC)
        return any(_holds(each, home, self.region, at) for each in _pairs(data))


def _holds(pair: Any, home: Region, place: Region, now: datetime) -> bool:
    """Tell whether an entry permits this pair now; one that is not as it has to be permits nothing."""
    try:
        since, until = datetime.fromisoformat(pair["since"]), pair.get("until")
        ended = until is not None and datetime.fromisoformat(until) <= now
        return home.value in list(pair["home"]) and pair["place"] == place.value and since <= now and not ended
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


@lru_cache(4)
def _pairs(data: str) -> tuple[Any, ...]:
    try:
        return tuple(json.loads(data)["residency"]["processing"].values())
    except (KeyError, TypeError, ValueError, AttributeError):
        return ()
