"""What a node knows of its log that a conformity file states: its chains, how long they are kept, what was decided.

Counts come from the index, which proves nothing; each says up to which checkpoint the index had read. Where there is no
index, nothing is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.db import DatabaseUrlError, open_engine
from app.index.rows import CHAIN, CHECKPOINT, DECISION
from app.settings import Settings
from evidence import form

_TENANT: Final = "default"
_MOST: Final = 200  # chains that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """What the index says: the last checkpoint it read, chains, and decisions about one system in a period.

    `first` is the oldest record that it still knows: it does not look back for ever.
    """

    checkpoint: int
    first: str | None
    chains: tuple[Mapping[str, Any], ...]
    decisions: tuple[Mapping[str, Any], ...]


class Records(Protocol):
    """What is known of the log."""

    def settings(self) -> Mapping[str, Any]:
        """Return the settings that concern records, by their names, as JSON values."""

    def log(self, system: str, first: date, last: date) -> LogFacts | None:
        """Return what the index says of the days from `first` to the one before `last`; None where there is none."""


class NoRecords:
    """For an application without a node. A `Records`."""

    def settings(self) -> Mapping[str, Any]:
        """See `Records`."""
        return {}

    def log(self, system: str, first: date, last: date) -> LogFacts | None:  # noqa: ARG002
        """See `Records`."""
        return None


class NodeRecords:
    """What a node with these settings knows. A `Records`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def settings(self) -> Mapping[str, Any]:
        """See `Records`."""
        given = self._settings
        return {
            "OMEGA_INDEX_DAYS": given.index_days,
            "OMEGA_JOBS": given.jobs,
            "OMEGA_ORIGIN": given.origin,
            "OMEGA_RETENTION": {name: span.days for name, span in sorted(given.retention.items())},
        }

    def log(self, system: str, first: date, last: date) -> LogFacts | None:
        """See `Records`."""
        given = self._settings
        if given.database is None and not given.index_file.exists():
            return None
        try:
            engine = open_engine(given.index, durable=False)
            try:
                return _log(engine, system, _moment(first), _moment(last))
            finally:
                engine.dispose()
        except (SQLAlchemyError, DatabaseUrlError):
            return None


def _log(engine: Engine, system: str, first: str, last: str) -> LogFacts:
    with engine.connect() as connection:
        checkpoint = connection.scalar(select(func.max(CHECKPOINT.c.number))) or 0
        oldest = connection.scalar(select(func.min(DECISION.c.time)).where(DECISION.c.tenant == _TENANT))
        chains = connection.execute(
            select(CHAIN.c.chain, CHAIN.c.retention_class, CHAIN.c.records, CHAIN.c.sealed_at)
            .order_by(CHAIN.c.chain)
            .limit(_MOST)
        )
        named = tuple(dict(row) for row in chains.mappings())
        counted = connection.execute(
            select(DECISION.c.action, DECISION.c.allow, func.count())
            .where(
                DECISION.c.tenant == _TENANT,
                DECISION.c.type == "decision",
                DECISION.c.resource_ref == system,
                DECISION.c.time >= first,
                DECISION.c.time < last,
            )
            .group_by(DECISION.c.action, DECISION.c.allow)
        ).all()
    actions = sorted({str(action) for action, _, _ in counted})
    decisions = tuple(
        {
            "action": action,
            "allowed": sum(count for name, allow, count in counted if name == action and allow is True),
            "denied": sum(count for name, allow, count in counted if name == action and allow is False),
        }
        for action in actions
    )
    return LogFacts(checkpoint=checkpoint, first=oldest, chains=named, decisions=decisions)


def _moment(day: date) -> str:
    return form.time_text(datetime(day.year, day.month, day.day, tzinfo=UTC))
