"""The life of a change request, by table and by whatever order hypothesis finds."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.features.policies.changes.change_request import (
    ENDED,
    MOST_APPROVALS,
    Approval,
    ChangeRequest,
    Check,
    Proposal,
    State,
    Status,
)
from app.features.policies.changes.owners import Demand, Requirements
from app.features.policies.errors import ChangeError

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)
ROLES = ("compliance_officer", "security_officer")
TWO = Requirements(demands=(Demand(paths=("**",), roles=ROLES, quorum=2, distinct_roles=2),))
BASE, HEAD, TREE = "b" * 40, "1" * 40, "a" * 40
PROPOSAL = Proposal(
    base=BASE, head=HEAD, tree=TREE, authors=("alice", "alice@example.org"), strangers=0, signed=True, requirements=TWO
)
FRESH = ChangeRequest(proposal=PROPOSAL, required=("admission", "tests"))


def check(name, status=Status.PASSED, **changes):
    return replace(Check(name=name, tree=TREE, status=status, revision=1), **changes)


def approval(person, role=ROLES[0], **changes):
    return replace(Approval(person=person, role=role, tree=TREE, revision=1, at=NOW), **changes)


def approve(request, person, role=ROLES[0], **changes):
    return request.approved(approval(person, role, **changes), [person])


CHECKED = FRESH.checked(check("admission")).checked(check("tests"))
APPROVED = approve(approve(CHECKED, "bob"), "carol", ROLES[1])


def test_the_whole_life():
    assert [each.state for each in (FRESH, CHECKED, APPROVED)] == [State.OPEN, State.CHECKED, State.APPROVED]
    assert approve(CHECKED, "bob").state is State.CHECKED
    assert APPROVED.missing == ()
    assert APPROVED.merged(TREE, BASE).state is State.MERGED


def test_what_was_pushed_before_and_not_written_down_is_merged():
    assert APPROVED.merged(TREE, HEAD).state is State.MERGED


def test_unsigned_it_is_a_draft_whatever_was_checked():
    draft = replace(CHECKED, proposal=replace(PROPOSAL, signed=False))
    assert draft.state is State.DRAFT


CHECKS = {
    "none": [],
    "one is not there": [check("tests")],
    "one failed": [check("tests"), check("admission", Status.FAILED)],
    "one still runs": [check("tests"), check("admission", Status.RUNNING)],
    "one that nobody asked for failed": [check("admission"), check("tests"), check("impact", Status.FAILED)],
    "others passed": [check("impact"), check("owners")],
}


@pytest.mark.parametrize("checks", CHECKS.values(), ids=CHECKS)
def test_it_is_not_checked(checks):
    request = FRESH
    for each in checks:
        request = request.checked(each)
    assert request.state is State.OPEN
    with pytest.raises(ChangeError) as refused:
        approve(request, "bob")
    assert refused.value.code == "unchecked"


def test_where_no_check_is_required_nothing_is_checked():
    assert replace(FRESH, required=()).state is State.OPEN


def test_a_check_counts_once_and_the_last_time():
    failed = CHECKED.checked(check("tests", Status.FAILED))
    assert failed.state is State.OPEN
    assert len(failed.checks) == 2


NO_APPROVALS = {
    "an author": ("own_work", lambda: approve(CHECKED, "alice")),
    "an author in capitals": ("own_work", lambda: approve(CHECKED, "ALICE")),
    "an author under another name": ("own_work", lambda: CHECKED.approved(approval("al"), ["al", "Alice@example.org"])),
    "somebody unlisted": ("stranger", lambda: CHECKED.approved(approval("bob"), [])),
    "another tree": ("moved", lambda: approve(CHECKED, "bob", tree="f" * 40)),
    "another revision": ("moved", lambda: approve(CHECKED, "bob", revision=2)),
    "twice": ("twice", lambda: approve(APPROVED, "bob", ROLES[1])),
    "twice in capitals": ("twice", lambda: approve(APPROVED, "BOB", ROLES[1])),
    "twice under another name": ("twice", lambda: APPROVED.approved(approval("rob"), ["rob", "bob"])),
    "a role that counts for nothing": ("role", lambda: approve(CHECKED, "bob", "intern")),
    "after the end": ("ended", lambda: approve(APPROVED.withdrawn(), "dan")),
    "too many": (
        "full",
        lambda: approve(replace(CHECKED, approvals=(approval("bob"),) * MOST_APPROVALS), "dan"),
    ),
}


@pytest.mark.parametrize(("code", "step"), NO_APPROVALS.values(), ids=NO_APPROVALS)
def test_who_cannot_approve(code, step):
    with pytest.raises(ChangeError) as refused:
        step()
    assert refused.value.code == code


NO_MERGES = {
    "not approved": ("unapproved", CHECKED, TREE, BASE),
    "one of two": ("unapproved", approve(CHECKED, "bob"), TREE, BASE),
    "another tree was seen": ("moved", APPROVED, "f" * 40, BASE),
    "the branch has gone on": ("overtaken", APPROVED, TREE, "c" * 40),
    "merged before": ("ended", APPROVED.merged(TREE, BASE), TREE, BASE),
    "withdrawn": ("ended", APPROVED.withdrawn(), TREE, BASE),
    "superseded": ("ended", APPROVED.superseded(), TREE, BASE),
    "somebody unknown wrote some of it": (
        "unapproved",
        replace(APPROVED, proposal=replace(PROPOSAL, strangers=1)),
        TREE,
        BASE,
    ),
    "a path belongs to nobody": (
        "unapproved",
        replace(APPROVED, proposal=replace(PROPOSAL, requirements=replace(TWO, unowned=("README.md",)))),
        TREE,
        BASE,
    ),
    "it was signed by nobody": ("unapproved", replace(APPROVED, proposal=replace(PROPOSAL, signed=False)), TREE, BASE),
    "a row says that an author approved": (
        "unapproved",
        replace(CHECKED, approvals=(approval("ALICE"), approval("carol", ROLES[1]))),
        TREE,
        BASE,
    ),
    "a row says that one person approved twice": (
        "unapproved",
        replace(CHECKED, approvals=(approval("bob"), approval("Bob", ROLES[1]))),
        TREE,
        BASE,
    ),
}


@pytest.mark.parametrize(("code", "request_", "tree", "tip"), NO_MERGES.values(), ids=NO_MERGES)
def test_what_cannot_be_merged(code, request_, tree, tip):
    with pytest.raises(ChangeError) as refused:
        request_.merged(tree, tip)
    assert refused.value.code == code


def test_a_new_head_voids_checks_and_approvals_and_the_way_back_revives_none():
    other = replace(PROPOSAL, head="2" * 40, tree="c" * 40)
    moved = APPROVED.moved(other)
    assert (moved.state, moved.revision, moved.checks, moved.approvals) == (State.OPEN, 2, (), ())
    back = replace(moved.moved(PROPOSAL), checks=APPROVED.checks, approvals=APPROVED.approvals)  # as rows would have it
    assert back.state is State.OPEN
    assert back.counting == ()


def test_another_head_with_the_same_tree_needs_new_approvals_too():
    assert APPROVED.moved(replace(PROPOSAL, head="2" * 40)).state is State.OPEN


def test_where_nothing_moved_nothing_is_voided():
    with pytest.raises(ChangeError) as refused:
        APPROVED.moved(PROPOSAL)
    assert refused.value.code == "unmoved"


@pytest.mark.parametrize("end", sorted(ENDED))
def test_nothing_leads_out_of_an_end(end):
    request = replace(APPROVED, ended=end)
    assert request.state is end
    steps = (
        request.withdrawn,
        request.superseded,
        lambda: request.moved(replace(PROPOSAL, head="2" * 40)),
        lambda: request.checked(check("tests")),
        lambda: request.merged(TREE, BASE),
    )
    for step in steps:
        with pytest.raises(ChangeError) as refused:
            step()
        assert refused.value.code == "ended"


PEOPLE = {"alice": ("alice", "alice@example.org"), "bob": ("bob", "bob@x"), "carol": ("carol",), "dan": ("dan",)}
ANYBODY = st.sampled_from([*PEOPLE, "ALICE", "Bob"])
COMMITS = st.sampled_from(["1", "2", "3"])


class Life(RuleBasedStateMachine):
    """Everybody does whatever they can, in any order; what has been merged was agreed to, as an outsider counts it."""

    @initialize()
    def begin(self):
        self.request, self.given, self.done, self.tip, self.merged = FRESH, set(), set(), BASE, None

    def attempt(self, step):
        try:
            self.request = step()
        except ChangeError:
            return False
        return True

    @rule(head=COMMITS, author=st.sampled_from(sorted(PEOPLE)), signed=st.booleans())
    def push(self, head, author, signed):
        proposal = replace(PROPOSAL, head=head * 40, tree=head * 40, authors=PEOPLE[author], signed=signed)
        if self.attempt(lambda: self.request.moved(proposal)):
            self.given, self.done = set(), set()

    @rule(
        name=st.sampled_from(["admission", "tests"]),
        status=st.sampled_from([Status.PASSED, Status.FAILED]),
        tree=COMMITS,
    )
    def run_check(self, name, status, tree):
        result = Check(name=name, tree=tree * 40, status=status, revision=self.request.revision)
        if self.attempt(lambda: self.request.checked(result)):
            assert tree * 40 == self.request.proposal.tree
            (self.done.add if status is Status.PASSED else self.done.discard)(name)

    @rule(person=ANYBODY, role=st.sampled_from([*ROLES, "intern"]), tree=COMMITS)
    def approve(self, person, role, tree):
        agreed = Approval(person=person, role=role, tree=tree * 40, revision=self.request.revision, at=NOW)
        names = PEOPLE[person.lower()]
        if self.attempt(lambda: self.request.approved(agreed, names)):
            self.given.add((names[0], role))

    @rule(tip=st.sampled_from([BASE, "9" * 40]))
    def somebody_else_merges(self, tip):
        if self.merged is None:
            self.tip = tip

    @rule(tree=COMMITS)
    def merge(self, tree):
        if self.attempt(lambda: self.request.merged(tree * 40, self.tip)):
            self.merged, self.tip = self.request, self.request.proposal.head

    @precondition(lambda self: self.merged is None)
    @rule(end=st.sampled_from(["withdrawn", "superseded"]))
    def end(self, end):
        if len(self.given) > 1:  # not at once, or nothing would be seen
            self.attempt(getattr(self.request, end))

    @invariant()
    def what_is_merged_was_agreed_to(self):
        if self.merged is None:
            return
        proposal = self.merged.proposal
        assert self.request is self.merged
        assert proposal.signed
        assert self.done == {"admission", "tests"}
        persons = {person for person, _ in self.given}
        assert len(persons) >= 2
        assert {role for _, role in self.given} >= set(ROLES)
        assert not persons & set(proposal.authors)


Life.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase
