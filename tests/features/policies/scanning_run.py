"""How a scan is run in tests: asked for, as the scheduler does, and made."""

from app.jobs.job import Run
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL


def made(node, job):
    request = EvaluationRequest(
        subject=Entity(type="job", id="policies.scan_drift", properties={}),
        action="policies.scan_drift",
        resource=Entity(type="node", id="n1", properties={}),
        context={"by": "schedule"},
    )
    permit = node.gating.pdp.enforce(request, CONTROL)
    return dict(job.run(Run(permit=permit, scheduled_for=0, missed=0, attempt=1, stopping=lambda: False)))
