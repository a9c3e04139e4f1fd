"""The witness over HTTP: one path, and what each outcome is called there (C2SP tlog-witness)."""

import asyncio
import logging
from dataclasses import replace

from app.decision_plane.http import (
    Answer,
    DisconnectedError,
    ProblemError,
    Receive,
    Request,
    Route,
    Scope,
    Send,
    as_problem,
    handler,
    send_answer,
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
_PLAIN = b"text/plain; charset=utf-8"


class WitnessPlane:
    """An ASGI 3.0 application."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._route = Route(path=PATH, methods={"POST": self._add})
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"no `{scope['type']}` here")
        try:
            answer = await self._handle(Request.from_scope(scope, receive))
        except ProblemError as error:
            refused = as_problem(error.problem)
            answer = replace(refused, headers=(*refused.headers, *error.headers))
        except DisconnectedError:
            return
        except HeadsError as error:
            _LOG.error("nothing can be cosigned: %s", error)
            answer = as_problem(problem("store_unavailable"))
        await send_answer(send, answer)

    async def _handle(self, request: Request) -> Answer:
        if request.path != PATH:
            raise ProblemError(problem("not_found"))
        return await handler(self._route, request)(request)

    async def _add(self, request: Request) -> Answer:
        body = await request.body(MAX_REQUEST)
        try:
            async with self._free:
                line = await asyncio.to_thread(self._witness.add_checkpoint, body)
        except WitnessConflictError as error:
            return Answer(status=409, content_type=SIZE_TYPE.encode(), document=b"%d\n" % error.size)
        except tuple(_STATUS) as error:
            return Answer(status=_STATUS[type(error)], content_type=_PLAIN, document=f"{error}\n".encode())
        return Answer(content_type=_PLAIN, document=line)
