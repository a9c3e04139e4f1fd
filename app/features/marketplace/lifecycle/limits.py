"""What the policies in force say about the life of a listing: times and thresholds, never in code."""

import json
from dataclasses import dataclass
from functools import lru_cache

from app.features.marketplace.errors import MarketDataError
from app.pdp.bundle import Bundle

DAY = 86_400
HOUR = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits; times in seconds.

    Attributes:
        critical: for so long a known critical vulnerability may stay open.
        response: within which a request for support is answered.
        resolution: within which it is resolved.
        p95_ms: 95 of 100 answers come faster.
        errors: percent of calls that may fail, below.
        available: percent of the time that an agent can be reached, above.
        failures: percent of calls from which on the failures of an agent open a security review.
        window: over which service levels are counted.
        rescan: after which a release is looked at again.
        featured: for which the badge is given, before it has to be earned again.
        without: the actions that change nothing.
    """

    critical: int
    response: int
    resolution: int
    p95_ms: int
    errors: float
    available: float
    failures: float
    window: int
    rescan: int
    featured: int
    without: frozenset[str]


def limits(bundle: Bundle) -> Limits:
    """Return what `bundle` says.

    Raises:
        MarketDataError: not what is needed.
    """
    return _parsed(bundle.data)


@lru_cache(4)
def _parsed(text: str) -> Limits:
    data = json.loads(text)
    try:
        market = data["thresholds"]["marketplace"]
        life = market["life"]
        return Limits(
            critical=int(market["delist"]["unpatched_critical_days"]) * DAY,
            response=int(life["support_response_hours"]) * HOUR,
            resolution=int(life["support_resolution_days"]) * DAY,
            p95_ms=int(life["max_p95_ms"]),
            errors=float(life["max_error_percent"]),
            available=float(life["min_available_percent"]),
            failures=float(life["review_failure_percent"]),
            window=int(life["window_days"]) * DAY,
            rescan=int(life["rescan_days"]) * DAY,
            featured=int(life["featured_days"]) * DAY,
            without=frozenset(data["effects"]["marketplace"]["without"]),
        )
    except (KeyError, TypeError, ValueError):
        raise MarketDataError("`thresholds.marketplace.life` and `effects` are not as they have to be") from None
