"""A patch as a branch: a unified diff, or what `git format-patch` writes, applied to the protected branch and pushed.

The patch meets Git's index alone: no file is written, so no path in it leads anywhere. What Git is called with is ours;
of the sender's it gets the patch, on a file, and nothing of what a patch says about who made it. The commit bears no
signature: the branch is a draft until a person signs it with their own key.
"""

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from app.features.policies.errors import PatchError, RepositoryError
from app.features.policies.git_program import REMOTE_SECONDS, GitProgram
from app.features.policies.proposing import Source
from app.features.policies.repository import transport

MAX_BYTES: Final = 128 << 10
"""Bytes of a patch."""

_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}", re.ASCII)
_BRANCH: Final = re.compile(r"[a-z0-9][a-z0-9_-]*(?:[./][a-z0-9][a-z0-9_-]*){0,7}", re.ASCII)
_LONGEST_BRANCH: Final = 100
_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*", re.ASCII)
_SERVICE: Final = "omega@localhost"

_Change = Callable[[GitProgram, Path], None]
"""Changes the index of a program; may use a directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a commit says about itself."""

    person: str
    message: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Patcher:
    """Where a patch becomes a branch: the mirror, its remote, and what Git's processes find."""

    mirror: Path
    url: str
    environment: Mapping[str, str]

    def branch(  # noqa: PLR0913 - what a commit is made of
        self, repository: Source, patch: bytes, name: str, *, person: str, message: str, now: datetime
    ) -> str:
        """Push a new branch `name` with one unsigned commit, in the name of `person`; return the commit.

        Args:
            repository: fetched just now; it is fetched again.
            patch: what is to change.
            name: of the branch; there is none yet.
            person: the id of who sends it.
            message: of the commit.
            now: the time.

        Raises:
            PatchError: it is too large, does not fit the protected branch, or brings what has no place there.
            RepositoryError: Git did not do it.
        """
        if not 0 < len(patch) <= MAX_BYTES:
            raise PatchError(f"a patch has 1 to {MAX_BYTES} bytes")

        def apply(git: GitProgram, place: Path) -> None:
            (place / "patch").write_bytes(patch)
            try:
                git.run("apply", "--cached", "--whitespace=nowarn", str(place / "patch"))
            except RepositoryError:
                raise PatchError("the patch does not fit the protected branch as it is now") from None

        return self._pushed(repository, apply, name, _Said(person=person, message=message, now=now))

    def branch_of_files(
        self,
        repository: Source,
        files: Mapping[str, bytes | None],
        name: str,
        *,
        message: str,
        now: datetime,
    ) -> str:
        """Push a new branch `name` with one unsigned commit of nobody, that has `files`; return the commit.

        Args:
            repository: fetched just now; it is fetched again.
            files: by path in the repository; None takes one out.
            name: of the branch; there is none yet.
            message: of the commit.
            now: the time.

        Raises:
            PatchError: they bring what has no place there, or change nothing.
            RepositoryError: Git did not do it.
        """
        if not all(_PATH.fullmatch(path) and ".." not in path.split("/") for path in files):
            raise PatchError("a file has a name that has no place in a policy repository")

        def write(git: GitProgram, place: Path) -> None:
            for path, data in files.items():
                update = (f"--work-tree={place}", "update-index")  # which it demands, and does not look at
                if data is None:
                    git.run(*update, "--force-remove", "--", path)
                    continue
                (place / "file").write_bytes(data)
                blob = git.run("hash-object", "-w", "--no-filters", "--", str(place / "file")).decode().strip()
                git.run(*update, "--add", "--cacheinfo", f"100644,{blob},{path}")

        return self._pushed(repository, write, name, _Said(person="", message=message, now=now))

    def _pushed(self, repository: Source, change: _Change, name: str, said: _Said) -> str:
        if not _BRANCH.fullmatch(name) or len(name) > _LONGEST_BRANCH or name.endswith(".lock"):
            raise PatchError("a branch is named by small letters, digits, `-` and `_`, parted by `/` or `.`")
        base = repository.head(repository.branch)
        with tempfile.TemporaryDirectory(prefix="omega-patch-") as place:
            commit = self._commit(Path(place), base, change, said)
            try:
                changed = repository.diff(base, commit)
            except RepositoryError as error:
                raise PatchError(f"the change brings what has no place here: {error}") from None
            if not changed:
                raise PatchError("the change changes no file")
            self._git({}).run(
                "push", "--quiet", "--no-verify", self.url, f"{commit}:refs/heads/{name}", seconds=REMOTE_SECONDS
            )
        repository.fetch()
        return commit

    def _commit(self, place: Path, base: str, change: _Change, said: _Said) -> str:
        who = said.person if _PERSON.fullmatch(said.person) else _SERVICE
        when = f"{int(said.now.timestamp())} +0000"
        named = {
            f"GIT_{role}_{what}": text
            for role in ("AUTHOR", "COMMITTER")
            for what, text in (("NAME", who), ("EMAIL", who), ("DATE", when))
        }
        git = self._git(named | {"GIT_INDEX_FILE": str(place / "index")})
        (place / "message").write_text(said.message, "utf-8")
        git.run("read-tree", base)
        change(git, place)
        tree = git.run("write-tree").decode().strip()
        return git.run("commit-tree", tree, "-p", base, "-F", str(place / "message")).decode().strip()

    def _git(self, more: Mapping[str, str]) -> GitProgram:
        return GitProgram(self.mirror, transport=transport(self.url), environment={**self.environment, **more})
