"""The members of one object of a file, read strictly. Knows their forms, and nothing of what they mean."""

import re
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, Final

from frameworks.errors import ControlError, FrameworksError

LONGEST: Final = 400
"""Characters of a line of text."""

MOST: Final = 200
"""Entries of a list."""

PATH: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}(?:\.[a-zA-Z_][a-zA-Z0-9_-]{0,63}){0,7}")
"""Names of members, one inside the other."""

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Members:
    """One object; `place` begins every message, and `error` is what is raised of what is wrong in it."""

    def __init__(
        self, place: str, document: Any, names: Collection[str], error: type[FrameworksError] = ControlError
    ) -> None:
        """Take an object that has no member but `names`.

        Raises:
            FrameworksError: `error`: it is none, or has another.
        """
        if not isinstance(document, dict):
            raise error(f"{place}: an object is wanted")
        if unknown := sorted(document.keys() - names):
            raise error(f"{place}: no member `{unknown[0]}`")
        self.place, self.document, self.error = place, document, error

    def __contains__(self, name: str) -> bool:
        return name in self.document

    def wrong(self, name: str, why: str) -> FrameworksError:
        """Return what to raise about a member."""
        return self.error(f"{self.place}: `{name}` {why}")

    def text(self, name: str) -> str:
        """Return a line of text.

        Raises:
            FrameworksError: it is none.
        """
        value = self.document.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST or not value.isprintable():
            raise self.wrong(name, f"is a line of text, at most {LONGEST} characters")
        return value

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        """Return a text of one form.

        Raises:
            FrameworksError: it has another.
        """
        value = self.text(name)
        if not pattern.fullmatch(value):
            raise self.wrong(name, "has not its form")
        return value

    def one_of(self, name: str, values: Collection[str]) -> str:
        """Return one of `values`.

        Raises:
            FrameworksError: it is none of them.
        """
        value = self.document.get(name)
        if not isinstance(value, str) or value not in values:
            raise self.wrong(name, f"is one of {', '.join(values)}")
        return value

    def path(self, name: str) -> str:
        """Return names of members, joined by dots.

        Raises:
            FrameworksError: it is none.
        """
        return self.matching(name, PATH)

    def number(self, name: str, *, least: int = 0, most: int = 1_000_000) -> int:
        """Return a whole number.

        Raises:
            FrameworksError: it is none, or outside its bounds.
        """
        value = self.document.get(name)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(name, f"is a whole number from {least} to {most}")
        return value

    def duration(self, name: str) -> timedelta:
        """Return a duration such as `90m`, `72h`, `30d`.

        Raises:
            FrameworksError: it is none.
        """
        value = self.document.get(name)
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise self.wrong(name, "is a duration such as `90m`, `72h` or `30d`")
        return int(found[1]) * _UNITS[found[2]]

    def yes(self, name: str) -> None:
        """Take a member that says nothing but `true`.

        Raises:
            FrameworksError: it says something else.
        """
        if self.document.get(name) is not True:
            raise self.wrong(name, "is `true`")

    def day(self, name: str) -> date:
        """Return a day, `YYYY-MM-DD`.

        Raises:
            FrameworksError: it is none.
        """
        try:
            return date.fromisoformat(self.matching(name, _DAY))
        except ValueError:
            raise self.wrong(name, "is no day") from None

    def entries(self, name: str, least: int = 1, most: int = MOST) -> list[Any]:
        """Return a list.

        Raises:
            FrameworksError: it is none, or too short, or too long.
        """
        value = self.document.get(name)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise self.wrong(name, f"is a list of {least} to {most} entries")
        return value

    def texts(self, name: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """Return a list of texts of one form, none of them twice.

        Raises:
            FrameworksError: it is none.
        """
        values = self.entries(name)
        if not all(isinstance(each, str) and pattern.fullmatch(each) for each in values):
            raise self.wrong(name, "has an entry without its form")
        if len(set(values)) < len(values):
            raise self.wrong(name, "has an entry twice")
        return tuple(values)
