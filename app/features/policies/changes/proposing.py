"""What a branch proposes, read from Git: its commits, who made them, what it touches and who has to approve that.

Everything is read at the base, as the protected branch has it: no change decides who approves it. Knows no rows.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from app.features.policies.changes.change_request import Proposal
from app.features.policies.changes.owners import PATH, Demand, Owners, Requirements, parse_owners
from app.features.policies.errors import ChangeError, OwnersError, RefusedCommitError
from app.features.policies.git.commit_object import CommitObject
from app.features.policies.git.repository import FileChange
from app.features.policies.git.verified_history import History, verify

MOST_AUTHORS: Final = 64
MOST_FILES: Final = 2_000
"""Files that one change may touch: what a person can still look at."""

NOBODY: Final = Owners(demands=())

_NAME: Final = re.compile(r"[!-~]{1,128}", re.ASCII)


class Source(History, Protocol):
    """What is asked of a repository; see `Repository`."""

    branch: str

    def close(self) -> None:
        """Let go of Git's processes."""
        ...

    def fetch(self) -> None:
        """Bring every branch here."""
        ...

    def head(self, branch: str) -> str:
        """Return where a branch stands."""
        ...

    def branches(self) -> Mapping[str, str]:
        """Return where every branch stands."""
        ...

    def file(self, commit: str, path: str) -> bytes | None:
        """Return one file at a commit."""
        ...

    def diff(self, base: str, head: str) -> Sequence[FileChange]:
        """Return the files that differ."""
        ...

    def tree(self, commit: str) -> Mapping[str, bytes]:
        """Return the files below `policies/`."""
        ...

    def push_fast_forward(self, commit: str, expected_head: str) -> None:
        """Have the protected branch go on to a commit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A proposal, and why it counts as unsigned, if it does: a code of `verified_history`, and the commit."""

    proposal: Proposal
    refused: str = ""
    refused_commit: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as JSON values, for a row."""
        proposal = self.proposal
        return {
            "base": proposal.base,
            "head": proposal.head,
            "tree": proposal.tree,
            "authors": list(proposal.authors),
            "strangers": proposal.strangers,
            "signed": proposal.signed,
            "refused": self.refused,
            "refused_commit": self.refused_commit,
            "demands": [
                {
                    "paths": list(each.paths),
                    "roles": list(each.roles),
                    "quorum": each.quorum,
                    "distinct_roles": each.distinct_roles,
                }
                for each in proposal.requirements.demands
            ],
            "unowned": list(proposal.requirements.unowned),
        }


def parse_proposal(document: dict[str, Any]) -> Proposal:
    """Return the proposal that `Proposed.document` wrote."""
    demands = (
        Demand(
            paths=tuple(each["paths"]),
            roles=tuple(each["roles"]),
            quorum=each["quorum"],
            distinct_roles=each["distinct_roles"],
        )
        for each in document["demands"]
    )
    return Proposal(
        base=document["base"],
        head=document["head"],
        tree=document["tree"],
        authors=tuple(document["authors"]),
        strangers=document["strangers"],
        signed=document["signed"],
        requirements=Requirements(demands=tuple(demands), unowned=tuple(document["unowned"])),
    )


def propose(repository: Source, head: str, openers: Iterable[str], now: datetime) -> Proposed:
    """Return what the commit `head` proposes to the protected branch as it stands now.

    Args:
        repository: fetched just now.
        head: the commit.
        openers: the ids of the persons who opened the request or moved it on.
        now: the time signatures have to count at.

    Raises:
        ChangeError: it does not continue the protected branch, changes nothing, or too much.
        RepositoryError: Git cannot say.
    """
    base = repository.head(repository.branch)
    if head == base or not repository.is_ancestor(base, head):
        raise ChangeError("elsewhere", "the branch does not go on from where the protected branch is now; rebase it")
    commits = repository.commits(base, head)
    files = repository.diff(base, head)
    if not files:
        raise ChangeError("nothing", "the branch changes no file")
    if len(files) > MOST_FILES:
        raise ChangeError("too_much", f"a change touches at most {MOST_FILES} files")
    signers, refused, refused_commit = _signers(repository, base, head, now)
    owners = owners_at(repository, base)
    authors, strangers = _known(owners, {*_written(commits), *signers, *openers})
    proposal = Proposal(
        base=base,
        head=head,
        tree=commits[-1].tree,
        authors=authors,
        strangers=strangers,
        signed=not refused,
        requirements=owners.needed(file.path for file in files),
    )
    return Proposed(proposal=proposal, refused=refused, refused_commit=refused_commit)


def owners_at(repository: Source, commit: str) -> Owners:
    """Return OWNERS.yaml as it stands at a commit; where there is none that can be read, nothing belongs to anybody."""
    data = repository.file(commit, PATH)
    try:
        return NOBODY if data is None else parse_owners(data)
    except OwnersError:
        return NOBODY


def _written(commits: Iterable[CommitObject]) -> set[str]:
    return {name for commit in commits for name in (commit.author_email, commit.committer_email)}


def _signers(repository: Source, base: str, head: str, now: datetime) -> tuple[set[str], str, str]:
    try:
        return {each.principal for each in verify(repository, base, head, now)}, "", ""
    except RefusedCommitError as error:
        return set(), str(error.code), error.commit


def _known(owners: Owners, names: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """Return every name of everybody who is named, and how many are nobody whom OWNERS.yaml lists."""
    authors, strangers = set[str](), 0
    for name in names:
        person = owners.person(name)
        strangers += person is None
        authors |= set(person or {name} if person or _NAME.fullmatch(name) else ())
    if len(authors) > MOST_AUTHORS:
        raise ChangeError("too_much", f"a change has authors of at most {MOST_AUTHORS} names; split it")
    return tuple(sorted(authors)), strangers
