"""What holds of each request before Flask sees it, and of its answer: sizes, numbers, names of headers, who reads."""

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from flask import Flask, Response, request

from app.decision_plane import http
from app.errors import problem
from auditor_portal import serving
from auditor_portal.serving import LARGE, MOST, READING, SMALL, PortalPlane

LIMIT = 1 << 20
ALL = {"decisions": True}


def pages():
    """Return a Flask application with a few answers of its own."""
    app = Flask("pages")

    @app.route("/echo", methods=["POST"])
    def echo():
        return {"size": len(request.get_data())}

    @app.route("/headers")
    def headers():
        return {name.lower(): value for name, value in request.headers.items()}

    @app.route("/long")
    def long():
        return Response((b"x" * 100_000 for _ in range(30)), content_type="text/plain")

    @app.route("/fails")
    def fails():
        raise RuntimeError(request.headers["host"])

    app.config.update(PROPAGATE_EXCEPTIONS=True, MAX_CONTENT_LENGTH=LIMIT)
    app.register_error_handler(413, lambda _: (problem("request_too_large").document(), 413))
    return app


@pytest.fixture
def plane():
    """Return a way to make a portal's plane on the running loop; its threads end with the test."""
    made = []

    def make(checks=lambda: ALL, public_url="https://audit.example.org"):
        made.append(PortalPlane(pages(), most=LIMIT, public_url=public_url, checks=checks))
        return made[-1]

    yield make
    for each in made:
        each.close()


@dataclass
class Exchange:
    """One request, sent as an ASGI server does, and what came back."""

    method: str
    path: str
    headers: list = field(default_factory=list)
    body: list = field(default_factory=lambda: [b""])
    sent: list = field(default_factory=list)

    async def through(self, plane, sending=None):
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": self.method,
            "path": self.path,
            "query_string": b"",
            "headers": [(b"host", b"audit.example.org"), *self.headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        await plane(scope, self.receive, sending or self.send)
        return self

    async def receive(self):
        if not self.body:
            return {"type": "http.disconnect"}
        part = self.body.pop(0)
        if part is None:
            await asyncio.sleep(3_600)
        return {"type": "http.request", "body": part, "more_body": bool(self.body)}

    async def send(self, message):
        self.sent.append(message)

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def told(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def content(self):
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def code(self):
        return json.loads(self.content)["type"].rpartition(":")[2]


def asked(plane, *arguments, **more):
    """Return the exchange with a plane that is made for it."""

    async def main():
        return await Exchange(*arguments, **more).through(plane())

    return asyncio.run(main())


def declaring(size):
    return [(b"content-length", str(size).encode())]


@pytest.mark.parametrize("size", [0, SMALL, LIMIT])
def test_a_body_within_its_size_arrives(plane, size):
    found = asked(plane, "POST", "/echo", declaring(size), [b"x" * size])
    assert (found.status, json.loads(found.content)) == (200, {"size": size})


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (declaring(LIMIT + 1), [b""]),
        (declaring("9" * 400), [b""]),
        ([], [b"x" * SMALL, b"x"]),
        (declaring(5), [b"x" * (SMALL + 1)]),
        (declaring(SMALL + 1), [b"x" * (LIMIT + 1)]),
    ],
    ids=["declared", "declared beyond belief", "not declared", "less declared", "large and larger than declared"],
)
def test_a_body_beyond_its_size_is_refused_and_not_read(plane, headers, body):
    found = asked(plane, "POST", "/echo", headers, body)
    assert (found.status, found.code) == (413, "request_too_large")


def test_a_body_that_comes_slowly_is_not_waited_for(plane, monkeypatch):
    monkeypatch.setattr(http, "_BODY_SECONDS", 0.01)
    found = asked(plane, "POST", "/echo", declaring(10), [b"x", None])
    assert (found.status, found.code) == (408, "body_timeout")
    assert found.told["connection"] == "close"


def test_who_leaves_is_not_answered(plane):
    assert asked(plane, "POST", "/echo", declaring(10), []).sent == []


