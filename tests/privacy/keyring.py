"""What tests of the key store share: names, fakes of clock and table."""

import threading
from pathlib import Path

from sqlalchemy import delete, func, insert, select
from sqlmodel import SQLModel

from app.privacy.rows import SUBJECT_KEY

ROOT = Path(__file__).resolve().parents[2]
KEK = bytes(range(32))
LOOKUP = bytes(range(32, 64))
PLACE = ("0123456789abcdef0123-42", 0)
ALICE = ("tenant", "user", "alice@example.com")


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


class CountedTable:
    """The real table, which says how often and for whom it was asked."""

    def __init__(self, table):
        self.table = table
        self.loads = []

    def load(self, lookups):
        self.loads.append(lookups)
        return self.table.load(lookups)

    def news(self, seen):
        return self.table.news(seen)


class HangingTable:
    """A database that does not answer until it is let go."""

    def __init__(self, table):
        self.table = table
        self.let_go = threading.Event()

    def load(self, lookups):
        self.let_go.wait()
        return self.table.load(lookups)

    def find(self, *names):
        self.let_go.wait()
        return self.table.find(*names)


def rows(engine):
    with engine.begin() as connection:
        return connection.execute(select(func.count()).select_from(SUBJECT_KEY)).scalar_one()


def sqlite_file(engine):
    """Return the file of the database, if it has one."""
    return Path(engine.url.database) if engine.dialect.name == "sqlite" else None


def kept(engine):
    """Keep what the database holds, and return a function that brings it back, as from a backup."""
    tables = SQLModel.metadata.sorted_tables
    with engine.begin() as connection:
        rows = {table: [dict(row) for row in connection.execute(select(table)).mappings()] for table in tables}

    def bring_back():
        with engine.begin() as connection:
            for table in tables:
                connection.execute(delete(table))
                if rows[table]:
                    connection.execute(insert(table), rows[table])

    return bring_back
