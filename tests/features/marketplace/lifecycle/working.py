"""The jobs of this room over the clock and the decision point of a marketplace."""

from itertools import count

from app.features.marketplace.lifecycle.job_steps import Means
from app.jobs.job import RUN_JOB, Run
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from tests.features.gating import shipped


class Advisor:
    """What is known of releases, as tests say."""

    def __init__(self):
        self.name, self.known = "2026-11-22", {}

    def snapshot(self):
        return self.name

    def critical(self, release):
        return self.known.get(release.version, ())


def means(market, bundle=shipped):
    pdp, numbers = market.control.around.pdp, count()
    return Means(
        bundle=bundle,
        enforce=lambda request: pdp.enforce(request, CONTROL),
        targets=["slack"],
        clock=market.control.clock,
        random=lambda _: f"{next(numbers):04}",
    )


def run(market, job, *, stopping=lambda: False):
    """Have a job run, as it does: by a permit of its own."""
    due = Entity(type="job", id=job.name, properties={"scheduled_for": "2026-11-22T14:00:00Z"})
    asked = EvaluationRequest(
        subject=Entity(type="job", id=job.name, properties={}),
        action=RUN_JOB,
        resource=due,
        context={"attempt": 1, "missed": 0, "by": "schedule"},
    )
    permit = market.control.around.pdp.enforce(asked, CONTROL)
    return job.run(Run(permit=permit, scheduled_for=0, missed=0, attempt=1, stopping=stopping))
