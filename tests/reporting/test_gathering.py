"""What a report is made of: which questions are refused, and samples that are drawn from a file."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reporting.errors import ReportError
from app.reporting.gathering import Log, asked_of, gather
from app.reporting.html_page import html_page
from app.reporting.oscal_files import oscal_files
from app.reporting.pdf import pdf
from app.reporting.sampling import at_ranks
from app.reporting.spill import HEAD, Spill
from frameworks.applicability import Organisation, Stated
from frameworks.testing import Outcome, Period, Row
from frameworks.verdict import verdict
from tests.frameworks.rows import Written, decision
from tests.reporting.made_reports import catalog
from tests.reporting.reported_logs import NOW, YEAR, controls

LOG = Log(name="log", verifier="log+1+2", checkpoint=None, sealed="", sealed_at=lambda _: "")
DAY = timedelta(days=1)

REFUSED = {
    "a period that ends in the future": (
        {"period": Period(start=YEAR.start, end=NOW + DAY)},
        "the period ends in the future: populations are complete from 2026-11-23T00:00:00.000000Z on",
    ),
    "a period that ends first": ({"period": Period(start=NOW, end=NOW - DAY)}, "the period ends before it begins"),
    "a framework that no control serves": ({"controls": ()}, "no control serves `house`"),
    "an engagement with a line of its own": (
        {"engagement": "a\nb"},
        "an engagement is named in one line of at most 128 characters, without `|`",
    ),
    "an engagement that no text can name": (
        {"engagement": "a\udcffb"},
        "an engagement is named in one line of at most 128 characters, without `|`",
    ),
    "a tenant that can be none": ({"tenant": "Acme|"}, "a tenant's name has lower-case letters, digits, `_` and `-`"),
    "a sample for nobody": ({"sampled": True}, "a sample is drawn for an engagement: name it with `--engagement`"),
}


def asked(*, period=YEAR, **more):
    return asked_of(catalog(), more.pop("controls", controls().values()), period, now=NOW, **more)


@pytest.mark.parametrize(("given_", "why"), REFUSED.values(), ids=REFUSED)
def test_a_question_that_has_no_answer_is_refused(given_, why):
    with pytest.raises(ReportError) as caught:
        asked(**given_)
    assert str(caught.value) == why


def rows(*tenants):
    written = Written()
    return [
        written.row(decision("platform.keep_access"), YEAR.start + number * DAY, tenant=tenant)
        for number, tenant in enumerate(tenants)
    ]


def test_one_tenant_has_its_own_records_and_those_of_the_service():
    found = rows("default", "acme", "system", "acme")
    made = gather(asked(tenant="acme"), LOG, lambda _reach: found)
    assert made.statements["access-review/reviewed"].result.population.count == 3
    assert made.document["summary"]["records"] == 3
    assert made.document["tenant"] == "acme"


def test_items_that_do_not_apply_are_listed_and_nothing_else_is_said_of_them():
    stated = {"house": {"A1.1": Stated(applicable=False, justification="others run it")}}
    made = gather(asked(organisation=Organisation(name="us", stated=stated)), LOG, lambda _reach: rows("acme"))
    assert [each["id"] for each in made.document["items"]] == ["CC6.1", "CC6.2"]
    assert made.document["excluded"] == [{"id": "A1.1", "summary": "there is enough", "why": "others run it"}]
    assert [each.id for each in made.controls] == ["access-review"]
    assert made.document["summary"]["items"] == 2
    files = {name: json.loads(data) for name, data in oscal_files(made)}
    [chosen] = files["profile.json"]["profile"]["imports"]
    assert chosen["exclude-controls"] == [{"with-ids": ["house_A1.1"]}]
    [result] = files["assessment-results.json"]["assessment-results"]["results"]
    assert len(result["findings"]) == 2
    assert "others run it" in html_page(made)
    assert pdf(made) != pdf(gather(asked(), LOG, lambda _reach: rows("acme")))


def test_what_is_before_and_behind_the_period_is_not_counted():
    written = Written()
    days = (-1, 0, 364, 365)
    found = [written.row(decision("platform.keep_access"), YEAR.start + day * DAY) for day in days]
    made = gather(asked(), LOG, lambda _reach: found)
    assert made.document["months"] == [{"month": "2025-10", "records": 1}, {"month": "2026-09", "records": 1}]
    assert made.document["log"]["chains"][0]["first"] == 1
    assert made.statements["access-review/reviewed"].result.tested_at == "2026-10-01T00:00:00.000000Z"


def test_an_engagement_that_no_seed_can_be_made_of_is_refused(tmp_path):
    question = asked(engagement="a\u200bb", sampled=True)
    tests = [each for one in question.controls for each in one.tests]
    with Spill(tmp_path, tests) as spill, pytest.raises(ReportError, match="no sample can be drawn"):
        gather(question, LOG, lambda _reach: rows("acme"), spill)


def run_of(test, outcome):
    return {"test": test, "outcome": outcome}


RUNS = {
    "each run was good and in time": (range(366), "effective", Outcome.EFFECTIVE, 0),
    "nothing was there to be tested": (range(366), "did_not_occur", Outcome.EFFECTIVE, 0),
    "a run showed a deviation": (range(366), "deviations", Outcome.DEVIATIONS, 366),
    "no run": ((), "effective", Outcome.NOT_TESTED, 0),
    "for ten days no run": ((*range(100), *range(110, 366)), "effective", Outcome.STALE, 1),
}


@pytest.mark.parametrize(("days", "outcome", "whole", "count"), RUNS.values(), ids=RUNS)
def test_the_configuration_of_a_period_that_is_over_is_asked_of_recorded_runs(days, outcome, whole, count):
    written = Written()
    found = [
        written.row(run_of(name, outcome), YEAR.start + day * DAY, kind="control.tested", tenant="system")
        for day in days
        for name in ("access-review/kept", "access-review/another")
    ]
    made = gather(asked(tenant="acme"), LOG, lambda _reach: found)
    result = made.statements["access-review/kept"].result
    in_period = sum(day < 365 for day in days)
    assert (result.outcome, result.population.count) == (whole, in_period)
    assert result.deviation_count == min(count, in_period)
    assert set(made.statements) == {test.id for each in made.controls for test in each.tests}


ODD = {
    'a "quoted", action': '"a ""quoted"", action"',
    "=1+1": "'=1+1",
    "plain.action_1": "plain.action_1",
    None: "",
    7: "",
}


@pytest.mark.parametrize(("action", "cell"), ODD.items())
def test_what_a_record_says_cannot_leave_its_cell(tmp_path, action, cell):
    [test] = [each for each in controls()["access-review"].tests if each.id == "access-review/reviewed"]
    document = {"type": "decision", "tenant": "acme", "body": {"action": action, "result": {"allow": True}}}
    with Spill(tmp_path, [test]) as spill:
        spill.take(test.id, Row(chain="c", seq=1, time="t", leaf="00", document=document))
        spill.take(test.id, Row(chain="c", seq=2, time="t", leaf="00", document={"type": "x", "tenant": "acme"}))
    lines = spill.path(test.id).read_text().split("\n")
    assert lines[:3] == [",".join(HEAD), f"c-1,t,00,decision,acme,{cell},yes", "c-2,t,00,x,acme,,"]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.data())
def test_ranks_are_found_on_disk_as_in_memory(tmp_path_factory, seconds, data):
    times = [f"2026-01-01T00:00:{second:02}.{second:06}Z" for second in seconds]
    path = tmp_path_factory.mktemp("ranks") / "rows.csv"
    path.write_text("head\r\n" + "".join(f"c-{seq},{time},00,,,,\r\n" for seq, time in enumerate(times)))
    ranks = data.draw(st.lists(st.integers(0, len(times) - 1), min_size=1, unique=True).map(sorted))
    ordered = sorted(range(len(times)), key=lambda seq: (times[seq], seq))
    assert at_ranks(path, ranks) == [f"c-{ordered[rank]}" for rank in ranks]


VERDICTS = [
    ([], Outcome.NOT_TESTED),
    ([Outcome.DID_NOT_OCCUR], Outcome.DID_NOT_OCCUR),
    ([Outcome.DID_NOT_OCCUR, Outcome.EFFECTIVE], Outcome.EFFECTIVE),
    ([Outcome.EFFECTIVE, Outcome.NOT_TESTED], Outcome.NOT_TESTED),
    ([Outcome.STALE, Outcome.NOT_TESTED], Outcome.STALE),
    ([Outcome.STALE, Outcome.DEVIATIONS], Outcome.DEVIATIONS),
]


@pytest.mark.parametrize(("outcomes", "whole"), VERDICTS)
def test_several_outcomes_come_to_the_worst(outcomes, whole):
    assert verdict(outcomes) is whole
