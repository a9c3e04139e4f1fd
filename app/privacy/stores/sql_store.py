"""Tables that hold persons, as a store: found by the columns that know them, erased as each table says.

Statements are put together from names that were checked, and values are parameters, always.
"""

import base64
import hmac
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnClause,
    ColumnElement,
    Connection,
    MetaData,
    Select,
    String,
    and_,
    bindparam,
    cast,
    column,
    delete,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.types import NullType

from app.privacy.stores.errors import UnsupportedError
from app.privacy.stores.identifying import LEAST, identifiers
from app.privacy.stores.sql_database import Database
from app.privacy.stores.store import Described, Item, Person
from app.privacy.stores.table import Erasing, Table

MOST: Final = 100_000
"""Rows of one table that one person may have in an export."""

_BATCH: Final = 500


class SqlStore:
    """The tables of one database. See `PersonalStore`; what it says of a person is exact while nobody writes."""

    def __init__(  # noqa: PLR0913 - what a store is made of
        self,
        described: Described,
        tables: tuple[Table, ...],
        database: Database,
        *,
        tenant: str,
        key: bytes,
        kinds: Collection[str] = (),
    ) -> None:
        """Hold `tables`, which are erased in this order, children first.

        Args:
            described: see `Described`.
            tables: in the order of erasure.
            database: where they are.
            tenant: whose persons they hold; those of others have nothing here.
            key: of keyed hashes, where a table has them.
            kinds: of persons that are in there; empty: of any kind.
        """
        self._described, self._tables, self._database = described, tables, database
        self._tenant, self._key, self._kinds = tenant, key, frozenset(kinds)

    @property
    def described(self) -> Described:
        """See `PersonalStore`."""
        return self._described

    def find(self, person: Person) -> int:
        """See `PersonalStore`."""
        with self._database.reading() as connection:
            return sum(self._count(connection, each, self._mine(each, person)) for each in self._tables)

    def export(self, person: Person) -> Iterator[Item]:
        """See `PersonalStore`."""
        for each in self._tables:
            if (mine := self._mine(each, person)) is not None:
                with self._database.reading() as connection:
                    wanted: Select[Any] = select(*map(_column, each.shown)).select_from(_clause(each)).where(mine)
                    rows = [dict(row) for row in connection.execute(wanted.limit(MOST + 1)).mappings()]
                if len(rows) > MOST:
                    raise UnsupportedError(f"`{each.name}` holds more than {MOST} rows of one person")
                yield from (self._item(each, number, row) for number, row in enumerate(rows, 1))

    def rectify(self, person: Person, changes: Mapping[str, Any]) -> int:
        """See `PersonalStore`."""
        known = {name for each in self._tables for name in each.rectify}
        if not known:
            raise UnsupportedError("nothing in this place is set by the person, or may be changed by anybody")
        if not changes.keys() & known:
            raise UnsupportedError("nothing of what is to be changed stands in this place")
        changed = 0
        with self._database.writing() as connection:
            for each in self._tables:
                values = {each.rectify[name]: value for name, value in changes.items() if name in each.rectify}
                mine = self._mine(each, person)
                if values and mine is not None:
                    stale = or_(*(_column(name).is_distinct_from(_plain(value)) for name, value in values.items()))
                    changed += connection.execute(update(_clause(each)).where(mine, stale).values(values)).rowcount
        return changed

    def erase(self, person: Person) -> int:
        """See `PersonalStore`."""
        kept = next((each for each in self._tables if each.erase is Erasing.KEEP and self._has(each, person)), None)
        gone = 0
        with self._database.writing() as connection:
            for each in self._tables:
                if (mine := self._mine(each, person)) is not None:
                    gone += self._erase(connection, each, mine)
        self._database.settled()
        if kept is not None:
            raise UnsupportedError(kept.keep)
        return gone

    def verify(self, person: Person) -> tuple[str, ...]:
        """See `PersonalStore`: looks through every column that is described, capitals or not, in longer texts too."""
        left: list[str] = []
        values = list(self._known(person).values())
        with self._database.reading() as connection:
            for each in self._tables if values else ():
                counted = ((name, self._count(connection, each, _looking_like(name, values))) for name in each.shown)
                left += [f"{each.name}.{name}: {number}" for name, number in counted if number]
        return tuple(left)

    def identifiers(self) -> Iterator[tuple[str, str]]:
        """See `Scannable`."""
        for each in self._tables:
            for name, identifier in each.identify.items():
                with self._database.reading() as connection:
                    there = _column(name).is_not(None)
                    wanted: Select[Any] = select(_column(name)).select_from(_clause(each)).where(there).distinct()
                    with connection.execution_options(yield_per=_BATCH).execute(wanted) as rows:
                        yield from ((identifier, str(value)) for value in rows.scalars())

    def _has(self, each: Table, person: Person) -> bool:
        with self._database.reading() as connection:
            return self._count(connection, each, self._mine(each, person)) > 0

    def _mine(self, each: Table, person: Person) -> ColumnElement[bool] | None:
        """Return what holds of the person's rows, or None where nothing can."""
        known = self._known(person)
        same = [_column(name) == _plain(known[what]) for name, what in each.identify.items() if what in known]
        if not same:
            return None
        return or_(*same) if each.kind is None else and_(or_(*same), _column(each.kind) == _plain(person.kind))

    def _known(self, person: Person) -> dict[str, str]:
        """Return what a person may be known by here: nothing, where they are of another tenant or kind."""
        here = person.tenant == self._tenant and (not self._kinds or person.kind in self._kinds)
        return identifiers(person) if here else {}

    def _count(self, connection: Connection, each: Table, mine: ColumnElement[bool] | None) -> int:
        if mine is None:
            return 0
        return int(connection.execute(select(func.count()).select_from(_clause(each)).where(mine)).scalar_one())

    def _erase(self, connection: Connection, each: Table, mine: ColumnElement[bool]) -> int:
        match each.erase:
            case Erasing.KEEP:
                return 0
            case Erasing.DELETE:
                return connection.execute(delete(_clause(each)).where(mine)).rowcount
            case Erasing.EMPTY:
                empty = dict.fromkeys(each.shown)
                return connection.execute(update(_clause(each)).where(mine).values(empty)).rowcount
            case Erasing.HMAC:
                return self._hash(connection, each, mine)

    def _hash(self, connection: Connection, each: Table, mine: ColumnElement[bool]) -> int:
        """Put keyed hashes in place of what knew the person, and NULL in place of all else."""
        names = list(each.identify)
        wanted: Select[Any] = select(*map(_column, names)).select_from(_clause(each)).where(mine).distinct()
        gone = 0
        for row in connection.execute(wanted).mappings().all():
            same = [_column(name).is_not_distinct_from(row[name]) for name in names]
            hashed = {
                name: None if row[name] is None else self._digest(what, row[name])
                for name, what in each.identify.items()
            }
            empty = {name: None for name in each.columns if name not in hashed}
            gone += connection.execute(update(_clause(each)).where(true(), *same).values(empty | hashed)).rowcount
        return gone

    def _digest(self, identifier: str, value: Any) -> str:
        """Return what stands for a value: the same for the same identifier in every table of this store."""
        said = f"{self._described.name}\0{identifier}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, said, "sha256").hex()

    def _item(self, each: Table, number: int, row: Mapping[str, Any]) -> Item:
        content = {str(name): as_json(value) for name, value in row.items()}
        category = next(iter(each.columns.values()), "identifiers")
        return Item(place=f"{each.name}/{number}", category=category, content=content)


