"""The time that an engagement is about, in the form of the log. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since` until before `until`, both as the log writes times, so that they sort as they follow each other."""

    since: str
    until: str

    def holds(self, time: str) -> bool:
        """Tell whether a time lies in it."""
        return self.since <= time < self.until
