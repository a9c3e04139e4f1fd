"""What auditors do about requests: ask, import lists, say something, accept and return; and what they never see."""

import hashlib
import io
from types import SimpleNamespace

import pytest

from app.audits import files, threads
from app.audits.database import portal_data
from app.audits.request import Asked, Evidence, Side, State
from app.audits.rows_firms import EngagementRow
from app.audits.threads import Speaker
from app.objects import open_objects
from auditor_portal import product
from tests.auditor_portal.engagement.speaking import PROVENANCE, entity, permit
from tests.auditor_portal.portal import ENGAGEMENT, auditor, engagement, firm, served, takes_part
from tests.features.serving import NOW

LIST = f"/e/{ENGAGEMENT}/requests"
ONE = {
    "reference": "PBC-001",
    "title": "Changes of policies",
    "text": "All of them",
    "control": "soc2/CC8.1",
    "due": "",
}
CSV = b"reference,title,text,control,due\r\nPBC-7,Users,,soc2/CC6.2,2026-12-01\r\nPBC-8,Leavers,,,\r\n"


def bring(browser, data, csrf_from=LIST):
    sent = {"csrf": browser.csrf(csrf_from), "list": (io.BytesIO(data), "pbc.csv")}
    headers = {"accept": "application/json", "sec-fetch-site": "same-origin"}
    return browser.client.post(f"{LIST}/import", data=sent, headers=headers)


def send(browser, path, **said):
    return browser.post(f"{LIST}{path}", said, csrf_from=LIST, accept="application/json")


@pytest.fixture
def browser(portal):
    return portal.auditor()


def test_an_auditor_asks_and_it_is_on_record(portal, browser):
    answer = send(browser, "", **ONE)
    assert answer.status_code == 201, answer.text
    made = answer.json
    assert {name: made[name] for name in ONE} == ONE
    assert (made["state"], made["side"], made["by"]) == ("open", "auditor", "acme/a.lee@acme.example")
    (_, body) = portal.around.records[-1]
    assert (body["action"], body["resource"]) == ("auditor_portal.write", {"type": "engagement", "id": ENGAGEMENT})
    listed = browser.json(LIST).json
    assert [each["reference"] for each in listed["requests"]] == ["PBC-001"]
    assert (listed["tally"]["open"], listed["tally"]["overdue"]) == (1, 0)
    assert browser.json(f"{LIST}?state=accepted").json["requests"] == []
    assert "PBC-001" in browser.get(LIST).text
    assert browser.json(f"{LIST}?state=burnt").status_code == 400


def test_a_list_is_imported_whole_or_not_at_all(browser):
    template = browser.get(f"{LIST}/template.csv")
    assert template.headers["content-disposition"].startswith('attachment; filename="requests.csv"')
    assert bring(browser, CSV).json == {"numbers": [1, 2]}
    again = bring(browser, CSV)
    assert (again.status_code, again.json["detail"]) == (
        409,
        "a reference is that of another request of this engagement",
    )
    wrong = bring(browser, CSV.replace(b"PBC-7,Users", b"PBC-9,") + b"PBC-10,More,,,soon\r\n")
    assert (wrong.status_code, wrong.json["detail"]) == (400, "line 2: `title` is empty")
    assert send(browser, "/import").json["detail"] == "`list` is a file"
    assert [each["due"] for each in browser.json(LIST).json["requests"]] == ["2026-12-01", ""]
    assert bring(browser, template.data).json == {"numbers": [3]}
    page = browser.client.post(
        f"{LIST}/import",
        data={"csrf": browser.csrf(LIST), "list": (io.BytesIO(CSV.replace(b"PBC-", b"X-")), "x.csv")},
        headers={"accept": "text/html", "sec-fetch-site": "same-origin"},
    )
    assert (page.status_code, page.headers["location"]) == (303, LIST)


def test_a_request_goes_to_and_fro_until_it_is_accepted(browser):
    send(browser, "", **ONE)
    threads.say(entity(1), ENGAGEMENT, 1, "here it is", State.PROVIDED)
    shown = browser.json(f"{LIST}/1").json
    assert (shown["state"], shown["moves"]) == ("provided", ["accepted", "returned", "withdrawn"])
    assert [(each["side"], each["state"]) for each in shown["messages"]] == [("entity", "provided")]
    wordless = send(browser, "/1/status", state="returned", text=" ")
    assert (wordless.status_code, wordless.json["detail"]) == (400, "say something when a request becomes returned")
    assert send(browser, "/1/status", state="returned", text="October is missing").json["state"] == "returned"
    assert send(browser, "/1/messages", text="by Friday, please").status_code == 201
    threads.say(entity(2), ENGAGEMENT, 1, "with October", State.PROVIDED)
    assert send(browser, "/1/status", state="accepted").json["state"] == "accepted"
    assert send(browser, "/1/status", state="withdrawn", text="no").status_code == 409
    assert send(browser, "/1/status", state="lost", text="no").status_code == 400
    assert send(browser, "/1/messages", text="").status_code == 400
    assert send(browser, "/9/messages", text="hello").status_code == 404
    page = browser.get(f"{LIST}/1").text
    assert page.count('<span class="tag side entity">entity</span>') == 2
    assert page.count('<span class="tag side auditor">auditor</span>') == 4
    assert browser.post(f"{LIST}/1/messages", {"text": "thanks"}, csrf_from=LIST).status_code == 303


