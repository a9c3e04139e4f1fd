"""Policies at any revision: as they were admitted, kept under their digest, or as they stand in Git.

A revision is the digest of admitted policies (64 hexadecimal digits), or a commit (40) of the protected branch, and no
other: what was never approved is nobody's evidence. Reads a mirror that somebody else fetches, and writes nothing.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from app import activation
from app.features.policies.errors import RepositoryError
from app.features.policies.git.repository import Repository
from app.features.policies.library import Change, InGit, NoRevisionError
from app.pdp.bundle import Bundle, load_snapshot
from app.pdp.errors import BundleError

_KEPT: Final = 4  # snapshots
_COMMIT: Final = re.compile("[0-9a-f]{40}")
_GIT: Final = "git:"


class Shelf:
    """Where the policies of one node are read. For many threads. Every method raises `NoRevisionError`."""

    def __init__(self, bundles: Path, repository: Repository | None) -> None:
        """Read the policies kept in `bundles`, and the commits of `repository`, if there is one."""
        self._bundles, self.repository = bundles, repository
        self._git = None if repository is None else InGit(repository)
        self._snapshot = lru_cache(_KEPT)(self._load)

    def files(self, revision: str) -> Mapping[str, str]:
        """Return the text of every file by its path below policies/."""
        if activation.is_digest(revision):
            return self._snapshot(revision).files
        return self._at(revision).files(revision)

    def bundle(self, revision: str) -> Bundle | None:
        """Return the policies that the files of a revision make; None, if they make none."""
        if activation.is_digest(revision):
            return self._snapshot(revision)
        return self._at(revision).bundle(revision)

    def history(self, revision: str, path: str, most: int) -> Sequence[Change]:
        """Return the newest changes up to a revision, of one file or (`path` empty) of all; none if Git has none."""
        commit = self.commit(revision)
        if path and path not in self.files(revision):
            raise NoRevisionError
        if commit is None:
            return ()
        return self._at(commit).history(commit, path, most)

    def commit(self, revision: str) -> str | None:
        """Return the commit that a revision came from; None where it came from none, or from one that is not there.

        Raises:
            NoRevisionError: there is no such revision.
        """
        if not activation.is_digest(revision):
            self._at(revision)
            return revision
        said = self._snapshot(revision).revision.removeprefix(_GIT)
        return said if _COMMIT.fullmatch(said) and self._published(said) else None

    def _at(self, commit: str) -> InGit:
        if self._git is None or not _COMMIT.fullmatch(commit) or not self._published(commit):
            raise NoRevisionError
        return self._git

    def _published(self, commit: str) -> bool:
        """Tell whether a commit came into the protected branch."""
        if self.repository is None:
            return False
        try:
            return self.repository.is_ancestor(commit, self.repository.head(self.repository.branch))
        except RepositoryError:
            return False

    def _load(self, digest: str) -> Bundle:
        try:
            return load_snapshot(activation.snapshot_path(self._bundles, digest))
        except (OSError, BundleError) as error:
            raise NoRevisionError from error
