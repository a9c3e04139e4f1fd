"""Change requests from a branch to the merge, and whoever tries another way."""

import threading

import pytest
from sqlmodel import select

from app.db import open_engine, reading, write_transaction
from app.features.policies.changes import changing, proposing
from app.features.policies.changes.altering import altering
from app.features.policies.changes.change_request import State, Status
from app.features.policies.changes.checks_kept import write_check
from app.features.policies.changes.rows_changes import ApprovalRow, MergeRow, StepRow
from app.features.policies.errors import ChangeError, RepositoryError
from app.pdp.errors import DeniedError
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from tests.features import gating as made
from tests.features.policies.requests_made import CHECKS, LIMITS, OWNERS, office
from tests.features.policies.signing import ALICE, BOB, MALLORY, NOW, Person, person


@pytest.fixture
def any_staff(working, tmp_path, database_url):
    """The same on each kind of database."""
    with made.product(database_url):
        yield office(working, working.mirror(tmp_path / "mirror.git"), made.gating())


@pytest.fixture
def open_staff(staff):
    """A request that has been opened and checked, and nobody has approved yet."""
    staff.branch()
    staff.check(staff.open())
    return staff


def refused(step, *arguments, **options):
    with pytest.raises(ChangeError) as found:
        step(*arguments, **options)
    return found.value.code


def gates(staff):
    """The gates that failed in the last decision."""
    return staff.gating.records[-1][1]["result"]["failed"]


def denied(staff, step, *arguments, **options):
    with pytest.raises(DeniedError):
        step(*arguments, **options)
    return gates(staff)


def test_the_whole_life(any_staff):
    staff = any_staff
    head = staff.branch()
    permit = staff.open()
    assert staff.found().request.state is State.OPEN
    assert staff.check(permit) == [True] * 4
    assert staff.found().request.state is State.CHECKED
    staff.approve("ofc-2", "compliance_officer")
    staff.approve("ofc-3", "security_officer")
    assert staff.found().request.state is State.APPROVED
    assert staff.work.head() != head
    assert staff.merge() == head
    assert staff.work.head() == head
    assert staff.found().request.state is State.MERGED
    with reading() as session:
        steps = session.exec(select(StepRow)).all()
    assert [each.kind for each in steps] == ["opened", "approved", "approved", "merged"]
    recorded = [body["action"] for kind, body in staff.gating.records if kind == "decision"]
    assert recorded == ["policies.open_change", "policies.approve", "policies.approve", "policies.merge"]
    assert len({each.decision_id for each in steps}) == 4


SELF_APPROVALS = {
    "the author, who signed it": ("ofc-1", "security_officer", ["omega-security"]),
    "the author in capitals": ("OFC-1", "security_officer", ["omega-security"]),
    "the author by their e-mail": ("alice@example.org", "security_officer", ["omega-security"]),
}


def test_self_approval_is_refused(open_staff):
    for what, (who, role, groups) in SELF_APPROVALS.items():
        assert denied(open_staff, open_staff.approve, who, role, groups=groups) == ["not_author"], what


def test_self_approval_by_who_signed_the_commit_of_another(staff):
    theirs = Person(name="dora", key=ALICE.key)  # Dora is the author it names, Alice's key signs
    staff.branch(by=theirs)
    staff.check(staff.open("ofc-2"))
    for who in ("ofc-1", "ofc-2", "ofc-4"):
        groups = ["omega-compliance", "omega-security"]
        assert denied(staff, staff.approve, who, "security_officer", groups=groups) == ["not_author"]


def test_self_approval_by_who_wrote_one_of_several_commits(staff):
    staff.branch(by=BOB)
    staff.work.commit({LIMITS: '{"limit": 3}\n'}, ALICE, branch="change")
    staff.check(staff.open())
    assert denied(staff, staff.approve, "ofc-2", "compliance_officer") == ["not_author"]


def test_self_approval_by_who_moved_it_on(staff):
    staff.branch()
    staff.open()
    staff.work.commit({LIMITS: '{"limit": 3}\n'}, ALICE, branch="change")
    staff.check(staff.open("ofc-2"))
    assert denied(staff, staff.approve, "ofc-2", "compliance_officer") == ["not_author"]
    staff.approve("ofc-4", "compliance_officer")


def test_self_approval_by_a_second_account_that_nobody_listed(open_staff):
    assert denied(open_staff, open_staff.approve, "ofc-9", "security_officer", groups=["omega-security"]) == [
        "approver_known"
    ]


def test_an_author_whom_nobody_listed_could_be_anybody(staff):
    stranger = Person(name="stranger", key=BOB.key)
    staff.branch(by=stranger)
    staff.check(staff.open())
    assert staff.found().request.proposal.strangers == 1
    assert denied(staff, staff.approve, "ofc-3", "security_officer") == ["authors_known"]


