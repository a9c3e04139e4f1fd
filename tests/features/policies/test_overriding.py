"""The effects of overrides where something has changed since policy decided."""

import threading
from datetime import UTC, datetime

import pytest

from app.features.policies.overrides import overriding
from app.features.policies.overrides.override_request import Kind
from app.features.policies.overrides.overriding import OverrideError, Wanted
from app.pdp.model import Entity, EvaluationRequest
from app.pdp.override_policy import OverridePolicy
from app.pep import CONTROL
from tests.features.gating import gating, officer, shipped

NOW = int(datetime(2026, 11, 22, 14, tzinfo=UTC).timestamp())
WANTED = Wanted(
    tenant="default",
    action="studio.deploy",
    gate="in_change_window",
    subject=("member", "mem-1"),
    resource=("workflow", "wf-1"),
    role="requester",
    hours=8,
    uses=1,
    reason="a customer waits",
    ticket="CHG-1",
)
POLICY = shipped().overrides


def permit(name="ofc-1", resource="ovr-1", properties=None):
    """Return a permit of somebody; what it permits is not looked at by the effects, but for what was decided on."""
    asked = EvaluationRequest(
        subject=officer(name, "omega-ciso"),
        action="policies.view",
        resource=Entity(type="policies", id=resource, properties=properties or {}),
        context={},
    )
    return gating().pdp.enforce(asked, CONTROL)


def code(effect):
    with pytest.raises(OverrideError) as found:
        effect()
    return found.value.code


@pytest.fixture
def asked(product):  # noqa: ARG001 - where it is kept
    return overriding.request(permit(), WANTED, POLICY, NOW)


def test_a_second_one_of_the_same_scope_is_refused_by_the_table_itself(asked):
    assert code(lambda: overriding.request(permit(resource="ovr-2"), WANTED, POLICY, NOW)) == "running"
    assert [each.id for each in overriding.newest()] == [asked.id]


def test_a_gate_that_can_no_longer_be_overridden(product):  # noqa: ARG001
    assert code(lambda: overriding.request(permit(), WANTED, OverridePolicy(), NOW)) == "unknown"


def test_what_there_is_not(product):  # noqa: ARG001
    assert code(lambda: overriding.get("ovr-9")) == "unknown"
    assert code(lambda: overriding.revoke(permit(), "ovr-9", NOW)) == "unknown"


def test_an_approval_that_was_decided_on_before_another_came_is_refused(asked):
    stale = permit("ofc-3", properties={"path": "x"})
    stale.request.resource.properties["approvals"] = []
    overriding.approve(permit("ofc-2"), asked.id, "ciso", NOW)
    assert code(lambda: overriding.approve(stale, asked.id, "ciso", NOW)) == "changed"


def test_one_person_approves_once_whatever_policy_saw(asked):
    overriding.approve(permit("ofc-2"), asked.id, "ciso", NOW)
    assert code(lambda: overriding.approve(permit("OFC-2"), asked.id, "compliance_officer", NOW)) == "changed"


def test_what_was_revoked_is_neither_approved_nor_revoked_again(asked):
    overriding.revoke(permit(), asked.id, NOW)
    assert code(lambda: overriding.approve(permit("ofc-2"), asked.id, "ciso", NOW)) == "changed"
    assert code(lambda: overriding.revoke(permit(), asked.id, NOW)) == "changed"


def test_only_broken_glass_is_reviewed_and_once(asked):
    assert code(lambda: overriding.review(permit(), asked.id, justified=True, found="all well", now=NOW)) == "changed"
    other = Wanted(**{name: getattr(WANTED, name) for name in WANTED.__slots__} | {"resource": ("workflow", "wf-2")})
    broken = overriding.break_glass(permit(resource="ovr-3"), other, POLICY, NOW)
    assert broken.kind is Kind.BREAK_GLASS
    assert broken.review_due == NOW + 72 * 3_600
    assert [each.id for each in overriding.open_reviews("OFC-1")] == ["ovr-3"]
    assert overriding.open_reviews("ofc-2") == []
    overriding.review(permit("ofc-2"), "ovr-3", justified=True, found="all well", now=NOW)
    assert overriding.open_reviews() == []
    assert code(lambda: overriding.review(permit(), "ovr-3", justified=True, found="again", now=NOW)) == "changed"


def test_of_two_requests_at_once_one_is_kept(product):  # noqa: ARG001
    permits = [permit(f"ofc-{number}", resource=f"ovr-{number}") for number in (1, 2)]
    ended = []

    def ask(given):
        try:
            ended.append(overriding.request(given, WANTED, POLICY, NOW).id)
        except OverrideError as error:
            ended.append(error.code)

    threads = [threading.Thread(target=ask, args=(each,)) for each in permits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) in (["ovr-1", "running"], ["ovr-2", "running"])
