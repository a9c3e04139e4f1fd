"""Whether every commit of the protected branch since the last verified one may be trusted. Knows no Git but a port.

The strict mode: each commit is signed, by a key that the policies allowed before the commit came in. The way from the
last verified commit to the head is walked step by step. A step is one commit, or a merge with everything that it
brings in; what it brings in is judged by `policies/allowed_signers` as the step before left it. So no commit lets
itself in, and who was struck off the list brings nothing in on an old branch.

A signer's dates are held against the time in the commit and against the time when the commit was first seen here, as
the first is written by whoever commits. A commit may not be younger than its first sight, nor older than its parents.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from app.features.policies.errors import MalformedCommitError, RefusedCommitError, SignatureError, SignersError
from app.features.policies.git.allowed_signers import NOBODY, AllowedSigners, parse_allowed_signers
from app.features.policies.git.commit_object import CommitObject
from app.features.policies.git.repository import POLICIES, Seen
from app.features.policies.git.ssh_signature import verify_signature

SIGNERS: Final = f"{POLICIES}/allowed_signers"
"""Where the file lies in a policy repository."""

SKEW: Final = timedelta(minutes=5)
"""By how much clocks of honest people differ."""


class Code(StrEnum):
    """Why a commit is refused."""

    UNSIGNED = "unsigned"
    UNKNOWN = "unknown_signer"
    EXPIRED = "expired_signer"
    BAD = "bad_signature"
    MALFORMED = "malformed"
    CLOCK = "clock"
    SIGNERS = "signers"
    REWRITTEN = "rewritten"


class History(Protocol):
    """What is asked of a repository; see `Repository`."""

    def is_ancestor(self, before: str, after: str) -> bool:
        """Tell whether `after` is `before`, or was made from it; False where `before` is not there."""
        ...

    def commit(self, commit: str) -> CommitObject:
        """Return one commit."""
        ...

    def commits(self, since: str | None, until: str) -> Sequence[CommitObject]:
        """Return what `until` has and `since` has not, parents first."""
        ...

    def blob_id(self, tree: str, path: str) -> str | None:
        """Return which bytes `path` has in a tree."""
        ...

    def blob(self, name: str) -> bytes:
        """Return the bytes of a blob."""
        ...

    def seen(self) -> Sequence[Seen]:
        """Return the heads that fetches met, the oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCommit:
    """A commit, its tree, and who signed it. Author and committer are what they say of themselves."""

    id: str
    tree: str
    parents: tuple[str, ...]
    principal: str
    author_email: str
    committed_at: datetime


def verify(repository: History, since: str | None, until: str, now: datetime) -> tuple[VerifiedCommit, ...]:
    """Return every commit of `until` that `since` has not, oldest first, each with its signer.

    Without `since` the first commit is judged by the list that it brings itself: whoever names `until` vouches for it.

    Raises:
        RefusedCommitError: one of them is not to be trusted, or the history before `since` was rewritten.
        RepositoryError: Git cannot say.
    """
    if since is not None and not repository.is_ancestor(since, until):
        raise RefusedCommitError(until, Code.REWRITTEN, "the branch does not go on from the last verified commit")
    try:
        commits = repository.commits(since, until)
    except MalformedCommitError as error:
        raise RefusedCommitError(until, Code.MALFORMED, f"a commit of this history is malformed: {error}") from None
    if not commits:
        return ()
    judging = _Judging(repository, commits, now)
    return tuple(each for step in _steps(commits, since) for each in judging.step(*step))


def _steps(commits: Sequence[CommitObject], since: str | None) -> Iterator[tuple[str | None, CommitObject]]:
    """Yield the commits on the way from `since` to the last of `commits`, each with the one before it."""
    new = {commit.id: commit for commit in commits}
    start = since if since is not None else _first(new, commits[-1])
    leads: set[str] = {start}
    for commit in commits:  # parents come first
        if not leads.isdisjoint(commit.parents):
            leads.add(commit.id)
    way: list[tuple[str | None, CommitObject]] = []
    at = commits[-1].id
    while at != start:
        before = next(parent for parent in new[at].parents if parent in leads)
        way.append((before, new[at]))
        at = before
    if since is None:
        way.append((None, new[start]))
    yield from reversed(way)


