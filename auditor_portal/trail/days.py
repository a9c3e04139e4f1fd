"""How much was recorded on each day, and how far apart checkpoints were: what the charts show. From the index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine, func, select

from app import chart
from app.index.rows import CHECKPOINT, SEGMENT
from auditor_portal.period import Period
from auditor_portal.trail.listing import seconds

_MOST: Final = 731  # days: two years
_DAY: Final = 10  # characters of a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """How many records the segments of a day hold, and how many heartbeats there were. `day` as in 2026-11-23."""

    day: str
    records: int
    heartbeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpointed:
    """How many checkpoints came on a day, and how many seconds each came after the one before it."""

    day: str
    checkpoints: int
    average: float
    longest: float


def recorded(engine: Engine, period: Period) -> tuple[Recorded, ...]:
    """Return the days of a period on which something was sealed, as far as the index looks back."""
    day = func.substr(SEGMENT.c.sealed_at, 1, _DAY)
    wanted = (
        select(day, func.sum(SEGMENT.c.count), func.count(), func.count(func.nullif(SEGMENT.c.count, 0)))
        .where(SEGMENT.c.sealed_at >= period.since, SEGMENT.c.sealed_at < period.until)
        .group_by(day)
        .order_by(day.desc())
        .limit(_MOST)
    )
    with engine.connect() as connection:
        rows = connection.execute(wanted).all()
    return tuple(
        Recorded(day=at, records=int(records), heartbeats=seals - over) for at, records, seals, over in reversed(rows)
    )


def checkpointed(engine: Engine, period: Period) -> tuple[Checkpointed, ...]:
    """Return the days of a period on which there were checkpoints, as far as the index looks back."""
    with engine.connect() as connection:
        before = func.lag(CHECKPOINT.c.sealed_at).over(order_by=CHECKPOINT.c.number)
        apart = seconds(connection, CHECKPOINT.c.sealed_at) - seconds(connection, before)
        inside = (CHECKPOINT.c.sealed_at >= period.since, CHECKPOINT.c.sealed_at < period.until)
        rows = select(CHECKPOINT.c.sealed_at, apart.label("apart")).where(*inside).subquery()
        day = func.substr(rows.c.sealed_at, 1, _DAY)
        wanted = (
            select(day, func.count(), func.avg(rows.c.apart), func.max(rows.c.apart))
            .group_by(day)
            .order_by(day.desc())
            .limit(_MOST)
        )
        found = connection.execute(wanted).all()
    return tuple(
        Checkpointed(day=at, checkpoints=count, average=float(average or 0), longest=float(longest or 0))
        for at, count, average, longest in reversed(found)
    )


def records_chart(days: Sequence[Recorded]) -> str:
    """Return the chart of records, as an `svg` element."""
    lines = [_line("records", [(each.day, each.records) for each in days])]
    return chart.amounts("records", "Records of each day", lines, "records")


def checkpoints_chart(days: Sequence[Checkpointed]) -> str:
    """Return the chart of the intervals between checkpoints, as an `svg` element."""
    lines = [
        _line("longest interval", [(each.day, each.longest) for each in days]),
        _line("average interval", [(each.day, each.average) for each in days]),
    ]
    return chart.amounts("checkpoints", "Seconds between checkpoints, of each day", lines, "seconds")


def _line(name: str, values: Sequence[tuple[str, float]]) -> chart.Line:
    points = (
        chart.Point(at=datetime.fromisoformat(day).replace(tzinfo=UTC), value=round(value, 1)) for day, value in values
    )
    return chart.Line(name=name, points=tuple(points))
