"""Finding decisions: by tenant and what else is known of them, newest first, page after page.

What is found says where to look in the log, and proves nothing; the log proves it (`GET /v1/decisions/{id}`).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, RowMapping, Select, select, tuple_

from app.index.entry import text
from app.index.errors import QueryError
from app.index.indexer import translated
from app.index.rows import DECISION
from evidence import form
from evidence.errors import MalformedError
from evidence.record import Position

MOST: Final = 200
"""Rows of one page."""

_CURSOR: Final = re.compile(r"([0-9TZ:.-]{27})_([0-9a-f]{20}-[0-9]{1,16})")
_ORDER: Final = (DECISION.c.time, DECISION.c.chain, DECISION.c.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for: everything that is set must hold.

    Attributes:
        tenant: of the record; there is no search across tenants.
        type: of the record.
        action: its whole name.
        subject: pseudonym, or the reference that the record has.
        allow: how it came out.
        since: the earliest time, with a time zone.
        until: the time before which it was, with a time zone.
        after: `Page.after` of the page before.
        limit: rows at most, 1 to 200.
    """

    tenant: str
    type: str = "decision"
    action: str | None = None
    subject: str | None = None
    allow: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record as the index knows it. None stands where the record does not say it, or not as text."""

    decision_id: str
    segment: int
    time: str
    tenant: str
    type: str
    caller: str | None
    action: str | None
    subject_type: str | None
    subject_ref: str | None
    resource_type: str | None
    resource_ref: str | None
    allow: bool | None
    failed: tuple[str, ...]
    bundle: str | None
    revision: str | None

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "id": self.decision_id,
            "segment": self.segment,
            "time": self.time,
            "tenant": self.tenant,
            "type": self.type,
            "caller": self.caller,
            "action": self.action,
            "subject": {"type": self.subject_type, "ref": self.subject_ref},
            "resource": {"type": self.resource_type, "ref": self.resource_ref},
            "allow": self.allow,
            "failed": list(self.failed),
            "policy": {"bundle": self.bundle, "revision": self.revision},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of what was found, newest first, and how to ask for what follows: None where nothing does."""

    entries: tuple[Entry, ...]
    after: str | None


def search(engine: Engine, query: Query) -> Page:
    """Return one page of what `query` asks for.

    Raises:
        QueryError: it cannot be asked.
        IndexUnavailableError: the database does not answer.
    """
    if not 1 <= query.limit <= MOST:
        raise QueryError(f"a page has 1 to {MOST} rows")
    wanted = _wanted(query)
    with translated(), engine.begin() as connection:
        rows = connection.execute(wanted).mappings().all()
        entries = tuple(_entry(row) for row in rows[: query.limit])
    more = len(rows) > query.limit
    return Page(entries=entries, after=f"{entries[-1].time}_{entries[-1].decision_id}" if more else None)


def _wanted(query: Query) -> Select[Any]:
    """Return the statement, which asks for one row more than the page has."""
    descending = [column.desc() for column in _ORDER]
    return select(DECISION).where(*_conditions(query)).order_by(*descending).limit(query.limit + 1)


def _conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    yield DECISION.c.tenant == _plain(query.tenant)
    yield DECISION.c.type == _plain(query.type)
    if query.action is not None:
        yield DECISION.c.action == _plain(query.action)
    if query.subject is not None:
        yield DECISION.c.subject_ref == _plain(query.subject)
    if query.allow is not None:
        yield DECISION.c.allow.is_(query.allow)
    if query.since is not None:
        yield DECISION.c.time >= _moment(query.since)
    if query.until is not None:
        yield DECISION.c.time < _moment(query.until)
    if query.after is not None:
        yield tuple_(*_ORDER) < tuple_(*_parsed(query.after))


def _plain(value: str) -> str | None:
    """Return `value` as a column would hold it; what is no Unicode text, no column holds."""
    return text(value.encode(errors="replace").decode())


def _moment(value: datetime) -> str:
    if value.utcoffset() is None:
        raise QueryError("a time needs a time zone")
    try:
        return form.time_text(value)
    except OverflowError:
        raise QueryError("a time is beyond the calendar") from None


def _parsed(cursor: str) -> tuple[str, str, int]:
    """Read what `Page.after` says: time, chain and sequence number of the last row."""
    found = _CURSOR.fullmatch(cursor)
    try:
        if found is not None:
            position = Position.parse(found[2])
            return form.time(found[1]), position.chain, position.seq
    except MalformedError:
        pass
    raise QueryError("the place to go on from is none")


def _entry(row: RowMapping) -> Entry:
    values = {name: row[name] for name in row if name not in {"chain", "seq", "failed"}}
    failed = tuple(str(gate) for gate in json.loads(row["failed"] or "[]"))
    return Entry(decision_id=f"{row['chain']}-{row['seq']}", failed=failed, **values)