def _first(commits: Mapping[str, CommitObject], head: CommitObject) -> str:
    """Return the commit without parents that the first parents lead to."""
    at = head
    while at.parents:
        at = commits[at.parents[0]]
    return at.id


class _Judging:
    """One walk: which commits were judged already, and what was read of lists of signers."""

    def __init__(self, repository: History, commits: Sequence[CommitObject], now: datetime) -> None:
        self._repository, self._now = repository, now
        self._order = {commit.id: place for place, commit in enumerate(commits)}
        self._waiting = {commit.id: commit for commit in commits}
        self._times: dict[str, datetime] = {}
        self._parsed: dict[str | None, AllowedSigners] = {None: NOBODY}
        self._seen = _first_seen(repository.seen(), self._waiting)

    def step(self, before: str | None, commit: CommitObject) -> Iterator[VerifiedCommit]:
        """Yield what comes in with `commit`, judged by the list of `before`."""
        after = self._signers(commit, commit)
        if not after.by_key:
            raise RefusedCommitError(commit.id, Code.SIGNERS, f"nobody is left in `{SIGNERS}` who could sign")
        allowed = after if before is None else self._signers(self._repository.commit(before), commit)
        for each in self._coming(commit):
            principal = self._principal(each, allowed)
            yield VerifiedCommit(
                id=each.id,
                tree=each.tree,
                parents=each.parents,
                principal=principal,
                author_email=each.author_email,
                committed_at=each.committed_at,
            )

    def _coming(self, commit: CommitObject) -> list[CommitObject]:
        """Return a commit and what it is made of, as far as no step before brought it; parents come first."""
        found, waiting = [], [commit.id]
        while waiting:
            if (each := self._waiting.pop(waiting.pop(), None)) is not None:
                found.append(each)
                waiting += each.parents
        return sorted(found, key=lambda each: self._order[each.id])

    def _signers(self, commit: CommitObject, blamed: CommitObject) -> AllowedSigners:
        name = self._repository.blob_id(commit.tree, SIGNERS)
        if name not in self._parsed:
            try:
                self._parsed[name] = parse_allowed_signers(self._repository.blob(name or ""))
            except SignersError as error:
                raise RefusedCommitError(blamed.id, Code.SIGNERS, str(error)) from None
        return self._parsed[name]

    def _principal(self, commit: CommitObject, allowed: AllowedSigners) -> str:
        """Return who signed a commit."""
        seen = self._seen.get(commit.id, self._now)
        self._check_clock(commit, seen)
        if commit.signature is None:
            raise RefusedCommitError(commit.id, Code.UNSIGNED, "the commit is not signed")
        try:
            key = verify_signature(commit.signature, commit.payload)
        except SignatureError as error:
            raise RefusedCommitError(commit.id, Code.BAD, str(error)) from None
        signers = allowed.of(key)
        if not signers:
            raise RefusedCommitError(
                commit.id, Code.UNKNOWN, f"the key {key.fingerprint} is nobody's whom the commit before it allows"
            )
        if not any(each.valid_at(commit.committed_at) and each.valid_at(seen) for each in signers):
            raise RefusedCommitError(
                commit.id, Code.EXPIRED, f"the key {key.fingerprint} does not count at the time of the commit"
            )
        return signers[0].principal

    def _check_clock(self, commit: CommitObject, seen: datetime) -> None:
        if commit.committed_at > seen + SKEW:
            raise RefusedCommitError(commit.id, Code.CLOCK, "the commit says that it was made after it was first seen")
        for parent in commit.parents:
            if commit.committed_at < self._time(parent) - SKEW:
                raise RefusedCommitError(
                    commit.id, Code.CLOCK, "the commit says that it was made before the one it continues"
                )
        self._times[commit.id] = commit.committed_at

    def _time(self, commit: str) -> datetime:
        if commit not in self._times:
            self._times[commit] = self._repository.commit(commit).committed_at
        return self._times[commit]


def _first_seen(sights: Sequence[Seen], commits: Mapping[str, CommitObject]) -> dict[str, datetime]:
    """Return when each commit was first below a head that a fetch met."""
    found: dict[str, datetime] = {}
    for sight in sights:
        waiting = [sight.commit]
        while waiting:
            each = waiting.pop()
            if each in commits and each not in found:
                found[each] = sight.at
                waiting += commits[each].parents
    return found
