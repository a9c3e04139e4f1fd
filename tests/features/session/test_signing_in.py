"""Signing in and out: cookies, sessions, and what is on record."""

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from app import sessions
from app.db import reading
from app.features.session.entrance import own_place
from app.features.session.identified import Identified, LoginCode, LoginError
from tests.features.serving import ORIGIN, served


class Provider:
    """An identity provider that believes a test."""

    def __init__(self):
        self.error = None
        self.groups = ("omega-ciso",)

    def authorization_url(self, leaving):
        if self.error:
            raise self.error
        return f"https://id.example.org/authorize?state={leaving.state}"

    def identified(self, code, leaving, known):
        if self.error:
            raise self.error
        assert (code, "omega-ciso" in known) == ("a-code", True)
        login = f"provider {leaving.state}"
        return Identified(officer="maria", groups=self.groups, second_factor=True, login=login, method="provider")


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def plane(sqlite_url, provider):
    with served(sqlite_url, provider=provider) as made:
        yield made


def gone(browser, place="/policies/history"):
    """Leave for the provider; return the state that it was sent with."""
    answer = browser.get(f"/session/leave?next={place}")
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.location).query)["state"][0]


def noted(plane):
    return [body["reason"] for kind, body in plane.around.records if kind == "session.refused"]


def test_the_front_page_offers_the_provider_or_says_what_to_do_without(plane, sqlite_url):
    assert "Sign in with your organisation" in plane.visitor().get("/session/").text
    with served(f"{sqlite_url}2") as without:
        assert "omega officer login" in without.visitor().get("/session/").text
        assert "You are signed in as" in without.officer().get("/session/").text
        assert without.visitor().get("/session/leave").status_code == 404
        assert without.visitor().get("/session/callback?code=a&state=b").status_code == 403


def test_somebody_comes_back_as_an_officer(plane):
    browser = plane.visitor()
    answer = browser.get(f"/session/callback?code=a-code&state={gone(browser)}")
    assert (answer.status_code, answer.location) == (303, "/policies/history")
    cookies = {cookie.key: cookie for cookie in browser.client._cookies.values()}
    assert cookies.keys() == {"omega"}
    assert (cookies["omega"].http_only, cookies["omega"].path) == (True, "/")
    assert browser.get("/policies/").status_code == 200
    body = plane.around.records[-1][1]
    assert (body["action"], body["result"]["allow"]) == ("policies.view", True)


def test_the_cookie_of_a_session_is_no_secret_that_lies_in_the_database(plane):
    plane.officer()
    with reading() as session:
        [row] = session.exec(select(sessions.SessionRow)).all()
    assert len(row.token_hash) == 64


def test_a_login_is_good_for_one_session(plane):
    browser = plane.visitor()
    state = gone(browser)
    away = next(iter(browser.client._cookies.values()))
    assert browser.get(f"/session/callback?code=a-code&state={state}").status_code == 303
    other = plane.visitor()
    other.client.set_cookie(away.key, away.value)
    assert other.get(f"/session/callback?code=a-code&state={state}").status_code == 403
    token = plane.links.issue("ofc-51", ["omega-ciso"], 300)
    assert plane.visitor().post("/session/link", {"token": token}).status_code == 303
    again = plane.visitor().post("/session/link", {"token": token})
    assert (again.status_code, "good once" in again.text) == (403, True)
    broken = plane.visitor().post("/session/link", {"token": "none"})
    assert (broken.status_code, "its time is over" in broken.text) == (403, True)
    assert noted(plane) == ["used", "used", "link_refused"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [("", "provider_refused"), ("code=a-code", "not_begun"), ("code=a-code&state=another", "not_begun")],
    ids=["without a code", "without a state", "with another state"],
)
def test_whoever_did_not_leave_from_here_is_not_let_in(plane, query, reason):
    browser = plane.visitor()
    gone(browser)
    answer = browser.get(f"/session/callback?{query}")
    assert (answer.status_code, noted(plane)) == (403, [reason])
    assert "It was not shown who signs in" in answer.text


