"""Services on the control plane: who proves to be one is one, whatever cookies come along, and needs no form."""

import asyncio
import json

import pytest

from app.control_plane import ControlPlane
from app.decision_plane.http import ProblemError
from app.errors import problem
from app.identity import SCOPE, Caller
from app.pdp.errors import UnrecordedError
from tests.features.serving import served

STUDIO = Caller(subject="studio", tenant="default", token_id="t1")  # noqa: S106 - no secret


class Opened:
    """Answers with what the scope says of the sender."""

    def largest(self, _path, _method):
        return 64

    async def application(self, scope, _receive, send):
        caller = scope.get(SCOPE)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"" if caller is None else caller.subject.encode()})


def ask(caller=None, **headers):
    """Return status and body of the answer to a request with these headers."""

    async def go():
        plane = ControlPlane(Opened, lambda: "r1", caller)
        sent = []

        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            sent.append(message)

        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
        await plane({"type": "http", "method": "GET", "path": "/", "headers": lines}, receive, send)
        return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])

    return asyncio.run(go())


async def known(request):
    if request.headers[b"authorization"] != b"Bearer right":
        raise ProblemError(problem("unauthenticated"))
    return STUDIO


async def unrecorded(_):
    raise UnrecordedError("full")


def test_who_shows_nothing_is_no_service():
    assert ask(known) == (200, b"")


def test_who_shows_a_token_is_its_service():
    assert ask(known, authorization="Bearer right") == (200, b"studio")


@pytest.mark.parametrize(("caller", "status"), [(known, 401), (None, 401), (unrecorded, 503)])
def test_a_token_that_proves_nobody_reaches_no_page(caller, status):
    found, body = ask(caller, authorization="Bearer wrong")
    assert (found, json.loads(body)["status"]) == (status, status)


@pytest.fixture
def control(sqlite_url):
    with served(sqlite_url) as made:
        yield made


def as_service(caller=STUDIO):
    return {"asgi.scope": {SCOPE: caller}}


def test_a_service_is_the_subject_even_with_the_cookies_of_an_officer(control):
    browser = control.officer("ofc-51", "omega-policy-admins")
    assert browser.json("/policies/").status_code == 200
    answer = browser.client.get("/policies/", headers={"accept": "application/json"}, environ_overrides=as_service())
    assert answer.status_code == 403
    assert control.around.records[-1][1]["subject"]["type"] is None  # no contract of that page has services


def test_what_a_service_sends_is_no_form_of_another_site(control):
    client = control.visitor().client
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        answer = client.post("/policies/changes", json={}, headers=headers)
        assert answer.get_json()["type"].endswith("foreign_form")
    answer = client.post("/policies/changes", json={}, environ_overrides=as_service())
    assert not answer.get_json()["type"].endswith("foreign_form")


def test_who_sends_neither_a_token_nor_what_browsers_send_lacks_a_token(control):
    answer = control.visitor().client.post("/policies/changes", json={})
    assert (answer.status_code, answer.get_json()["type"]) == (401, "urn:omega:problem:unauthenticated")


def test_services_are_not_counted_as_visitors(control):
    client = control.visitor().client
    for _ in range(60):
        answer = client.get("/policies/", environ_overrides=as_service())
    assert answer.status_code == 403
