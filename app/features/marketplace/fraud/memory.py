"""Memories as rows. Knows how they are kept and locked, and not what they mean."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.features.marketplace.fraud.rows import TraceRow
from app.features.marketplace.fraud.trace import Of, Trace, parse_trace


class RowMemory:
    """Memory in the product database; see `features.Memory`.

    Whoever changes it locks (`lock`): then a row is made where there is none, so that there is one to lock. Rows are
    locked in the order in which they are asked for; everybody asks for buyer, device, card, network, agent, developer.
    """

    def __init__(self, session: Session, *, lock: bool = False) -> None:
        self._session, self._lock = session, lock

    def trace(self, of: Of, key: str) -> Trace:
        """See `features.Memory`."""
        row = self._row(of, key)
        return Trace() if row is None else parse_trace(row.trace)

    def keep(self, of: Of, key: str, trace: Trace) -> None:
        """See `features.Memory`."""
        row = self._session.get_one(TraceRow, (of.value, key))
        row.trace = trace.document()
        self._session.add(row)
        self._session.flush()

    def _row(self, of: Of, key: str) -> TraceRow | None:
        statement = select(TraceRow).where(TraceRow.of == of.value, TraceRow.key == key)
        if not self._lock:
            return self._session.exec(statement).first()
        here = self._session.get_bind().dialect.name
        insert = postgresql.insert if here == "postgresql" else sqlite.insert
        made = insert(TraceRow).values(of=of.value, key=key, trace=Trace().document())
        self._session.execute(made.on_conflict_do_nothing(index_elements=[col(TraceRow.of), col(TraceRow.key)]))
        return self._session.exec(statement.with_for_update().execution_options(populate_existing=True)).first()
