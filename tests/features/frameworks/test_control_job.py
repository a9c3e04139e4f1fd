"""Controls tested over a log: results on record, findings that nobody erases, alerts on change, remediation, scores."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import update

from app.db import UnpermittedError, reading, writing
from app.features.frameworks import dealing, standing
from app.features.frameworks.events import Event
from app.features.frameworks.rows import FindingRow
from app.features.frameworks.standing import FindingState, findings, in_period, results, scores
from app.jobs.job import JobError, Run
from app.remediation import Remediation
from tests.features.frameworks.testing_run import NOW, Node, alerts, only, steps
from tests.features.gating import product

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
REVIEWED = "access-review/reviewed"


@pytest.fixture
def node(gating, product):  # noqa: ARG001 - it is open meanwhile
    return Node(gating)


def quietly(node, **options):
    node.now += options.pop("after", timedelta())
    node.quiet()
    return node.run(**options)


def test_a_clean_run_is_on_record_and_says_what_did_not_occur(node):
    said = quietly(node)
    assert said == {"tests": 5, "deviating": 0, "findings": 0, "remediated": 0}
    assert node.outcomes() == {
        "access-review/attested": "not_tested",
        "access-review/inspected": "not_tested",
        "access-review/reviewed": "did_not_occur",
        "retention/years": "effective",
        "scanning/scanned": "effective",
    }
    assert [each["test"] for each in node.records("control.tested")] == [
        "access-review/attested",
        "access-review/inspected",
        "scanning/scanned",
        "access-review/reviewed",
        "retention/years",
    ]
    assert alerts().summaries == []


def test_a_record_of_a_result_says_over_what_it_was_found(node):
    place = node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    body = next(each for each in node.records("control.tested") if each["test"] == REVIEWED)
    assert body["outcome"] == "deviations"
    assert body["period"] == {"start": "2026-11-21T13:00:00.000000Z", "end": "2026-11-22T14:00:00.000000Z"}
    assert (body["population"]["count"], body["population"]["first"], body["population"]["last"]) == (1, place, place)
    assert len(body["population"]["sha256"]) == 64
    assert [each["position"] for each in body["deviations"]] == [place]
    (kept,) = results(test=REVIEWED)
    assert (kept.population_sha256, kept.deviations[0].position) == (body["population"]["sha256"], place)


def test_a_test_is_made_when_its_time_has_come(node):
    quietly(node)
    assert node.job.wanted(node.now) == []
    idle = node.job.jobs()[0].idle
    assert idle()
    node.now += HOUR
    assert not idle()
    assert [each.test.id for each in node.job.wanted(node.now)] == ["scanning/scanned"]
    node.now = NOW + DAY
    assert len(node.job.wanted(node.now)) == 5
    node.log.passes.clear()
    quietly(node)
    assert [tests for _, tests in node.log.passes] == [["scanning/scanned"], [REVIEWED, "retention/years"]]


def test_a_run_that_somebody_wants_makes_every_test(node):
    quietly(node)
    assert quietly(node, after=timedelta(minutes=1))["tests"] == 5


def test_the_same_deviation_is_found_and_told_of_once(node):
    place = node.log.add(NOW - HOUR, "reviewed")
    node.remedy.error = "not_done"
    quietly(node)
    quietly(node, after=HOUR)
    quietly(node, after=timedelta(minutes=1))  # every test once more
    found = only(REVIEWED)
    assert [each.position for each in found.deviations] == [place]
    assert found.state is FindingState.OPEN
    assert alerts().kinds == ["control.finding", "control.finding"]  # opened, and not remediated
    assert alerts().told == 2
    assert [(each["code"], each["positions"]) for each in node.records("finding.opened")] == [("opened", [place])]


def test_a_new_deviation_joins_what_is_open(node):
    node.remedy.error = "not_done"
    node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    node.log.add(NOW + HOUR, "reviewed")
    quietly(node, after=DAY)
    found = only(REVIEWED)
    assert (found.deviation_count, len(found.deviations)) == (2, 2)
    assert steps(found)[-1] == ("open", "grew")


def test_what_is_remediated_by_itself_is_still_reported(node):
    place = node.log.add(NOW - HOUR, "reviewed")
    said = quietly(node)
    assert said["remediated"] == 1
    (action, by, case) = node.remedy.cases[0]
    assert (action, by, case.positions) == ("frameworks.remediate", "frameworks.test_controls", (place,))
    found = only(REVIEWED)
    assert steps(found) == [("open", "opened"), ("remediating", "begun"), ("remediated", "remediated")]
    quietly(node, after=2 * DAY)
    found = only(REVIEWED)
    assert steps(found)[-1] == ("closed", "confirmed")
    assert [each.position for each in found.deviations] == [place]
    assert results(test=REVIEWED)[-1].deviation_count == 1  # the result that showed it stands as well
    shown = in_period(NOW - DAY, NOW + DAY)
    assert [(each.id, each.deviations[0].position, len(each.steps)) for each in shown] == [(found.id, place, 4)]
    assert in_period(NOW + 3 * DAY, NOW + 4 * DAY) == []
    assert in_period(NOW - 2 * DAY, NOW - DAY) == []
    assert [each["code"] for each in node.records("finding.changed")] == ["remediated", "confirmed"]
    assert alerts().kinds == ["control.finding", "control.recovered"]


def test_each_remediation_is_a_decision_on_record(node):
    node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    (decision,) = [
        body for kind, body in node.gating.records if kind == "decision" and body["action"] == "frameworks.remediate"
    ]
    assert decision["resource"] == {"type": "finding", "id": only(REVIEWED).id}
    assert decision["result"]["allow"] is True


def test_a_deviation_after_a_remediation_is_a_finding_of_its_own(node):
    node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    node.log.add(NOW + HOUR, "reviewed")
    quietly(node, after=DAY)
    assert [each.state for each in findings(test=REVIEWED)] == [FindingState.REMEDIATED, FindingState.REMEDIATED]


def test_a_remediation_that_finds_nothing_to_do_says_so(node):
    node.remedy.changed = 0
    node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    assert steps(only(REVIEWED))[-1] == ("remediated", "nothing_to_do")


def test_what_this_version_cannot_do_is_not_begun(node):
    node.job._remedies = {}
    node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    assert steps(only(REVIEWED)) == [("open", "opened")]


def test_nothing_is_remediated_that_policy_does_not_let_happen_by_itself(gating, product):  # noqa: ARG001
    node = Node(gating)
    node.job._enforce = denying(node)
    node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    assert steps(only(REVIEWED)) == [("open", "opened")]
    assert node.remedy.cases == []


def denying(node):
    """Return what asks for the remediation of something that is closed already, which policy denies."""
    asked = node.job._enforce

    def enforce(request):
        facts = request.resource.properties | {"state": "closed"}
        return asked(replace(request, resource=replace(request.resource, properties=facts)))

    return enforce


def test_what_is_so_now_is_closed_once_it_is_right_again_and_opened_anew(node):
    node.log.days = 365
    quietly(node)
    found = only("retention/years")
    assert (found.severity, found.owner, found.due_at) == ("critical", "policy_admin", NOW + 7 * DAY)
    quietly(node, after=DAY)
    assert steps(only("retention/years")) == [("open", "opened")]
    node.log.days = 2_192
    quietly(node, after=DAY)
    assert steps(only("retention/years")) == [("open", "opened"), ("closed", "right_again")]
    node.log.days = 365
    quietly(node, after=DAY)
    assert [each.state.value for each in findings(test="retention/years")] == ["open", "closed"]
    assert alerts().kinds == ["control.finding", "control.recovered", "control.finding"]


def test_a_gap_is_found_where_nothing_stands(node):
    node.quiet()
    quietly(node)
    node.now += 3 * HOUR
    node.run()
    found = only("scanning/scanned")
    assert [each.position for each in found.deviations] == [""]
    assert "nothing from 2026-11-22T14:00:00.000000Z" in found.deviations[0].reason


def test_a_statement_that_nobody_makes_goes_stale(node):
    quietly(node)
    said = quietly(node, after=75 * DAY)
    assert node.outcomes()["access-review/attested"] == "stale"
    assert said["deviating"] == 1
    assert only("access-review/attested").deviations[0].position == ""
    quietly(node, after=10 * DAY)
    assert steps(only("access-review/attested")) == [("open", "opened")]


def test_a_finding_that_is_not_dealt_with_in_time_is_told_of_once(node):
    node.log.days = 365
    quietly(node)
    quietly(node, after=7 * DAY)
    quietly(node, after=DAY)
    found = only("retention/years")
    assert steps(found) == [("open", "opened"), ("open", "overdue")]
    assert found.overdue(node.now)
    assert len(alerts().summaries) == 2


def test_scores_say_what_is_effective_and_what_is_not_known(node):
    quietly(node)
    (score,) = scores("soc2")
    assert (score.day, score.criteria) == ("2026-11-22", 5)
    assert (score.effective, score.idle, score.deviating, score.unknown) == (2, 0, 0, 3)
    node.log.days = 365
    quietly(node, after=DAY)
    before, after = scores()
    assert (before.permille, after.permille) == (400, 200)
    assert (after.effective, after.idle, after.deviating, after.unknown) == (1, 0, 2, 2)
    assert scores("soc2", days=1) == [after]
    assert scores("hipaa") == []


def test_a_score_does_not_count_what_is_too_old(node):
    quietly(node)
    node.log.beginning = None  # nothing can be tested any more
    node.run(after=2 * DAY)
    assert scores()[-1].effective == 0


def test_nothing_is_tested_before_anything_is_sealed(node):
    node.log.beginning = None
    assert node.run()["tests"] == 0
    node.log.beginning = NOW
    assert node.run()["tests"] == 0


def test_a_log_that_cannot_be_read_fails_the_run(node):
    node.log.error = "the log does not hold"
    with pytest.raises(JobError) as found:
        node.run()
    assert found.value.code == "log"
    assert node.records("control.tested") == []


def test_a_run_that_is_to_end_begins_no_further_pass(node):
    made = node.job.made(node.job.wanted(node.now), node.now, lambda: True)
    assert {each.wanted.test.kind.value for each in made} == {"attestation", "inspection"}


class Happened:
    """Events that a test names."""

    def __init__(self, *events):
        self.events = events

    def since(self, now):  # noqa: ARG002
        return self.events


def test_what_happens_has_the_tests_made_that_it_concerns(gating, product):  # noqa: ARG001
    node = Node(gating, events=Happened(Event(type="decision", action="platform.keep_access", at=NOW)))
    quietly(node)
    assert node.job.wanted(NOW + timedelta(seconds=29)) == []
    later = NOW + timedelta(seconds=31)
    assert [each.test.id for each in node.job.wanted(later)] == [REVIEWED]
    quietly(node, after=timedelta(seconds=31))
    assert node.job.wanted(node.now + timedelta(minutes=1)) == []


def test_findings_are_written_by_permit_alone(node):
    node.log.days = 365
    quietly(node)
    with pytest.raises(UnpermittedError), reading() as session:
        session.exec(update(FindingRow).values(state="closed"))
    with writing(node.permit()) as session:
        assert session.get(FindingRow, only("retention/years").id).state == "open"


def test_findings_are_found_by_what_is_asked(node):
    node.log.days = 365
    node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    assert [each.test for each in findings(control="retention")] == ["retention/years"]
    assert [each.test for each in findings(states=[FindingState.REMEDIATED])] == [REVIEWED]
    assert standing.finding("fnd-none") is None
    assert len(results()) == 5
    assert len(results(control="access-review")) == 3


def test_a_job_does_what_officers_want(node):
    node.remedy.error = "not_done"
    node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    assert node.job.jobs()[1].idle()
    with writing(node.permit()) as session:
        session.exec(update(FindingRow).values(state="remediating"))
    assert not node.job.jobs()[1].idle()
    node.remedy.error = None
    assert node.run(job=node.job.remediate) == {"remediated": 1}
    assert steps(only(REVIEWED))[-1] == ("remediated", "remediated")
    assert node.run(job=node.job.remediate) == {"remediated": 0}


def test_a_job_that_is_to_end_begins_nothing(node):
    node.remedy.error = "not_done"
    node.log.add(NOW - HOUR, "reviewed")
    quietly(node)
    with writing(node.permit()) as session:
        session.exec(update(FindingRow).values(state="remediating"))
    ending = Run(permit=node.permit(), scheduled_for=0, missed=0, attempt=1, stopping=lambda: True)
    assert node.job.remediate(ending) == {"remediated": 0}
    node.job._remedies = {}
    node.run(job=node.job.remediate)
    assert steps(only(REVIEWED))[-1] == ("open", "no_such_remediation")


def closed(node):
    with writing(node.permit()) as session:
        session.exec(update(FindingRow).values(state="closed"))


def test_what_is_dealt_with_meanwhile_is_left_as_it_is(node, monkeypatch):
    asked = node.job._enforce

    def enforce(request):
        permit = asked(request)
        closed(node)
        return permit

    monkeypatch.setattr(node.job, "_enforce", enforce)
    node.log.add(NOW - HOUR, "reviewed")
    assert quietly(node)["remediated"] == 0
    monkeypatch.setattr(node.job, "_enforce", asked)
    monkeypatch.setattr(node.remedy, "run", lambda *_: closed(node) or {"sessions": 1})
    node.job._remedies = {"sessions.lock": Remediation(name="sessions.lock", title="t", run=node.remedy.run)}
    node.log.add(NOW + HOUR, "reviewed")
    assert quietly(node, after=DAY)["remediated"] == 0
    monkeypatch.setattr(dealing, "waiting", lambda: ["fnd-none"])
    assert node.run(job=node.job.remediate) == {"remediated": 0}
    assert [each.state.value for each in findings(test=REVIEWED)] == ["closed", "closed"]


@pytest.mark.slow
def test_it_is_the_same_on_postgresql(gating, postgresql_url):
    with product(postgresql_url):
        node = Node(gating)
        node.log.days = 365
        node.log.add(NOW - HOUR, "reviewed")
        assert quietly(node) == {"tests": 5, "deviating": 2, "findings": 2, "remediated": 1}
        node.log.days = 2_192
        quietly(node, after=7 * DAY)
        assert steps(only(REVIEWED))[-1] == ("closed", "confirmed")
        assert steps(only("retention/years"))[-1] == ("closed", "right_again")
        assert [each.deviating for each in scores("soc2")] == [3, 0]