def test_slow_bodies_leave_room_for_others(plane):
    """As many as there may be wait; small ones hold up no page, large ones no small one."""

    async def main():
        made = plane()
        slow = [Exchange("POST", "/echo", declaring(LIMIT), [b"x", None]) for _ in range(LARGE)]
        tasks = [asyncio.ensure_future(each.through(made)) for each in slow]
        await asyncio.sleep(0)
        crowded = await Exchange("POST", "/echo", declaring(LIMIT), [b"x" * LIMIT]).through(made)
        small = await Exchange("POST", "/echo", declaring(1), [b"x"]).through(made)
        more = [Exchange("POST", "/echo", declaring(9), [b"x", None]) for _ in range(READING - LARGE)]
        tasks += [asyncio.ensure_future(each.through(made)) for each in more]
        await asyncio.sleep(0)
        full = await Exchange("GET", "/headers").through(made)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        after = await Exchange("GET", "/headers").through(made)
        return crowded.code, small.status, full.code, after.status

    assert asyncio.run(main()) == ("overloaded", 200, "overloaded", 200)


def test_beyond_so_many_the_next_is_told_to_come_again(plane, monkeypatch):
    async def main():
        made = plane()
        waiting = asyncio.Event()

        async def held(*_):
            await waiting.wait()

        monkeypatch.setattr(made, "_application", held)
        tasks = [asyncio.ensure_future(Exchange("GET", "/headers").through(made)) for _ in range(MOST)]
        await asyncio.sleep(0.01)
        refused = await Exchange("GET", "/headers").through(made)
        alive = await Exchange("GET", "/healthz").through(made)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        monkeypatch.undo()
        return refused, alive.status

    refused, alive = asyncio.run(main())
    assert (refused.status, refused.code, alive) == (503, "overloaded", 200)
    assert refused.told["retry-after"] == "1"


def test_no_header_passes_for_another(plane):
    found = asked(plane, "GET", "/headers", [(b"x_forwarded_for", b"10.0.0.1"), (b"x-forwarded-for", b"192.0.2.1")])
    assert json.loads(found.content)["x-forwarded-for"] == "192.0.2.1"


def test_an_answer_is_whole_before_it_is_sent_so_that_no_thread_waits_for_who_reads_it(plane):
    async def main():
        made, reading = plane(), asyncio.Event()
        slow = [Exchange("GET", "/long") for _ in range(serving.THREADS + 1)]

        async def send(_):
            await reading.wait()

        tasks = [asyncio.ensure_future(each.through(made, send)) for each in slow]
        quick = await Exchange("GET", "/long").through(made)
        reading.set()
        await asyncio.gather(*tasks)
        return quick

    found = asyncio.run(main())
    assert len(found.content) == int(found.told["content-length"]) == 3_000_000
    assert [message.get("more_body") for message in found.sent[-2:]] == [True, False]


def test_a_head_has_no_body_and_no_length_that_is_not_its_own(plane):
    found = asked(plane, "HEAD", "/long")
    assert (found.status, found.content) == (200, b"")
    assert "content-length" not in found.told


def test_what_nobody_foresaw_is_a_problem_that_says_nothing(plane, caplog):
    found = asked(plane, "GET", "/fails")
    assert (found.status, found.code) == (500, "internal")
    assert b"audit.example.org" not in found.content
    assert "audit.example.org" not in caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/fails"])
@pytest.mark.parametrize("url", ["https://audit.example.org", "http://127.0.0.1:8430"])
def test_whatever_is_answered_is_hardened(plane, path, url):
    found = asked(lambda: plane(public_url=url), "GET", path)
    assert found.told["content-security-policy"].startswith("default-src 'none'")
    assert (found.told["x-frame-options"], found.told["cache-control"]) == ("DENY", "no-store")
    assert ("strict-transport-security" in found.told) == url.startswith("https")


def test_it_says_how_it_does_and_looks_not_more_often_than_it_needs(plane):
    looks = []

    def checks():
        looks.append(None)
        return {"decisions": len(looks) > 1, "tables": True}

    async def main():
        made = plane(checks)
        first = [await Exchange("GET", "/readyz").through(made) for _ in range(3)]
        made._readiness._found = (0.0, {})
        second = await Exchange("GET", "/readyz").through(made)
        made.drain()
        return *first, second, await Exchange("GET", "/readyz").through(made)

    *first, second, draining = asyncio.run(main())
    assert {each.status for each in first} == {503}
    assert json.loads(first[0].content)["checks"] == {"decisions": False, "tables": True}
    assert (second.status, draining.status, len(looks)) == (200, 503, 2)
    assert json.loads(draining.content) == {
        "ready": False,
        "draining": True,
        "checks": {"decisions": True, "tables": True},
        "alarms": [],
    }


def test_it_speaks_nothing_but_http(plane):
    async def main():
        await plane()({"type": "websocket"}, None, None)

    with pytest.raises(TypeError, match="no `websocket` here"):
        asyncio.run(main())
