"""A commit on its way into force: what it takes, what stops it, and how to go back."""

import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from app import activation, db, keys, schema
from app.features.policies.changes.rows_changes import ChangeRequestRow, MergeRow
from app.features.policies.errors import ActivationError, PublicationError, RefusedCommitError, RepositoryError
from app.features.policies.git import activating
from app.features.policies.git.activating import Approval, candidate, prepare, put_in_force, resource, verified_head
from app.features.policies.git.publication import verify_published
from app.features.policies.git.rows_activations import activations, in_force
from app.objects import open_objects
from app.pdp.admission import admit
from app.pdp.enforce import Permit
from app.pdp.errors import BundleError
from app.pdp.model import Decision, Entity, EvaluationRequest
from app.settings import Settings
from tests.features.policies.signing import ALICE, BOB, MALLORY, NOW
from tests.pdp.deciding import CHAIN
from tests.pdp.shop import FILES, SELL

SELL_PATH = "policies/rego/shop/sell.rego"
POLICIES = {f"policies/{path}": text for path, text in FILES.items()}
CHANGED = {SELL_PATH: SELL.replace("the fruit is ripe", "the fruit is really ripe")}


@pytest.fixture(autouse=True)
def admitted_here(monkeypatch):
    """Admit in this process: another one takes as long as all the rest."""
    monkeypatch.setattr(activation, "admit_apart", admit)


@pytest.fixture
def working(begin):
    made = begin()
    made.first = made.commit({"policies/data/limits.json": None} | POLICIES)
    return made


