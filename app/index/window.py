"""How far the index looks back: which segments have their records in it at a given time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from evidence import form
from evidence.segment import Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Segments that were sealed at `since` or later and are kept beyond `now`. Both are times of the log's form."""

    since: str
    now: str

    @classmethod
    def ending(cls, now: datetime, length: timedelta) -> "Window":
        """Return the window of `length` that ends `now`, which knows its time zone."""
        earliest = datetime.min.replace(tzinfo=now.tzinfo)
        since = now - min(length, now - earliest)
        return cls(since=form.time_text(since), now=form.time_text(now))

    def holds(self, seal: Seal) -> bool:
        """Return whether the records under `seal` belong into the index."""
        return seal.sealed_at >= self.since and seal.retain_until > self.now
