"""What the entity says to its auditors, as officers would by the control plane."""

from app.audits.request import Provenance, Side
from app.audits.threads import Speaker
from app.pdp.enforce import Permit
from app.pdp.model import Decision, Entity, EvaluationRequest
from tests.auditor_portal.portal import ENGAGEMENT
from tests.features.serving import NOW

PROVENANCE = Provenance(
    effective_from="2026-10-01",
    effective_to="2026-10-31",
    collected="2026-11-02T08:00:00.000000Z",
    source="HR system",
    query="SELECT 1",
    actor="ofc-1",
    tool="export 2.1",
    policy_commit="",
)


def permit(number, who="ofc-1"):
    """Return a permit of an officer."""
    asked = EvaluationRequest(
        subject=Entity(type="officer", id=who, properties={}),
        action="engagements.answer",
        resource=Entity(type="engagement", id=ENGAGEMENT, properties={}),
        context={},
    )
    return Permit(request=asked, decision_id=f"d-{number}", decision=Decision(allow=True), bundle="b", revision="r")


def entity(number=1):
    return Speaker(permit=permit(number), side=Side.ENTITY, at=int(NOW))
