"""An index of a log in memory, made as the indexer makes its rows."""

from sqlalchemy import insert

from app import schema
from app.db import open_engine
from app.index.entry import decision_row
from app.index.rows import DECISION


class Indexed:
    """An index at `path` of what a decision point of tests has recorded."""

    def __init__(self, around, path):
        self._around, self._done = around, 0
        self.engine = open_engine(f"sqlite:///{path}")
        schema.upgrade(self.engine, schema.INDEX_MIGRATIONS)

    def catch_up(self):
        """Read what the index lacks."""
        records = self._around.log.records[self._done :]
        self._done += len(records)
        with self.engine.begin() as connection:
            connection.execute(insert(DECISION), [decision_row(record, 0) for record in records])
