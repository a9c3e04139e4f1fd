"""What was used once and cannot be used again: a table in a file, for all workers of a node.

Owns nothing but that: of two who use the same thing at the same time, one is told that it is the first.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

_BUSY: Final = 5.0  # seconds until another's transaction has to be over
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS used (
    owner TEXT NOT NULL, use TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (owner, use)
) WITHOUT ROWID
"""


class SingleUseError(Exception):
    """It cannot be told whether something was used before, so it must count as used."""


class SingleUse:
    """Remembers what was used, until it could not be used any more anyway."""

    def __init__(self, path: Path, *, most: int = 10_000) -> None:
        """Keep the table in the file `path`, with at most `most` entries for each owner."""
        self._path, self._most = path, most

    def take(self, owner: str, use: str, *, expires: int, now: float) -> bool:
        """Return whether `owner` uses `use` for the first time; it is forgotten after `expires` (Unix times). Blocks.

        Raises:
            SingleUseError: it cannot be told.
        """
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY, isolation_level=None)) as database:
                database.execute("PRAGMA secure_delete=ON")
                database.execute(_TABLE)
                database.execute("BEGIN IMMEDIATE")
                database.execute("DELETE FROM used WHERE expires < ?", (int(now),))
                (number,) = database.execute("SELECT count(*) FROM used WHERE owner = ?", (owner,)).fetchone()
                if number >= self._most:
                    raise SingleUseError("too many are in use")
                done = database.execute("INSERT OR IGNORE INTO used VALUES (?, ?, ?)", (owner, use, expires))
                database.execute("COMMIT")
                return done.rowcount == 1
        except (sqlite3.Error, OverflowError) as error:
            raise SingleUseError(str(error)) from error
