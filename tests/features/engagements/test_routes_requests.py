"""Officers answer auditors: requests and lists, evidence with its provenance, and what an ended engagement refuses."""

import hashlib

import pytest

from app.audits import files, threads
from app.audits.request import Side, State
from app.audits.threads import Speaker
from app.objects import ObjectsError
from app.pdp.enforce import Permit
from app.pdp.model import Decision, Entity, EvaluationRequest
from app.pep import MAX_BODY, largest_body
from tests.features.engagements.auditing import ASKED, AUDITOR, AUTHOR, GIVEN, begun, gates, send
from tests.features.serving import NOW

LIST = "e/soc2-2026/requests"
CSV = b"reference,title,text,control,due\r\nPBC-7,Users,,soc2/CC6.2,2026-12-01\r\n"


@pytest.fixture
def begun_officer(officer, firm):
    begun(officer, firm)
    return officer


def auditor(number):
    """Return an auditor of the engagement, who speaks by permit `number`."""
    asked = EvaluationRequest(
        subject=Entity(type="auditor", id="acme/a.lee@acme.example", properties={}),
        action="auditor_portal.write",
        resource=Entity(type="engagement", id="soc2-2026", properties={}),
        context={},
    )
    permit = Permit(request=asked, decision_id=f"p-{number}", decision=Decision(allow=True), bundle="b", revision="r")
    return Speaker(permit=permit, side=Side.AUDITOR, at=int(NOW))


def test_a_request_is_added_and_a_list_imported(begun_officer):
    made = send(begun_officer, LIST, ASKED)
    assert (made.status_code, made.json["overdue"], made.json["side"]) == (201, True, "entity")
    assert send(begun_officer, LIST, ASKED).status_code == 409
    assert (
        send(begun_officer, LIST, ASKED | {"reference": "B", "due": "soon"}).json["detail"].startswith("`due` is a day")
    )
    assert send(begun_officer, f"{LIST}/import", list=CSV).json == {"numbers": [2]}
    assert send(begun_officer, f"{LIST}/import", list=b"title\r\n").json["detail"].startswith("line 1: ")
    assert send(begun_officer, f"{LIST}/import").status_code == 400
    listed = begun_officer.json(f"/engagements/{LIST}").json
    assert [each["reference"] for each in listed["requests"]] == ["PBC-1", "PBC-7"]
    assert (listed["tally"]["open"], listed["tally"]["overdue"]) == (2, 1)
    assert [each["number"] for each in begun_officer.json(f"/engagements/{LIST}?state=open").json["requests"]] == [1, 2]
    assert "overdue" in begun_officer.get(f"/engagements/{LIST}").text
    assert begun_officer.get(f"/engagements/{LIST}/template.csv").text.startswith(
        "reference,title,text,control,due\r\n"
    )
    begun_officer.post(f"/engagements/{LIST}", ASKED | {"reference": "PBC-9"})
    page = begun_officer.get("/engagements/e/soc2-2026").text
    assert "2 are overdue" in page


def test_evidence_is_kept_with_three_dates_and_where_it_comes_from(plane, begun_officer):
    send(begun_officer, LIST, ASKED)
    data = b"x" * 300_000  # more than a form may have
    answer = send(begun_officer, f"{LIST}/1/evidence", GIVEN, file=data)
    assert answer.status_code == 201, answer.text
    (kept,) = answer.json["evidence"]
    sha256 = hashlib.sha256(data).hexdigest()
    assert (kept["name"], kept["size"], kept["sha256"]) == ("file.txt", len(data), sha256)
    assert kept["effective"] == {"first": "2026-10-01", "last": "2026-10-31"}
    assert (kept["collected"], kept["received"]) == ("2026-11-02 08:00:00", "2026-11-22 14:00:00")
    assert {name: kept[name] for name in ("source", "query", "actor", "tool", "policy_commit")} == {
        name: GIVEN[name] for name in ("source", "query", "actor", "tool", "policy_commit")
    }
    (_, body) = plane.around.records[-1]
    assert body["action"] == "engagements.answer"
    got = begun_officer.get(f"/engagements/{LIST}/1/evidence/1")
    assert (got.data == data, got.headers["content-type"]) == (True, "application/octet-stream")
    assert begun_officer.get(f"/engagements/{LIST}/1/evidence/2").status_code == 404
    page = begun_officer.get(f"/engagements/{LIST}/1").text
    assert sha256 in page
    assert "Attach" in page


