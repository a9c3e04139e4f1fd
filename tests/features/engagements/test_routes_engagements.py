"""Officers open engagements, say who takes part and how long, and see what auditors did."""

import pytest

from app.audits.activity import keep
from app.audits.engagements import engagements_of, find_engagement, member
from app.audits.errors import AuditsError
from app.db import DatabaseUrlError
from app.features.engagements.keeping import change_engagement, end_engagement
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import Decision, Entity, EvaluationRequest
from auditor_portal.deciding import PORTAL
from tests.features.engagements.auditing import AUTHOR, DAYS, ENGAGEMENT, begun, gates, send

LEE = "acme/a.lee@acme.example"


@pytest.fixture
def begun_officer(officer, firm):
    begun(officer, firm)
    return officer


def permit(state, change="end"):
    asked = EvaluationRequest(
        subject=Entity(type="officer", id="ofc-1", properties={}),
        action="engagements.open",
        resource=Entity(type="engagement", id="soc2-2026", properties={"state": state, "firm_state": "active"}),
        context={"change": change},
    )
    return Permit(request=asked, decision_id="d-9", decision=Decision(allow=True), bundle="b", revision="r")


def test_an_engagement_is_opened_for_whole_days(begun_officer):
    found = find_engagement("soc2-2026")
    assert (found.period_start, found.period_end) == ("2026-10-01T00:00:00.000000Z", "2026-11-01T00:00:00.000000Z")
    assert (found.starts, found.ends) == ("2026-11-01T00:00:00.000000Z", "2026-12-01T00:00:00.000000Z")
    assert (found.frameworks, found.tenant, found.firm) == (("soc2",), "default", "acme")
    listed = begun_officer.json("/engagements/").json["engagements"]
    assert [(each["id"], each["days_left"]) for each in listed] == [("soc2-2026", 9)]
    assert "9 days left" in begun_officer.get("/engagements/").text
    assert gates(send(begun_officer, "", ENGAGEMENT)) == ["live"]
    assert [each.id for each in engagements_of(LEE)] == ["soc2-2026"]


def test_it_is_changed_and_ended_for_good(plane, begun_officer):
    said = ENGAGEMENT | {"frameworks": ["soc2", "iso27001"], "last": "2026-12-31"}
    changed = send(begun_officer, "e/soc2-2026", said).json
    assert (changed["frameworks"], changed["access"]["last"], changed["days_left"]) == (
        ["soc2", "iso27001"],
        "2026-12-31",
        40,
    )
    assert gates(send(begun_officer, "e/soc2-2026", said | {"last": "2028-12-31"})) == ["bounded"]
    assert begun_officer.post("/engagements/e/soc2-2026/end").status_code == 303
    assert find_engagement("soc2-2026").state == "ended"
    assert gates(send(begun_officer, "e/soc2-2026", said)) == ["live"]
    assert "End now" not in begun_officer.get("/engagements/e/soc2-2026").text
    assert gates(send(plane.officer("ofc-2", AUTHOR), "", ENGAGEMENT | {"id": "x"})) == ["authorised"]


def test_who_takes_part_is_added_and_removed(begun_officer):
    person = {"name_id": "a.lee@acme.example"}
    assert member("soc2-2026", LEE)
    assert send(begun_officer, "e/soc2-2026/members", person | {"role": "staff"}).json["members"][0]["role"] == "staff"
    page = begun_officer.get("/engagements/e/soc2-2026").text
    assert "Remove A. Lee" in page
    assert send(begun_officer, "e/soc2-2026/members/remove", person).json["members"] == []
    assert not member("soc2-2026", LEE)
    assert send(begun_officer, "e/soc2-2026/members/remove", person).status_code == 404
    assert send(begun_officer, "e/soc2-2026/members", {"name_id": "nobody", "role": "lead"}).status_code == 404
    assert send(begun_officer, "e/soc2-2026/members", person | {"role": "king"}).status_code == 400


