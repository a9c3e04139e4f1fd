"""Policies as they are read: at which revisions there are some, their files, who wrote which line.

Knows no pages. Where there is no repository, the bundle in force is the one revision there is. What is read here is
what stands in Git, whether anybody signed for it or not; what is put in force is another's business.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Protocol

from flask import Flask, current_app

from app.features.policies.errors import MalformedCommitError, RepositoryError
from app.features.policies.git.commit_object import CommitObject
from app.features.policies.git.repository import POLICIES, Repository
from app.pdp.bundle import Bundle, parse_files
from app.pdp.errors import BundleError

_EXTENSION: Final = "omega.policies"
_KEPT: Final = 4  # revisions
_COMMIT: Final = re.compile("[0-9a-f]{40}")


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

    def bundle(self, revision: str) -> Bundle | None:
        """Return the policies that the files of a revision make; None, if they make none."""

    def history(self, revision: str, path: str, most: int) -> Sequence[Change]:
        """Return the newest changes up to a revision, of one file, or (`path` empty) of all; at most so many."""

    def blame(self, revision: str, path: str) -> Sequence[Line]:
        """Return the lines of a file."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The bundle in force as the one revision there is, without a history. A `Library`."""

    in_force: Callable[[], Bundle]

    def newest(self) -> str:
        """See `Library`."""
        return self.in_force().digest

    def files(self, revision: str) -> Mapping[str, str]:
        """See `Library`."""
        return self.bundle(revision).files

    def bundle(self, revision: str) -> Bundle:
        """See `Library`."""
        found = self.in_force()
        if revision != found.digest:
            raise NoRevisionError
        return found

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


class InGit:
    """A policy repository. A `Library`, whose revisions are commits."""

    def __init__(self, repository: Repository) -> None:
        """Read in `repository`, which somebody else fetches; revisions that were read last are kept."""
        self._repository = repository
        self._files = lru_cache(_KEPT)(self._read)
        self._bundle = lru_cache(_KEPT)(self._parsed)

    def newest(self) -> str:
        """See `Library`: the head of the protected branch, as it was last fetched.

        Raises:
            NoRevisionError: there is none, and none can be had.
        """
        try:
            if self._repository.branch not in self._repository.branches():
                self._repository.fetch()
            return self._repository.head(self._repository.branch)
        except RepositoryError as error:
            raise NoRevisionError from error

    def files(self, revision: str) -> Mapping[str, str]:
        """See `Library`."""
        return {path: data.decode(errors="replace") for path, data in self._at(revision).items()}

    def bundle(self, revision: str) -> Bundle | None:
        """See `Library`."""
        self._at(revision)
        return self._bundle(revision)

    def history(self, revision: str, path: str, most: int) -> Sequence[Change]:
        """See `Library`."""
        try:
            found = self._repository.history(revision, f"{POLICIES}/{path}" if path else POLICIES, most)
        except (RepositoryError, MalformedCommitError) as error:
            raise NoRevisionError from error
        return [_change(commit) for commit in found]

    def blame(self, revision: str, path: str) -> Sequence[Line]:
        """See `Library`."""
        try:
            lines = self._repository.blame(revision, f"{POLICIES}/{path}")
            changes = {each: _change(self._repository.commit(each)) for each in {line.commit for line in lines}}
        except (RepositoryError, MalformedCommitError) as error:
            raise NoRevisionError from error
        return [Line(number=line.number, text=line.text, change=changes[line.commit]) for line in lines]

    def _at(self, revision: str) -> Mapping[str, bytes]:
        if not _COMMIT.fullmatch(revision):
            raise NoRevisionError
        return self._files(revision)

    def _read(self, revision: str) -> Mapping[str, bytes]:
        try:
            return self._repository.tree(revision)
        except (RepositoryError, MalformedCommitError) as error:
            raise NoRevisionError from error

    def _parsed(self, revision: str) -> Bundle | None:
        try:
            return parse_files(self._files(revision), f"git:{revision}")
        except BundleError:
            return None


def _change(commit: CommitObject) -> Change:
    title = commit.message.partition("\n")[0]
    return Change(revision=commit.id, author=commit.author, at=commit.authored_at.astimezone(UTC), title=title)


def install(app: Flask, library: Library) -> None:
    """Have the pages of `app` read in `library`."""
    app.extensions[_EXTENSION] = library


def library() -> Library:
    """Return where the application that answers reads."""
    found: Library = current_app.extensions[_EXTENSION]
    return found
