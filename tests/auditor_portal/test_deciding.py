"""The decision point over HTTP: a permit for an allow, and for anything else an error that permits nothing."""

import re

import httpx
import pytest

from app.pdp.errors import DeniedError, MalformedRequestError, UnrecordedError
from app.pdp.model import Entity, EvaluationRequest
from auditor_portal.deciding import MET, PORTAL, RemotePdp
from omega_client import Client
from tests.omega_client.answering import answered
from tests.pdp.evaluating import ROOT

ASKED = EvaluationRequest(
    subject=Entity(type="auditor", id="acme/a", properties={"firm": "acme"}),
    action="auditor_portal.view",
    resource=Entity(type="engagement", id="soc2-2026", properties={}),
    context={"address": "198.51.100.7"},
)


def pdp(answer, seen=None):
    """Return a decision point that answers so."""

    def respond(request):
        if seen is not None:
            seen.append(request)
        return answer

    transport = httpx.MockTransport(respond)
    return RemotePdp(Client("http://127.0.0.1:8420", "t", transport=transport, sleep=lambda _: None, attempts=1))


def test_an_allow_is_a_permit_that_says_by_which_policies():
    seen = []
    permit = pdp(httpx.Response(200, json=answered(reasons=[], diagnostics=[])), seen).enforce(ASKED, PORTAL)
    assert (permit.request, permit.decision_id) == (ASKED, "01a203ec17c0f73dc8f6-3")
    assert (permit.decision.allow, permit.bundle, permit.revision) == (True, "b", "r1")
    assert seen[0].headers["authorization"] == "Bearer t"
    assert b'"auditor_portal.view"' in seen[0].content


def test_a_deny_says_why_as_one_of_this_process_does():
    with pytest.raises(DeniedError) as caught:
        pdp(httpx.Response(200, json=answered(decision=False))).enforce(ASKED, PORTAL)
    decision = caught.value.decision
    assert (caught.value.decision_id, decision.allow, decision.failed) == ("01a203ec17c0f73dc8f6-3", False, ("ripe",))
    assert [(each.id, each.severity, each.controls) for each in decision.violations] == [("ripe", "high", ("a/b",))]
    assert [(each.code, each.path) for each in decision.diagnostics] == [("fact_type", "resource")]


REASON = {"id": "ripe", "message": "m", "severity": "dire", "enforcement": "blocking", "controls": []}
SEVERE = answered(decision=False, reasons=[REASON])


def problem(status, code):
    document = {"type": f"urn:omega:problem:{code}", "title": "t", "status": status}
    return httpx.Response(status, json=document, headers={"content-type": "application/problem+json"})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(problem(400, "malformed_request"), MalformedRequestError, id="it is taken for no request"),
        pytest.param(problem(401, "unauthenticated"), UnrecordedError, id="the portal is taken for nobody"),
        pytest.param(problem(503, "evidence_unavailable"), UnrecordedError, id="nothing can be recorded"),
        pytest.param(httpx.Response(200, json={"decision": True}), UnrecordedError, id="an allow without evidence"),
        pytest.param(httpx.Response(200, json=SEVERE), UnrecordedError, id="a deny that nobody could show"),
        pytest.param(httpx.Response(200, text="yes"), UnrecordedError, id="something else answers there"),
    ],
)
def test_whatever_is_no_decision_permits_nothing(answer, error):
    with pytest.raises(error):
        pdp(answer).enforce(ASKED, PORTAL)


def test_the_portal_meets_what_its_policies_may_oblige_it_to():
    files = (ROOT / "policies" / "rego" / "auditor_portal").glob("*.rego")
    named = {
        kind
        for path in files
        if not path.stem.endswith("_test")
        for kind in re.findall(r'"type": "([a-z_-]+)"', path.read_text())
    }
    assert named == MET
