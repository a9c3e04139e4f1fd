"""A node that decides nothing: index and anchors of a log that other nodes write, and a port that says how it does.

Needs the store, the log's verifier key and, where the index is shared, the database; holds no secret.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from app import anchors, keys, logs
from app.core_dumps import refuse_core_dumps
from app.decision_plane import metrics
from app.decision_plane.http import (
    Answer,
    DisconnectedError,
    ProblemError,
    Receive,
    Request,
    Route,
    Routes,
    Scope,
    Send,
    as_problem,
    handler,
    send_answer,
)
from app.errors import problem
from app.http_server import HttpServer
from app.pdp.enforce import Caller
from app.pdp.lifeline import end_with_parent
from app.settings import Settings
from app.telemetry import exposition
from app.telemetry.publishing import snapshots
from evidence.store import open_store

_LATE: Final = 60.0  # seconds without progress of the index after which the node is not ready


def prepare(settings: Settings) -> None:
    """See that there is what such a node needs.

    Raises:
        KeyFileError: the log's verifier key is not there: this node makes none.
        SettingsError: the authorities that time stamps have to be below cannot be read.
        EvidenceError: the store cannot be opened.
        OSError: the directory cannot be used.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys.load_verifier(settings.keys)
    open_store(settings.store, immutable=settings.store_immutable)
    anchors.load_roots(settings)
    (settings.data / "indexer.alive").unlink(missing_ok=True)


class BackgroundPlane:
    """An ASGI 3.0 application: whether the node does its work."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.draining = False
        self._routes = Routes(self._all())

    def drain(self) -> None:
        """Say from now on that this node is about to end."""
        self.draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"no `{scope['type']}` here")
        request = Request.from_scope(scope, receive)
        try:
            answer = await self._answer(request)
        except ProblemError as error:
            refused = as_problem(error.problem)
            answer = replace(refused, headers=(*refused.headers, *error.headers))
        except DisconnectedError:
            return
        await send_answer(send, answer)

    async def _answer(self, request: Request) -> Answer:
        route = self._routes.find(request.path)
        if route is None:
            raise ProblemError(problem("not_found"))
        return await handler(route, request)(request)

    def _all(self) -> Iterable[Route]:
        yield Route(path="/healthz", methods={"GET": self._healthz})
        yield Route(path="/readyz", methods={"GET": self._readyz})
        yield from metrics.routes(self._numbers, self._settings.metrics_for, _nobody)

    async def _healthz(self, _: Request) -> Answer:
        return Answer(document={"status": "ok"})

    async def _readyz(self, _: Request) -> Answer:
        now = time.time()
        try:
            indexing = now - (self._settings.data / "indexer.alive").stat().st_mtime < _LATE
        except OSError:
            indexing = False
        ready = indexing and not self.draining
        document = {
            "ready": ready,
            "draining": self.draining,
            "checks": {"index": indexing},
            "alarms": list(anchors.alarms(self._settings, now)),
        }
        return Answer(status=200 if ready else 503, document=document)

    async def _numbers(self) -> bytes:
        return await asyncio.to_thread(lambda: exposition.text(snapshots(self._settings.numbers, time.time())))


def _nobody(_: Request) -> Caller:
    """Know nobody: who issues tokens is a node that decides."""
    raise ProblemError(problem("unauthenticated"))


async def serve(settings: Settings, listening: socket.socket) -> None:
    """Say how the node does until told to stop."""
    plane = BackgroundPlane(settings)
    await HttpServer(plane, drain=settings.drain, draining=plane.drain).serve(sockets=[listening])


def main() -> int:
    """Run the process: `python -m app.background <listening socket> <parent>`."""
    refuse_core_dumps()
    end_with_parent(int(sys.argv[2]))
    logs.begin("background", logs.form_of(os.environ))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as listening:
        asyncio.run(serve(Settings.from_environment(os.environ), listening))
    return 0


if __name__ == "__main__":
    sys.exit(main())
