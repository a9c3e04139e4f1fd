"""Controls, a log of rows, and the job that tests the one over the other, with a clock that a test moves."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from sqlmodel import select

from app.alerts.rows import AlertDeliveryRow, AlertRow
from app.db import reading
from app.features.frameworks.control_job import TEST, ControlJob
from app.features.frameworks.machine import UntestableError
from app.features.frameworks.standing import finding, findings, latest
from app.jobs.job import RUN_JOB, Run
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from app.remediation import Remediation, RemediationError, table
from app.scheduling import Asked
from frameworks.control import parse
from frameworks.results import time_text
from frameworks.testing import Row, Testing

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
CHAIN = "01a203ec17c0f73dc8f6"
SECOND_PERSON = "security_officer"

CONTROLS = """
controls:
  - id: access-review
    title: who keeps access is reviewed
    owner: security_officer
    severity: high
    frequency: day
    criteria: [soc2/CC6.2, soc2/CC6.3]
    rules: [platform.keep_access/reviewed]
    tests:
      - id: access-review/reviewed
        kind: machine
        title: nobody keeps access whose review is overdue
        every: day
        stale_after: 2
        population: {types: [decision], actions: [platform.keep_access]}
        check: {each: [{path: body.result.failed, lacks: reviewed}]}
        remediation: sessions.lock
      - id: access-review/attested
        kind: attestation
        title: the list of privileged roles was reviewed
        every: quarter
        stale_after: 100
        role: security_officer
        second_role: ciso
        statement: the list of privileged roles was reviewed
      - id: access-review/inspected
        kind: inspection
        title: an auditor has seen the lists
        every: year
        stale_after: 400
        instruction: takes 25 accounts and looks for their reviews
  - id: retention
    title: records are kept for as long as they have to be
    owner: policy_admin
    severity: critical
    frequency: day
    criteria: [soc2/CC6.3, soc2/PI1.5]
    tests:
      - id: retention/years
        kind: machine
        title: the class of records is kept for six years
        every: day
        stale_after: 2
        population: {configuration: store}
        check: {each: [{path: days, at_least: 2190}]}
  - id: scanning
    title: somebody looks for drift
    owner: ciso
    severity: low
    frequency: hour
    criteria: [soc2/CC7.1]
    tests:
      - id: scanning/scanned
        kind: machine
        title: no two hours pass without a look
        every: hour
        stale_after: 1
        population: {types: [policy.drift_clean]}
        check: {at_least_every: 2h}
"""

CRITERIA = {"soc2": ["soc2/CC6.2", "soc2/CC6.3", "soc2/CC7.1", "soc2/PI1.5", "soc2/P1.1"]}


def controls():
    """Return the controls by id."""
    return {each.id: each for each in parse("made.yaml", CONTROLS)}


def row(seq, at, kind="decision", *, action="platform.keep_access", failed=()):
    """Return a record."""
    time = time_text(at)
    body = {"action": action, "result": {"allow": True, "failed": list(failed)}}
    document = {"type": kind, "time": time, "chain": CHAIN, "seq": seq, "tenant": "default", "body": body}
    return Row(chain=CHAIN, seq=seq, time=time, leaf=f"{seq:064x}", document=document)


class LogOfRows:
    """A `Machine` over rows that a test adds. `days` is what the store keeps; `error` makes it fail."""

    def __init__(self):
        self.rows, self.days, self.passes, self.error = [], 2_192, [], None
        self.beginning = NOW - timedelta(days=30)

    def began(self):
        if self.error is not None:
            raise UntestableError("log", self.error)
        return self.beginning

    def results(self, controls, period, now):
        self.passes.append((period, [test.id for each in controls for test in each.tests]))
        testing = Testing(controls, period, now=now)
        for each in self.rows:
            testing.take(each)
        time = time_text(now)
        document = {"configuration": "store", "time": time, "days": self.days}
        testing.take_configuration(
            "store", [Row(chain="configuration.store", seq=0, time=time, leaf="0" * 64, document=document)]
        )
        return testing.finish()

    def add(self, at, *failed, kind="decision"):
        """Add a record, and return its place."""
        self.rows.append(row(len(self.rows), at, kind, failed=failed))
        return f"{CHAIN}-{len(self.rows) - 1}"


class Remedy:
    """Keeps what it is run for. `error` makes it fail; it changes `changed` things."""

    def __init__(self):
        self.cases, self.error, self.changed = [], None, 1

    def run(self, permit, case, now):  # noqa: ARG002
        if self.error is not None:
            raise RemediationError(self.error, "it was not done")
        self.cases.append((permit.request.action, permit.request.subject.id, case))
        return {"sessions": self.changed}


class Node:
    """A node whose controls are tested: what stands in its log, what the job did, and a clock."""

    def __init__(self, gating, *, targets=("slack nowhere",), events=None):
        self.gating, self.log, self.remedy, self.now = gating, LogOfRows(), Remedy(), NOW
        self.counted = 0
        self.job = ControlJob(
            controls(),
            self.log,
            table([Remediation(name="sessions.lock", title="lock", run=self.remedy.run)]),
            criteria=CRITERIA,
            enforce=Asked(gating.pdp).enforce,
            note=lambda kind, body: gating.pdp.note(kind, CONTROL, body),
            targets=targets,
            events=events,
            clock=self._clock,
            random=self._random,
        )

    def _clock(self):
        return self.now.timestamp()

    def _random(self, size):
        self.counted += 1
        return f"{self.counted:0{2 * size}x}"

    def permit(self, name=TEST):
        """Return the permit of a run of a job."""
        asked = EvaluationRequest(
            subject=Entity(type="job", id=name, properties={}),
            action=RUN_JOB,
            resource=Entity(type="job", id=name, properties={"scheduled_for": "2026-11-22T13:59:00Z"}),
            context={"attempt": 1, "missed": 0, "by": "schedule"},
        )
        return self.gating.pdp.enforce(asked, CONTROL)

    def run(self, *, after=timedelta(), job=None):
        """Run a job later, as the scheduler does, and return what it says."""
        self.now += after
        made = Run(permit=self.permit(), scheduled_for=0, missed=0, attempt=1, stopping=lambda: False)
        return dict((job or self.job.run)(made))

    def quiet(self):
        """Have scans be made each hour, up to now, so that nothing else deviates."""
        newest = max((each.time for each in self.log.rows if each.document["type"] != "decision"), default="")
        at = max(datetime.fromisoformat(newest) if newest else self.log.beginning, self.log.beginning)
        while (at := at + timedelta(hours=1)) <= self.now:
            self.log.add(at, kind="policy.drift_clean")

    def records(self, kind):
        return [body for each, body in self.gating.records if each == kind]

    def outcomes(self):
        return {test: each.outcome for test, each in latest().items()}


def alerts():
    """Return the summaries of alerts, the oldest first, and how many targets are told."""
    with reading() as session:
        rows = session.exec(select(AlertRow).order_by(AlertRow.created_at, AlertRow.id)).all()
        return SimpleNamespace(
            summaries=[row.summary for row in rows],
            kinds=[row.kind for row in rows],
            told=len(session.exec(select(AlertDeliveryRow)).all()),
        )


def only(test):
    """Return the one finding of a test, whole."""
    (found,) = findings(test=test)
    return finding(found.id)


def steps(found):
    """Return the history of a finding: states and codes."""
    return [(each.state.value, each.code) for each in found.steps]
