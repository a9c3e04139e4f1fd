"""What the policies in force say as data, for those who show it; rules read it by themselves."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.features.marketplace.errors import MarketDataError
from app.pdp.bundle import Bundle


def table(bundle: Bundle, *path: str) -> Mapping[str, Any]:
    """Return an object of the policy data.

    Raises:
        MarketDataError: there is none at this place.
    """
    found: Any = _parsed(bundle.data)
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise MarketDataError(f"policy data have no `{'.'.join(path)}`")
    return found


@lru_cache(4)
def _parsed(text: str) -> Any:
    return json.loads(text)