UNUSABLE = [
    ({"firm": "nobody"}, "`firm` names none"),
    ({"firm": "No"}, "`firm` has 1 to 32"),
    ({"frameworks": "cookbook"}, "`frameworks` names at least one framework"),
    ({"frameworks": []}, "`frameworks` names at least one framework"),
    ({"first": "tomorrow"}, "`first` is a day such as 2026-12-31"),
    ({"period_last": "2026-02-30"}, "`period_last` is a day such as 2026-12-31"),
    ({"tenant": "Ours"}, "`tenant` is none"),
    ({"title": ""}, "`title` is empty"),
]


def test_what_cannot_be_used_is_named(begun_officer):
    for change, detail in UNUSABLE:
        answer = send(begun_officer, "", ENGAGEMENT | {"id": "other"} | change)
        assert (answer.status_code, answer.json["detail"][: len(detail)]) == (400, detail), change


def test_policy_wants_a_period_and_access_that_ends(begun_officer):
    other = ENGAGEMENT | {"id": "other"}
    assert gates(send(begun_officer, "", other | {"period_last": "2026-09-29"})) == ["period"]
    assert gates(send(begun_officer, "", other | {"first": "2026-10-01", "last": "2026-11-20"})) == ["bounded"]
    send(begun_officer, "firms/acme/state", {"change": "suspend"})
    assert gates(send(begun_officer, "", other)) == ["firm_active"]
    assert send(begun_officer, "e/soc2-2026/end").json["state"] == "ended"


def test_what_changed_meanwhile_is_not_changed_again(begun_officer):
    end_engagement(permit("open"), "soc2-2026", 7)
    with pytest.raises(AuditsError, match="has changed"):
        end_engagement(permit("open"), "soc2-2026", 8)
    with pytest.raises(AuditsError, match="has changed"):
        change_engagement(permit("open"), "elsewhere", None, 8)
    assert find_engagement("soc2-2026").changed_at == 7
    assert begun_officer.json("/engagements/e/elsewhere").status_code == 404


def look(plane, kind, address="198.51.100.7"):
    """Have the auditor look at something of the engagement, as the portal asks and keeps it."""
    facts = {"firm": "acme", "firm_state": "active", "member": True, "state": "open", "networks": ["198.51.100.0/24"]}
    times = {"starts": "2026-11-01T00:00:00Z", "ends": "2026-12-01T00:00:00Z"}
    asked = EvaluationRequest(
        subject=Entity(type="auditor", id=LEE, properties={"firm": "acme", "second_factor": True, "mfa_class": "totp"}),
        action="auditor_portal.view",
        resource=Entity(
            type="engagement", id="soc2-2026", properties=facts | times | {"object": {"kind": kind, "id": "7"}}
        ),
        context={"address": address},
    )
    keep(plane.around.pdp.enforce(asked, PORTAL), int(plane.clock()))


def test_what_auditors_did_is_what_they_are_shown_themselves(plane, begun_officer):
    look(plane, "request")
    with pytest.raises(DeniedError):
        look(plane, "records", address="203.0.113.9")
    plane.index.catch_up()
    refused, looked = begun_officer.json("/engagements/e/soc2-2026/activity").json["activity"]
    assert (looked["name"], looked["kind"], looked["object"], looked["allow"]) == ("A. Lee", "request", "7", True)
    assert (refused["name"], refused["failed"], refused["allow"]) == ("", ["address"], False)
    page = begun_officer.get("/engagements/e/soc2-2026/activity").text
    assert f'href="/frameworks/records/{looked["decision_id"]}"' in page


def test_without_an_index_nobody_says_what_auditors_did(plane, begun_officer):
    page = begun_officer.get("/engagements/e/soc2-2026/activity")
    assert (page.status_code, "Nothing yet" in page.text) == (200, True)
    assert begun_officer.json("/engagements/e/soc2-2026/activity?after=x").status_code == 400

    def gone():
        raise DatabaseUrlError("there is no index yet")

    plane.places.index = gone
    assert begun_officer.json("/engagements/e/soc2-2026/activity").status_code == 503


def test_days_are_those_that_were_entered(begun_officer):
    document = begun_officer.json("/engagements/e/soc2-2026").json
    shown = {
        "period_first": document["period"]["first"],
        "period_last": document["period"]["last"],
        "first": document["access"]["first"],
        "last": document["access"]["last"],
    }
    assert shown == DAYS
