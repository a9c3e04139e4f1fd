"""What holds for every page of the control plane."""

import json

import pytest

from app.control import _denied
from app.errors import problem
from app.pdp.errors import DeniedError, EvaluatorsGoneError, MalformedRequestError, UnrecordedError
from app.pdp.model import Decision, Enforcement, Override, Severity, Violation
from app.pep import RefusedError
from tests.features.serving import ORIGIN, served


@pytest.fixture
def plane(sqlite_url):
    with served(sqlite_url) as made:
        yield made


def test_an_officer_reads_the_policies_and_that_is_on_record(plane):
    browser = plane.officer("ofc-51", "omega-auditors")
    answer = browser.get("/policies/")
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    assert "publish.rego" in answer.text
    kind, body = plane.around.records[-1]
    assert (kind, body["action"], body["result"]["allow"]) == ("decision", "policies.view", True)


def test_a_visitor_is_shown_where_to_sign_in(plane):
    answer = plane.visitor().get("/policies/history")
    assert (answer.status_code, answer.location) == (303, "/session/?next=/policies/history")
    assert plane.around.records[-1][1]["result"]["allow"] is False


def test_a_visitor_who_wants_json_is_denied(plane):
    answer = plane.visitor().json("/policies/")
    assert (answer.status_code, answer.content_type) == (403, "application/problem+json")
    assert answer.json["type"] == "urn:omega:problem:denied"
    assert answer.json["gates"][0]["id"] == "authorised"
    assert answer.json["decision_id"] == plane.around.log.records[-1].position.decision_id


def test_every_answer_is_hardened(plane):
    for path in ("/session/", "/policies/", "/static/omega.css", "/nowhere"):
        headers = plane.visitor().get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in headers


def test_over_https_browsers_are_held_to_it(sqlite_url):
    with served(sqlite_url, public_url="https://omega.example.org") as plane:
        browser = plane.officer()
        assert browser.get("/session/").headers["strict-transport-security"] == "max-age=31536000"
        cookies = browser.client._cookies
        assert [cookie.key for cookie in cookies.values()] == ["__Host-omega"]
        assert all(cookie.secure and cookie.http_only for cookie in cookies.values())


def test_pages_are_kept_by_nobody_and_styles_may_be(plane):
    assert plane.visitor().get("/session/").headers["cache-control"] == "no-store"
    assert plane.visitor().get("/static/omega.css").headers["cache-control"] != "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="another site"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="a neighbour"),
        pytest.param({"origin": "https://evil.example"}, 403, id="another origin"),
        pytest.param({"origin": "null"}, 403, id="no origin that could be named"),
        pytest.param({}, 403, id="nobody says"),
        pytest.param({"origin": ORIGIN}, 303, id="our origin, of a browser without fetch metadata"),
        pytest.param({"sec-fetch-site": "same-origin"}, 303, id="our own page"),
        pytest.param({"sec-fetch-site": "cross-site", "origin": ORIGIN}, 403, id="two that contradict each other"),
    ],
)
def test_forms_of_other_sites_are_refused(plane, headers, status):
    browser = plane.officer()
    data = {"csrf": browser.csrf()}
    assert browser.client.post("/session/end", data=data, headers=headers).status_code == status


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"], ids=["none", "empty", "made up", "not ASCII"])
def test_a_form_without_the_token_of_the_session_is_refused(plane, token):
    browser = plane.officer()
    data = {} if token is None else {"csrf": token}
    answer = browser.client.post("/session/end", data=data, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 403
    assert answer.json["type"] == "urn:omega:problem:foreign_form"


def test_the_token_may_stand_in_a_header(plane):
    browser = plane.officer()
    headers = {"sec-fetch-site": "same-origin", "x-csrf-token": browser.csrf()}
    assert browser.client.post("/session/end", json={}, headers=headers).status_code == 303


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UnrecordedError("full"), 503, "evidence_unavailable"),
        (EvaluatorsGoneError("gone"), 503, "evaluators_gone"),
        (MalformedRequestError("not_utf8", "a lone surrogate"), 400, "malformed_request"),
        (RuntimeError("of `ofc-51`"), 500, "internal"),
    ],
    ids=["nothing can be recorded", "nobody can decide", "values that no request has", "a fault of ours"],
)
def test_nothing_is_shown_when_nothing_can_be_decided(plane, monkeypatch, error, status, code):
    browser = plane.officer()

    def fail(*_):
        raise error

    monkeypatch.setattr(plane.around.pdp, "enforce", fail)
    answer = browser.json("/policies/")
    assert (answer.status_code, answer.json["type"]) == (status, f"urn:omega:problem:{code}")
    assert "ofc-51" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/session/", 405), ("GET", "/policies/at/0123/", 404)],
    ids=["no such page", "no such method", "no such revision"],
)
def test_what_is_not_there_says_so_in_both_forms(plane, method, path, status):
    browser = plane.officer()
    page = browser.client.open(path, method=method, headers={"accept": "text/html", "origin": ORIGIN})
    document = browser.client.open(path, method=method, headers={"accept": "application/json", "origin": ORIGIN})
    if method == "GET":
        assert (page.status_code, document.status_code) == (status, status)
        assert page.content_type.startswith("text/html")
        assert document.json["status"] == status


