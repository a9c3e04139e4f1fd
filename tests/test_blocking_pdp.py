import asyncio

import pytest

from app.blocking_pdp import BlockingPdp, OnLoopError
from app.pdp.errors import DeniedError, UnrecordedError
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from tests.features.gating import gating, loop, officer, on_loop


def looks(*groups):
    return EvaluationRequest(
        subject=officer("ofc-51", *groups),
        action="policies.view",
        resource=Entity(type="policies", id="abc", properties={}),
        context={},
    )


def test_a_thread_gets_its_permit_once_the_decision_is_on_record():
    around = gating()
    permit = around.pdp.enforce(looks("omega-auditors"), CONTROL)
    assert permit.request.subject.id == "ofc-51"
    assert around.log.records[0].position.decision_id == permit.decision_id


def test_a_denial_is_raised_with_its_decision():
    around = gating()
    with pytest.raises(DeniedError) as caught:
        around.pdp.enforce(looks("strangers"), CONTROL)
    assert caught.value.decision.failed == ("authorised",)
    assert around.log.records[0].position.decision_id == caught.value.decision_id


def test_evaluating_raises_nothing_on_a_denial():
    assert gating().pdp.evaluate(looks(), CONTROL).decision.allow is False


def test_what_is_no_decision_is_noted():
    around = gating()
    around.pdp.note("policy.drift_clean", CONTROL, {"files": 3})
    assert around.records == [("policy.drift_clean", {"caller": "control", "files": 3})]


def test_the_policies_in_force_can_be_seen():
    assert "policies.view" in gating().pdp.policies.bundle.actions


def test_nobody_waits_for_the_loop_on_the_loop():
    around = gating()

    async def misuse():
        around.pdp.enforce(looks(), CONTROL)

    with pytest.raises(OnLoopError):
        on_loop(misuse)


def test_another_loop_may_wait_in_its_thread():
    around = gating()

    async def use():
        return around.pdp.evaluate(looks(), CONTROL)

    assert asyncio.run(use()).decision.allow is False


def test_what_is_only_tried_is_not_recorded():
    around = gating()
    assert around.pdp.preview(looks(), CONTROL) == around.pdp.evaluate(looks(), CONTROL).decision
    assert [kind for kind, _ in around.records] == ["decision"]


def test_a_decision_that_does_not_come_permits_nothing():
    class Silent:
        async def enforce(self, *_, **__):
            await asyncio.Event().wait()

    with pytest.raises(UnrecordedError, match="in time"):
        BlockingPdp(Silent(), loop(), patience=0.01).enforce(looks(), CONTROL)


def test_a_decision_that_is_given_up_permits_nothing():
    class Ending:
        async def enforce(self, *_, **__):
            raise asyncio.CancelledError

    with pytest.raises(UnrecordedError, match="ended"):
        BlockingPdp(Ending(), loop()).enforce(looks(), CONTROL)


def test_a_loop_that_has_ended_permits_nothing():
    ended = asyncio.new_event_loop()
    ended.close()
    with pytest.raises(UnrecordedError, match="ended"):
        BlockingPdp(None, ended).note("policy.drift_clean", CONTROL, {})
