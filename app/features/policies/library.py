"""Policies as they are read: at which revisions there are some, their files, who wrote which line.

Knows no pages. Where there is no repository, the bundle in force is the one revision there is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from flask import Flask, current_app

from app.pdp.bundle import Bundle

_EXTENSION: Final = "omega.policies"


class NoRevisionError(Exception):
    """There are no policies at this revision, or no such file among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A commit, as a reader meets it. `author` is what its author wrote; only a signer is proved."""

    revision: str
    author: str
    at: datetime
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a file, its number from 1, and what it came with."""

    number: int
    text: str
    change: Change | None


class Library(Protocol):
    """Policies at their revisions. Every method but `newest` raises `NoRevisionError`."""

    def newest(self) -> str:
        """Return the revision that a reader begins with."""

    def files(self, revision: str) -> Mapping[str, str]:
        """Return the text of every file by its path below policies/."""

    def history(self, revision: str, path: str, most: int) -> Sequence[Change]:
        """Return the newest changes up to a revision, of one file, or (`path` empty) of all; at most so many."""

    def blame(self, revision: str, path: str) -> Sequence[Line]:
        """Return the lines of a file."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The bundle in force as the one revision there is, without a history. A `Library`."""

    bundle: Callable[[], Bundle]

    def newest(self) -> str:
        """See `Library`."""
        return self.bundle().digest

    def files(self, revision: str) -> Mapping[str, str]:
        """See `Library`."""
        found = self.bundle()
        if revision != found.digest:
            raise NoRevisionError
        return found.files

    def history(self, revision: str, path: str, most: int) -> Sequence[Change]:  # noqa: ARG002 - there is none
        """See `Library`."""
        if path and path not in self.files(revision):
            raise NoRevisionError
        return ()

    def blame(self, revision: str, path: str) -> Sequence[Line]:
        """See `Library`."""
        text = self.files(revision).get(path)
        if text is None:
            raise NoRevisionError
        return [Line(number=number, text=line, change=None) for number, line in enumerate(text.splitlines(), 1)]


def install(app: Flask, library: Library) -> None:
    """Have the pages of `app` read in `library`."""
    app.extensions[_EXTENSION] = library


def library() -> Library:
    """Return where the application that answers reads."""
    found: Library = current_app.extensions[_EXTENSION]
    return found
