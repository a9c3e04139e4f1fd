"""Incidents as officers meet them: opened, assessed, notified, closed; through policy, the pages and the database."""

import pytest

from app.features.ai_act import keeping
from tests.features.ai_act.registering import SHORTLIST, at, facts, gates, opened, send


def assessed(browser, name, *names):
    return send(
        browser, f"incidents/{name}/steps", {"step": "assess", "text": "the cause is known", "facts": facts(*names)}
    )


def notified(browser, name, recipient, hours):
    said = {"recipient": recipient, "authority": "the one in charge", "notified_at": at(hours), "text": "by its portal"}
    return send(browser, f"incidents/{name}/steps", {"step": "notify"} | said)


def closed(browser, name):
    return send(browser, f"incidents/{name}/steps", {"step": "close", "text": "corrected and watched"})


def test_an_incident_from_its_opening_to_its_end(desk, compliance, ciso):
    name = opened(compliance, "personal_data", known=-1)
    shown = compliance.json(f"/ai_act/incidents/{name}").json
    assert (shown["state"], shown["known_at"]) == ("opened", at(-1))
    [clock] = shown["clocks"]
    assert (clock["clock"], clock["due"], clock["standing"]) == ("gdpr_authority", at(71), "running")
    assert assessed(ciso, name, "personal_data").json["state"] == "assessed"
    assert gates(closed(compliance, name)) == ["nothing_due"]
    desk.later(600)
    assert notified(compliance, name, "data_protection", 0.1).json["clocks"][0]["standing"] == "met"
    assert gates(closed(ciso, name)) == ["assessed_by_another"]
    answer = closed(compliance, name)
    assert (answer.status_code, answer.json["state"]) == (200, "closed")
    assert gates(assessed(ciso, name)) == ["in_order"]
    steps = answer.json["steps"]
    assert [each["step"] for each in steps] == ["open", "assess", "notify", "close"]
    assert len({each["decision_id"] for each in steps}) == 4


def test_the_board_shows_what_runs_and_what_was_missed(compliance):
    opened(compliance, "ai_system", "widespread", "personal_data", known=-60)
    [shown] = compliance.json("/ai_act/incidents").json["incidents"]
    assert {each["clock"]: each["standing"] for each in shown["clocks"]} == {
        "ai_act_widespread": "missed",
        "gdpr_authority": "soon",
    }
    assert [(each["clock"], each["due"]) for each in shown["missed"]] == [("ai_act_widespread", at(-12))]
    page = compliance.get("/ai_act/incidents").text
    assert "1 missed" in page
    assert "market surveillance authority" in page


def test_the_forms_of_the_pages_say_the_same_as_json(compliance, ciso):
    send(compliance, "systems", {"system": "wf-4b1e", "kind": "workflow"} | SHORTLIST)
    form = {"system": "wf-4b1e", "known_at": "2026-11-22T13:30", "text": "applicants were lost"}
    answer = compliance.post("/ai_act/incidents", form | {"facts.personal_data": "yes", "facts.high_risk": "yes"})
    assert answer.status_code == 303
    shown = compliance.json(answer.location).json
    assert (shown["system"], shown["known_at"]) == ("wf-4b1e", "2026-11-22T13:30:00Z")
    assert shown["facts"] == facts("personal_data", "high_risk")
    assert 'name="facts.personal_data" value="yes" checked' in compliance.get(answer.location).text
    name = shown["id"]
    step = {"step": "notify", "recipient": "data_subjects", "authority": "by letter", "text": "sent to everybody"}
    assert ciso.post(f"/ai_act/incidents/{name}/steps", step | {"notified_at": "2026-11-22T14:00"}).status_code == 303
    shown = compliance.json(f"/ai_act/incidents/{name}").json
    assert {each["clock"]: each["standing"] for each in shown["clocks"]} == {
        "gdpr_authority": "running",
        "gdpr_persons": "met",
    }
    page = compliance.get(f"/ai_act/incidents/{name}").text
    assert "without undue delay" in page
    assert "by letter" in page


def test_what_is_missing_denies_and_names_the_gate(compliance):
    name = opened(compliance, "personal_data")
    said = {"step": "notify", "recipient": "data_protection", "notified_at": at(0), "text": "by its portal"}
    assert gates(send(compliance, f"incidents/{name}/steps", said)) == ["notification_named"]
    assert gates(send(compliance, "incidents", {"text": "nobody knows", "known_at": at(0)})) == ["facts_stated"]
    late = {"text": "not yet there", "known_at": at(1), "facts": facts()}
    assert gates(send(compliance, "incidents", late)) == ["in_time_order"]


def test_an_auditor_opens_nothing(compliance, auditor):
    name = opened(compliance)
    assert gates(assessed(auditor, name)) == ["authorised"]
    assert auditor.json(f"/ai_act/incidents/{name}").json["clocks"] == []
    assert "None runs." in auditor.get(f"/ai_act/incidents/{name}").text


@pytest.mark.parametrize(
    ("change", "status"),
    [({"system": "WF 1"}, 400), ({"system": 7}, 400), ({"system": "wf-9"}, 404)],
    ids=["no id", "a number", "never classified"],
)
def test_an_incident_concerns_a_system_that_there_is(compliance, change, status):
    answer = send(compliance, "incidents", {"text": "what happened", "known_at": at(0), "facts": facts()} | change)
    assert answer.status_code == status


def test_a_step_that_is_none_is_refused(compliance):
    name = opened(compliance)
    for step in ("open", "reopen", None):
        assert send(compliance, f"incidents/{name}/steps", {"step": step, "text": "once more"}).status_code == 400
    assert send(compliance, "incidents/inc-1/steps", {"step": "close", "text": "once more"}).status_code == 404
    assert compliance.json("/ai_act/incidents/inc-1").status_code == 404


def test_two_steps_at_the_same_time_are_one_and_a_conflict(compliance, ciso, monkeypatch):
    name = opened(compliance, "personal_data")
    take = keeping.take_step

    def after_another(permit, clocks, now):
        monkeypatch.setattr(keeping, "take_step", take)
        assert assessed(ciso, name, "personal_data").status_code == 200
        return take(permit, clocks, now)

    monkeypatch.setattr(keeping, "take_step", after_another)
    assert assessed(compliance, name).status_code == 409
    assert [each["step"] for each in compliance.json(f"/ai_act/incidents/{name}").json["steps"]] == ["open", "assess"]
