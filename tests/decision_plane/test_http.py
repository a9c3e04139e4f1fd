"""Headers and bodies: what is read of them, how much, and in how many pieces."""

import asyncio

import pytest

from app.decision_plane.http import ProblemError, Request
from app.http_protocol import WHOLE_BODY
from tests.decision_plane.asking import BEARER, JSON, body

LARGE = 32_768


@pytest.mark.parametrize(
    ("value", "echoed"),
    [
        pytest.param(b"req-1 of 2", True, id="printable"),
        pytest.param(b"x" * 128, True, id="the longest"),
        pytest.param(b"x" * 129, False, id="too long"),
        pytest.param(b"", False, id="empty"),
        pytest.param(b"a\r\nset-cookie: b", False, id="a header smuggled in"),
        pytest.param("é".encode(), False, id="not ASCII"),
    ],
)
@pytest.mark.parametrize("chunk", [body(), b"{"], ids=["a decision", "a problem"])
def test_the_callers_request_id_comes_back(plane, value, echoed, chunk):
    answer = plane.ask(chunk, headers=[BEARER, JSON, (b"x-request-id", value)])
    assert answer.headers.get(b"x-request-id") == (value if echoed else None)


def test_no_request_id_is_made_up(plane):
    assert b"x-request-id" not in plane.ask(body()).headers


def test_of_a_repeated_header_the_last_counts(plane):
    first = [(b"authorization", b"Bearer wrong"), (b"content-type", b"text/plain")]
    assert plane.ask(body(), headers=[*first, BEARER, JSON]).status == 200
    assert plane.ask(body(), headers=[BEARER, JSON, *first]).status == 401


def test_a_body_comes_in_any_number_of_pieces(plane):
    pieces = [bytes([byte]) for byte in body()]
    assert plane.ask(*pieces, b"", b"").document["decision"] is True


@pytest.mark.parametrize("chunks", [(), (b"{",), (body(),)], ids=["at once", "in the middle", "before the end"])
def test_nobody_answers_a_caller_that_left(plane, chunks):
    assert plane.ask(*chunks, leaves=True).status is None
    assert plane.log.data == []
    assert plane.app._by._places.free == 8


@pytest.mark.parametrize(
    "length", [b"32769", b"9" * 19, b"9" * 5_000], ids=["one too many", "huge", "more digits than a number has"]
)
def test_a_declared_size_beyond_the_limit_is_refused_unread(plane, length):
    answer = plane.ask(leaves=True, headers=[BEARER, JSON, (b"content-length", length)])
    assert (answer.status, answer.code) == (413, "request_too_large")


def test_a_body_that_is_here_already_is_not_waited_for():
    scope = {"method": "POST", "path": "/", "headers": [], "extensions": {WHOLE_BODY: {"body": b"whole"}}}
    request = Request.from_scope(scope, None)
    assert asyncio.run(request.body(5)) == b"whole"
    with pytest.raises(ProblemError, match="request_too_large"):
        asyncio.run(request.body(4))


@pytest.mark.parametrize("length", [b"1", b"-1", b"many", b""], ids=["less", "negative", "no number", "empty"])
def test_a_declared_size_that_is_a_lie_helps_nobody(plane, length):
    headers = [BEARER, JSON, (b"content-length", length)]
    assert plane.ask(b"x" * LARGE, b"x", headers=headers).code == "request_too_large"
    assert plane.ask(body(), headers=headers).status == 200


def test_a_request_that_grows_when_it_is_encoded_again_is_too_large(plane):
    numbers = b"[" + b",".join([b"1e15"] * 6_000) + b"]"
    grown = body()[:-1].replace(b'"context": {}', b'"context": {"n": ' + numbers + b"}") + b"}"
    assert len(grown) < LARGE
    assert plane.ask(grown).code == "request_too_large"
    assert plane.log.data == []
