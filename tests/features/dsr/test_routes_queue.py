"""What officers see of requests, and the steps they take."""

import pytest

from app.db import reading
from app.features.dsr import answering, keeping
from app.features.dsr.request import Step
from app.features.dsr.rows import RequestRow
from tests.features.dsr.rights import AUDITOR, PROTECTION, gates, permit, receipt


def test_the_queue_by_what_is_due(rights):
    late, _ = rights.ask(kind="erase")
    rights.later(days=20)
    early, _ = rights.ask(law="ccpa", account="usr-2")
    officer = rights.officer("ofc-71")
    listed = officer.json("/dsr/requests").json["requests"]
    assert [each["id"] for each in listed] == [late, early]
    assert [(each["clock"], each["days_left"]) for each in listed] == [("running", 10), ("running", 45)]
    rights.later(days=11)
    officer = rights.officer("ofc-71")
    page = officer.get("/dsr/requests").text
    assert "overdue by 1 day" in page
    assert [each["id"] for each in officer.json("/dsr/requests?show=overdue").json["requests"]] == [late]
    assert officer.json("/dsr/requests?show=soon").json["requests"] == []
    assert [each["id"] for each in officer.json("/dsr/requests?kind=access").json["requests"]] == [early]
    rights.stepped(officer, late, "deny", "excessive")
    assert [each["id"] for each in officer.json("/dsr/requests?show=ended").json["requests"]] == [late]
    assert "answered late" in officer.get("/dsr/requests?show=ended").text


def test_who_may_look(rights):
    identifier, _ = rights.ask()
    auditor = rights.officer("ofc-9", AUDITOR)
    assert gates(auditor.json("/dsr/requests")) == ["authorised"]
    assert gates(auditor.json(f"/dsr/requests/{identifier}")) == ["authorised"]
    once = rights.control.officer("ofc-8", "omega-privacy")
    assert gates(once.json("/dsr/requests")) == ["second_factor"]
    assert rights.officer("ofc-7", PROTECTION).json("/dsr/requests/dsr-none").status_code == 404


def test_one_request_as_an_officer_sees_it(rights, officer):
    identifier, _ = rights.verified(
        officer, kind="rectify", detail_1="email", value_1="b@example.com", message="please"
    )
    rights.runs.done[identifier] = (receipt("product", "rectify", state="failed", code="away", receipt=None),)
    page = officer.get(f"/dsr/requests/{identifier}").text
    for said in ("ada@example.com", "b@example.com", "please", "verified", "product", "away"):
        assert said in page
    document = officer.json(f"/dsr/requests/{identifier}").json
    assert document["progress"][0]["store"] == "product"
    assert "ada@example.com" not in str(document)


def test_an_erasure_takes_two_persons(rights, officer):
    identifier, _ = rights.verified(officer, kind="erase")
    assert rights.stepped(officer, identifier, "approve")["state"] == "pending"
    assert rights.runs.begun == []
    assert gates(rights.step(officer, identifier, "approve")) == ["second_person"]
    other = rights.officer("ofc-72", PROTECTION)
    assert "One other person has approved it." in other.get(f"/dsr/requests/{identifier}").text
    assert rights.stepped(other, identifier, "approve")["approvers"] == ["ofc-71", "ofc-72"]
    assert rights.runs.begun == [identifier]
    assert rights.runs.woken > 0


def test_nothing_is_approved_of_somebody_unknown(rights, officer):
    identifier, _ = rights.ask()
    assert gates(rights.step(officer, identifier, "approve")) == ["identity_verified", "in_order"]


def test_nobody_handles_a_request_of_their_own(rights):
    identifier, _ = rights.ask(account="OFC-71")
    assert gates(rights.step(rights.officer("ofc-71"), identifier, "verify", "documents")) == ["not_own"]
    rights.stepped(rights.officer("ofc-72"), identifier, "verify", "documents")


