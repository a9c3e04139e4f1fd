import asyncio
import json

import pytest

from app.witness.asgi import WitnessPlane
from app.witness.heads import HeadsError
from evidence.errors import (
    ForkedLogError,
    InconsistentLogError,
    MalformedError,
    UnknownLogError,
    UntrustedLogError,
    WitnessConflictError,
)
from evidence.witness import MAX_REQUEST


class Answering:
    """Stands for a witness: a line, or an error."""

    def __init__(self, outcome):
        self.outcome, self.asked = outcome, []

    def add_checkpoint(self, body):
        self.asked.append(body)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def ask(outcome=b"line\n", *, body=b"request", path="/add-checkpoint", method="POST", gone=False):
    """Return status, headers and body of the answer, and what the witness was asked."""
    sent = []

    async def receive():
        return {"type": "http.disconnect"} if gone else {"type": "http.request", "body": body}

    async def send(message):
        sent.append(message)

    witness = Answering(outcome)
    scope = {"type": "http", "method": method, "path": path, "headers": []}
    asyncio.run(WitnessPlane(witness)(scope, receive, send))
    if not sent:
        return None, {}, b"", witness.asked
    start, end = sent
    return start["status"], dict(start["headers"]), end["body"], witness.asked


def test_a_cosignature_is_the_answer():
    status, headers, body, asked = ask()
    assert (status, body, asked) == (200, b"line\n", [b"request"])
    assert headers[b"content-length"] == b"5"
    assert headers[b"content-type"].startswith(b"text/plain")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MalformedError("no"), 400),
        (UntrustedLogError("no"), 403),
        (UnknownLogError("no"), 404),
        (ForkedLogError("no"), 409),
        (InconsistentLogError("no"), 422),
    ],
)
def test_what_is_refused(error, status):
    found, headers, body, _ = ask(error)
    assert (found, body) == (status, b"no\n")
    assert headers[b"content-type"] != b"text/x.tlog.size"


def test_a_conflict_says_the_size_that_was_seen():
    status, headers, body, _ = ask(WitnessConflictError(20852163))
    assert (status, headers[b"content-type"], body) == (409, b"text/x.tlog.size", b"20852163\n")


def test_nothing_is_cosigned_without_a_memory(caplog):
    status, _, body, _ = ask(HeadsError("disk is full"))
    assert status == 503
    assert json.loads(body)["status"] == 503
    assert b"disk" not in body
    assert "disk is full" in caplog.text


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"path": "/"}, 404),
        ({"path": "/add-checkpoint/"}, 404),
        ({"method": "GET"}, 405),
        ({"body": bytes(MAX_REQUEST + 1)}, 413),
    ],
    ids=["another path", "a slash too much", "another method", "a body too large"],
)
def test_what_never_reaches_the_witness(changes, status):
    found, headers, _, asked = ask(**changes)
    assert (found, asked) == (status, [])
    assert status != 405 or headers[b"allow"] == b"POST"


def test_who_is_gone_gets_no_answer():
    assert ask(gone=True)[0] is None


def test_anything_but_http_is_a_mistake():
    with pytest.raises(TypeError, match="websocket"):
        asyncio.run(WitnessPlane(Answering(b""))({"type": "websocket"}, None, None))
