"""The watch over clocks: told once before the end and once after it, on record, and never taken back."""

import json
from types import SimpleNamespace

import pytest
from sqlmodel import select

from app.alerts.rows import AlertRow
from app.db import reading
from app.features.dsr import rows
from app.features.dsr.rows import RequestRow
from app.features.dsr.watch_job import MISSED, NAME, SOON, ClockWatch
from app.jobs.job import RUN_JOB, JobError, Run
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from app.privacy.errors import KeyStoreError
from tests.features.gating import shipped


class Watch:
    """The job over the clock and the log of a control plane."""

    def __init__(self, rights):
        self.pdp, self.numbers, self.rights = rights.control.around.pdp, iter(range(100)), rights
        self.held, self.bundle = lambda _: frozenset(), shipped()
        self.job = ClockWatch(
            ["slack"],
            lambda: self.bundle,
            held=lambda subject: frozenset(self.held(subject)),
            note=lambda kind, body: self.pdp.note(kind, CONTROL, body),
            clock=rights.now,
            random=lambda _: f"{next(self.numbers):02}",
        ).job()

    def run(self):
        due = Entity(type="job", id=NAME, properties={"scheduled_for": "2026-11-22T14:00:00Z"})
        asked = EvaluationRequest(
            subject=Entity(type="job", id=NAME, properties={}),
            action=RUN_JOB,
            resource=due,
            context={"attempt": 1, "missed": 0, "by": "schedule"},
        )
        permit = self.pdp.enforce(asked, CONTROL)
        done = self.job.run(Run(permit=permit, scheduled_for=0, missed=0, attempt=1, stopping=lambda: False))
        self.kept = {name: done.pop(name) for name in ("cancelled", "forgotten")}
        return done

    def alerts(self):
        with reading() as session:
            return [(row.kind, row.severity) for row in session.exec(select(AlertRow).order_by(AlertRow.id))]

    def notes(self):
        return [body for kind, body in self.rights.control.around.records if kind == MISSED]


@pytest.fixture
def watch(rights):
    return Watch(rights)


def test_somebody_is_told_before_the_end_and_after_it_each_once(rights, watch):
    identifier, _ = rights.ask(kind="erase")
    rights.later(days=22)
    assert watch.job.idle()
    rights.later(days=1)
    assert not watch.job.idle()
    assert watch.run() == {"missed": 0, "soon": 1}
    assert watch.run() == {"missed": 0, "soon": 0}
    rights.later(days=7, seconds=1)
    assert watch.run() == {"missed": 1, "soon": 0}
    assert watch.job.idle()
    assert watch.alerts() == [(SOON, "warning"), (MISSED, "critical")]
    [note] = watch.notes()
    assert (note["request"], note["kind"], note["due"]) == (identifier, "erase", "2026-12-22T14:00:00Z")
    assert "ada" not in str(note).casefold()


def test_what_was_answered_too_late_is_on_record_as_well(rights, officer, watch):
    identifier, _ = rights.verified(officer)
    rights.later(days=31)
    rights.stepped(rights.officer("ofc-71"), identifier, "deny", "excessive")
    assert watch.run() == {"missed": 1, "soon": 0}
    assert watch.job.idle()


def test_an_extension_has_an_end_of_its_own(rights, officer, watch):
    identifier, _ = rights.verified(officer)
    rights.later(days=29)
    watch.run()
    rights.stepped(rights.officer("ofc-71"), identifier, "extend", "complexity")
    assert watch.job.idle()
    rights.later(days=55)
    assert watch.run() == {"missed": 0, "soon": 1}


def test_what_stands_still_and_what_is_a_duplicate_is_nobodys_news(rights, officer, watch):
    still, _ = rights.ask(account="usr-2")
    rights.stepped(officer, still, "ask_identity")
    original, _ = rights.verified(officer)
    rights.verified(officer)
    rights.later(days=31)
    assert watch.run() == {"missed": 1, "soon": 0}
    assert watch.notes()[0]["request"] == original


def test_what_was_said_is_forgotten_some_time_after_the_end(rights, officer, watch):
    identifier, _ = rights.verified(officer)
    rights.stepped(officer, identifier, "deny", "excessive")
    rights.later(days=179)
    assert watch.job.idle()
    assert rows_of(identifier).sealed is not None
    rights.later(days=2)
    assert not watch.job.idle()
    watch.held = lambda subject: {"litigation"} if subject == rows_of(identifier).subject else ()
    watch.run()
    assert watch.kept == {"cancelled": 0, "forgotten": 0}
    watch.held = _away
    with pytest.raises(JobError, match="away"):
        watch.run()
    watch.held = lambda _: ()
    watch.run()
    assert watch.kept == {"cancelled": 0, "forgotten": 1}
    row = rows_of(identifier)
    assert (row.sealed, row.state) == (None, "denied")
    assert watch.job.idle()
    assert rights.officer("ofc-71").get(f"/dsr/requests/{identifier}").status_code == 200


def test_policies_say_how_long_that_is(rights, officer, watch):
    identifier, _ = rights.verified(officer)
    rights.stepped(officer, identifier, "deny", "excessive")
    data = json.loads(watch.bundle.data)
    data["data_subjects"]["kept_days"]["ended"] = 2
    watch.bundle = SimpleNamespace(data=json.dumps(data))
    rights.later(days=2, seconds=-1)
    assert watch.job.idle()
    rights.later(seconds=1)
    assert not watch.job.idle()
    del data["data_subjects"]["kept_days"]
    watch.bundle = SimpleNamespace(data=json.dumps(data))
    assert not watch.job.idle()
    with pytest.raises(JobError, match="no usable"):
        watch.run()


def test_a_request_for_which_nobody_was_ever_verified_is_cancelled(rights, watch):
    identifier, _ = rights.ask()
    rights.later(days=89)
    watch.run()
    assert watch.kept == {"cancelled": 0, "forgotten": 0}
    rights.later(days=2)
    assert not watch.job.idle()
    watch.run()
    assert watch.kept == {"cancelled": 1, "forgotten": 0}
    row = rows_of(identifier)
    assert (row.sealed, row.state) == (None, "cancelled")
    with reading() as session:
        assert rows.request(session, identifier).steps[-1].by == NAME
    assert watch.job.idle()


def _away(_):
    raise KeyStoreError("the key store is away")


def rows_of(identifier):
    with reading() as session:
        return session.get(RequestRow, identifier)