def test_an_approval_of_another_tree(open_staff):
    assert denied(open_staff, open_staff.approve, "ofc-2", "compliance_officer", tree="f" * 40) == ["tree_seen"]


def test_a_role_that_is_not_held_or_not_asked_for(open_staff):
    assert denied(open_staff, open_staff.approve, "ofc-3", "compliance_officer") == ["authorised"]
    assert denied(open_staff, open_staff.approve, "ofc-3", "ciso", groups=["omega-ciso"]) == ["role_wanted"]


def test_a_double_click_approves_once(open_staff):
    open_staff.approve("ofc-4", "compliance_officer")
    assert denied(open_staff, open_staff.approve, "ofc-4", "security_officer") == ["not_twice"]
    assert len(open_staff.found().approvals) == 1


def test_two_clicks_that_policy_saw_at_once_approve_once(open_staff):
    """Both permits were given before either effect."""
    context = {"tree": open_staff.tree(), "role": "compliance_officer"}
    permits = [open_staff.permit("ofc-2", "approve", open_staff.request("ofc-2"), context) for _ in range(2)]
    options = {"required": CHECKS, "now": NOW, **context}
    changing.approve(permits[0], open_staff.repository, open_staff.number, **options)
    assert refused(changing.approve, permits[1], open_staff.repository, open_staff.number, **options) == "twice"


def test_what_the_table_holds_against_a_second_approval(any_staff):
    open_staff = any_staff
    open_staff.branch()
    open_staff.check(open_staff.open())
    open_staff.approve("ofc-2", "compliance_officer")
    [row] = open_staff.found().approvals
    permit = open_staff.permit(
        "ofc-3", "approve", open_staff.request("ofc-3"), {"tree": open_staff.tree(), "role": "security_officer"}
    )
    second = row.model_dump() | {"decision_id": permit.decision_id, "role": "security_officer"}
    with pytest.raises(ChangeError, match="somebody else"), altering(permit) as session:
        session.add(ApprovalRow(**second))


def test_approve_then_push(open_staff):
    """The branch moves after the first approval: nothing counts until it is opened and checked again."""
    staff = open_staff
    staff.approve("ofc-2", "compliance_officer")
    staff.work.commit({LIMITS: '{"limit": 666}\n'}, ALICE, branch="change")
    assert denied(staff, staff.approve, "ofc-3", "security_officer") == ["unmoved"]
    staff.check(staff.open())
    assert staff.found().approvals == []
    assert staff.found().request.state is State.CHECKED
    staff.approve("ofc-3", "security_officer")
    assert "approved" in denied(staff, staff.merge)


def test_a_push_between_permit_and_merge(staff):
    head = staff.agreed()
    permit = staff.merge_permit()
    staff.work.commit({LIMITS: '{"limit": 666}\n'}, ALICE, branch="change")
    staff.repository.fetch()
    before = staff.work.head()
    assert refused(staff.merge, permit=permit) == "branch_moved"
    assert staff.work.head() == before != head
    assert staff.found().request.state is State.APPROVED


def test_a_push_between_permit_and_approval(open_staff):
    staff = open_staff
    context = {"tree": staff.tree(), "role": "compliance_officer"}
    permit = staff.permit("ofc-2", "approve", staff.request("ofc-2"), context)
    staff.work.commit({LIMITS: '{"limit": 666}\n'}, ALICE, branch="change")
    staff.repository.fetch()
    options = {"required": CHECKS, "now": NOW, **context}
    assert refused(changing.approve, permit, staff.repository, staff.number, **options) == "branch_moved"


def test_back_to_the_approved_commit_revives_no_approval(staff):
    head = staff.agreed()
    staff.work.commit({LIMITS: '{"limit": 3}\n'}, ALICE, branch="change")
    staff.open()
    staff.work.point("change", head)
    staff.check(staff.open())
    assert staff.found().row.revision == 3
    assert "approved" in denied(staff, staff.merge)


def test_opened_again_where_nothing_moved_the_checks_run_again_and_approvals_stay(staff):
    staff.agreed()
    permit = staff.open()
    assert staff.found().request.state is State.OPEN
    assert staff.found().row.revision == 1
    staff.check(permit)
    assert staff.found().request.state is State.APPROVED


def test_a_late_result_of_an_earlier_revision_counts_for_nothing(open_staff):
    late = open_staff.opened[-1]
    open_staff.work.commit({LIMITS: '{"limit": 3}\n'}, ALICE, branch="change")
    permit = open_staff.open()
    assert not write_check(permit, late, "tests", Status.PASSED, {}, NOW)
    assert {each.status for each in open_staff.found().checks} == {"waiting"}


