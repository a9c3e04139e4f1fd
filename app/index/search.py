"""Finding decisions: by what is known of them, newest first, page after page, in both directions.

What is found says where to look in the log, and proves nothing; the log proves it (`GET /v1/decisions/{id}`). No
search goes on for longer than `SECONDS`: what no index serves is looked for row by row.
"""

import heapq
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from time import monotonic
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, select, text
from sqlalchemy.exc import OperationalError

from app.index.errors import QueryError, SlowQueryError
from app.index.indexer import translated
from app.index.query import MOST, Place, Query, place_text
from app.index.rows import DECISION
from app.index.scope import Scope, of_tenant
from app.index.ways import Way, backwards, ways

SECONDS: Final = 5.0
"""How long one search may take."""

COUNTED: Final = 10_000
"""How far is counted."""

COUNTING: Final = 0.3
"""Seconds after which counting ends, however far it came."""

_FETCHED: Final = 500  # rows between two looks at the clock
_STEPS: Final = 20_000  # of SQLite's machine between two looks at the clock: a millisecond or so


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
    purpose: str | None

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
    """Some of what was found, newest first, and how to ask for what is older and newer: None where nothing is."""

    entries: tuple[Entry, ...]
    after: str | None
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many there are: `number`, or more than that."""

    number: int
    more: bool


def search(engine: Engine, query: Query, scope: Scope | None = None) -> Page:
    """Return one page of what `query` asks for within `scope`, or, without one, of its tenant.

    Raises:
        QueryError: it cannot be asked.
        SlowQueryError: it takes too long.
        IndexUnavailableError: the database does not answer.
    """
    if not 1 <= query.limit <= MOST:
        raise QueryError(f"a page has 1 to {MOST} rows")
    with _looking(engine) as connection:
        found = _places(connection, ways(connection, _scope(query, scope), query), query)
        more, found = len(found) > query.limit, found[: query.limit]
        entries = _entries(connection, found[::-1] if backwards(query) else found)
    if not entries:
        return Page(entries=(), after=None)
    first, last = (place_text(min(found)), place_text(max(found)))
    older, newer = (True, more) if backwards(query) else (more, query.after is not None)
    return Page(entries=entries, after=first if older else None, before=last if newer else None)


def count(engine: Engine, query: Query, scope: Scope | None = None, *, most: int = COUNTED) -> Count:
    """Return how many rows `query` asks for on all pages together, counted up to `most` and no longer than `COUNTING`.

    Raises as `search` does.
    """
    end, found = monotonic() + COUNTING, set[tuple[str, int]]()
    with _looking(engine) as connection:
        going = ways(connection, _scope(query, scope), query)
        for way in going:
            wanted = way.some(query, most + 1).execution_options(yield_per=_FETCHED)
            with connection.execute(wanted) as result:
                for rows in result.partitions():
                    found.update((row.chain, row.seq) for row in rows)
                    going_on = len(rows) == _FETCHED or way is not going[-1]
                    if len(found) > most or (going_on and monotonic() > end):
                        return Count(number=min(len(found) - 1, most), more=True)
    return Count(number=len(found), more=False)


def find(engine: Engine, chain: str, seq: int, scope: Scope) -> Entry | None:
    """Return the row of one record, if `scope` has it. Raises as `search` does."""
    wanted = select(DECISION).where(DECISION.c.chain == chain, DECISION.c.seq == seq)
    with _looking(engine) as connection:
        row = connection.execute(wanted).mappings().one_or_none()
    return _entry(row) if row is not None and scope.admits(dict(row)) else None


def _scope(query: Query, scope: Scope | None) -> Scope:
    if scope is not None:
        return scope
    if query.tenant is None:
        raise QueryError("there is no search across tenants")
    return of_tenant(query.tenant)


def _places(connection: Connection, found: list[Way], query: Query) -> list[Place]:
    """Return the places of a page and one more, each once, in the direction that `query` goes."""
    stretches = [
        [(row.time, row.chain, row.seq) for row in connection.execute(way.places(query, query.limit + 1))]
        for way in found
    ]
    merged = heapq.merge(*stretches, reverse=not backwards(query))
    return list(islice((place for place, _ in groupby(merged)), query.limit + 1))


def _entries(connection: Connection, places: list[Place]) -> tuple[Entry, ...]:
    """Return the rows at these places, in their order."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for _, chain, seq in places:
        numbers[chain].append(seq)
    found = {}
    for chain, some in numbers.items():  # SQLite looks for a list of pairs in every row there is
        wanted = select(DECISION).where(DECISION.c.chain == chain, DECISION.c.seq.in_(some))
        found.update({(chain, row["seq"]): row for row in connection.execute(wanted).mappings()})
    return tuple(_entry(found[chain, seq]) for _, chain, seq in places if (chain, seq) in found)


@contextmanager
def _looking(engine: Engine) -> Iterator[Connection]:
    """Hand out a connection that stops what takes too long."""
    end = monotonic() + SECONDS
    with translated(), engine.begin() as connection:
        try:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL statement_timeout = {int(SECONDS * 1_000)}"))
                yield connection
                return
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(lambda: monotonic() > end, _STEPS)
            try:
                yield connection
            finally:
                driver.set_progress_handler(None, 0)
        except OperationalError as error:
            if _stopped(error):
                raise SlowQueryError from error
            raise


def _stopped(error: OperationalError) -> bool:
    """Tell whether a statement was stopped because of its time."""
    return getattr(error.orig, "sqlstate", None) == "57014" or str(error.orig) == "interrupted"


def _entry(row: RowMapping) -> Entry:
    values = {name: row[name] for name in row if name not in {"chain", "seq", "failed"}}
    failed = tuple(str(gate) for gate in json.loads(row["failed"] or "[]"))
    return Entry(decision_id=f"{row['chain']}-{row['seq']}", failed=failed, **values)