def test_a_file_that_cannot_be_used_is_none(plane, begun_officer, monkeypatch):
    send(begun_officer, LIST, ASKED)
    path = f"{LIST}/1/evidence"
    for change, detail in (
        ({"effective_to": "2026-09-01"}, "`effective_to` is before `effective_from`"),
        ({"effective_from": ""}, "`effective_from` is a day"),
        ({"collected": "2026-11-22T14:01"}, "`collected` has not come yet"),
        ({"collected": "2026-11-31T14:01"}, "`collected` is a time in UTC"),
        ({"collected": "yesterday"}, "`collected` is a time in UTC"),
        ({"source": ""}, "`source` is empty"),
        ({"policy_commit": "main"}, "`policy_commit` is the id of a commit"),
    ):
        answer = send(begun_officer, path, GIVEN | change, file=b"x")
        assert (answer.status_code, answer.json["detail"][: len(detail)]) == (400, detail)
    assert send(begun_officer, path, GIVEN, file=b"").json["detail"].startswith("a file has at least one byte")
    assert send(begun_officer, path, GIVEN).json["detail"] == "`file` is a file"
    monkeypatch.setattr(files, "MAX_FILE", 10)
    assert send(begun_officer, path, GIVEN, file=b"x" * 11).status_code == 400
    assert send(begun_officer, f"{LIST}/1/messages", {"text": "x" * 300_000}).status_code == 413
    assert threads.find_thread("soc2-2026", 1).evidence == ()

    def gone():
        raise ObjectsError("no")

    plane.places.objects = gone
    assert send(begun_officer, path, GIVEN, file=b"x").status_code == 503
    assert begun_officer.get(f"/engagements/{path}/1").status_code == 404


def test_only_where_files_are_sent_a_body_may_be_large(plane):
    sizes = [
        largest_body(plane.app, f"/engagements/{path}", "POST") for path in (f"{LIST}/1/evidence", LIST, "nowhere")
    ]
    assert sizes == [files.MAX_FILE + 65_536, MAX_BODY, MAX_BODY]
    assert largest_body(plane.app, "/static/omega.css", "GET") == MAX_BODY


def test_evidence_that_is_not_what_it_was_is_not_handed_out(plane, begun_officer):
    send(begun_officer, LIST, ASKED)
    send(begun_officer, f"{LIST}/1/evidence", GIVEN | {"effective_to": ""}, file=b"x")
    (path,) = (plane.places.folder / "objects" / "audit-evidence" / "soc2-2026").iterdir()
    path.chmod(0o600)
    path.write_bytes(b"y")
    assert begun_officer.get(f"/engagements/{LIST}/1/evidence/1").status_code == 503


def test_both_sides_speak_and_each_moves_what_is_theirs(begun_officer):
    send(begun_officer, LIST, ASKED)
    assert send(begun_officer, f"{LIST}/1/messages", {"text": "which repository?"}).status_code == 201
    threads.say(auditor(1), "soc2-2026", 1, "all of them")
    wrong = send(begun_officer, f"{LIST}/1/status", {"state": "accepted"})
    assert (wrong.status_code, wrong.json["detail"]) == (
        409,
        "a request that is open does not become accepted from here",
    )
    assert send(begun_officer, f"{LIST}/1/status", {"state": "provided"}).status_code == 400
    shown = send(begun_officer, f"{LIST}/1/status", {"state": "provided", "text": "see the file"}).json
    assert (shown["state"], shown["moves"]) == ("provided", [])
    assert [(each["side"], each["state"]) for each in shown["messages"]] == [
        ("entity", None),
        ("auditor", None),
        ("entity", "provided"),
    ]
    page = begun_officer.get(f"/engagements/{LIST}/1").text
    assert "A. Lee" in page
    threads.say(auditor(2), "soc2-2026", 1, "", State.ACCEPTED)
    assert gates(send(begun_officer, f"{LIST}/1/evidence", GIVEN, file=b"x")) == ["unsettled"]
    assert gates(send(begun_officer, f"{LIST}/1/status", {"state": "provided", "text": "again"})) == ["unsettled"]
    assert send(begun_officer, f"{LIST}/1/messages", {"text": "thank you"}).status_code == 201
    assert "Attach" not in begun_officer.get(f"/engagements/{LIST}/1").text
    assert begun_officer.json(f"/engagements/{LIST}/9").status_code == 404
    assert begun_officer.json("/engagements/e/elsewhere/requests").status_code == 404


def test_who_does_not_answer_and_an_engagement_that_ended(plane, begun_officer):
    send(begun_officer, LIST, ASKED)
    assert gates(send(plane.officer("ofc-7", AUDITOR), f"{LIST}/1/messages", {"text": "hm"})) == ["authorised"]
    assert send(plane.officer("ofc-6", AUTHOR), f"{LIST}/1/messages", {"text": "hm"}).status_code == 201
    officer = plane.officer()
    send(officer, "e/soc2-2026/end")
    assert gates(send(officer, f"{LIST}/1/messages", {"text": "too late"})) == ["open"]
    assert gates(send(officer, LIST, ASKED | {"reference": "late"})) == ["open"]
    assert officer.get(f"/engagements/{LIST}/1").status_code == 200
