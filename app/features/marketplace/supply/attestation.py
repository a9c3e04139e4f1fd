"""What may be attested of an artifact beside who built it, and the form of it: predicates to values, or one error.

The types are in-toto's where there is one; a soak run has one of ours. Nothing is verified here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.features.marketplace.supply.errors import SupplyError

RELEASE: Final = "https://in-toto.io/attestation/release/v0.1"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
SBOM: Final = "https://cyclonedx.org/bom"
SOAK: Final = "urn:omega:attestation:soak:v1"
ATTESTED: Final = frozenset({TEST_RESULT, SBOM, SOAK})
"""What the signing authority signs as it was sent; what says that something was released or built, it writes itself."""

_HOUR: Final = 3_600
_MAX_SECONDS: Final = 10 * 365 * 24 * _HOUR
_MAX_LATENCY: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """A run under load: how long, and how fast 95 of 100 answers came, in milliseconds."""

    hours: float
    p95_latency_ms: float


def soak(predicate: Mapping[str, Any], logged_at: int) -> Soak:
    """Return the soak run that a predicate of type `SOAK` describes.

    Its members: `startedAt`, `endedAt` (Unix seconds), `p95LatencyMs`. The hours are computed from the two times.

    Args:
        predicate: that was verified.
        logged_at: Unix seconds; a run that ended later had not ended when it was signed.

    Raises:
        SupplyError: `malformed_predicate`.
    """
    start, end = (_whole(predicate.get(name)) for name in ("startedAt", "endedAt"))
    latency = predicate.get("p95LatencyMs")
    if isinstance(latency, bool) or not isinstance(latency, int | float) or not 0 <= latency <= _MAX_LATENCY:
        raise SupplyError("malformed_predicate", "a soak run has `p95LatencyMs`")
    if not 0 <= end - start <= _MAX_SECONDS:
        raise SupplyError("malformed_predicate", "a soak run ends after it starts, and within ten years")
    if end > logged_at:
        raise SupplyError("malformed_predicate", "the soak run had not ended when it was signed")
    return Soak(hours=(end - start) / _HOUR, p95_latency_ms=float(latency))


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise SupplyError("malformed_predicate", "a soak run has `startedAt` and `endedAt`, in whole seconds")
    return value