def test_another_browser_cannot_be_made_to_come_back(plane):
    state = gone(plane.visitor())
    assert plane.visitor().get(f"/session/callback?code=a-code&state={state}").status_code == 403
    assert noted(plane) == ["not_begun"]


def test_a_provider_that_does_not_answer_is_said_to(plane, provider):
    provider.error = LoginError(LoginCode.PROVIDER_FAILED)
    answer = plane.visitor().json("/session/leave")
    assert (answer.status_code, answer.json["detail"]) == (403, "provider_failed")
    assert noted(plane) == ["provider_failed"]


def test_somebody_without_a_role_gets_no_session(plane, provider):
    provider.groups = ()
    browser = plane.visitor()
    answer = browser.get(f"/session/callback?code=a-code&state={gone(browser)}")
    assert answer.status_code == 403
    assert "who signs in is in a group that policy gives a role" in answer.text
    assert browser.get("/policies/").status_code == 303


def test_a_link_is_followed_by_a_button_alone(plane):
    token = plane.links.issue("ofc-51", ["omega-ciso"], 300)
    page = plane.visitor().get(f"/session/link?token={token}")
    assert (page.status_code, token in page.text, plane.around.records) == (200, True, [])


@pytest.mark.parametrize("data", [{}, {"token": "x"}, {"token": ["a", "b"]}], ids=["none", "no link", "two"])
def test_a_link_that_is_none_is_refused(plane, data):
    assert plane.visitor().post("/session/link", data).status_code == 403
    assert noted(plane) == ["link_refused"]


def test_signing_out_ends_the_session_on_the_server(plane):
    browser = plane.officer()
    cookie = next(iter(browser.client._cookies.values()))
    assert browser.post("/session/end").status_code == 303
    assert plane.around.records[-1][1]["action"] == "session.close"
    browser.client.set_cookie(cookie.key, cookie.value)
    assert browser.get("/policies/").status_code == 303


def test_a_visitor_has_nothing_to_sign_out_of(plane):
    assert plane.visitor().post("/session/end").status_code == 404


@pytest.mark.parametrize(
    ("waits", "kept"),
    [
        ([sessions.IDLE - 1, sessions.IDLE - 1], True),
        ([sessions.IDLE], False),
        ([600] * 72, False),
    ],
    ids=["busy", "idle for too long", "busy for too long"],
)
def test_a_session_ends_by_itself(plane, waits, kept):
    browser = plane.officer()
    for seconds in waits:
        plane.clock.seconds += seconds
        last = browser.get("/policies/history").status_code
    assert (last == 200) is kept


@pytest.mark.parametrize("value", ["", "é", "x" * 129, "x"], ids=["empty", "not ASCII", "long", "unknown"])
def test_a_cookie_that_is_none_is_a_visitor(plane, value):
    browser = plane.visitor()
    browser.client.set_cookie("omega", value)
    assert browser.get("/policies/").status_code == 303


@pytest.mark.parametrize(
    "place",
    ["", "https://evil.example/", "//evil.example/", "/\\evil.example", "policies", "/a b", "/" + "a" * 1_024, "/\n/"],
)
def test_nobody_is_led_elsewhere(place):
    assert own_place(place) == "/policies/"


def test_a_path_of_ours_is_kept():
    assert own_place("/policies/at/0/?a=b") == "/policies/at/0/?a=b"


def test_old_sessions_are_forgotten(plane):
    plane.officer("ofc-51")
    plane.clock.seconds += 25 * 3_600
    plane.officer("ofc-52")
    with reading() as session:
        assert [row.officer for row in session.exec(select(sessions.SessionRow)).all()] == ["ofc-52"]


def test_home_leads_to_the_policies(plane):
    assert plane.visitor().get("/").location == "/policies/"
    assert ORIGIN.startswith("http:")
