"""How severe a vulnerability is: the rating of its CVSS score, and `unknown` where nobody scored it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from cvss import CVSS2, CVSS3, CVSS4, CVSSError

_MAX_VECTOR: Final = 400


class Severity(StrEnum):
    """The ratings of CVSS, and that none is known."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


_ORDER: Final = (Severity.UNKNOWN, Severity.NONE, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
_FLOORS: Final = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
_READERS: Final = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the worst that is known; `unknown` where none is."""
    return max(severities, key=_ORDER.index, default=Severity.UNKNOWN)


def severity_of(stated: Iterable[Any]) -> Severity:
    """Return the worst rating of what an advisory states as `severity`; a vector that cannot be read says nothing."""
    return worst(_rated(each) for each in stated if isinstance(each, Mapping))


def _rated(stated: Mapping[str, Any]) -> Severity:
    vector, reader = stated.get("score"), _READERS.get(str(stated.get("type")))
    if reader is None or not isinstance(vector, str) or len(vector) > _MAX_VECTOR:
        return Severity.UNKNOWN
    try:
        read = reader(vector)
        score = float(read.base_score if reader is CVSS4 else read.scores()[0])
    except (CVSSError, ValueError, KeyError, TypeError, ArithmeticError, AttributeError, IndexError):
        return Severity.UNKNOWN
    return next((rating for floor, rating in _FLOORS if score >= floor), Severity.NONE)
