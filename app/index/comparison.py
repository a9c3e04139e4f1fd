"""The index held against the log: every row that is there and should not be, or is not there, or says something else.

The log is read from the store, with signatures and hashes checked; that it holds as a whole is for
`evidence.verify` to say beforehand. What the index has not read yet is no lie, and what its window is about to let go
of may be there or not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, func, select

from app.index import entry
from app.index.entry import Row
from app.index.indexer import translated
from app.index.rows import CHAIN, CHECKPOINT, DECISION, FAILURE, SEGMENT
from app.index.sealed_log import Batch, SealedLog
from app.index.window import Window
from evidence.checkpoint import Leaf
from evidence.segment import Seal

_AT_ONCE: Final = 5_000  # rows fetched at once


class Code(StrEnum):
    """What is wrong with a row."""

    MISSING = "missing-row"
    EXTRA = "extra-row"
    CHANGED = "changed-column"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """One row that does not say what the log says; `column` names the column, if a row of that key is there."""

    code: Code
    where: str
    column: str = ""

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.where}: {self.code}" + (f": `{self.column}`" if self.column else "")


@dataclass(slots=True, kw_only=True)
class Compared:
    """How much was compared."""

    checkpoints: int = 0  # in the index
    published: int = 0  # in the log
    segments: int = 0
    records: int = 0


@dataclass(slots=True)
class _Tree:
    """What stands in the log's tree."""

    batches: list[Batch] = field(default_factory=list)
    chains: dict[str, list[tuple[Leaf, int]]] = field(default_factory=dict)  # with the number of the checkpoint


class Comparison:
    """One pass. `compared` is filled while it runs."""

    def __init__(self, engine: Engine, log: SealedLog, window: Window) -> None:
        self._engine, self._log, self._window = engine, log, window
        self.compared = Compared()

    def lies(self) -> Iterator[Lie]:
        """Yield everything that is wrong, from one snapshot of the index.

        Raises:
            FindingError: the log itself does not hold.
            StoreError: the store does not answer.
            IndexUnavailableError: the database does not answer.
        """
        with translated(), self._snapshot() as connection, connection.begin():
            newest = connection.execute(select(func.max(CHECKPOINT.c.number))).scalar_one()
            self.compared.checkpoints = 0 if newest is None else newest + 1
            tree = self._tree()
            self.compared.published = len(tree.batches)
            yield from self._checkpoints(connection, tree)
            yield from self._chains(connection, tree)

    def _snapshot(self) -> Connection:
        connection = self._engine.connect()
        if connection.dialect.name == "postgresql":  # in SQLite a transaction is a snapshot
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        return connection

    def _tree(self) -> _Tree:
        tree = _Tree()
        while (batch := self._log.batch(len(tree.batches))) is not None:
            tree.batches.append(batch)
            for leaf in batch.leaves:
                tree.chains.setdefault(leaf.chain, []).append((leaf, batch.number))
        return tree

    def _checkpoints(self, connection: Connection, tree: _Tree) -> Iterator[Lie]:
        found = {row["number"]: row for row in _rows(connection, CHECKPOINT)}
        for batch in tree.batches[: self.compared.checkpoints]:
            there = found.pop(batch.number, None)
            newest = batch.number == self.compared.checkpoints - 1
            seal = self._log.seal(batch.leaves[-1])
            expected = entry.checkpoint_row(batch.number, batch.checkpoint, seal)
            if there is not None:
                yield from _changed(f"checkpoint {batch.number}", expected, there)
            elif newest or seal.sealed_at >= self._window.since:
                yield Lie(code=Code.MISSING, where=f"checkpoint {batch.number}")
        yield from (Lie(code=Code.EXTRA, where=f"checkpoint {number}") for number in sorted(found))

    def _chains(self, connection: Connection, tree: _Tree) -> Iterator[Lie]:
        found = {row["chain"]: row for row in _rows(connection, CHAIN)}
        strangers = {
            name
            for table in (SEGMENT, DECISION, FAILURE)
            for name in connection.execute(select(table.c.chain).distinct()).scalars()
        }
        for name in sorted(found.keys() | tree.chains.keys() | strangers):
            yield from self._chain(connection, name, found.get(name), tree.chains.get(name, []))

    def _chain(
        self, connection: Connection, name: str, row: Row | None, leaves: list[tuple[Leaf, int]]
    ) -> Iterator[Lie]:
        """Walk one chain: what the tree has of it beside what the index has of it."""
        segments = _Ahead(connection, SEGMENT, name, "number", f"segment {name}/")
        decisions = _Ahead(connection, DECISION, name, "seq", f"decision {name}-")
        failures = _Ahead(connection, FAILURE, name, "seq", f"failure {name}-")
        newest: Seal | None = None
        for leaf, number in leaves:
            yield from segments.strangers(leaf.segment)
            there = segments.take(leaf.segment)
            read = number < self.compared.checkpoints or there is not None
            if not read and (row is None or row["segments"] <= leaf.segment):
                break  # it came into the log, and will come into the index
            newest = self._log.seal(leaf)
            if there is not None or self._window.holds(newest):
                yield from self._segment(newest, number, there, decisions, failures)
        if newest is not None:
            yield from _compared_row(f"chain {name}", entry.chain_row(newest), row)
        elif row is not None:
            yield Lie(code=Code.EXTRA, where=f"chain {name}")
        yield from segments.strangers()
        yield from decisions.strangers()
        yield from failures.strangers()

    def _segment(
        self, seal: Seal, number: int, there: Row | None, decisions: "_Ahead", failures: "_Ahead"
    ) -> Iterator[Lie]:
        yield from _compared_row(f"segment {seal.chain}/{seal.segment}", entry.segment_row(seal, number), there)
        yield from decisions.strangers(seal.first_seq)
        yield from failures.strangers(seal.first_seq)
        self.compared.segments += 1
        if not self._window.holds(seal):  # about to be dropped, and its records may be gone from the store
            for ahead in (decisions, failures):
                for _ in ahead.strangers(seal.first_seq + seal.count):
                    pass
            return
        for record in self._log.records(seal):
            yield from decisions.strangers(record.seq)
            expected = entry.decision_row(record, seal.segment)
            yield from _compared_row(f"decision {record.position.decision_id}", expected, decisions.take(record.seq))
            yield from _failures(record.position.decision_id, record.seq, expected, failures)
            self.compared.records += 1