def test_another_method_is_told_which_there_are(plane):
    answer = plane.officer().post("/session/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_path_without_its_slash_leads_to_the_page(plane):
    assert plane.officer().get("/policies").status_code == 308


def test_a_body_that_is_too_large_is_not_read(plane):
    headers = {"sec-fetch-site": "same-origin", "accept": "application/json"}
    answer = plane.visitor().client.post("/session/link", data={"token": "a" * 300_000}, headers=headers)
    assert (answer.status_code, answer.json["type"]) == (413, "urn:omega:problem:request_too_large")


def test_what_is_no_json_is_refused(plane):
    headers = {"sec-fetch-site": "same-origin", "content-type": "application/json"}
    answer = plane.visitor().client.post("/session/link", data=b"{", headers=headers)
    assert answer.json["detail"].startswith("not_json")


def test_visitors_cannot_fill_the_log(plane):
    browser = plane.visitor()
    statuses = {browser.json("/policies/").status_code for _ in range(51)}
    assert statuses == {403, 429}
    assert len(plane.around.records) == 50
    assert browser.get("/session/").status_code == 200
    plane.clock.seconds += 1
    assert browser.json("/policies/").status_code == 403


def test_a_refusal_is_a_page_for_people(plane):
    answer = plane.visitor().get("/session/leave")
    assert (answer.status_code, answer.content_type) == (404, "text/html; charset=utf-8")
    assert "There is nothing here" in answer.text


def test_a_refusal_names_its_problem():
    assert RefusedError(problem("not_found")).args == ("not_found",)


def refusal(plane, accept, *overrides):
    """Return the answer to what two gates failed of, one of which only reports."""
    blocking, reporting = (
        Violation(id=each, message=f"{each} holds", severity=Severity.HIGH, enforcement=word, controls=())
        for each, word in (("signed", Enforcement.BLOCKING), ("soaked", Enforcement.MONITORING))
    )
    denied = DeniedError("c-1", Decision(allow=False, violations=(blocking, reporting), overrides=overrides))
    with plane.app.test_request_context("/", method="POST", headers={"accept": accept}):
        return _denied(denied).get_data(as_text=True)


def test_what_only_reports_is_told_apart_from_what_denies(plane):
    told = json.loads(refusal(plane, "application/json"))
    assert ([each["id"] for each in told["gates"]], [each["id"] for each in told["reported"]]) == (
        ["signed"],
        ["soaked"],
    )
    set_aside = json.loads(refusal(plane, "application/json", Override(gate="signed", id="ovr-1")))
    assert (set_aside["gates"], [each["id"] for each in set_aside["reported"]]) == ([], ["signed", "soaked"])
    page = refusal(plane, "text/html")
    assert page.index("signed holds") < page.index("denied nothing") < page.index("soaked holds")