@pytest.mark.parametrize(
    ("step", "code", "failed"),
    [
        ("deny", "freedom_of_expression", ["named"]),
        ("deny", "", ["named"]),
        ("extend", "tired", ["named"]),
        ("hold", "", ["named"]),
        ("resume", "", ["in_order"]),
    ],
)
def test_what_a_step_has_to_name(rights, officer, step, code, failed):
    identifier, _ = rights.verified(officer)
    assert gates(rights.step(officer, identifier, step, code)) == failed


def test_the_time_is_extended_once_and_in_time(rights, officer):
    identifier, _ = rights.verified(officer)
    rights.later(days=30)
    officer = rights.officer("ofc-71")
    assert rights.stepped(officer, identifier, "extend", "number_of_requests")["days_left"] == 60
    assert gates(rights.step(officer, identifier, "extend", "complexity")) == ["in_time"]
    other, _ = rights.verified(officer, account="usr-2", law="ccpa", kind="object")
    rights.later(days=22)
    officer = rights.officer("ofc-71")
    assert gates(rights.step(officer, other, "extend", "complexity")) == ["in_time"]


def test_a_legal_hold_stops_an_erasure(rights, officer):
    identifier, _ = rights.verified(officer, kind="erase")
    rights.stepped(officer, identifier, "approve")
    assert rights.stepped(officer, identifier, "hold", "litigation:2026-17")["state"] == "legal_hold"
    assert rights.vault.held(keeping.request(identifier).subject) == {"litigation:2026-17"}
    assert "litigation:2026-17" in officer.get(f"/dsr/requests/{identifier}").text
    assert "legal_hold" in [kind for kind, _ in rights.control.around.records]
    other = rights.officer("ofc-72")
    assert gates(rights.step(other, identifier, "approve")) == ["in_order", "not_held"]
    assert rights.stepped(officer, identifier, "release", "litigation:2026-17")["state"] == "pending"
    assert rights.stepped(other, identifier, "approve")["state"] == "approved"


def test_a_pause_and_what_is_taken_up_again(rights, officer):
    identifier, _ = rights.verified(officer)
    rights.stepped(officer, identifier, "approve")
    rights.stepped(officer, identifier, "pause", "waiting-for-counsel")
    rights.runs.begun.clear()
    assert rights.stepped(officer, identifier, "resume")["state"] == "approved"
    assert rights.runs.begun == [identifier]
    assert rights.runs.closed == []
    rights.stepped(officer, identifier, "cancel")
    assert rights.runs.closed == [identifier]


def test_what_is_done_by_hand_goes_on(rights, officer):
    identifier, _ = rights.verified(officer)
    rights.stepped(officer, identifier, "approve")
    rights.move(identifier, "begin", "require_manual")
    assert "Done by hand" in officer.get(f"/dsr/requests/{identifier}").text
    assert rights.stepped(officer, identifier, "manual_done")["state"] == "in_processing"
    assert rights.runs.begun == [identifier] * 2


def test_an_officer_reads_why_nothing_was_corrected(rights, officer):
    identifier, _ = rights.verified(officer, kind="rectify", message="my name is wrong")
    place = f"/dsr/requests/{identifier}"
    assert "names no detail with its new value" in officer.get(place).text
    rights.stepped(officer, identifier, "approve")
    rights.move(identifier, "begin")
    assert "names no detail" not in officer.get(place).text
    move = keeping.Move(step=Step.REQUIRE_MANUAL, code="nothing_changed", by="dsr.fulfil", at=rights.now())
    keeping.move_to(permit(identifier), identifier, move)
    assert "No store has changed anything." in officer.get(place).text


def test_the_platform_knows_the_person_by_another_name(rights, officer):
    identifier, _ = rights.ask(account="")
    before = keeping.request(identifier).subject
    rights.stepped(officer, identifier, "verify", "known_account", account="usr-9")
    assert keeping.said(identifier, rights.vault).id == "usr-9"
    assert keeping.request(identifier).subject != before


