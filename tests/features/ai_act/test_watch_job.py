"""The watch over clocks: told once before the end and once after it, on record, and never taken back."""

import json
from types import SimpleNamespace

import pytest
from sqlmodel import select

from app.alerts.rows import AlertDeliveryRow, AlertRow
from app.db import reading
from app.features.ai_act import rows
from app.features.ai_act.watch_job import MISSED, NAME, SOON, ClockWatch
from app.jobs.job import RUN_JOB, JobError, Run
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from tests.features.ai_act.registering import HOUR, at, opened
from tests.features.gating import shipped


class Watch:
    """The job over the clock and the log of a desk."""

    def __init__(self, desk, bundle=shipped):
        pdp = desk.control.around.pdp
        self.desk, self.numbers = desk, iter(range(100))
        self.job = ClockWatch(
            bundle,
            ["slack"],
            note=lambda kind, body: pdp.note(kind, CONTROL, body),
            clock=desk.now,
            random=lambda _: f"{next(self.numbers):02}",
        ).job()

    def run(self):
        subject = Entity(type="job", id=NAME, properties={})
        due = Entity(type="job", id=NAME, properties={"scheduled_for": at(0)})
        asked = EvaluationRequest(
            subject=subject, action=RUN_JOB, resource=due, context={"attempt": 1, "missed": 0, "by": "schedule"}
        )
        permit = self.desk.control.around.pdp.enforce(asked, CONTROL)
        return self.job.run(Run(permit=permit, scheduled_for=0, missed=0, attempt=1, stopping=lambda: False))

    def alerts(self):
        with reading() as session:
            return [(row.kind, row.severity) for row in session.exec(select(AlertRow).order_by(AlertRow.id))]

    def notes(self):
        return [body for kind, body in self.desk.control.around.records if kind == MISSED]


@pytest.fixture
def watch(desk):
    return Watch(desk)


def test_somebody_is_told_before_a_clock_runs_out_and_when_it_has_each_once(desk, compliance, watch):
    name = opened(compliance, "personal_data")
    assert watch.job.idle()
    desk.later(50 * HOUR)
    assert not watch.job.idle()
    assert watch.run() == {"missed": 0, "soon": 1}
    assert watch.job.idle()
    assert watch.notes() == []
    desk.later(23 * HOUR)
    assert watch.run() == {"missed": 1, "soon": 0}
    assert watch.run() == {"missed": 0, "soon": 0}
    assert watch.alerts() == [(SOON, "warning"), (MISSED, "critical")]
    [note] = watch.notes()
    assert note | {"law": ""} == {
        "caller": "control",
        "incident": name,
        "system": "",
        "clock": "gdpr_authority",
        "law": "",
        "recipient": "data_protection",
        "due": at(72),
        "found": at(73),
    }


def test_the_alert_goes_to_the_targets_and_says_nothing_of_persons(desk, compliance, watch):
    opened(compliance, "personal_data", text="the doctor told the patient")
    desk.later(73 * HOUR)
    watch.run()
    with reading() as session:
        [alert] = session.exec(select(AlertRow))
        assert [row.target for row in session.exec(select(AlertDeliveryRow))] == ["slack"]
    assert "doctor" not in alert.detail + alert.summary
    assert json.loads(alert.detail)["due"] == at(72)


def test_what_was_missed_stays_on_the_incident_after_all_is_done(desk, compliance, watch, monkeypatch):
    name = opened(compliance, "personal_data")
    desk.later(73 * HOUR)
    watch.run()
    with reading() as session:
        [told] = rows.told(session, name)
    shown = compliance_again(desk).json(f"/ai_act/incidents/{name}").json
    assert shown["missed"] == [
        {"clock": "gdpr_authority", "law": told.law, "due": at(72), "decision_id": told.decision_id}
    ]
    monkeypatch.setattr("app.features.ai_act.incident.Incident.missed", lambda *_: ())  # as if its hours were changed
    assert compliance_again(desk).json(f"/ai_act/incidents/{name}").json["missed"] == shown["missed"]


def compliance_again(desk):
    return desk.officer("ofc-1", "omega-compliance")


def test_under_policies_without_clocks_a_run_fails_and_says_so(desk):
    watch = Watch(desk, lambda: SimpleNamespace(data="{}"))
    assert not watch.job.idle()
    with pytest.raises(JobError) as failed:
        watch.run()
    assert failed.value.code == "data"
