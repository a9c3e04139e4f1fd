"""A patch as a branch: a unified diff, or what `git format-patch` writes, applied to the protected branch and pushed.

The patch meets Git's index alone: no file is written, so no path in it leads anywhere. What Git is called with is ours;
of the sender's it gets the patch, on a file, and nothing of what a patch says about who made it. The commit bears no
signature: the branch is a draft until a person signs it with their own key.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from app.features.policies.changes.proposing import Source
from app.features.policies.errors import PatchError, RepositoryError
from app.features.policies.git.git_program import REMOTE_SECONDS, GitProgram
from app.features.policies.git.repository import transport

MAX_BYTES: Final = 128 << 10
"""Bytes of a patch."""

_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}", re.ASCII)
_BRANCH: Final = re.compile(r"[a-z0-9][a-z0-9_-]*(?:[./][a-z0-9][a-z0-9_-]*){0,7}", re.ASCII)
_LONGEST_BRANCH: Final = 100
_SERVICE: Final = "omega@localhost"


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
        if not _BRANCH.fullmatch(name) or len(name) > _LONGEST_BRANCH or name.endswith(".lock"):
            raise PatchError("a branch is named by small letters, digits, `-` and `_`, parted by `/` or `.`")
        if not 0 < len(patch) <= MAX_BYTES:
            raise PatchError(f"a patch has 1 to {MAX_BYTES} bytes")
        base = repository.head(repository.branch)
        with tempfile.TemporaryDirectory(prefix="omega-patch-") as place:
            commit = self._commit(Path(place), base, patch, person, message, now)
            try:
                changed = repository.diff(base, commit)
            except RepositoryError as error:
                raise PatchError(f"the patch brings what has no place here: {error}") from None
            if not changed:
                raise PatchError("the patch changes nothing")
            self._git({}).run(
                "push", "--quiet", "--no-verify", self.url, f"{commit}:refs/heads/{name}", seconds=REMOTE_SECONDS
            )
        repository.fetch()
        return commit

    def _commit(  # noqa: PLR0913, PLR0917 - what a commit is made of
        self, place: Path, base: str, patch: bytes, person: str, message: str, now: datetime
    ) -> str:
        who = person if _PERSON.fullmatch(person) else _SERVICE
        when = f"{int(now.timestamp())} +0000"
        named = {
            f"GIT_{role}_{what}": text
            for role in ("AUTHOR", "COMMITTER")
            for what, text in (("NAME", who), ("EMAIL", who), ("DATE", when))
        }
        git = self._git(named | {"GIT_INDEX_FILE": str(place / "index")})
        (place / "patch").write_bytes(patch)
        (place / "message").write_text(message, "utf-8")
        git.run("read-tree", base)
        try:
            git.run("apply", "--cached", "--whitespace=nowarn", str(place / "patch"))
        except RepositoryError:
            raise PatchError("the patch does not fit the protected branch as it is now") from None
        tree = git.run("write-tree").decode().strip()
        return git.run("commit-tree", tree, "-p", base, "-F", str(place / "message")).decode().strip()

    def _git(self, more: Mapping[str, str]) -> GitProgram:
        return GitProgram(self.mirror, transport=transport(self.url), environment={**self.environment, **more})
