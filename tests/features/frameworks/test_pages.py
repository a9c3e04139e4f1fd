"""The pages of frameworks: what they say, in each form; who sees them; and that nothing on them is markup."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest

from app.features.frameworks import shelf
from frameworks.collection import shipped
from tests.features.frameworks.seeded import CLOSED, EVIL, FINDING, RECORD, standing

PAGES = {
    "frameworks": "",
    "framework": "catalogs/soc2",
    "criterion": "catalogs/soc2/criteria/CC6.2",
    "criterion with parentheses": "catalogs/hipaa/criteria/164.308(a)(4)",
    "criterion without a control": "catalogs/soc2/criteria/CC2.1",
    "coverage": "catalogs/soc2/coverage",
    "trend": "catalogs/soc2/trend",
    "trend of nothing": "catalogs/gdpr/trend",
    "applicability": "catalogs/iso27001/applicability",
    "gaps": "catalogs/soc2/gaps",
    "all gaps": "gaps",
    "controls": "controls",
    "control": "controls/access-review",
    "control without tests": "controls/bare",
    "machine's test": "tests/access-review/reviewed",
    "attestation": "tests/access-review/attested",
    "inspection": "tests/access-review/inspected",
    "test that was never done": "tests/new/never",
    "attestations": "attestations",
    "findings": "findings",
    "finding": f"findings/{FINDING}",
    "closed finding": f"findings/{CLOSED}",
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with standing(f"sqlite:///{tmp_path_factory.mktemp('pages') / 'product.db'}") as made:
        yield made


@pytest.fixture(scope="module")
def browser(plane):
    return plane.officer("ofc-51", "omega-auditors")


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_each_page_has_three_forms_and_links_to_them(plane, browser, path):
    page = browser.get(f"/frameworks/{path}")
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert [each for each in (EVIL, "<script", " style=") if each in page.text] == []
    links = re.findall(r'href="([^"]*\?as=(?:csv|json))"', page.text)
    assert len(links) == 2
    table, document = (browser.get(link) for link in links)
    assert document.json == browser.json(f"/frameworks/{path}").json
    assert document.headers["content-disposition"].endswith('.json"')
    assert table.headers["content-disposition"].endswith('.csv"')
    rows = list(csv.reader(io.StringIO(table.text, newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    actions = {body["action"] for kind, body in plane.around.records[-4:] if kind == "decision"}
    assert actions == {"frameworks.view"}


def test_markup_from_files_and_tables_is_shown_as_text(browser):
    shown = EVIL.replace("<", "&lt;").replace(">", "&gt;")
    for path in (
        "controls",
        "controls/evil",
        "tests/evil/markup",
        "tests/access-review/reviewed",
        f"findings/{FINDING}",
    ):
        assert shown.lower() in browser.get(f"/frameworks/{path}").text.lower(), path


@pytest.mark.parametrize(
    "path",
    [
        "catalogs/none",
        "catalogs/none/trend",
        "catalogs/none/trend.svg",
        "catalogs/soc2/criteria/CC99",
        "controls/none",
        "tests/access-review/none",
        "tests/none/none",
        "findings/none",
        f"records/{RECORD}",
    ],
)
def test_what_there_is_not(browser, path):
    assert browser.json(f"/frameworks/{path}").status_code == 404


def test_another_form_is_refused(browser):
    assert browser.json("/frameworks/?as=pdf").status_code == 400


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("text/csv", "text/csv"),
        ("application/json", "application/json"),
        ("text/html", "text/html"),
        ("*/*", "application/json"),
    ],
)
def test_the_form_can_be_asked_for_by_header(browser, accept, type_):
    answer = browser.client.get("/frameworks/controls", headers={"accept": accept})
    assert answer.content_type.startswith(type_)
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_who_has_not_signed_in_sees_nothing(plane, path):
    answer = plane.visitor().json(f"/frameworks/{path}")
    assert (answer.status_code, answer.json["gates"][0]["id"]) == (403, "authorised")


def test_visitors_are_shown_where_to_sign_in(plane):
    assert plane.visitor().get("/frameworks/").location == "/session/?next=/frameworks/"


def test_a_framework_in_numbers(browser):
    found = {each["id"]: each for each in browser.json("/frameworks/").json["frameworks"]}
    soc2 = found["soc2"]
    assert (soc2["criteria"], soc2["covered"], soc2["machine"], soc2["fresh"]) == (61, 8, 7, 4)
    assert (soc2["score"], soc2["day"]) == (93.4, "2026-11-21")
    assert soc2["states"]["uncovered"] == 54
    assert (found["gdpr"]["covered"], found["gdpr"]["score"]) == (0, None)
    page = browser.get("/frameworks/").text
    assert "8 of 61" in page
    assert "none yet" in page


def test_a_criterion_shows_what_shows_that_it_is_met(browser):
    found = browser.json("/frameworks/catalogs/soc2/criteria/CC6.2").json
    assert (found["criterion"]["state"], found["criterion"]["text"]) == ("deviations", None)
    assert [each["id"] for each in found["controls"]] == ["access-review"]
    assert [each["state"] for each in found["controls"][0]["tests"]] == ["deviations", "not_tested", "not_tested"]
    assert [each["id"] for each in found["findings"]] == [FINDING]


def test_dates_that_are_not_sure_are_marked(browser):
    page = browser.get("/frameworks/catalogs/eu-ai-act/criteria/Art.9").text
    assert "has still to be compared with the official text" in page
    assert "not yet" in page
    assert "2026-08-02" in page


def test_what_an_officer_looked_at_is_on_record(plane, browser):
    browser.json("/frameworks/catalogs/hipaa/criteria/164.308(a)(4)")
    body = plane.around.records[-1][1]
    assert body["resource"] == {"type": "frameworks", "id": "criterion/hipaa/164.308:a:4"}


def test_a_test_shows_its_population_and_its_deviations(browser):
    found = browser.json("/frameworks/tests/access-review/reviewed").json
    assert found["test"]["population_in_words"].startswith("records of the type decision, where")
    assert found["test"]["check_in_words"] == "in each of them body.result.failed does not have reviewed"
    newest = found["results"][0]
    assert (newest["population"], newest["population_sha256"], newest["deviation_count"]) == (4211, "ab" * 32, 120)
    assert newest["first"]["record"].endswith("-5")
    page = browser.get("/frameworks/tests/access-review/reviewed").text
    assert f'href="/frameworks/records/{RECORD}"' in page
    assert "The first 2 of 120." in page
    assert "something is missing" in page


def test_a_finding_shows_its_history(browser):
    found = browser.json(f"/frameworks/findings/{FINDING}").json["finding"]
    assert (found["state"], found["overdue"], found["owner"]) == ("open", True, "security_officer")
    assert [each["code"] for each in found["steps"]] == ["found", "acceptance_wanted"]
    assert found["acceptances"][0]["until"] == "2026-12-22T14:00:00Z"


def test_a_control_shows_what_its_rules_demand_now(browser):
    (rule,) = browser.json("/frameworks/controls/access-review").json["control"]["rules"]
    assert (rule["id"], rule["enforcement"]) == ("policies.view/authorised", "blocking")
    assert rule["title"].startswith("whoever looks")
    assert "not in force" in browser.get("/frameworks/controls/evil").text


def test_what_persons_have_to_state(browser):
    found = {each["test"]: each for each in browser.json("/frameworks/attestations").json["attestations"]}
    assert found["access-review/attested"]["waiting"]["decision_id"].endswith("-8")
    assert (found["access-review/inspected"]["due"], found["access-review/inspected"]["stale"]) == (True, True)
    page = browser.get("/frameworks/attestations").text
    assert page.index("Wait for a second person") < page.index("Due now")


def test_a_matrix_of_evidence(browser):
    rows = {each["id"]: each for each in browser.json("/frameworks/catalogs/soc2/coverage").json["criteria"]}
    assert rows["CC6.2"]["evidence"]["machine"] == {"state": "deviations", "tests": ["access-review/reviewed"]}
    assert rows["CC6.1"]["evidence"]["inspection"] == {"state": None, "tests": []}


def test_a_trend_is_a_chart_and_the_same_as_numbers(browser):
    page = browser.get("/frameworks/catalogs/soc2/trend").text
    assert "<svg" in page
    assert "score: from 86.8 % on 2026-10-13 to 93.4 % on 2026-11-21" in page
    assert '<time datetime="2026-10-13">' in page
    chart = browser.get("/frameworks/catalogs/soc2/trend.svg")
    assert (chart.content_type, chart.text[:4]) == ("image/svg+xml", "<svg")
    assert chart.text in page
    assert "Nothing was counted yet" in browser.get("/frameworks/catalogs/gdpr/trend").text


def test_formulas_are_kept_from_spreadsheets(browser):
    text = browser.get("/frameworks/controls?as=csv").text
    assert json.dumps(EVIL)[1:-1] in text
    assert not re.search(r"(^|,)[=+@-]", text, re.MULTILINE)


def test_what_other_frameworks_ask_for_reads_both_ways(browser):
    here = browser.json("/frameworks/catalogs/soc2/criteria/CC6.1").json["related"]
    there = next(each for each in here if each["criterion"].startswith("iso27001/"))
    back = browser.json(f"/frameworks/catalogs/iso27001/criteria/{there['criterion'].partition('/')[2]}").json[
        "related"
    ]
    same = next(each for each in back if each["criterion"] == "soc2/CC6.1")
    reverse = {"subset": "superset", "superset": "subset"}
    assert same["relation"] == reverse.get(there["relation"], there["relation"])
    assert (same["rationale"], same["state"]) == (there["rationale"], "effective")
    assert "In other frameworks" in browser.get("/frameworks/catalogs/soc2/criteria/CC6.1").text


def test_the_text_that_somebody_brought_is_shown_and_is_no_markup(plane, browser):
    before = plane.app.extensions["omega.frameworks"]
    brought = replace(shipped(), texts={"soc2": {"CC6.1": f"two lines\n{EVIL}"}})
    shelf.install(plane.app, lambda: brought, plane.clock)
    try:
        page = browser.get("/frameworks/catalogs/soc2/criteria/CC6.1").text
    finally:
        plane.app.extensions["omega.frameworks"] = before
    assert "two lines\n&lt;script&gt;" in page
