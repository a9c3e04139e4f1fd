"""Ways to what is looked for: each is one stretch of one index, read in the order of time.

A question becomes as many ways as there are alternatives in it (tenants, types, actions, rules, policies); what they
find is merged by `search.py`. Which index serves a way is said here and not left to SQLite, which keeps no statistics.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Connection, FromClause, Select, Table, Text, and_, func, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.index.entry import text
from app.index.errors import QueryError
from app.index.query import Query, parse_place
from app.index.rows import DECISION, FAILURE
from app.index.scope import Scope, Sight, moment

_MOST: Final = 400
"""Alternatives in one question."""

_D: Final = DECISION.c
_JOINED: Final = FAILURE.join(DECISION, and_(FAILURE.c.chain == _D.chain, FAILURE.c.seq == _D.seq))


class aside(FunctionElement[Any]):  # noqa: N801 - a function of SQL
    """A column that SQLite is not to look for an index of (https://sqlite.org/optoverview.html, section 2)."""

    inherit_cache = True
    type = Text()


@compiles(aside)
def _aside(element: aside, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


@compiles(aside, "sqlite")
def _aside_in_sqlite(element: aside, compiler: SQLCompiler, **more: Any) -> str:
    return f"+{compiler.process(element.clauses, **more)}"


_Order = tuple[ColumnElement[Any], ColumnElement[Any], ColumnElement[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One stretch: the table it is of, and what holds of its rows beside their times."""

    table: Table
    sight: Sight
    conditions: tuple[ColumnElement[bool], ...]

    def places(self, query: Query, limit: int) -> Select[Any]:
        """Return the statement for the places of the next `limit` rows, in the direction that `query` goes."""
        order = (self.table.c.time, self.table.c.chain, self.table.c.seq)
        wanted = self._selected(*order).where(*_between(query, self.sight, order))
        ordered = [column.asc() if backwards(query) else column.desc() for column in order]
        return wanted.order_by(*ordered).limit(limit)

    def some(self, query: Query, limit: int) -> Select[Any]:
        """Return the statement for `limit` of its rows at most, in no order, and wherever a page begins."""
        order = (self.table.c.time, self.table.c.chain, self.table.c.seq)
        anywhere = replace(query, after=None, before=None)
        return self._selected(order[1], order[2]).where(*_between(anywhere, self.sight, order)).limit(limit)

    def _selected(self, *columns: ColumnElement[Any]) -> Select[Any]:
        source: FromClause = _JOINED if self.table is FAILURE else DECISION
        return select(*columns).select_from(source).where(*self.conditions)


def backwards(query: Query) -> bool:
    """Tell whether the page before a place is wanted, and so the oldest of what is newer."""
    return query.before is not None


def ways(connection: Connection, scope: Scope, query: Query) -> list[Way]:
    """Return every way to what `query` asks for within `scope`.

    Raises:
        QueryError: it has more alternatives than are looked at, or cannot be asked.
    """
    if query.after is not None and query.before is not None:
        raise QueryError("a page is before a place or after it")
    found = list(islice(_ways(connection, scope, query), _MOST + 1))
    if len(found) > _MOST:
        raise QueryError("too much is asked for at once")
    return found


def _ways(connection: Connection, scope: Scope, query: Query) -> Iterator[Way]:
    for sight in scope.sights:
        if query.tenant is not None and query.tenant != sight.tenant:
            continue
        if query.type is not None and sight.types is not None and query.type not in sight.types:
            continue
        for table, conditions in _stretches(connection, sight, query):
            held = (*sight.conditions(), *_residual(query, sight, table))
            yield Way(table=table, sight=sight, conditions=(*conditions, *held))


_Stretch = tuple[Table, tuple[ColumnElement[bool], ...]]


def _stretches(connection: Connection, sight: Sight, query: Query) -> Iterator[_Stretch]:
    """Yield the stretches of the index that leaves least to look at."""
    of_tenant = _D.tenant == plain(sight.tenant)
    if sight.resource is not None:  # what else is asked for is looked at row by row: there are few
        yield DECISION, (of_tenant,)
    elif query.resource is not None:
        yield DECISION, (of_tenant, _D.resource_ref == plain(query.resource))
    elif query.subject is not None:
        yield DECISION, (of_tenant, _D.subject_ref == plain(query.subject))
    elif query.rules is not None:
        for rule in query.rules:
            conditions = (FAILURE.c.tenant == plain(sight.tenant), FAILURE.c.rule == plain_rule(rule))
            yield FAILURE, conditions
    elif query.revision is not None or query.bundle is not None:
        for revision, bundle in _policies(connection, sight, query):
            yield DECISION, (of_tenant, _D.revision == revision, _D.bundle == bundle)
    else:
        yield from _plain_stretches(connection, sight, query)


def _plain_stretches(connection: Connection, sight: Sight, query: Query) -> Iterator[_Stretch]:
    """Yield the stretches of what stands in great numbers: actions, types."""
    of_tenant = _D.tenant == plain(sight.tenant)
    denied = (_D.allow.is_(False),) if query.allow is False else ()  # what the indexes of denials say, word by word
    if (actions := _actions(query)) is not None:
        for action in actions:
            yield DECISION, (of_tenant, _D.action == plain(action), *denied)
    else:
        for kind in _types(connection, sight, query):
            yield DECISION, (of_tenant, _D.type == kind, *denied)


def _residual(query: Query, sight: Sight, table: Table) -> Iterator[ColumnElement[bool]]:
    """Yield everything that `query` says of a row, whatever index leads there; no other index is to be taken."""
    if query.type is not None:
        yield aside(_D.type) == plain(query.type)
    elif sight.types is not None:
        yield aside(_D.type).in_(sorted(sight.types))
    if (actions := _actions(query)) is not None:
        yield aside(_D.action).in_([plain(action) for action in actions])
    for column, value in (
        (_D.subject_ref, query.subject),
        (_D.resource_ref, query.resource),
        (_D.revision, query.revision),
        (_D.bundle, query.bundle),
    ):
        if value is not None:
            yield aside(column) == plain(value)
    if query.allow is not None:
        yield aside(_D.allow).is_(query.allow)
    if query.rules is not None and table is DECISION:
        rules = [plain_rule(rule) for rule in query.rules]
        failed = and_(FAILURE.c.chain == _D.chain, FAILURE.c.seq == _D.seq, FAILURE.c.rule.in_(rules))
        yield select(FAILURE.c.seq).where(failed).correlate(DECISION).exists()


def _actions(query: Query) -> tuple[str, ...] | None:
    """Return the actions that are looked for, or None where any will do."""
    if query.action is None:
        return query.actions
    return (query.action,) if query.actions is None or query.action in query.actions else ()


def _types(connection: Connection, sight: Sight, query: Query) -> Sequence[str | None]:
    """Return the types of record that are looked for; where any will do, those there are."""
    if query.type is not None:
        return [plain(query.type)]
    if sight.types is not None:
        return sorted(sight.types)
    steps = _steps(_D.type, _D.tenant == plain(sight.tenant))
    return _few(connection, select(steps.c.value))


def _policies(connection: Connection, sight: Sight, query: Query) -> Iterator[tuple[str, str]]:
    """Yield revision and digest of every bundle that decided for a tenant and is looked for."""
    of_tenant = _D.tenant == plain(sight.tenant)
    if query.revision is not None and query.bundle is not None:
        yield plain(query.revision) or "", plain(query.bundle) or ""
    elif query.revision is not None:
        revision = plain(query.revision) or ""
        steps = _steps(_D.bundle, of_tenant, _D.revision == revision)
        yield from ((revision, bundle) for bundle in _few(connection, select(steps.c.value)))
    else:
        bundle = plain(query.bundle or "") or ""
        steps = _steps(_D.revision, of_tenant)
        there = select(_D.seq).where(of_tenant, _D.revision == steps.c.value, _D.bundle == bundle).correlate(steps)
        revisions = _few(connection, select(steps.c.value, there.exists()))
        yield from ((revision, bundle) for revision, exists in revisions if exists)


def _steps(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> CTE:
    """Return the values that a column has, found from one to the next in an index that begins with the conditions."""
    steps = select(func.min(column).label("value")).where(*conditions).cte("steps", recursive=True)
    following = select(func.min(column)).where(*conditions, column > steps.c.value).correlate(steps)
    return steps.union_all(select(following.scalar_subquery()).where(steps.c.value.is_not(None)))


def _few(connection: Connection, wanted: Select[Any]) -> Sequence[Any]:
    """Return rows that begin with a value of `_steps`, or these values alone.

    Raises:
        QueryError: there are more than are looked at.
    """
    found = connection.execute(wanted.limit(_MOST + 2)).all()
    if len(found) > _MOST + 1:
        raise QueryError("too many policies decided: name their revision")
    return [row if len(row) > 1 else row[0] for row in found if row[0] is not None]


def _between(query: Query, sight: Sight, order: _Order) -> Iterator[ColumnElement[bool]]:
    """Yield what holds of the places of one page: one bound at each end, for SQLite makes use of no more."""
    since, until = bounds(query, sight)
    newer = None if query.before is None else parse_place(query.before)
    older = None if query.after is None else parse_place(query.after)
    if newer is not None and (since is None or newer[0] >= since):
        yield tuple_(*order) > tuple_(*newer)
    elif since is not None:
        yield order[0] >= since
    if older is not None and (until is None or older[0] < until):
        yield tuple_(*order) < tuple_(*older)
    elif until is not None:
        yield order[0] < until


def bounds(query: Query, sight: Sight) -> tuple[str | None, str | None]:
    """Return the earliest time of what is looked for and seen, and the one before which it was."""
    asked = [None if each is None else moment(each) for each in (query.since, query.until)]
    since = max(filter(None, (sight.since, asked[0])), default=None)
    return since, min(filter(None, (sight.until, asked[1])), default=None)


def plain(value: str) -> str | None:
    """Return `value` as a column would hold it; what is no Unicode text, no column holds."""
    return text(value.encode(errors="replace").decode())


def plain_rule(value: str) -> str:
    """Return a rule as its column would hold it: action and gate each as a column does."""
    action, slash, gate = value.partition("/")
    return f"{plain(action)}{slash}{plain(gate)}"