@pytest.fixture
def settings(tmp_path, working):
    made = Settings.from_environment(
        {
            "OMEGA_DATA": str(tmp_path / "node"),
            "OMEGA_POLICY_REPOSITORY": str(working.remote),
            "OMEGA_OPA": "",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
    )
    made.data.mkdir()
    engine = db.open_engine(made.product)
    schema.upgrade(engine, schema.PRODUCT_MIGRATIONS)
    with db.product(engine):
        yield made


@pytest.fixture
def repository(settings, working):
    found = activating.open_repository(settings, lambda: NOW)
    working.mirrors.append(found)
    found.fetch()
    return found


def permit(found, number):
    asked = EvaluationRequest(
        subject=Entity(type="job", id="node", properties={}),
        action="policies.activate",
        resource=resource(found),
        context={},
    )
    return Permit(
        request=asked, decision_id=f"{CHAIN}-{number}", decision=Decision(allow=True), bundle="b", revision="r"
    )


@pytest.fixture
def activate(repository, settings):
    numbers = iter(range(100))

    def activated(commit):
        repository.fetch()
        found = prepare(candidate(repository, commit, NOW), settings)
        put_in_force(permit(found, next(numbers)), found, settings, NOW)
        return found

    return activated


def test_a_first_commit_is_put_in_force(working, settings, activate):
    found = activate(working.first)
    assert activation.active(settings.bundles).stem == found.bundle.digest
    assert found.bundle.revision == f"git:{working.first}"
    assert found.approval == Approval.FIRST
    assert found.signers == (ALICE.email,)
    row = in_force()
    assert (row.commit, row.verified, row.bundle) == (working.first, working.first, found.bundle.digest)
    assert row.tree == found.tree
    key = keys.ensure_bundle_key(settings.keys).public_key()
    assert verify_published(open_objects(settings.bundle_store), key).bundle.digest == found.bundle.digest


def test_the_files_beside_the_bundle_change_no_digest(working, activate):
    first = activate(working.first)
    other = working.commit({"policies/OWNERS.yaml": "owners: []\n"})
    assert activate(other).bundle.digest == first.bundle.digest


def test_two_persons_who_sign_one_tree_are_counted(working, repository, activate):
    activate(working.first)
    one = working.commit(CHANGED, BOB)
    repository.fetch()
    alone = candidate(repository, one, NOW)
    assert (alone.signers, alone.approval) == ((BOB.email,), Approval.NONE)
    two = working.commit({}, ALICE)
    repository.fetch()
    both = candidate(repository, two, NOW)
    assert both.signers == (ALICE.email, BOB.email)
    assert [each.id for each in both.new] == [one, two]
    assert resource(both).properties["signers"] == [ALICE.email, BOB.email]


def test_what_was_signed_before_the_last_change_does_not_count_for_it(working, repository, activate):
    activate(working.first)
    working.commit(CHANGED, BOB)
    last = working.commit({"policies/NOTES.md": "x"}, ALICE)
    repository.fetch()
    assert candidate(repository, last, NOW).signers == (ALICE.email,)


def merged(found, base, head):
    """Have the service's tables say that it merged `head` onto `base`."""
    number = len(activations()) * 10 + len(head) + int(head[:4], 16)
    request = ChangeRequestRow(
        number=number,
        branch=head,
        title="t",
        description="",
        opened_by="a",
        opened_at=0,
        revision=1,
        proposal={},
        decision_id=f"d{number}",
    )
    with db.writing(permit(found, 900)) as session:
        session.add(request)
        session.flush()
        session.add(MergeRow(number=number, base=base, head=head, person="a", at=0, decision_id=f"m{number}"))


def test_what_the_service_merged_step_by_step_is_approved(working, repository, activate):
    first = activate(working.first)
    one = working.commit(CHANGED)
    two = working.commit({"policies/NOTES.md": "x"})
    repository.fetch()
    merged(first, one, two)
    assert candidate(repository, two, NOW).approval == Approval.NONE  # the step below was pushed past the service
    merged(first, working.first, one)
    assert candidate(repository, two, NOW).approval == Approval.MERGED


def test_going_back_and_forth(working, settings, activate):
    first = activate(working.first)
    second = activate(working.commit(CHANGED))
    assert first.bundle.digest != second.bundle.digest
    back = activate(working.first)
    assert back.approval == Approval.ACTIVATED
    assert activation.active(settings.bundles).stem == first.bundle.digest
    assert in_force().verified == second.commit  # going back forgets nothing that was verified
    assert activate(second.commit).approval == Approval.ACTIVATED
    assert [row.commit for row in activations()] == [second.commit, working.first, second.commit, working.first]


def test_a_commit_that_was_passed_over_is_not_approved_for_being_old(working, repository, activate):
    activate(working.first)
    passed = working.commit(CHANGED)
    activate(working.commit({"policies/NOTES.md": "x"}))
    found = candidate(repository, passed, NOW)
    assert (found.approval, found.signers, found.new) == (Approval.NONE, (), ())


def test_a_commit_of_another_branch_is_told_apart(working, repository, activate):
    activate(working.first)
    other = working.commit(CHANGED, branch="other", parents=[working.first])
    repository.fetch()
    assert not candidate(repository, other, NOW).on_branch
    assert candidate(repository, working.first, NOW).on_branch


def test_a_forced_branch_is_refused(working, repository, activate):
    activate(working.commit(CHANGED))
    forced = working.commit({"policies/NOTES.md": "x"}, parents=[working.first])
    repository.fetch()
    for look in (lambda: candidate(repository, forced, NOW), lambda: verified_head(repository, NOW)):
        with pytest.raises(RefusedCommitError) as refused:
            look()
        assert (refused.value.commit, refused.value.code) == (forced, "rewritten")


@pytest.mark.parametrize(
    ("how", "code"),
    [({"signed": False}, "unsigned"), ({"by": MALLORY}, "unknown_signer"), ({"at": NOW + timedelta(days=1)}, "clock")],
    ids=["unsigned", "a foreign key", "a clock"],
)
def test_what_is_refused_leaves_what_was_in_force(how, code, working, settings, activate):
    first = activate(working.first)
    bad = working.commit(CHANGED, **how)
    with pytest.raises(RefusedCommitError) as refused:
        activate(bad)
    assert refused.value.code == code
    assert activating.refusal(refused.value, settings) == {"commit": bad, "code": code, "branch": "main"}
    assert activation.active(settings.bundles).stem == first.bundle.digest


def test_policies_whose_tests_fail_are_not_put_in_force(working, settings, activate):
    first = activate(working.first)
    broken = working.commit({SELL_PATH: SELL.replace("ripe == true", "ripe == false")})
    with pytest.raises(BundleError, match="fails"):
        activate(broken)
    assert activation.active(settings.bundles).stem == first.bundle.digest


def test_a_commit_without_policies_is_none(working, activate):
    empty = working.commit(dict.fromkeys(POLICIES) | {"policies/data/limits.json": None})
    with pytest.raises(BundleError, match="no action"):
        activate(empty)


def test_a_commit_that_is_not_there(activate):
    with pytest.raises(RepositoryError):
        activate("c" * 40)


def test_of_two_who_activate_at_once_the_second_looks_again(working, repository, settings):
    found = prepare(candidate(repository, working.first, NOW), settings)
    put_in_force(permit(found, 1), found, settings, NOW)
    with pytest.raises(ActivationError, match="meanwhile"):
        put_in_force(permit(found, 2), found, settings, NOW)
    assert len(activations()) == 1


def test_a_permit_is_good_for_its_commit(working, repository, settings):
    found = candidate(repository, working.first, NOW)
    with pytest.raises(ActivationError, match="another commit"):
        put_in_force(permit(replace(found, commit="d" * 40), 1), found, settings, NOW)
    assert activations() == []


def test_where_nothing_can_be_published_nothing_is_put_in_force(working, repository, settings):
    found = prepare(candidate(repository, working.first, NOW), settings)
    (settings.data / "published").write_text("")
    with pytest.raises(PublicationError):
        put_in_force(permit(found, 1), found, settings, NOW)
    with pytest.raises(ActivationError, match="cannot be published"):
        put_in_force(permit(found, 1), found, replace(settings, bundle_store="ftp://x"), NOW)
    assert activations() == []
    with pytest.raises(BundleError):
        activation.active(settings.bundles)


def test_without_the_setting_there_is_no_repository(settings):
    with pytest.raises(ActivationError, match="OMEGA_POLICY_REPOSITORY"):
        activating.open_repository(replace(settings, policy_repository=None), lambda: NOW)


def test_a_start_keeps_what_was_in_force_from_git(working, settings, activate, tmp_path):
    directory = tmp_path / "policies"
    for path, text in FILES.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    settings = replace(settings, policies=directory)
    assert activation.begin(settings).revision == "unversioned"
    second = activate(working.commit(CHANGED))
    assert activation.begin(settings).digest == second.bundle.digest
    assert activation.begin(replace(settings, policy_repository=None)).digest != second.bundle.digest
    activation.put_in_force("f" * 64, settings.bundles)
    with pytest.raises(BundleError, match="cannot be read"):
        activation.begin(settings)


def test_the_repository_is_as_git_wants_it(repository, settings):
    assert repository.branch == "main"
    subprocess.run(["git", "--git-dir", settings.policy_mirror, "fsck"], check=True, capture_output=True)
