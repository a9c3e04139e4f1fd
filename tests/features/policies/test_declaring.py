"""What Git declares: real repositories with signed commits, real rows; and what was foreign as a branch of its own."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlmodel import select

from app import activation, db, decision_log, schema
from app.features.policies.changes import changing
from app.features.policies.changes.patching import Patcher
from app.features.policies.changes.rows_changes import CommentRow
from app.features.policies.drift import declaring
from app.features.policies.drift.comparing import Kind
from app.features.policies.drift.declaring import GitDeclaring, open_declaring, permits, used_after_their_end
from app.features.policies.drift.drift_job import scan
from app.features.policies.drift.foreign import ForeignText, differences, text_digest
from app.features.policies.errors import ActivationError, ChangeError, DeclaredError, PatchError
from app.features.policies.git import activating
from app.features.policies.git.activating import candidate, prepare, put_in_force
from app.features.policies.git.rows_activations import ActivationRow, in_force
from app.features.policies.overrides.rows_overrides import OverrideRow
from app.pdp.admission import admit
from app.pdp.errors import UnrecordedError
from app.pdp.model import Entity, EvaluationRequest
from app.settings import Settings
from evidence import record
from evidence.errors import NotFoundError
from evidence.record import Draft, Position
from tests.features.policies.signing import BOB, MALLORY, NOW
from tests.features.policies.test_activating import CHANGED, POLICIES, SELL_PATH, permit
from tests.pdp.deciding import CHAIN
from tests.pdp.shop import SELL

OWNERS = """roles: {policy_author: [alice@example.org], policy_owner: [bob@example.org]}
owners:
  - {paths: ["**"], roles: [policy_owner], quorum: 1}
"""


@pytest.fixture(autouse=True)
def admitted_here(monkeypatch):
    monkeypatch.setattr(activation, "admit_apart", admit)


@pytest.fixture
def working(begin):
    made = begin()
    made.first = made.commit({"policies/data/limits.json": None} | POLICIES)
    return made


@pytest.fixture
def settings(tmp_path, working):
    given = {"OMEGA_DATA": str(tmp_path / "node"), "OMEGA_POLICY_REPOSITORY": str(working.remote), "OMEGA_OPA": ""}
    made = Settings.from_environment({**given, "PATH": "/usr/local/bin:/usr/bin:/bin"})
    made.data.mkdir()
    engine = db.open_engine(made.product)
    schema.upgrade(engine, schema.PRODUCT_MIGRATIONS)
    with db.product(engine):
        yield made


@pytest.fixture
def git(settings, working, monkeypatch):
    """What declares, and decides as it is told: by default every row's decision permits it."""
    repository = activating.open_repository(settings, lambda: NOW)
    working.mirrors.append(repository)
    found = GitDeclaring(settings, repository)
    monkeypatch.setattr(declaring, "permits", lambda *_: True)
    return found


@pytest.fixture
def activate(git, settings):
    numbers = iter(range(100))

    def activated(commit, now=NOW):
        git.repository.fetch()
        found = prepare(candidate(git.repository, commit, now), settings)
        put_in_force(permit(found, next(numbers)), found, settings, now)
        return found

    return activated


def kinds(settings, git, now=NOW):
    return [(each.kind, each.place) for each in scan(settings, git, now).findings]


@pytest.fixture
def look(settings, git):
    return lambda: kinds(settings, git)


def test_before_anything_is_put_in_force_nothing_is_declared(git):
    assert git.declared(NOW) is None


def test_what_was_put_in_force_is_declared(working, settings, git, activate):
    first = activate(working.first)
    declared = git.declared(NOW + timedelta(seconds=90))
    assert (declared.commit, declared.head, declared.refused) == (working.first, working.first, None)
    assert declared.bundle.digest == first.bundle.digest
    assert (declared.earlier, declared.activated, declared.decided) == (frozenset(), 90.0, True)
    assert kinds(settings, git) == []


def test_a_newer_commit_waits_to_be_put_in_force(working, settings, git, activate):
    first = activate(working.first)
    working.commit(CHANGED, BOB)
    assert kinds(settings, git) == [(Kind.UNSYNCED, "git")]
    second = activate(working.commit({}))
    assert kinds(settings, git) == []
    assert git.declared(NOW).earlier == {first.bundle.digest}
    activation.put_in_force(first.bundle.digest, settings.bundles)
    assert kinds(settings, git) == [(Kind.UNSYNCED, "active")]
    assert second.bundle.digest != first.bundle.digest


@pytest.mark.parametrize(
    ("made", "kind"),
    [({"signed": False}, Kind.UNSIGNED_COMMIT), ({"by": MALLORY}, Kind.UNKNOWN_COMMIT)],
    ids=["unsigned", "signed by a stranger"],
)
def test_a_commit_on_the_branch_that_is_not_to_be_trusted(working, activate, look, made, kind):
    activate(working.first)
    working.commit(CHANGED, **made)
    assert look() == [(kind, "git")]