class _Ahead:
    """Rows of one chain in the order of their numbers, of which the next can be looked at."""

    def __init__(self, connection: Connection, table: Table, chain: str, key: str, where: str) -> None:
        self._rows = _rows(connection, table, table.c.chain == chain, order=table.c[key])
        self._key, self._where = key, where
        self._next = next(self._rows, None)

    def strangers(self, before: int | None = None) -> Iterator[Lie]:
        """Yield each row before number `before`, or each that is left: nobody asked for it."""
        while self._next is not None and (before is None or self._next[self._key] < before):
            yield Lie(code=Code.EXTRA, where=f"{self._where}{self._next[self._key]}")
            self._next = next(self._rows, None)

    def take(self, number: int) -> Row | None:
        """Return the row of `number`, if it is the next."""
        if self._next is None or self._next[self._key] != number:
            return None
        found, self._next = self._next, next(self._rows, None)
        return found


def _failures(decision_id: str, seq: int, decision: Row, failures: _Ahead) -> Iterator[Lie]:
    """Compare the rules that failed in one record with those that the index has of it."""
    yield from failures.strangers(seq)
    found = {}
    while (there := failures.take(seq)) is not None:
        found[there["rule"]] = there
    for expected in entry.failure_rows(decision):
        yield from _compared_row(f"failure {decision_id}", expected, found.pop(expected["rule"], None))
    yield from (Lie(code=Code.EXTRA, where=f"failure {decision_id}") for _ in found)


def _rows(connection: Connection, table: Table, *conditions: Any, order: Any = None) -> Iterator[Row]:
    wanted = select(table).where(*conditions).order_by(order).execution_options(yield_per=_AT_ONCE)
    with connection.execute(wanted) as found:
        for row in found.mappings():
            yield dict(row)


def _compared_row(where: str, expected: Row, found: Row | None) -> Iterator[Lie]:
    if found is None:
        yield Lie(code=Code.MISSING, where=where)
    else:
        yield from _changed(where, expected, found)


def _changed(where: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Lie]:
    for name, value in expected.items():
        if found[name] != value:
            yield Lie(code=Code.CHANGED, where=where, column=name)