def test_the_same_again_is_linked_and_not_lost(rights, officer):
    first, _ = rights.verified(officer)
    second, _ = rights.verified(officer)
    other, _ = rights.verified(officer, kind="export")
    found = keeping.request(second)
    assert (found.state, found.duplicate_of) == ("duplicate", first)
    assert keeping.request(other).state == "pending"
    assert first in officer.get(f"/dsr/requests/{second}").text
    rights.stepped(officer, first, "approve")
    rights.move(first, "begin", "complete")
    assert keeping.request(second).state == "complete"


def test_a_stranger_who_asks_first_holds_nobody_up(rights, officer):
    rights.ask(email="stranger@example.com")
    mine, _ = rights.verified(officer)
    assert keeping.request(mine).state == "pending"


def test_duplicates_of_what_was_withdrawn_stand_for_themselves(rights, officer):
    first, _ = rights.verified(officer)
    second, _ = rights.verified(officer)
    rights.later(seconds=1)
    third, _ = rights.verified(officer)
    rights.stepped(officer, first, "cancel")
    assert (keeping.request(second).state, keeping.request(second).duplicate_of) == ("pending", None)
    assert (keeping.request(third).state, keeping.request(third).duplicate_of) == ("duplicate", second)


def test_an_officer_links_and_unlinks(rights, officer):
    first, _ = rights.verified(officer)
    second, _ = rights.verified(officer)
    assert rights.stepped(officer, second, "unlink")["state"] == "pending"
    assert rights.step(officer, second, "link", second).status_code == 409
    assert rights.step(officer, second, "link", "dsr-none").status_code == 404
    assert rights.stepped(officer, second, "link", first)["duplicate_of"] == first
    third, _ = rights.verified(officer)
    rights.stepped(officer, third, "unlink")
    assert rights.step(officer, third, "link", second).status_code == 409


@pytest.mark.parametrize("step", ["", "submit", "complete", "dance"])
def test_steps_that_officers_do_not_take(rights, officer, step):
    identifier, _ = rights.verified(officer)
    assert rights.step(officer, identifier, step).status_code == 400


def test_what_changed_meanwhile_is_not_done(rights, officer, monkeypatch):
    identifier, _ = rights.verified(officer)
    facts = keeping.facts
    monkeypatch.setattr(keeping, "facts", lambda *asked, **more: facts(*asked, **more) | {"steps": 1})
    assert rights.step(officer, identifier, "approve").status_code == 409
    assert keeping.request(identifier).state == "pending"


def test_what_was_said_changed_meanwhile(rights, officer, monkeypatch):
    identifier, _ = rights.verified(officer)
    anew = keeping._said_anew

    def late(*asked):
        found = anew(*asked)
        found.sealed_number += 1
        return found

    monkeypatch.setattr(keeping, "_said_anew", late)
    assert rights.step(officer, identifier, "ask", message="which?").status_code == 409


def test_a_form_goes_back_to_the_page(rights, officer):
    identifier, _ = rights.ask()
    answer = officer.post(f"/dsr/requests/{identifier}/steps", {"step": "verify", "code": "documents"})
    assert answer.status_code == 303
    assert answer.location == f"/dsr/requests/{identifier}"
    page = officer.post(f"/dsr/requests/{rights.ask()[0]}/steps", {"step": "ask_identity", "code": "code"})
    assert "Send this code to the contact" in page.text
    with reading() as session:
        assert session.get(RequestRow, identifier).verified_at == rights.now()


def test_policies_that_say_nothing_of_persons(rights, officer, monkeypatch):
    identifier, _ = rights.ask()
    monkeypatch.setattr(answering, "bundle_in_force", lambda: type("Bundle", (), {"data": "{}"}))
    assert officer.json(f"/dsr/requests/{identifier}").status_code == 503
