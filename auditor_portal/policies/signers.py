"""Who signed the commits of the protected branch, verified as the service verifies them before it activates one.

Walks the history once, and goes on from there when the branch does. Knows no pages.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.features.policies.errors import RefusedCommitError, RepositoryError
from app.features.policies.git.repository import Repository
from app.features.policies.git.verified_history import VerifiedCommit, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known of a history: every commit with who signed it, and, if it does not hold, which commit and why."""

    commits: Mapping[str, VerifiedCommit] = field(default_factory=dict)
    refused: str | None = None
    why: str = ""

    def signer(self, commit: str) -> str | None:
        """Return who signed a commit; None where that is not known."""
        found = self.commits.get(commit)
        return None if found is None else found.principal


class Signers:
    """The signers of one repository. For many threads: one walks, the others wait for it."""

    def __init__(self, repository: Repository, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Walk the protected branch of `repository`; `now` counts for commits that no fetch has met yet."""
        self._repository, self._now = repository, now
        self._turn = threading.Lock()
        self._verified: str | None = None  # up to this commit everything holds
        self._known: tuple[str, Verdict] | None = None  # of the head that was last looked at

    def known(self) -> Verdict:
        """Return who signed what, up to the head of the protected branch."""
        with self._turn:
            try:
                head = self._repository.head(self._repository.branch)
            except RepositoryError as error:
                return Verdict(why=str(error))
            if self._known is None or self._known[0] != head:
                self._known = head, self._walked(head)
            return self._known[1]

    def _walked(self, head: str) -> Verdict:
        before = self._known[1].commits if self._known and self._verified else {}
        try:
            new = verify(self._repository, self._verified, head, self._now())
        except RefusedCommitError as error:
            return Verdict(commits=before, refused=error.commit, why=f"{error.code}: {error}")
        except RepositoryError as error:
            return Verdict(commits=before, why=str(error))
        self._verified = head
        return Verdict(commits={**before, **{each.id: each for each in new}})
