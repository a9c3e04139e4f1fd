"""What is told of results and findings: as records in the log, and as alerts. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.alerts.alert import Alert, AlertSeverity
from app.features.frameworks.history import Told
from frameworks.results import time_text
from frameworks.testing import Outcome, Period, Result

TESTED: Final = "control.tested"
"""The type of the record of a result."""

_MOST: Final = 100  # revisions in a record

_SEVERITIES: Final = {
    "critical": AlertSeverity.CRITICAL,
    "high": AlertSeverity.CRITICAL,
    "medium": AlertSeverity.WARNING,
    "low": AlertSeverity.NOTICE,
}
_WORDS: Final[Mapping[str, str]] = {
    "opened": "its test found deviations",
    "reopened": "what it found was thought to be mended and is not",
    "acceptance_ended": "what it found is accepted no longer",
    "overdue": "what it found should have been dealt with by now",
}
_WRONG: Final = frozenset({Outcome.DEVIATIONS, Outcome.STALE})


def record(result: Result, period: Period) -> dict[str, Any]:
    """Return the body of the record of a result."""
    rows = result.population
    return {
        "test": result.test,
        "control": result.control,
        "kind": result.kind.value,
        "outcome": result.outcome.value,
        "period": {"start": time_text(period.start), "end": time_text(period.end)},
        "population": {
            "query": rows.query,
            "count": rows.count,
            "sha256": rows.sha256,
            "first": rows.first,
            "last": rows.last,
            "revisions": list(rows.revisions[:_MOST]),
        },
        "deviations": [
            {"position": each.position, "time": each.time, "reason": each.reason} for each in result.deviations
        ],
        "deviation_count": result.deviation_count,
    }


def alert(told: Told, decision_id: str, identifier: str, now: datetime) -> Alert:
    """Return the alert that tells of a step of a finding."""
    words = _WORDS.get(told.code, "what it found was not remediated")
    return Alert(
        id=f"alt_{identifier}",
        kind="control.finding",
        severity=_SEVERITIES[told.severity],
        summary=f"control {told.control}: {words} (finding {told.finding}, test {told.test})",
        time=now,
        decision_id=decision_id,
        detail=told.record(),
    )


def recovered(result: Result, before: str, decision_id: str, identifier: str, now: datetime) -> Alert | None:
    """Return the alert that tells of a test which showed deviations before and shows none, or None."""
    if before not in _WRONG or result.outcome in _WRONG | {Outcome.NOT_TESTED}:
        return None
    return Alert(
        id=f"alt_{identifier}",
        kind="control.recovered",
        severity=AlertSeverity.NOTICE,
        summary=f"control {result.control} does what it is for again (test {result.test})",
        time=now,
        decision_id=decision_id,
        detail={"test": result.test, "control": result.control, "outcome": result.outcome.value, "before": before},
    )