UNSIGNED = {
    "nobody signed it": ({"signed": False}, "unsigned"),
    "a stranger signed it": ({"by": MALLORY}, "unknown_signer"),
}


@pytest.mark.parametrize(("changes", "code"), UNSIGNED.values(), ids=UNSIGNED)
def test_what_bears_no_signature_that_counts_stays_a_draft(staff, changes, code):
    staff.branch(**changes)
    staff.check(staff.open())
    assert staff.found().request.state is State.DRAFT
    assert staff.found().row.proposal["refused"] == code
    assert "signed" in denied(staff, staff.approve, "ofc-3", "security_officer")


def test_a_failed_check_stands_in_the_way(staff):
    staff.branch()
    staff.check(staff.open(), Status.FAILED)
    assert denied(staff, staff.approve, "ofc-2", "compliance_officer") == ["checked"]


def test_no_change_loosens_its_own_approval(staff):
    """OWNERS.yaml counts as the protected branch has it."""
    loose = OWNERS.replace("compliance_officer, security_officer", "policy_author, policy_admin")
    staff.work.commit({"policies/OWNERS.yaml": loose}, ALICE, [staff.work.head()], branch="change")
    staff.check(staff.open())
    [demand] = staff.found().request.proposal.requirements.demands
    assert demand.roles == ("compliance_officer", "security_officer")


def test_a_path_that_belongs_to_nobody_is_not_merged(staff):
    staff.work.commit({"README.md": "hello\n"}, ALICE, [staff.work.head()], branch="change")
    staff.check(staff.open())
    staff.number = staff.opened[-1].number
    assert denied(staff, staff.merge) == ["approved", "owned"]


@pytest.mark.parametrize("owners", [None, "owners: []\n"])
def test_without_an_owners_file_nothing_belongs_to_anybody(staff, owners):
    staff.work.commit({"policies/OWNERS.yaml": owners})
    staff.branch()
    staff.check(staff.open())
    proposal = staff.found().request.proposal
    assert (proposal.requirements.unowned, proposal.strangers) == ((LIMITS,), 2)


PLACES = {
    "the protected branch itself": ("elsewhere", lambda work: work.point("change", work.head())),
    "a branch from an earlier commit": (
        "elsewhere",
        lambda work: (work.commit({LIMITS: "{}\n"}, ALICE, [work.head()], branch="change"), work.commit({"x": "1"})),
    ),
    "a commit that changes nothing": ("nothing", lambda work: work.commit({}, ALICE, [work.head()], branch="change")),
}


@pytest.mark.parametrize(("code", "push"), PLACES.values(), ids=PLACES)
def test_what_is_no_proposal(staff, code, push):
    push(staff.work)
    assert refused(staff.open) == code


def test_a_branch_that_is_not_there(staff):
    with pytest.raises(RepositoryError):
        staff.open()


def test_authors_of_too_many_names(staff):
    head = staff.work.head()
    for number in range(65):
        head = staff.work.commit({LIMITS: f"{number}\n"}, person(f"p{number}"), [head], branch="change")
    assert refused(staff.open) == "too_much"


def test_an_author_with_a_strange_name_is_nobody(staff):
    staff.branch(by=Person(name="böse leute", key=ALICE.key))
    staff.open()
    proposal = staff.found().request.proposal
    assert proposal.strangers == 1
    assert all(name.isascii() for name in proposal.authors)


def test_comments(open_staff):
    permit = open_staff.permit("ofc-3", "comment", open_staff.request("ofc-3"))
    changing.comment(permit, open_staff.number, "why 2?", NOW)
    withdrawal = open_staff.permit("ofc-1", "withdraw", open_staff.request("ofc-1"))
    changing.withdraw(withdrawal, open_staff.number, NOW)
    assert open_staff.found().request.state is State.WITHDRAWN
    assert refused(changing.comment, permit, open_staff.number, "why?", NOW) == "ended"
    assert refused(changing.withdraw, withdrawal, open_staff.number, NOW) == "ended"
    assert denied(open_staff, open_staff.merge) == ["approved", "open"]
    assert refused(changing.withdraw, withdrawal, 99, NOW) == "unknown"


