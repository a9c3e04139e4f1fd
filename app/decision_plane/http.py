"""The little of HTTP that the decision plane needs: read a body within a limit, answer with JSON or a problem.

Knows ASGI 3.0 and nothing of decisions.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.errors import Problem, problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Sequence[tuple[bytes, bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_BODY_SECONDS = 10.0  # for a whole body
_REQUEST_ID_BYTES = 128
_PRINTABLE = range(0x20, 0x7F)
_DIGITS = 20  # of a length, which are read


class ProblemError(Exception):
    """The request ends here, with this problem and these headers beside it."""

    def __init__(self, found: Problem, headers: Headers = ()) -> None:
        super().__init__(found.code)
        self.problem = found
        self.headers = headers


class DisconnectedError(Exception):
    """The caller is gone; there is nobody to answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: what the server has parsed, and a way to the body."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    receive: Receive = field(repr=False)
    query: bytes = b""

    @classmethod
    def from_scope(cls, scope: Scope, receive: Receive) -> "Request":
        """Take in a scope of type `http`. Of a repeated header the last counts."""
        return cls(scope["method"], scope["path"], dict(scope["headers"]), receive, scope.get("query_string", b""))

    async def body(self, limit: int) -> bytes:
        """Return the body.

        Raises:
            ProblemError: it is larger than `limit` bytes, and no more than that was read; or it did not come in time.
            DisconnectedError: the caller left before its end.
        """
        declared = self.headers.get(b"content-length")
        if declared is not None and declared.isdigit() and int(declared[:_DIGITS]) > limit:
            raise ProblemError(problem("request_too_large"))
        try:
            async with asyncio.timeout(_BODY_SECONDS):  # whoever sends slowly holds a place
                return await self._read(limit)
        except TimeoutError:
            raise ProblemError(problem("body_timeout"), [(b"connection", b"close")]) from None

    async def _read(self, limit: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise DisconnectedError
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise ProblemError(problem("request_too_large"))
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


async def answer(
    send: Send, status: int, document: Any, *, content_type: bytes = b"application/json", headers: Headers = ()
) -> None:
    """Send one JSON document."""
    body = orjson.dumps(document)
    fixed = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})


async def answer_problem(send: Send, found: Problem, *, headers: Headers = ()) -> None:
    """Send a problem document (RFC 9457)."""
    more = list(headers)
    if found.status == 401:  # noqa: PLR2004 - Unauthorized
        more.append((b"www-authenticate", b"Bearer"))
    if found.retry_after is not None:
        more.append((b"retry-after", b"%d" % found.retry_after))
    await answer(send, found.status, found.document(), content_type=b"application/problem+json", headers=more)


def echoed(request: Request) -> Headers:
    """Return the X-Request-ID of the answer: the caller's own (AuthZEN 1.0, section 10.1.4), if it is one."""
    value = request.headers.get(b"x-request-id")
    if value is None or not 0 < len(value) <= _REQUEST_ID_BYTES or any(byte not in _PRINTABLE for byte in value):
        return ()
    return ((b"x-request-id", value),)
