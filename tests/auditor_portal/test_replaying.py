"""The decision plane asked to make a decision again: what an answer means, and that nothing else is believed."""

import httpx
import pytest

from app.pdp.errors import UnrecordedError
from app.pep import RefusedError
from auditor_portal.replaying import RemoteReplayer, Replayed, Verdict, replayer

TOLD = {"decision_id": "c-1", "verdict": "differs", "bundle": "b", "revision": "r", "differences": ["allow"]}


def asking(answer, token=lambda: "a-token"):
    """Return what a decision plane gives that answers so, and what it was asked."""
    asked = []

    def take(request):
        asked.append((request.method, request.url.path, request.headers["authorization"]))
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = RemoteReplayer("http://node.example", token, transport=httpx.MockTransport(take))
    try:
        return client.replay("c-1"), asked
    finally:
        client.close()


def test_a_verdict_is_read():
    found, asked = asking(httpx.Response(200, json=TOLD))
    assert found == Replayed(verdict=Verdict.DIFFERS, differences=("allow",))
    assert asked == [("POST", "/v1/decisions/c-1/replay", "Bearer a-token")]


ANSWERS = {
    "another verdict": (httpx.Response(200, json=TOLD | {"verdict": "fine"}), "data_unavailable"),
    "no differences": (httpx.Response(200, json={"verdict": "same"}), "data_unavailable"),
    "differences that are none": (httpx.Response(200, json=TOLD | {"differences": [7]}), "data_unavailable"),
    "a list": (httpx.Response(200, json=[]), "data_unavailable"),
    "no JSON": (httpx.Response(200, text="same"), "data_unavailable"),
    "a redirect": (httpx.Response(302, headers={"location": "http://elsewhere.example"}), "data_unavailable"),
    "a fault": (httpx.Response(500), "data_unavailable"),
    "a token that is not known": (httpx.Response(401), "data_unavailable"),
    "a caller that may not": (httpx.Response(403), "forbidden"),
    "no such decision": (httpx.Response(404), "not_found"),
    "no room": (httpx.Response(503), "overloaded"),
    "nobody there": (httpx.ConnectError("refused"), "data_unavailable"),
}


@pytest.mark.parametrize(("answer", "code"), ANSWERS.values(), ids=ANSWERS.keys())
def test_whatever_else_comes_is_no_verdict(answer, code):
    with pytest.raises(RefusedError) as caught:
        asking(answer)
    assert caught.value.problem.code == code


def test_without_a_token_nobody_is_asked():
    def none():
        raise UnrecordedError("no token")

    with pytest.raises(RefusedError) as caught:
        asking(httpx.Response(200, json=TOLD), none)
    assert caught.value.problem.code == "data_unavailable"


def test_a_portal_that_was_handed_nobody_says_so(portal):
    with portal.app.app_context(), pytest.raises(RefusedError) as caught:
        replayer()
    assert caught.value.problem.code == "data_unavailable"
