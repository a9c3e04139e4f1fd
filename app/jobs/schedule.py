"""When a job is due: at times that every process finds by itself, from the clock alone.

Owns the arithmetic of times that were missed. Knows neither jobs nor where runs are kept.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.triggers.interval import IntervalTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Each `seconds`, counted from 1970-01-01T00:00:00Z and `offset` seconds on: `Every(seconds=86400)` is midnight."""

    seconds: int
    offset: int = 0

    def latest(self, now: float) -> int:
        """Return the last time that was due at `now` (Unix seconds, both)."""
        return int((now - self.offset) // self.seconds) * self.seconds + self.offset

    def trigger(self) -> "IntervalTrigger":
        """Return this as APScheduler has it."""
        from apscheduler.triggers.interval import IntervalTrigger  # noqa: PLC0415 - only where jobs are run

        start = datetime.fromtimestamp(self.offset, UTC)
        return IntervalTrigger(seconds=self.seconds, start_date=start, timezone=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A run that has to be made: for the time `scheduled_for` (Unix seconds), and for `missed` times before it."""

    scheduled_for: int
    missed: int = 0


def due(schedule: Every, latest: int | None, now: float) -> Due | None:
    """Return the run that is due at `now`, None where there is none.

    Args:
        schedule: of the job.
        latest: the time that its last run was for, None where it never ran. Times since then are missed, and one run
            makes up for all of them.
        now: Unix seconds.
    """
    last = schedule.latest(now)
    if latest is None:
        return Due(scheduled_for=last)
    if last <= latest:
        return None
    return Due(scheduled_for=last, missed=max(0, -(-(last - latest) // schedule.seconds) - 1))
