"""The portal as an ASGI application: what is true of every request before Flask sees it, and of its answer afterwards.

Owns how many requests wait, that a body is here and within its size before a thread is taken, that no thread waits for
whoever reads slowly, and that no header can pass for another. Pages are the Flask application's business.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from tempfile import SpooledTemporaryFile
from traceback import format_tb
from typing import Any, Final, Self

from a2wsgi import WSGIMiddleware
from flask import Flask

from app.decision_plane.http import (
    Answer,
    DisconnectedError,
    Headers,
    ProblemError,
    Receive,
    Request,
    Scope,
    Send,
    as_problem,
    send_answer,
    whole,
)
from app.errors import problem
from app.pages import HEADERS, hsts

THREADS: Final = 8
"""So many requests are answered at once."""

MOST: Final = 64
"""So many are answered or wait for a thread; the next is told to come again."""

READING: Final = 256
"""The bodies of so many are waited for at once, each for a few seconds; of them so many are large ones:"""

LARGE: Final = 8

SMALL: Final = 256 << 10
"""Bytes of a body that is none of the large ones. Evidence that is attached may be larger."""

_LOG = logging.getLogger(__name__)
_IN_MEMORY: Final = 1 << 20  # bytes of an answer; a longer one lies in a file until it is sent
_DIGITS: Final = 20  # of a length, which are read
_TOO_LARGE: Final = "request_too_large"
_PART: Final = 64 << 10  # bytes that are sent at once
_LOOKED: Final = 2.0  # seconds that a look at how the portal does is good for


class PortalPlane:
    """An ASGI 3.0 application around the portal's Flask application."""

    def __init__(self, flask: Flask, *, most: int, public_url: str, checks: Callable[[], Mapping[str, bool]]) -> None:
        """Serve `flask`.

        Args:
            flask: answers.
            most: bytes of a body that are taken.
            public_url: the origin that auditors know.
            checks: whether each thing does that the portal needs; may take seconds.
        """
        self.draining = False
        self._application: Any = WSGIMiddleware(flask, workers=THREADS)  # type: ignore[arg-type]
        self._most = most
        self._headers: Headers = [
            (name.encode(), value.encode()) for name, value in {**HEADERS, **hsts(public_url)}.items()
        ]
        self._readiness = _Readiness(checks)
        self._waiting = self._reading = self._large = 0

    def drain(self) -> None:
        """Say from now on that this process is about to end."""
        self.draining = True

    def close(self) -> None:
        """Let go of the threads, once they are done."""
        self._application.executor.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"no `{scope['type']}` here")
        request = Request.from_scope(scope, receive)
        try:
            match request.path:
                case "/healthz":
                    await send_answer(send, Answer(document={"status": "ok"}), self._headers)
                case "/readyz":
                    await send_answer(send, await self._ready(), self._headers)
                case _:
                    await self._page(request, scope, receive, send)
        except ProblemError as error:
            await send_answer(send, as_problem(error.problem), [*self._headers, *error.headers])
        except DisconnectedError:
            return

    async def _ready(self) -> Answer:
        checks = await self._readiness.look()
        ready = all(checks.values()) and not self.draining
        document = {"ready": ready, "draining": self.draining, "checks": dict(checks), "alarms": []}
        return Answer(status=200 if ready else 503, document=document)

    async def _page(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        """Have Flask answer, and send that once it is whole.

        A form that is too large is not read. Flask is told that it is there, and refuses it where it would read it: who
        signs in with one is on record, as with any other answer that cannot be verified.

        Raises:
            ProblemError: there are too many, the body is too large or too slow, or Flask did not answer.
            DisconnectedError: nobody is there any more.
        """
        headers = _plain(scope["headers"])
        try:
            body = await self._body(request)
        except ProblemError as error:
            if error.problem.code != _TOO_LARGE or scope["method"] != "POST":
                raise
            body, headers = b"", [*_without_length(headers), (b"content-length", b"%d" % (self._most + 1))]
        if self._waiting >= MOST:
            raise ProblemError(problem("overloaded"))
        with _Kept(scope["method"]) as kept:
            self._waiting += 1
            try:
                await self._application({**scope, "headers": headers}, whole(body, receive), kept.send)
            except Exception as error:  # noqa: BLE001 - said without what it says of itself, which may quote a request
                _LOG.error("request failed: %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
                raise ProblemError(problem("internal")) from None
            finally:
                self._waiting -= 1
            await kept.deliver(send)

    async def _body(self, request: Request) -> bytes:
        """Return the body, which takes no place of those that are answered while it comes.

        Raises:
            ProblemError, DisconnectedError: see `_page`.
        """
        declared = request.headers.get(b"content-length", b"0")
        large = declared.isdigit() and int(declared[:_DIGITS]) > SMALL
        if self._reading >= READING or (large and self._large >= LARGE):
            raise ProblemError(problem("overloaded"))
        self._reading, self._large = self._reading + 1, self._large + large
        try:
            return await request.body(self._most if large else SMALL)
        finally:
            self._reading, self._large = self._reading - 1, self._large - large


class _Kept:
    """An answer, kept until it is whole: who reads slowly has no thread waiting."""

    def __init__(self, method: str) -> None:
        self._start: MutableMapping[str, Any] = {}
        self._head = method == "HEAD"
        self._body = SpooledTemporaryFile[bytes](max_size=_IN_MEMORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._body.close()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """See the ASGI specification."""
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body.write(message.get("body", b""))

    async def deliver(self, send: Send) -> None:
        """Send it."""
        left = self._body.tell()
        self._body.seek(0)
        headers = list(self._start["headers"])
        if not self._head and all(name != b"content-length" for name, _ in headers):
            headers.append((b"content-length", b"%d" % left))
        await send({**self._start, "headers": headers})
        while True:
            part = self._body.read(_PART)
            left -= len(part)
            await send({"type": "http.response.body", "body": part, "more_body": left > 0})
            if left <= 0:
                return


class _Readiness:
    """How the portal does, looked at beside the loop and not more often than every few seconds."""

    def __init__(self, checks: Callable[[], Mapping[str, bool]]) -> None:
        self._checks, self._looking = checks, asyncio.Lock()
        self._found: tuple[float, Mapping[str, bool]] | None = None

    async def look(self) -> Mapping[str, bool]:
        async with self._looking:
            if self._found is None or time.monotonic() - self._found[0] > _LOOKED:
                self._found = time.monotonic(), await asyncio.to_thread(self._checks)
            return self._found[1]


def _without_length(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name not in {b"content-length", b"transfer-encoding"}]


def _plain(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return the headers whose name has no underscore: to WSGI `x_forwarded_for` would be `x-forwarded-for`."""
    return [(name, value) for name, value in headers if b"_" not in name]
