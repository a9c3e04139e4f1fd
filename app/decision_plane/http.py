"""The little of HTTP that the decision plane needs: routes, bodies within a limit, answers of JSON or a problem.

Knows ASGI 3.0 and nothing of decisions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from app.decision_plane.operation import Operation
from app.errors import Problem, problem
from app.http_protocol import WHOLE_BODY

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Sequence[tuple[bytes, bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_NOTHING: Final[Mapping[str, Any]] = {}

_BODY_SECONDS = 10.0  # for a whole body
_REQUEST_ID_BYTES = 128
_PRINTABLE = range(0x20, 0x7F)
_DIGITS = 20  # of a length, which are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back: a document, which becomes JSON, or bytes as they are."""

    document: Any
    status: int = 200
    content_type: bytes = b"application/json"
    headers: Headers = ()

    @property
    def body(self) -> bytes:
        """Return the bytes of the body."""
        return self.document if isinstance(self.document, bytes) else orjson.dumps(self.document)


class ProblemError(Exception):
    """The request ends here, with this problem and these headers beside it."""

    def __init__(self, found: Problem, headers: Headers = ()) -> None:
        super().__init__(found.code)
        self.problem = found
        self.headers = headers


class DisconnectedError(Exception):
    """The caller is gone; there is nobody to answer."""


@dataclass(slots=True)
class Request:
    """One request: what the server has parsed, and a way to the body. `tenant` is set once it is known who asks."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    receive: Receive = field(repr=False)
    whole: bytes | None = field(default=None, repr=False)  # the body, where it is here already
    query: bytes = b""
    raw_path: bytes = b""  # as it came, percent-encoded
    all_headers: Headers = ()  # those that came more than once, too
    tenant: str = ""  # of who asks, once that is known
    peer: str | None = None  # address of whoever opened the connection, which may be a proxy

    @classmethod
    def from_scope(cls, scope: Scope, receive: Receive) -> "Request":
        """Take in a scope of type `http`. Of a repeated header the last counts."""
        headers, path, client = scope["headers"], scope["path"], scope.get("client") or (None,)
        return cls(
            scope["method"],
            path,
            dict(headers),
            receive,
            scope.get("extensions", _NOTHING).get(WHOLE_BODY, _NOTHING).get("body"),
            scope.get("query_string", b""),
            scope.get("raw_path") or path.encode(),
            headers,
            peer=client[0],
        )

    def each(self, header: bytes) -> tuple[bytes, ...]:
        """Return the value of every line of a header."""
        return tuple(value for name, value in self.all_headers if name == header) if header in self.headers else ()

    async def body(self, limit: int) -> bytes:
        """Return the body.

        Raises:
            ProblemError: it is larger than `limit` bytes, and no more than that was read; or it did not come in time.
            DisconnectedError: the caller left before its end.
        """
        declared = self.headers.get(b"content-length")
        if declared is not None and declared.isdigit() and int(declared[:_DIGITS]) > limit:
            raise ProblemError(problem("request_too_large"))
        if self.whole is not None:
            return _within(self.whole, limit)
        try:
            async with asyncio.timeout(_BODY_SECONDS):  # whoever sends slowly holds a place
                return await self._read(limit)
        except TimeoutError:
            raise ProblemError(problem("body_timeout"), [(b"connection", b"close")]) from None

    async def _read(self, limit: int) -> bytes:
        body = bytearray()
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise DisconnectedError
            body += message.get("body", b"")
            if not message.get("more_body", False) or len(body) > limit:
                return _within(bytes(body), limit)


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise ProblemError(problem("request_too_large"))
    return body


def whole(body: bytes, receive: Receive) -> Receive:
    """Return what hands over a body that is here, and then what `receive` has."""
    handed = False

    async def next_message() -> Any:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


async def send_answer(send: Send, answer: Answer, headers: Headers = ()) -> None:
    """Send an answer, with `headers` beside its own."""
    body = answer.body
    fixed = [
        (b"content-type", answer.content_type),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    start = {"type": "http.response.start", "status": answer.status, "headers": [*fixed, *answer.headers, *headers]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def as_problem(found: Problem) -> Answer:
    """Return a problem document (RFC 9457)."""
    headers = []
    if found.status == 401:  # noqa: PLR2004 - Unauthorized
        headers.append((b"www-authenticate", b"Bearer"))
    if found.retry_after is not None:
        headers.append((b"retry-after", b"%d" % found.retry_after))
    return Answer(
        status=found.status,
        document=found.document(),
        content_type=b"application/problem+json",
        headers=headers,
    )


def echoed(request: Request) -> Headers:
    """Return the X-Request-ID of the answer: the caller's own (AuthZEN 1.0, section 10.1.4), if it is one."""
    value = request.headers.get(b"x-request-id")
    if value is None or not 0 < len(value) <= _REQUEST_ID_BYTES or any(byte not in _PRINTABLE for byte in value):
        return ()
    return ((b"x-request-id", value),)


Handler = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What is at a path, or below one that ends in `/` and is not the root: a handler for each method.

    With `behind`, only what is below and ends in that. `refuse` writes a problem as the protocol of this route has its
    errors. `described` says of each method what the OpenAPI document has to know.
    """

    path: str
    methods: Mapping[str, Handler]
    behind: str = ""
    refuse: Callable[[Problem], Answer] = as_problem
    described: Mapping[str, Operation] = field(default_factory=dict)


class Routes:
    """A table of routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._all = tuple(routes)
        self._exact = {route.path: route for route in self._all if not route.behind}
        below = [route for route in self._all if route.path.endswith("/") and route.path != "/"]
        self._below = sorted(below, key=lambda route: (-len(route.path), -len(route.behind)))  # the closest first

    def __iter__(self) -> Iterator[Route]:
        return iter(self._all)

    def find(self, path: str) -> Route | None:
        """Return the route of `path`: the one that is named so, or else the closest around it."""
        exact = self._exact.get(path)
        around = (route for route in self._below if path.startswith(route.path) and path.endswith(route.behind))
        return exact or next(around, None)


def handler(route: Route, request: Request) -> Handler:
    """Return what answers this method.

    Raises:
        ProblemError: nothing does.
    """
    found = route.methods.get(request.method)
    if found is None:
        allowed = ", ".join(sorted(route.methods))
        raise ProblemError(problem("method_not_allowed", f"use {allowed}"), [(b"allow", allowed.encode())])
    return found