def test_a_row_that_somebody_wrote_is_not_believed(working, settings, git, activate, monkeypatch):
    activate(working.first)
    monkeypatch.setattr(declaring, "permits", lambda *_: False)
    assert kinds(settings, git, NOW + timedelta(seconds=61)) == [(Kind.CHANGE_OUTSIDE_WINDOW, working.first[:12])]


def test_a_remote_that_is_away_hides_nothing_that_decides_here(working, settings, git, activate, caplog):
    activate(working.first)
    working.remote.rename(working.remote.with_name("away.git"))
    (settings.bundles / "active").write_text("0" * 64)
    for _ in range(2):
        assert kinds(settings, git) == [(Kind.EDITED_BUNDLE, "active"), (Kind.EDITED_BUNDLE, "bundles/000000000000")]
    assert caplog.text.count("what was fetched last is compared") == 1


def test_a_row_of_a_commit_without_policies(working, git, activate):
    activate(working.first)
    empty = working.commit(dict.fromkeys(POLICIES) | {"policies/NOTES.md": "x"})
    git.repository.fetch()
    with pytest.raises(DeclaredError):
        git._bundle_of(empty)


def test_where_policies_come_from_a_directory_there_is_nothing_to_open(tmp_path):
    with pytest.raises(ActivationError):
        open_declaring(Settings.from_environment({"OMEGA_DATA": str(tmp_path)}))


def test_the_repository_of_the_settings_is_opened(working, settings):
    found = open_declaring(settings)
    working.mirrors.append(found.repository)
    assert found.declared(NOW) is None


ROW = ActivationRow(
    number=1,
    commit="c" * 40,
    tree="t" * 40,
    bundle="b" * 64,
    verified="c" * 40,
    activated_at=0,
    decision_id=f"{CHAIN}-7",
)


def recorded(**changes):
    body = {
        "action": "policies.activate",
        "resource": {"type": "commit", "id": "c" * 40},
        "result": {"allow": True, "passed": ["approved", "in_change_window"]},
    } | changes
    draft = Draft(type="decision", tenant="default", body=body)
    position = Position(chain=CHAIN, seq=7)
    time = "2026-11-22T14:00:00.999999Z"
    return record.encode(draft, position, epoch=1, prev="0" * 64, time=time, retention_class="std7y")


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({}, True),
        ({"action": "policies.roll_back", "result": {"allow": True, "passed": ["activated"]}}, True),
        ({"result": {"allow": True, "passed": ["approved"]}}, False),
        ({"result": {"allow": False, "passed": ["in_change_window"]}}, False),
        ({"resource": {"type": "commit", "id": "d" * 40}}, False),
        ({"action": "policies.view"}, False),
    ],
    ids=["in a window", "a roll back", "outside", "denied", "about another commit", "another action"],
)
def test_the_decision_of_a_row_has_to_permit_it(settings, monkeypatch, changes, held):
    monkeypatch.setattr(declaring, "Reader", lambda *_: None)
    monkeypatch.setattr(declaring, "open_store", lambda *_, **__: None)
    monkeypatch.setattr(declaring.keys, "load_verifier", lambda _: None)
    monkeypatch.setattr(decision_log, "locate", lambda *_: SimpleNamespace(record=recorded(**changes)))
    assert permits(settings, ROW) is held


def test_a_decision_that_is_nowhere_permits_nothing(settings, monkeypatch):
    assert not permits(settings, ROW)  # no store, no key
    monkeypatch.setattr(declaring, "open_store", lambda *_, **__: None)
    monkeypatch.setattr(declaring.keys, "load_verifier", lambda _: None)
    monkeypatch.setattr(declaring, "Reader", lambda *_: None)

    def nowhere(*_):
        raise NotFoundError("nowhere")

    monkeypatch.setattr(decision_log, "locate", nowhere)
    assert not permits(settings, ROW)


def override(number, **changes):
    names = ("tenant", "kind", "action", "gate", "subject_type", "subject_id", "resource_type", "resource_id")
    text = dict.fromkeys((*names, "by", "role", "reason", "ticket", "changed_by_decision"), "x")
    numbers = {"at": 0, "hours": 1, "minutes": 0, "uses": 2, "used": 1, "last_used": 99, "ends": 100}
    return OverrideRow(id=f"ovr-{number}", decision_id=f"x-{number}", **text | numbers | changes)


@pytest.mark.usefixtures("settings")
def test_an_override_that_was_used_after_it_had_ended_is_found(enforced):
    changes = [{}, {"last_used": 100}, {"revoked": 99}, {"last_used": None, "used": 0}]
    asked = EvaluationRequest(
        subject=Entity(type="job", id="x", properties={}),
        action="x.y",
        resource=Entity(type="x", id="x", properties={}),
        context={},
    )
    with db.writing(enforced(asked)) as session:
        for number, change in enumerate(changes):
            session.add(override(number, **change))
    assert used_after_their_end() == ("ovr-1", "ovr-2")


