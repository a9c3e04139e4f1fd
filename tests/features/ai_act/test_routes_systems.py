"""Systems as officers meet them: through policy, the pages and the database."""

import json

import pytest

from app.features.ai_act import keeping
from app.features.ai_act.errors import AiActError
from tests.features.ai_act.registering import SHORTLIST, STOCK, gates, send


def classified(browser, system="wf-4b1e", kind="workflow", **change):
    answer = send(browser, "systems", {"system": system, "kind": kind} | SHORTLIST | change)
    assert answer.status_code == 201, answer.text
    return answer.json


def test_a_system_gets_its_class_with_reasons_and_dated_articles(compliance):
    said = classified(compliance)
    assert said["class"] == "high"
    assert (said["high_risk_for"], said["transparency_for"]) == (["employment"], ["interacts"])
    duties = {each["article"]: each for each in said["duties"]}
    assert duties["eu-ai-act/Art.9"] | {"about": ""} == {
        "article": "eu-ai-act/Art.9",
        "group": "requirements",
        "from": "2027-12-02",
        "unchecked": True,
        "about": "",
    }
    assert duties["eu-ai-act/Art.50(1)"]["from"] == "2026-08-02"
    assert all(each["about"] for each in said["duties"])
    assert [each["from"] for each in said["duties"]] == sorted(each["from"] for each in said["duties"])


def test_the_class_is_the_decision_that_stands_in_the_log(desk, compliance):
    said = classified(compliance)
    [body] = [body for kind, body in desk.control.around.records if body.get("action") == "ai_act.classify"]
    assert body["resource"] == {"type": "workflow", "id": "wf-4b1e"}
    assert {"id": "class", "type": "classification", "class": "high"} in body["result"]["obligations"]
    assert said["policy"]["bundle"] == body["policy"]["bundle"]
    shown = compliance.json("/ai_act/systems/wf-4b1e").json
    assert shown["decision_id"] == said["decision_id"]
    assert shown["description"]["purpose"] == SHORTLIST["purpose"]


def test_the_newest_class_counts_and_earlier_ones_stay(compliance):
    first = classified(compliance)
    second = classified(compliance, **STOCK)
    shown = compliance.json("/ai_act/systems/wf-4b1e").json
    assert (shown["class"], shown["number"]) == ("minimal", 2)
    assert shown["history"] == [second["decision_id"], first["decision_id"]]
    [listed] = compliance.json("/ai_act/systems").json["systems"]
    assert (listed["id"], listed["class"]) == ("wf-4b1e", "minimal")
    assert "Earlier classes" in compliance.get("/ai_act/systems/wf-4b1e").text


def test_what_is_prohibited_gets_no_class_and_is_on_record(desk, compliance):
    emotions = {"used": True, "places": ["workplace"], "medical_or_safety": False}
    answer = send(
        compliance, "systems", {"system": "wf-1", "kind": "workflow"} | STOCK | {"emotion_recognition": emotions}
    )
    assert gates(answer) == ["no_emotion_recognition_at_work"]
    assert compliance.json("/ai_act/systems").json["systems"] == []
    assert desk.control.around.records[-2][1]["result"]["allow"] is False


def test_what_will_be_prohibited_says_so(compliance):
    said = classified(compliance, **STOCK | {"practices": STOCK["practices"] | {"intimate_imagery": True}})
    assert said["prohibited_from"] == {"intimate_imagery": "2026-12-02"}
    assert "prohibited from 2026-12-02" in compliance.get("/ai_act/systems/wf-4b1e").text


def test_an_auditor_reads_and_classifies_nothing(compliance, auditor):
    classified(compliance)
    assert auditor.json("/ai_act/systems/wf-4b1e").json["class"] == "high"
    assert gates(send(auditor, "systems", {"system": "wf-2", "kind": "workflow"} | STOCK)) == ["authorised"]


def test_a_fact_that_is_missing_denies(compliance):
    said = {name: value for name, value in STOCK.items() if name != "profiling"}
    answer = send(compliance, "systems", {"system": "wf-2", "kind": "workflow"} | said)
    assert gates(answer) == []
    assert answer.json["diagnostics"] == [{"code": "fact_missing", "path": "context/profiling"}]


