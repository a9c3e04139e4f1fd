"""What a gate would have denied in the last days, counted in the log beside everything else: nobody waits for it.

Owns when that is counted, and for how long it counts. What is counted is `app.promotion`'s business. A count is that of
this process; another worker makes its own.
"""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from flask import Flask, current_app

from app import keys, log_scan
from app.promotion import Promotion, would_have_denied
from app.settings import Settings
from evidence import form
from evidence.chain import utc_now
from evidence.errors import EvidenceError
from evidence.reader import Reader
from evidence.store import open_store

_LOG = logging.getLogger(__name__)

DAYS: Final = 30
"""How far back it is counted."""

FRESH: Final = 600.0
"""Seconds after which it is counted anew."""

_EXTENSION: Final = "omega.promotions"
_MOST: Final = 64  # gates that are kept

Count = Callable[[str, str, str], Promotion]
"""Counts what a gate of an action would have denied since a time (RFC 3339, UTC)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted, or the code of what went wrong, or neither yet."""

    since: str = ""
    found: Promotion | None = None
    error: str = ""
    at: float = 0.0

    @property
    def ended(self) -> bool:
        """Return whether the counting has ended."""
        return self.found is not None or bool(self.error)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        counted = {} if self.found is None else self.found.document()
        state = "running" if not self.ended else "broken" if self.error else "done"
        return {"state": state, "error": self.error, "since": self.since} | counted


class Promotions:
    """The counts of the gates that were looked at. For many threads; one counts at a time."""

    def __init__(self, count: Count, now: Callable[[], float]) -> None:
        """Count by `count`; `now` returns Unix seconds."""
        self._count, self._now = count, now
        self._known: dict[tuple[str, str], Counted] = {}
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def look(self, action: str, gate: str) -> Counted:
        """Return what there is; where there is nothing fresh, and nobody counts, somebody begins to."""
        with self._guard:
            known = self._known.get((action, gate))
            if known is not None and known.at + FRESH > self._now():
                return known
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._make, args=(action, gate), name="counting", daemon=True)
                self._thread.start()
            return Counted()

    def wait(self) -> None:
        """Wait until nothing is being counted."""
        if self._thread is not None:
            self._thread.join()

    def _make(self, action: str, gate: str) -> None:
        os.nice(19)  # on Linux that of this thread alone: decisions come first
        since = form.time_text(utc_now() - timedelta(days=DAYS))
        try:
            counted = Counted(since=since, found=self._count(action, gate, since), at=self._now())
        except (EvidenceError, keys.KeyFileError) as error:
            _LOG.warning("what a gate would have denied cannot be counted: %s", error)
            code = error.code if isinstance(error, EvidenceError) else "keys"
            counted = Counted(since=since, error=code, at=self._now())
        with self._guard:
            self._known.pop((action, gate), None)
            self._known[action, gate] = counted
            while len(self._known) > _MOST:
                del self._known[next(iter(self._known))]


def counting(settings: Settings) -> Count:
    """Return what counts in the log of a node with these settings; it reads all of it."""

    def count(action: str, gate: str, since: str) -> Promotion:
        reader = Reader(open_store(settings.store, read_only=True), keys.load_verifier(settings.keys))
        records = log_scan.decisions(reader, settings.journals)
        return would_have_denied(records, action=action, gate=gate, since=since)

    return count


def install(app: Flask, found: Promotions) -> None:
    """Have the pages of `app` show what `found` counts."""
    app.extensions[_EXTENSION] = found


def promotions() -> Promotions:
    """Return what counts for the application that answers."""
    found: Promotions = current_app.extensions[_EXTENSION]
    return found
