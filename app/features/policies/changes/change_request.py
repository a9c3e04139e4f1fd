"""A change request as a state machine: what was opened, what stands in its way, what may happen next. Pure.

A change request proposes one commit (`head`) on top of one commit of the protected branch (`base`). Checks and
approvals are bound to a revision, that is to head and tree: a new head begins a revision in which none of those before
counts, also where it comes back to an earlier commit.

Knows neither rows nor Git. Whether a person holds a role is policy's business; here a role is the one an approval was
given in.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.features.policies.changes.owners import Given, Missing, Requirements, folded, missing, satisfied
from app.features.policies.errors import ChangeError

MOST_APPROVALS: Final = 64


class State(StrEnum):
    """How far a change request has come."""

    DRAFT = "draft"  # a commit in it bears no signature that counts: a person has to sign it first
    OPEN = "open"
    CHECKED = "checked"
    APPROVED = "approved"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"  # the protected branch went on, or another request took its branch


ENDED: Final = frozenset({State.MERGED, State.WITHDRAWN, State.SUPERSEDED})
"""The states that nothing leads out of."""


class Status(StrEnum):
    """How a check stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a revision proposes.

    Attributes:
        base: the commit of the protected branch that it continues.
        head: the commit that would be merged, and no other.
        tree: the tree of `head`, which checks and approvals are bound to.
        authors: every name of everybody who wrote, committed or signed one of its commits, or opened the request.
        strangers: how many of them are nobody whom OWNERS.yaml knows: they could be anybody, an approver too.
        signed: whether every commit bears the signature of somebody who may sign.
        requirements: what OWNERS.yaml, as it stands in `base`, asks for the paths it touches.
    """

    base: str
    head: str
    tree: str
    authors: tuple[str, ...]
    strangers: int
    signed: bool
    requirements: Requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of one tree: `name` as in `checking.NAMES`."""

    name: str
    tree: str
    status: Status
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """That a person agreed to a tree, in one role."""

    person: str
    role: str
    tree: str
    revision: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """A change request; every step returns another one, or raises."""

    proposal: Proposal
    required: tuple[str, ...]  # names of checks
    revision: int = 1
    checks: tuple[Check, ...] = ()
    approvals: tuple[Approval, ...] = ()
    ended: State | None = None

    @property
    def state(self) -> State:
        """Return how far it has come. Ended, it stays so; before, this follows from what was proved of this tree."""
        if self.ended is not None:
            return self.ended
        if not self.proposal.signed:
            return State.DRAFT
        if not self.passed:
            return State.OPEN
        return State.APPROVED if self.agreed else State.CHECKED

    @property
    def passed(self) -> bool:
        """Tell whether every required check was made of this tree, and each that was made has passed."""
        made = {each.name for each in self.standing}
        passed = all(each.status is Status.PASSED for each in self.standing)
        return bool(self.required) and made >= set(self.required) and passed

    @property
    def standing(self) -> tuple[Check, ...]:
        """Return the checks that are of this revision and tree."""
        return tuple(each for each in self.checks if self._current(each))

    @property
    def counting(self) -> tuple[Approval, ...]:
        """Return the approvals that count: of this revision and tree, by nobody who wrote any of it."""
        authors = {folded(name) for name in self.proposal.authors}
        return tuple(each for each in self.approvals if self._current(each) and folded(each.person) not in authors)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Return what the approvals that count still lack."""
        return missing(self.proposal.requirements, self._given())

    @property
    def agreed(self) -> bool:
        """Tell whether the approvals that count are enough, and nobody unknown wrote any of it."""
        return not self.proposal.strangers and satisfied(self.proposal.requirements, self._given())

    def moved(self, proposal: Proposal) -> "ChangeRequest":
        """Return it with another head: the next revision, with nothing proved of it.

        Raises:
            ChangeError: it has ended, or nothing has moved.
        """
        self._verify_alive()
        if (proposal.base, proposal.head) == (self.proposal.base, self.proposal.head):
            raise ChangeError("unmoved", "the branch stands where it stood")
        return replace(self, proposal=proposal, revision=self.revision + 1, checks=(), approvals=())

    def checked(self, check: Check) -> "ChangeRequest":
        """Return it with what came of a check.

        Raises:
            ChangeError: it has ended, or the check is of another tree.
        """
        self._verify_alive()
        self._verify_current(check.tree, check.revision)
        others = tuple(each for each in self.checks if each.name != check.name)
        return replace(self, checks=(*others, check))

    def approved(self, approval: Approval, names: Collection[str]) -> "ChangeRequest":
        """Return it with an approval; `names` are all that its person is known by, the id at the provider among them.

        Raises:
            ChangeError: it has ended, is not checked, or has moved; the person wrote some of it, is unknown, has
                approved it already, or the role counts for nothing.
        """
        self._verify_alive()
        self._verify_current(approval.tree, approval.revision)
        if self.state not in {State.CHECKED, State.APPROVED}:
            raise ChangeError("unchecked", "not every check has passed")
        known = {folded(name) for name in names}
        if folded(approval.person) not in known:
            raise ChangeError("stranger", "nobody whom OWNERS.yaml lists approves")
        if known & {folded(name) for name in self.proposal.authors}:
            raise ChangeError("own_work", "nobody approves a change that they wrote, signed or opened")
        if any(folded(each.person) in known for each in self.approvals if self._current(each)):
            raise ChangeError("twice", "this person has approved it already")
        if approval.role not in self.proposal.requirements.roles:
            raise ChangeError("role", "an approval in this role counts for nothing here")
        if len(self.approvals) >= MOST_APPROVALS:
            raise ChangeError("full", f"it has {MOST_APPROVALS} approvals")
        return replace(self, approvals=(*self.approvals, approval))

    def withdrawn(self) -> "ChangeRequest":
        """Return it withdrawn.

        Raises:
            ChangeError: it has ended.
        """
        self._verify_alive()
        return replace(self, ended=State.WITHDRAWN)

    def superseded(self) -> "ChangeRequest":
        """Return it as one that another has overtaken.

        Raises:
            ChangeError: it has ended.
        """
        self._verify_alive()
        return replace(self, ended=State.SUPERSEDED)

    def merged(self, tree: str, tip: str) -> "ChangeRequest":
        """Return it merged: `tree` is what the person saw who merges it, `tip` where the protected branch stands.

        `tip` may be its own head: then the push went through before, and nobody wrote it down.

        Raises:
            ChangeError: it has ended or moved, is not approved, or the protected branch is no longer at its base.
        """
        self._verify_alive()
        self._verify_current(tree, self.revision)
        if self.state is not State.APPROVED:
            raise ChangeError("unapproved", "not everybody has approved it who has to")
        if tip not in {self.proposal.base, self.proposal.head}:
            raise ChangeError("overtaken", "the protected branch has gone on; rebase and sign anew")
        return replace(self, ended=State.MERGED)

    def _verify_alive(self) -> None:
        if self.ended is not None:
            raise ChangeError("ended", f"it is {self.ended}")

    def _verify_current(self, tree: str, revision: int) -> None:
        if tree != self.proposal.tree or revision != self.revision:
            raise ChangeError("moved", "it has another tree by now")

    def _current(self, each: Check | Approval) -> bool:
        return each.tree == self.proposal.tree and each.revision == self.revision

    def _given(self) -> Sequence[Given]:
        return [Given(person=each.person, role=each.role) for each in self.counting]
