"""Where a chain fell silent, and whether its heartbeats say that it was there all the time. From the index.

A chain seals at least so often, also where nothing was recorded (`OMEGA_HEARTBEAT_S`): the seal of no records is a
heartbeat. A longer stretch without any seal looks the same whether nothing happened or somebody took the log away, so
each one is named, with what the records around it say. Knows no pages.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

from sqlalchemy import Connection, Engine, RowMapping, func, select

from app.index.rows import CHAIN, DECISION, SEGMENT
from auditor_portal.period import Period
from auditor_portal.trail.listing import BEFORE, FOLLOWS, seconds

SLACK: Final = 60.0
"""Seconds by which a seal may come later than the heartbeat asks for: a store may be slow to take it."""

_MOST: Final = 20  # of each kind


class Around(StrEnum):
    """What the records around a stretch without seals say of it."""

    STOPPED = "the writer stopped in order before it, and said so"
    RESTARTED = "the writer began again behind it, and had not stopped in order: it was killed, or its machine ended"
    OPEN = "nothing has come since"
    UNKNOWN = "the records before it are older than the index looks back"
    UNEXPLAINED = "the records before and behind it say nothing of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A time without records in a chain; `heartbeats` seals of none lie in it, `stretch` seconds apart at most."""

    since: str
    until: str
    seconds: float
    heartbeats: int
    stretch: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time without any seal of a chain that is longer than its heartbeat allows. `until` is None while it lasts."""

    since: str
    until: str | None
    seconds: float
    around: Around
    record: str | None  # the decision id of the record that says so


def silences(engine: Engine, chain: str, period: Period) -> tuple[Silence, ...]:
    """Return the longest times of a chain without records that touch a period, the longest first; at most 20."""
    with engine.connect() as connection:
        rows = (
            select(
                SEGMENT.c.number,
                SEGMENT.c.min_time,
                func.lag(SEGMENT.c.number).over(order_by=SEGMENT.c.number).label("number_before"),
                func.lag(SEGMENT.c.max_time).over(order_by=SEGMENT.c.number).label("last"),
            )
            .where(SEGMENT.c.chain == chain, SEGMENT.c.count > 0)
            .subquery()
        )
        length = seconds(connection, rows.c.min_time) - seconds(connection, rows.c.last)
        wanted = (
            select(rows, length.label("seconds"))
            .where(rows.c.last.is_not(None), rows.c.min_time >= period.since, rows.c.last < period.until)
            .order_by(length.desc(), rows.c.number)
            .limit(_MOST)
        )
        found = connection.execute(wanted).mappings().all()
        return tuple(_silence(connection, chain, row) for row in found)


def uncovered(engine: Engine, chain: str, period: Period, allowed: float, now: datetime) -> tuple[Stretch, ...]:
    """Return the stretches without a seal that are longer than `allowed` seconds and touch a period, at most 20.

    Args:
        engine: of the index.
        chain: which.
        period: looked at, as far as the index goes back.
        allowed: the heartbeat, and `SLACK`.
        now: by the clock of this process: the newest seal has to be younger.
    """
    with engine.connect() as connection:
        length = seconds(connection, SEGMENT.c.sealed_at) - seconds(connection, BEFORE.c.sealed_at)
        wanted = (
            select(*SEGMENT.c, BEFORE.c.sealed_at.label("last"), length.label("seconds"))
            .join(BEFORE, FOLLOWS)
            .where(SEGMENT.c.chain == chain, SEGMENT.c.sealed_at >= period.since, BEFORE.c.sealed_at < period.until)
            .where(length > allowed)
            .order_by(SEGMENT.c.number.desc())
            .limit(_MOST)
        )
        found = [_stretch(connection, row) for row in connection.execute(wanted).mappings()]
        newest = connection.execute(select(CHAIN).where(CHAIN.c.chain == chain)).mappings().first()
        last = None if newest is None else _open(connection, newest, period, allowed, now)
    return (*([last] if last else []), *found)


def _silence(connection: Connection, chain: str, row: RowMapping) -> Silence:
    between = select(SEGMENT.c.sealed_at).where(
        SEGMENT.c.chain == chain, SEGMENT.c.number >= row["number_before"], SEGMENT.c.number <= row["number"]
    )
    times = [datetime.fromisoformat(each) for each in connection.scalars(between.order_by(SEGMENT.c.number))]
    apart = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return Silence(
        since=row["last"],
        until=row["min_time"],
        seconds=float(row["seconds"]),
        heartbeats=row["number"] - row["number_before"] - 1,
        stretch=max(apart, default=0.0),
    )


def _stretch(connection: Connection, row: RowMapping) -> Stretch:
    chain, first = row["chain"], row["first_seq"]
    before = _type(connection, chain, first - 1)
    behind = _type(connection, chain, first) if row["count"] else None
    around, record = Around.UNEXPLAINED, None
    if before == "chain.closed":
        around, record = Around.STOPPED, f"{chain}-{first - 1}"
    elif behind == "chain.opened":
        around, record = Around.RESTARTED, f"{chain}-{first}"
    elif before is None:
        around = Around.UNKNOWN
    return Stretch(
        since=row["last"], until=row["sealed_at"], seconds=float(row["seconds"]), around=around, record=record
    )


def _open(connection: Connection, newest: RowMapping, period: Period, allowed: float, now: datetime) -> Stretch | None:
    """Return the stretch from the newest seal until now, if that is too long and touches the period."""
    since = datetime.fromisoformat(newest["sealed_at"])
    lasted = (now - since).total_seconds()
    if lasted <= allowed or newest["sealed_at"] >= period.until:
        return None
    closed = _type(connection, newest["chain"], newest["records"] - 1) == "chain.closed"
    record = f"{newest['chain']}-{newest['records'] - 1}" if closed else None
    around = Around.STOPPED if closed else Around.OPEN
    return Stretch(since=newest["sealed_at"], until=None, seconds=lasted, around=around, record=record)


def _type(connection: Connection, chain: str, seq: int) -> str | None:
    wanted = select(DECISION.c.type).where(DECISION.c.chain == chain, DECISION.c.seq == seq)
    return connection.scalar(wanted)