def test_evidence_is_handed_out_as_bytes_with_its_provenance(portal, browser, tmp_path):
    settings = SimpleNamespace(objects=str(tmp_path / "objects"))
    product.install(portal.app, lambda: SimpleNamespace(settings=settings))
    send(browser, "", **ONE)
    data = b"<script>alert(1)</script>"
    key = files.keep(open_objects(settings.objects), ENGAGEMENT, data)
    sha256 = hashlib.sha256(data).hexdigest()
    given = Evidence(
        number=0,
        name="Auswertung März.html",
        size=len(data),
        sha256=sha256,
        key=key,
        provenance=PROVENANCE,
        by="",
        at=0,
        decision_id="",
    )
    assert threads.attach(entity(), ENGAGEMENT, 1, given) == 1
    shown = browser.json(f"{LIST}/1").json["evidence"][0]
    assert (shown["sha256"], shown["effective"]) == (sha256, {"first": "2026-10-01", "last": "2026-10-31"})
    assert (shown["collected"], shown["received"]) == ("2026-11-02 08:00:00", "2026-11-22 14:00:00")
    assert sha256 in browser.get(f"{LIST}/1").text
    answer = browser.get(f"{LIST}/1/evidence/1")
    assert answer.data == data
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"Auswertung M_rz.html\"; filename*=UTF-8''Auswertung%20M%C3%A4rz%2Ehtml"
    )
    assert "sandbox" in answer.headers["content-security-policy"]
    assert browser.get(f"{LIST}/1/evidence/2").status_code == 404
    (tmp_path / "objects" / key).chmod(0o600)
    (tmp_path / "objects" / key).write_bytes(b"another")
    assert browser.get(f"{LIST}/1/evidence/1").status_code == 503
    (tmp_path / "objects" / key).unlink()
    assert browser.get(f"{LIST}/1/evidence/1").status_code == 503


@pytest.fixture
def two(portal_url):
    """A portal with an engagement of each of two firms, and a second one of the first firm without its auditor."""
    rows = (firm(), auditor(), engagement(), takes_part())
    others = (firm("other"), auditor("b", "other"), engagement("theirs", "other"), takes_part("b", "other", "theirs"))
    with served(portal_url, *rows, *others, engagement("not-mine")) as portal:
        yield portal


def test_nobody_sees_a_request_of_another_engagement(two):
    theirs = two.auditor("b", "other")
    assert theirs.post("/e/theirs/requests", ONE, accept="application/json", csrf_from="/").status_code == 201
    mine = two.auditor()
    bodies = []
    for path in ("/e/theirs/requests/1", "/e/theirs/requests/7", "/e/not-mine/requests/1", "/e/nowhere/requests/1"):
        answer = mine.json(path)
        bodies.append((answer.status_code, {key: each for key, each in answer.json.items() if key != "decision_id"}))
    assert bodies == [(404, bodies[0][1])] * 4
    assert mine.json(f"{LIST}/1").status_code == 404
    for path, said in (("", ONE), ("/1/messages", {"text": "hm"}), ("/1/status", {"state": "withdrawn", "text": "x"})):
        denied = mine.post(f"/e/theirs/requests{path}", said, accept="application/json", csrf_from="/")
        assert denied.status_code == 404
    shown = two.auditor("b", "other").json("/e/theirs/requests/1").json
    assert (shown["state"], shown["messages"]) == ("open", [])


def test_an_engagement_that_ended_meanwhile_takes_nothing(browser):
    end()
    speaker = Speaker(permit=permit(3, "acme/a"), side=Side.AUDITOR, at=int(NOW))
    with pytest.raises(threads.AuditsError, match="is over"):
        threads.add(speaker, ENGAGEMENT, (Asked(**ONE),))
    with pytest.raises(threads.AuditsError, match="no such engagement"):
        threads.say(speaker, "nowhere", 1, "hello")
    answer = browser.json(LIST)
    assert (answer.status_code, [each["id"] for each in answer.json["gates"]]) == (403, ["open"])


def end():
    """End the engagement as an officer would."""
    with portal_data.writing(permit(2)) as session:
        row = session.get(EngagementRow, ENGAGEMENT)
        row.state = "ended"
        session.add(row)
