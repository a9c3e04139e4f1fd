"""What the index lists of chains, segments and checkpoints: page after page, newest first.

The index says again what the log says, and proves nothing; `proved` reads what proves. Knows no pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    TIMESTAMP,
    ColumnElement,
    Connection,
    Engine,
    Float,
    RowMapping,
    Subquery,
    case,
    cast,
    extract,
    func,
    select,
)

from app.index.rows import CHAIN, CHECKPOINT, SEGMENT
from auditor_portal.period import Period
from evidence import form

PAGE: Final = 25
"""Rows of one page: as many objects are read from the store for it."""

MOST_CHAINS: Final = 200
"""Chains that are listed: each is one writer's, of one retention class."""

BEFORE: Final = SEGMENT.alias("before")
"""The segment before, in a query that joins it by `FOLLOWS`."""

FOLLOWS: Final = (BEFORE.c.chain == SEGMENT.c.chain) & (BEFORE.c.number == SEGMENT.c.number - 1)
"""How a segment is joined to the one before it."""

_REACHED: Final = BEFORE.c.first_seq + BEFORE.c.count
_MOST_GAPS: Final = 50
_MILLISECONDS: Final = 12  # hexadecimal digits


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLine:
    """One chain. What is said of a period is `None`, or 0, where it has nothing in it.

    Attributes:
        chain: its id.
        retention_class: how long its records are kept, by name.
        segments: how many seals it has, heartbeats included, from its beginning.
        records: how many records, from its beginning.
        sealed_at: when its newest seal was made.
        listed: how many seals of the period the index lists.
        sealed: how many records these are over.
        heartbeats: how many of these are over none.
        first: time of the earliest record of the period.
        last: time of the latest.
        longest: seconds of the longest stretch of the period between two seals.
        gaps: how often a seal does not go on where the one before it ended.
    """

    chain: str
    retention_class: str
    segments: int
    records: int
    sealed_at: str
    listed: int
    sealed: int
    heartbeats: int
    first: str | None
    last: str | None
    longest: float
    gaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A place in a chain where the index lists something else than what has to follow."""

    after: int  # number of the seal before
    before: int  # of the one behind it
    records: int  # that are not accounted for; negative where some are twice


def chains(engine: Engine, period: Period, name: str | None = None) -> tuple[ChainLine, ...]:
    """Return every chain, or the one of that name, those that were sealed last first; at most `MOST_CHAINS`."""
    with engine.connect() as connection:
        counted, linked = _counted(period, name), _linked(connection, period, name)
        wanted = (
            select(CHAIN, *_but_chain(counted), *_but_chain(linked))
            .outerjoin(counted, counted.c.chain == CHAIN.c.chain)
            .outerjoin(linked, linked.c.chain == CHAIN.c.chain)
            .order_by(CHAIN.c.sealed_at.desc(), CHAIN.c.chain)
            .limit(MOST_CHAINS)
        )
        if name is not None:
            wanted = wanted.where(CHAIN.c.chain == name)
        return tuple(_chain(row) for row in connection.execute(wanted).mappings())


def gaps(engine: Engine, name: str) -> tuple[Gap, ...]:
    """Return where a chain does not go on as it has to, as far as the index looks back; at most 50 places."""
    broken = (
        select(SEGMENT.c.number, SEGMENT.c.first_seq)
        .select_from(SEGMENT.outerjoin(BEFORE, FOLLOWS))
        .where(SEGMENT.c.chain == name, BEFORE.c.number.is_(None) | (SEGMENT.c.first_seq != _REACHED))
        .order_by(SEGMENT.c.number)
        .limit(_MOST_GAPS)
    )
    reached = select(SEGMENT.c.number, SEGMENT.c.first_seq + SEGMENT.c.count).where(SEGMENT.c.chain == name)
    found: list[Gap] = []
    with engine.connect() as connection:
        for number, first in connection.execute(broken).all():
            earlier = reached.where(SEGMENT.c.number < number).order_by(SEGMENT.c.number.desc()).limit(1)
            if (before := connection.execute(earlier).first()) is not None:
                found.append(Gap(after=before[0], before=number, records=first - before[1]))
        newest = connection.scalar(select(func.max(SEGMENT.c.number)).where(SEGMENT.c.chain == name))
        all_of_them = connection.scalar(select(CHAIN.c.segments).where(CHAIN.c.chain == name))
    if newest is not None and all_of_them is not None and all_of_them > newest + 1:
        found.append(Gap(after=newest, before=all_of_them, records=0))
    return tuple(found)


def segments(engine: Engine, name: str, below: int | None = None, most: int = PAGE) -> Sequence[RowMapping]:
    """Return the newest segments of a chain, those under number `below` if one is given, as the index has them."""
    wanted = select(SEGMENT).where(SEGMENT.c.chain == name).order_by(SEGMENT.c.number.desc()).limit(most)
    return _rows(engine, wanted if below is None else wanted.where(SEGMENT.c.number < below))


def segment(engine: Engine, name: str, number: int) -> RowMapping | None:
    """Return one segment as the index has it; None where it has none."""
    return next(iter(_rows(engine, select(SEGMENT).where(SEGMENT.c.chain == name, SEGMENT.c.number == number))), None)


def checkpoints(engine: Engine, below: int | None = None, most: int = PAGE) -> Sequence[RowMapping]:
    """Return the newest checkpoints, those under number `below` if one is given, as the index has them."""
    wanted = select(CHECKPOINT).order_by(CHECKPOINT.c.number.desc()).limit(most)
    return _rows(engine, wanted if below is None else wanted.where(CHECKPOINT.c.number < below))


def checkpoint(engine: Engine, number: int) -> RowMapping | None:
    """Return one checkpoint as the index has it; None where it has none."""
    return next(iter(_rows(engine, select(CHECKPOINT).where(CHECKPOINT.c.number == number))), None)


def began(engine: Engine) -> str | None:
    """Return when the first chain was begun: its id says so (docs/evidence-format.md, section 2)."""
    with engine.connect() as connection:
        first = connection.scalar(select(func.min(CHAIN.c.chain)))
    return (
        None if first is None else form.time_text(datetime.fromtimestamp(int(first[:_MILLISECONDS], 16) / 1_000, UTC))
    )


def seconds(connection: Connection, time: ColumnElement[Any]) -> ColumnElement[float]:
    """Return a time of the log as seconds, in the words of the database that is asked."""
    if connection.dialect.name == "sqlite":
        return func.julianday(time) * 86_400.0
    return cast(extract("epoch", cast(time, TIMESTAMP(timezone=True))), Float)


def _counted(period: Period, name: str | None) -> Subquery:
    """Return what the segments of each chain come to, as far as they were sealed in a period."""
    return (
        select(
            SEGMENT.c.chain,
            func.count().label("listed"),
            func.sum(SEGMENT.c.count).label("sealed"),
            func.sum(case((SEGMENT.c.count == 0, 1), else_=0)).label("heartbeats"),
            func.min(SEGMENT.c.min_time).label("first"),
            func.max(SEGMENT.c.max_time).label("last"),
        )
        .where(SEGMENT.c.sealed_at >= period.since, SEGMENT.c.sealed_at < period.until, *_of(name))
        .group_by(SEGMENT.c.chain)
        .subquery()
    )


def _linked(connection: Connection, period: Period, name: str | None) -> Subquery:
    """Return of each chain the longest stretch between two seals that touches a period, and how often it breaks off.

    A segment without the one before it in its number is counted as one that breaks off; one of them is the first that
    the index still has.
    """
    touching = (SEGMENT.c.sealed_at >= period.since) & (BEFORE.c.sealed_at < period.until)
    stretch = seconds(connection, SEGMENT.c.sealed_at) - seconds(connection, BEFORE.c.sealed_at)
    broken = BEFORE.c.number.is_(None) | (SEGMENT.c.first_seq != _REACHED)
    return (
        select(
            SEGMENT.c.chain,
            func.max(case((touching, stretch))).label("longest"),
            (func.sum(case((broken, 1), else_=0)) - 1).label("gaps"),
        )
        .select_from(SEGMENT.outerjoin(BEFORE, FOLLOWS))
        .where(*_of(name))
        .group_by(SEGMENT.c.chain)
        .subquery()
    )


def _of(name: str | None) -> list[ColumnElement[bool]]:
    return [] if name is None else [SEGMENT.c.chain == name]


def _but_chain(found: Subquery) -> list[ColumnElement[Any]]:
    return [each for each in found.c if each.name != "chain"]


def _chain(row: RowMapping) -> ChainLine:
    return ChainLine(
        chain=row["chain"],
        retention_class=row["retention_class"],
        segments=row["segments"],
        records=row["records"],
        sealed_at=row["sealed_at"],
        listed=int(row["listed"] or 0),
        sealed=int(row["sealed"] or 0),
        heartbeats=int(row["heartbeats"] or 0),
        first=row["first"],
        last=row["last"],
        longest=float(row["longest"] or 0),
        gaps=int(row["gaps"] or 0),
    )


def _rows(engine: Engine, wanted: Any) -> Sequence[RowMapping]:
    with engine.connect() as connection:
        return connection.execute(wanted).mappings().all()