@pytest.mark.parametrize(
    "change",
    [{"system": "WF 1"}, {"system": 7}, {"kind": "robot"}, {"system": None}],
    ids=["name", "number", "kind", "none"],
)
def test_what_is_no_system_is_refused(compliance, change):
    answer = send(compliance, "systems", {"system": "wf-2", "kind": "workflow"} | STOCK | change)
    assert answer.status_code == 400


def test_a_system_that_nobody_classified_is_not_there(compliance):
    assert compliance.json("/ai_act/systems/wf-9").status_code == 404
    assert compliance.json("/ai_act/systems/wf%209").status_code == 400


def test_the_form_of_the_page_says_the_same_as_json(compliance):
    page = compliance.get("/ai_act/systems").text
    assert 'name="practices.manipulation"' in page
    form = {
        "system": "ag-1",
        "kind": "agent",
        "title": "Front desk",
        "purpose": "answers questions of customers",
        "roles": ["provider", "deployer"],
        "on_market": "2026-07-01",
        "interacts": "yes",
        "generates.content": "yes",
        "annex_iii": "employment",
        "exceptions.claimed": "narrow_procedural_task",
        "exceptions.documentation": "ab" * 32,
    }
    answer = compliance.post("/ai_act/systems", form)
    assert (answer.status_code, answer.location) == (303, "/ai_act/systems/ag-1")
    shown = compliance.json("/ai_act/systems/ag-1").json
    assert (shown["class"], shown["exempt_for"]) == ("limited", ["narrow_procedural_task"])
    assert shown["description"]["roles"] == ["provider", "deployer"]
    page = compliance.get("/ai_act/systems/ag-1").text
    assert "Exempt for" in page
    assert 'value="employment" checked' in page


def test_the_notices_that_a_system_needs_follow_from_its_class(compliance):
    classified(compliance, generates={"content": True, "deep_fakes": True, "public_interest_text": False})
    said = compliance.json("/ai_act/systems/wf-4b1e/notices").json["notices"]
    assert [each["reason"] for each in said] == ["deep_fakes", "generates_content", "interacts"]
    assert all(each["text"].keys() == {"de", "en"} for each in said)
    page = compliance.get("/ai_act/systems/wf-4b1e/notices").text
    assert '<blockquote lang="de">' in page
    classified(compliance, "wf-5", **STOCK)
    assert compliance.json("/ai_act/systems/wf-5/notices").json["notices"] == []
    assert "It needs none." in compliance.get("/ai_act/systems/wf-5/notices").text


def test_the_conformity_file_is_a_page_and_json(compliance):
    classified(compliance)
    answer = compliance.json("/ai_act/systems/wf-4b1e/conformity")
    assert answer.data == compliance.json("/ai_act/systems/wf-4b1e/conformity").data
    assert json.loads(answer.data)["classification"]["class"] == "high"
    page = compliance.get("/ai_act/systems/wf-4b1e/conformity").text
    assert "What is missing" in page
    assert "Annex IV(8)" in page


@pytest.mark.parametrize("query", ["to=tomorrow", "from=2026-13-01", "from=2026-11-22&to=2026-11-22"])
def test_a_period_that_is_none_is_refused(compliance, query):
    classified(compliance)
    assert compliance.json(f"/ai_act/systems/wf-4b1e/conformity?{query}").status_code == 400


def test_a_period_before_the_first_class_has_no_file(compliance):
    classified(compliance)
    assert compliance.json("/ai_act/systems/wf-4b1e/conformity?to=2026-11-01").status_code == 404


def test_two_classes_at_the_same_time_are_one_and_a_conflict(compliance, monkeypatch):
    classified(compliance)
    monkeypatch.setattr(keeping.rows, "history", lambda *_: [])
    answer = send(compliance, "systems", {"system": "wf-4b1e", "kind": "workflow"} | STOCK)
    assert answer.status_code == 409


def test_a_visitor_is_led_to_the_entrance(desk):
    answer = desk.control.visitor().get("/ai_act/systems")
    assert (answer.status_code, answer.location) == (303, "/session/?next=/ai_act/systems")


def test_nothing_is_found_of_a_system_without_a_class(desk):  # noqa: ARG001 - it opens the database
    with pytest.raises(AiActError, match="no such system"):
        keeping.history("wf-1")