# what was foreign


class Enforced:
    """Permits, or raises what it is told to."""

    def __init__(self):
        self.requests, self.error = [], None
        self.numbers = iter(range(900, 1_000))

    def __call__(self, request):
        self.requests.append(request)
        if self.error:
            raise self.error
        nothing = SimpleNamespace(commit="c", tree="t", on_branch=True, approval="none", signers=(), bundle=None)
        return replace(permit(nothing, next(self.numbers)), request=request)


@pytest.fixture
def enforced():
    return Enforced()


@pytest.fixture
def showing(git, settings, enforced):
    patcher = Patcher(
        mirror=settings.policy_mirror, url=settings.policy_repository, environment=settings.git_environment
    )
    return ForeignText(git.repository, patcher, git.repository.tree, enforced, lambda: NOW)


def test_what_was_foreign_is_shown_on_an_unsigned_branch(working, git, showing, enforced, activate):
    activate(working.commit({"policies/OWNERS.yaml": OWNERS}))
    foreign = SELL.replace("ripe == true", "ripe != 7").rstrip("\n").encode()
    files = {"rego/shop/sell.rego": foreign, "rego/lib/more.rego": b"package lib.more\n", "cases/shop.yaml": None}
    name = showing.open_foreign(in_force().commit, files, "found on a node")
    branch = f"drift/{text_digest(files)[:24]}"
    assert name == f"{branch} #1"
    (request,) = enforced.requests
    assert (request.action, request.subject.id, request.resource.id) == (
        "policies.open_change",
        "policies.scan_drift",
        branch,
    )
    head = git.repository.head(branch)
    changes = {each.path: each.after for each in git.repository.diff(in_force().commit, head)}
    assert changes == {f"policies/{path}": text for path, text in files.items()}
    assert git.repository.commit(head).signature is None


def test_the_same_text_has_one_open_request(working, showing, enforced, activate):
    activate(working.commit({"policies/OWNERS.yaml": OWNERS}))
    files, commit = {"rego/lib/more.rego": b"package lib.more\n"}, in_force().commit
    one = showing.open_foreign(commit, files, "found on a node at one")
    assert showing.open_foreign(commit, files, "found on a node at two") == one
    assert enforced.requests[-1].resource.properties == {
        "source": "branch",
        "protected": False,
        "exists": True,
        "continues": True,
        "files": 1,
    }
    other = showing.open_foreign(commit, {"rego/lib/more.rego": b"package lib.other\n"}, "found")
    assert (one.partition("#")[2], other.partition("#")[2]) == ("1", "2")
    with db.reading() as session:
        said = [(each.number, each.person, each.text) for each in session.exec(select(CommentRow)).all()]
    assert said == [(1, "policies.scan_drift", "again found on a node at two")]

    # Once it is taken back, the same text is a request of its own, and so it is once the branch has gone on.
    changing.withdraw(enforced(enforced.requests[0]), 1, NOW)
    again = showing.open_foreign(commit, files, "found")
    assert again == f"{one.partition(' ')[0]}-20261123-120000 #3"
    activate(working.commit({"policies/NOTES.md": "on"}))
    showing._now = lambda: NOW + timedelta(seconds=7)
    late = showing.open_foreign(in_force().commit, files, "found")
    assert late == f"{one.partition(' ')[0]}-20261123-120007 #4"


def test_a_request_that_ends_meanwhile_is_followed_by_another(working, showing, enforced, activate):
    activate(working.commit({"policies/OWNERS.yaml": OWNERS}))
    files, commit = {"rego/lib/more.rego": b"package lib.more\n"}, in_force().commit
    showing.open_foreign(commit, files, "found")

    def ended(*_):
        changing.withdraw(enforced(enforced.requests[0]), 1, NOW)
        raise ChangeError("ended", "it is withdrawn")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(changing, "comment", ended)
        assert showing.open_foreign(commit, files, "found").endswith(" #2")


def test_what_is_not_permitted_is_not_shown(working, showing, enforced, activate):
    activate(working.first)
    enforced.error = UnrecordedError("full")
    with pytest.raises(PatchError, match="not permitted"):
        showing.open_foreign(working.first, {"rego/lib/more.rego": b"x\n"}, "found")


def test_nothing_that_could_be_shown(working, showing, enforced, activate):
    activate(working.first)
    same = POLICIES[SELL_PATH].encode()
    assert showing.open_foreign(working.first, {"rego/shop/sell.rego": same, "../odd": b"x"}, "found") is None
    assert enforced.requests == []


def test_a_patch_says_where_a_last_line_does_not_end():
    lines = list(differences({"a.rego": b"one\ntwo"}, {"a.rego": b"one\nthree"}))
    assert "".join(lines).count("No newline") == 2
