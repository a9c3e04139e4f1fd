"""What was found on a node and not in Git, as a change request."""

import pytest

from app.features.policies import foreign_changes
from app.features.policies.change_request import State
from app.features.policies.errors import PatchError
from app.features.policies.foreign_changes import ForeignRequests
from app.features.policies.patching import Patcher
from app.pdp.errors import DeniedError
from app.pep import CONTROL
from tests.features.policies.requests_made import CHECKS
from tests.features.policies.signing import ENVIRONMENT, NOW

FOREIGN = {"rego/shop/sell.rego": b"package shop.sell\n", "data/limits.json": None}


@pytest.fixture
def foreign(staff, tmp_path):
    patcher = Patcher(mirror=tmp_path / "mirror.git", url=str(staff.work.remote), environment=ENVIRONMENT)
    return ForeignRequests(
        repository=staff.repository,
        patcher=patcher,
        enforce=lambda request: staff.gating.pdp.enforce(request, CONTROL),
        job="policies.scan_drift",
        checks=CHECKS,
        now=lambda: NOW,
    )


def test_it_is_shown_once_and_waits_for_a_person(staff, foreign):
    head = staff.work.head()
    assert foreign.open_foreign(head, FOREIGN, "found on a node") == "cr-1"
    assert foreign.open_foreign(head, FOREIGN, "found on another node") == "cr-1"
    staff.number = 1
    found = staff.found()
    assert (found.request.state, found.row.opened_by) == (State.DRAFT, "policies.scan_drift")
    assert found.request.proposal.strangers == 1
    assert found.row.description == f"found on a node; declared was {head}"
    changed = staff.repository.diff(head, found.request.proposal.head)
    assert {each.path: each.after for each in changed} == {f"policies/{path}": data for path, data in FOREIGN.items()}
    with pytest.raises(DeniedError):
        staff.approve("ofc-2", "compliance_officer")
    assert staff.work.head() == head


def test_other_text_has_a_request_of_its_own(staff, foreign):
    head = staff.work.head()
    foreign.open_foreign(head, FOREIGN, "found")
    assert foreign.open_foreign(head, {"data/limits.json": b"{}"}, "found") == "cr-2"


def test_a_branch_without_a_request_is_left_alone(staff, foreign):
    (staff.work.remote / "refs/heads/drift").mkdir()
    staff.work.point(f"drift/{foreign_changes._named(FOREIGN)}", staff.work.head())
    assert foreign.open_foreign(staff.work.head(), FOREIGN, "found") is None


NO_FILES = {
    "a path that leads elsewhere": {"../../x": b""},
    "a path into .git": {".git/config": b""},
    "what is there already": {"data/limits.json": b'{"limit": 1}\n'},
}


@pytest.mark.parametrize("files", NO_FILES.values(), ids=NO_FILES)
def test_what_cannot_be_shown(staff, foreign, files):
    with pytest.raises(PatchError):
        foreign.open_foreign(staff.work.head(), files, "found")
    assert [name for name in staff.repository.branches() if name.startswith("drift/")] == []