def test_what_a_job_opened_an_officer_can_take_back(staff):
    staff.branch()
    staff.repository.fetch()
    source = {"source": "branch", "protected": False, "exists": True, "continues": True, "files": 1}
    asked = EvaluationRequest(
        subject=Entity(type="job", id="policies.scan_drift", properties={}),
        action="policies.open_change",
        resource=Entity(type="branch", id="change", properties=source),
        context={},
    )
    permit = staff.gating.pdp.enforce(asked, CONTROL)
    staff.number = changing.open_change(
        permit, staff.repository, "change", title="drift", description="", checks=(), now=NOW
    ).number
    with pytest.raises(DeniedError):
        staff.permit("ofc-4", "withdraw", staff.request("ofc-4"), groups=["omega-policy-authors"])
    changing.withdraw(staff.permit("ofc-3", "withdraw", staff.request("ofc-3")), staff.number, NOW)
    assert staff.found().request.state is State.WITHDRAWN


def test_a_withdrawn_branch_can_be_proposed_anew(open_staff):
    withdrawal = open_staff.permit("ofc-1", "withdraw", open_staff.request("ofc-1"))
    changing.withdraw(withdrawal, open_staff.number, NOW)
    first = open_staff.number
    open_staff.open()
    assert open_staff.number != first


def test_the_protected_branch_has_gone_on(staff):
    staff.agreed()
    other = staff.work.commit({"policies/data/other.json": "{}\n"})
    assert denied(staff, staff.merge) == ["at_base"]
    assert staff.work.head() == other


def test_merge_race_with_somebody_who_pushes(staff):
    """The remote moved after the last fetch, so that only the push finds out: nothing is merged, nothing is kept."""
    staff.agreed()
    permit = staff.merge_permit()
    other = staff.work.commit({"policies/data/other.json": "{}\n"})
    assert refused(staff.merge, permit=permit) == "overtaken"
    assert staff.work.head() == other
    assert staff.found().request.state is State.APPROVED
    with reading() as session:
        assert session.exec(select(MergeRow)).all() == []


def test_what_was_pushed_and_not_written_down_is_written_down(staff):
    head = staff.agreed()
    staff.repository.push_fast_forward(head, staff.found().request.proposal.base)
    assert staff.merge() == head
    assert staff.found().request.state is State.MERGED


def test_what_came_in_with_another_is_superseded(staff):
    head = staff.branch(branch="first")
    staff.open(branch="first")
    first = staff.number
    staff.work.commit({LIMITS: '{"limit": 3}\n'}, ALICE, [head], branch="second")
    staff.check(staff.open(branch="second"))
    staff.approve("ofc-2", "compliance_officer")
    staff.approve("ofc-3", "security_officer")
    staff.merge()
    staff.number = first
    assert staff.found().request.state is State.SUPERSEDED


@pytest.mark.parametrize("which", ["one request, clicked twice", "two requests on one commit"])
def test_two_merges_at_once(any_staff, which):
    staff = any_staff
    heads = [staff.agreed(branch="first")]
    numbers = [staff.number]
    if which.startswith("two"):
        heads.append(staff.agreed(branch="second", text='{"limit": 9}\n'))
    numbers.append(staff.number)
    permits, trees = [], []
    for number in numbers:
        staff.number = number
        permits.append(staff.merge_permit())
        trees.append(staff.tree())
    barrier, outcomes = threading.Barrier(2), []

    def run(place):
        barrier.wait()
        try:
            done = changing.merge(
                permits[place], staff.repository, numbers[place], tree=trees[place], required=CHECKS, now=NOW
            )
        except ChangeError as error:
            done = error.code
        outcomes.append(done)

    threads = [threading.Thread(target=run, args=[place]) for place in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    [won] = [each for each in outcomes if each in heads]
    [lost] = [each for each in outcomes if each not in heads]
    assert lost in {"ended", "overtaken", "taken", "busy"}
    assert staff.work.head() == won
    with reading() as session:
        assert [row.head for row in session.exec(select(MergeRow)).all()] == [won]


def test_two_who_open_one_branch_at_once(any_staff):
    staff = any_staff
    staff.branch()
    staff.repository.fetch()
    barrier, outcomes = threading.Barrier(2), []

    def run(who):
        barrier.wait()
        try:
            staff.open(who)
        except ChangeError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=[who]) for who in ("ofc-1", "ofc-2")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert outcomes in ([], ["taken"], ["busy"])
    assert len({each.number for each in staff.opened}) == 1


def test_a_change_of_too_many_files(staff, monkeypatch):
    monkeypatch.setattr(proposing, "MOST_FILES", 0)
    staff.branch()
    assert refused(staff.open) == "too_much"


def test_whoever_comes_while_somebody_else_writes_is_told_to_try_again(open_staff, tmp_path):
    permit = open_staff.permit("ofc-3", "comment", open_staff.request("ofc-3"))
    other = open_engine(f"sqlite:///{tmp_path / 'product.db'}")
    with write_transaction(other):
        assert refused(changing.comment, permit, open_staff.number, "why?", NOW) == "busy"
    other.dispose()
