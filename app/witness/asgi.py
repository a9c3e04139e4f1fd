"""The witness over HTTP: one path, and what each outcome is called there (C2SP tlog-witness)."""

import asyncio
import logging

from app.decision_plane.http import (
    DisconnectedError,
    Headers,
    ProblemError,
    Receive,
    Request,
    Scope,
    Send,
    answer_problem,
)
from app.errors import problem
from app.witness.cosigning import Witness
from app.witness.heads import HeadsError
from evidence.errors import (
    EvidenceError,
    ForkedLogError,
    InconsistentLogError,
    MalformedError,
    UnknownLogError,
    UntrustedLogError,
    WitnessConflictError,
)
from evidence.witness import MAX_REQUEST, PATH, SIZE_TYPE

_LOG = logging.getLogger(__name__)
_AT_ONCE = 8  # requests that are judged: each waits for the disk, and threads are shared
_STATUS: dict[type[EvidenceError], int] = {
    MalformedError: 400,
    UntrustedLogError: 403,
    UnknownLogError: 404,
    ForkedLogError: 409,
    InconsistentLogError: 422,
}
_PLAIN = "text/plain; charset=utf-8"


class WitnessPlane:
    """An ASGI 3.0 application."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"no `{scope['type']}` here")
        try:
            status, kind, body = await self._handle(Request.from_scope(scope, receive))
        except ProblemError as error:
            await answer_problem(send, error.problem, headers=error.headers)
        except DisconnectedError:
            return
        except HeadsError as error:
            _LOG.error("nothing can be cosigned: %s", error)
            await answer_problem(send, problem("store_unavailable"))
        else:
            await _answer(send, status, kind, body)

    async def _handle(self, request: Request) -> tuple[int, str, bytes]:
        if request.path != PATH:
            raise ProblemError(problem("not_found"))
        if request.method != "POST":
            raise ProblemError(problem("method_not_allowed", "use POST"), [(b"allow", b"POST")])
        body = await request.body(MAX_REQUEST)
        try:
            async with self._free:
                line = await asyncio.to_thread(self._witness.add_checkpoint, body)
        except WitnessConflictError as error:
            return 409, SIZE_TYPE, b"%d\n" % error.size
        except tuple(_STATUS) as error:
            return _STATUS[type(error)], _PLAIN, f"{error}\n".encode()
        return 200, _PLAIN, line


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers: Headers = [
        (b"content-type", kind.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