def _clause(each: Table) -> SqlTable:
    """Return the table for statements, of which the engine may say that its schema is called otherwise."""
    names = dict.fromkeys([*each.shown, *each.rectify.values(), *([each.kind] if each.kind else [])])
    return SqlTable(each.name, MetaData(), *(Column(name, NullType()) for name in names), schema=each.schema)


def _column(name: str) -> ColumnClause[Any]:
    return column(name)


def _plain(value: Any) -> BindParameter[Any]:
    """Return a value of which the database alone says what type it has: the column's, so that its index serves."""
    return bindparam(None, value, type_=NullType())


def _looking_like(name: str, values: list[str]) -> ColumnElement[bool]:
    """Return what holds of a row in which a column is one of `values`, or has one in it."""
    text = func.lower(cast(_column(name), String))
    said: list[ColumnElement[bool]] = [func.trim(text).in_([value.strip().lower() for value in values])]
    said += [text.contains(value.lower(), autoescape=True) for value in values if len(value) >= LEAST]
    return or_(*said)


def as_json(value: Any) -> Any:
    """Return a value of a database as JSON has it."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case bytes() | memoryview():
            return base64.b64encode(bytes(value)).decode("ascii")
        case list() | tuple():
            return [as_json(each) for each in value]
        case dict():
            return {str(name): as_json(each) for name, each in value.items()}
        case _:
            return str(value)
