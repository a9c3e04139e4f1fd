"""Controls are tested over periods that are over, or end now; then also the configuration."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from app.assurance import Kept
from app.control_testing import configuration as parts
from app.control_testing.configuration import configuration
from app.control_testing.errors import ControlTestingError, PeriodError
from app.control_testing.running import check, days, run
from app.db import open_engine
from app.jobs.rows import JobRunRow
from evidence.store import Level
from frameworks.population import Configuration
from frameworks.testing import Outcome, Period
from tests.frameworks.rows import OneControl, machine
from tests.node import prepared

DAY = timedelta(days=1)
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("node"))


def shown(name, settings, now=NOW):
    return [row.document for row in configuration(Configuration(name), settings, now)]


def of(kind, documents):
    return [each for each in documents if each["kind"] == kind]


def test_a_period_has_whole_days():
    period = days(date(2026, 1, 1), date(2026, 12, 31))
    assert (period.start, period.end) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("period", "why"),
    [
        (Period(start=NOW - DAY, end=NOW + DAY), f"the period ends at {NOW + DAY:%Y-%m-%dT%H:%M:%SZ}: test it once"),
        (Period(start=NOW, end=NOW), "ends after that"),
        (Period(start=datetime(1970, 1, 1, tzinfo=UTC), end=NOW), "begins in 1971 or later"),
    ],
    ids=["in the future", "empty", "before there were any"],
)
def test_a_period_of_which_nothing_can_be_said_is_refused(period, why):
    with pytest.raises(PeriodError, match=why):
        check(period, NOW)


GATES = machine({"each": [{"path": "enforcement", "in": ["blocking", "monitoring"]}]}, {
    "configuration": "policies", "where": [{"path": "kind", "equals": "gate"}],
})  # fmt: skip


def test_the_configuration_is_tested_while_the_period_is_open(settings):
    (result,) = run(settings, [OneControl(GATES)], Period(start=NOW - DAY, end=NOW), now=NOW)
    assert result.outcome is Outcome.EFFECTIVE
    assert (result.population.count, result.population.first) == (3, "configuration.policies-1")
    (result,) = run(settings, [OneControl(GATES)], Period(start=NOW - DAY, end=NOW), now=NOW + DAY)
    assert result.outcome is Outcome.NOT_TESTED


def test_the_same_configuration_has_the_same_hash_whenever_it_is_looked_at(settings):
    one, other = (configuration(Configuration.POLICIES, settings, now) for now in (NOW, NOW + DAY))
    assert [row.leaf for row in one] == [row.leaf for row in other]
    assert {row.chain for row in one} == {"configuration.policies"}
    assert [row.seq for row in one] == list(range(len(one)))


def test_the_store_shows_what_it_was_found_to_be_worth(settings, monkeypatch):
    (assurance,) = of("assurance", shown("store", settings))
    assert (assurance["probed"], assurance["rank"], assurance["age_hours"]) == (False, -1, None)
    assert of("retention", shown("store", settings))[0] | {"time": ""} == {
        "configuration": "store", "time": "", "kind": "retention", "class": "aiact1y", "days": 366,
    }  # fmt: skip
    assert [each["class"] for each in of("payloads", shown("store", settings))] == ["export", "request"]
    monkeypatch.setattr(parts.assurance, "kept", lambda _: Kept(level=Level.L2, label="L2", time=NOW - DAY))
    (assurance,) = of("assurance", shown("store", settings))
    assert (assurance["level"], assurance["rank"], assurance["age_hours"]) == ("L2", 3, 24)


def test_keys_show_how_old_they_are(settings):
    documents = shown("keys", settings, NOW + 40 * DAY)
    assert [each["kind"] for each in documents] == ["signing", "token", "lookup", "kek"]
    assert all(each["age_days"] in {39, 40} for each in documents)
    assert (documents[3]["generation"], documents[3]["newest"]) == (1, True)


def test_callers_show_what_they_may_and_by_what_they_are_known(settings):
    documents = shown("callers", settings)
    assert {each["caller"] for each in documents} >= {"shop"} or documents
    assert all(each["actions"] and isinstance(each["credentials"], list) for each in documents)


def test_jobs_show_their_last_runs(settings):
    at = int((NOW - 3 * timedelta(hours=1)).timestamp())
    engine = open_engine(settings.product)
    JobRunRow.__table__.create(engine, checkfirst=True)
    with Session(engine) as session:
        for number, state in enumerate(("failed", "finished")):
            session.add(
                JobRunRow(
                    job="a.b", scheduled_for=at + number, state=state, attempt=1, missed=0, runner="r",
                    decision_id="d", started_at=at * 1000,
                )
            )  # fmt: skip
        session.commit()
    engine.dispose()
    (job,) = shown("jobs", settings)
    assert (job["job"], job["state"], job["failed"], job["age_hours"]) == ("a.b", "finished", 1, 2)


def test_settings_show_everything_that_is_no_secret(settings):
    values = {each["name"]: each["value"] for each in shown("settings", settings)}
    assert {"database", "git_environment"}.isdisjoint(values)
    assert (values["workers"], values["jobs"], values["deadline"], values["seal_age"]) == (1, False, 0.25, 2)
    assert values["retention"] == {"std7y": 2555, "hipaa6y": 2192, "aiact1y": 366}
    assert (values["witnesses"], values["public_url"], values["metrics_for"]) == (0, None, "loopback")


def test_a_configuration_that_cannot_be_read_is_an_error(settings, tmp_path):
    with pytest.raises(ControlTestingError, match="the configuration `policies` cannot be read: BundleError"):
        shown("policies", replace(settings, data=tmp_path))
