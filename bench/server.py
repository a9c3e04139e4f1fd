"""The decision plane with parts left out, on the same server: what recording costs is the difference.

`python -m bench.server nothing|unrecorded <socket>`: `nothing` answers without looking, `unrecorded`
decides and keeps no record, and is otherwise what a worker is: it counts and publishes what it counts. Neither is fit
for anything else.
"""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime

import uvloop

from app import activation, keys
from app.authentication.opening import Authentication
from app.decision_plane.asgi import DecisionPlane, Health
from app.decision_plane.http import Answer, ProblemError, Receive, Request, Scope, Send, send_answer
from app.decision_plane.limits import Limits
from app.decision_plane.refusals import Refusals
from app.decision_plane.replay import Replayed
from app.errors import problem
from app.garbage import collect_rarely
from app.http_server import HttpServer
from app.machine_watch import MachineWatch
from app.pdp.enforce import Pdp
from app.pdp.explaining import decide_again
from app.settings import Settings
from app.telemetry.publishing import Publisher
from app.telemetry.watching import Watching
from app.worker import start_policies
from evidence.chain import Appended
from evidence.record import Draft, Position

_NOWHERE = Appended(position=Position(chain="0" * 20, seq=0), leaf="0" * 64)


class NoLog:
    """Takes nothing in."""

    async def append(self, build: Callable[[Position], Draft], *, always: bool = False) -> Appended:
        """Say that it is done."""
        del build, always
        return _NOWHERE

    def chain(self, retention_class: str | None) -> "NoLog":
        """Keep all classes alike."""
        del retention_class
        return self

    def chains(self) -> "list[NoLog]":
        """Have one chain."""
        return [self]

    async def locked(self, appended: Appended) -> None:
        """Say that it is in the store."""

    def coming(self) -> nullcontext[None]:
        """Wait for nobody."""
        return nullcontext()


class Nobody:
    """Seals nothing."""

    subject = "psn_" + "0" * 32

    def seal(self, text: bytes, *, place: tuple[str, int]) -> dict[str, str]:
        """Return no block."""
        del text, place
        return {}


class NoConcealer:
    """Knows nobody."""

    async def person(self, tenant: str, kind: str, identifier: str) -> Nobody:
        """Return nobody."""
        del tenant, kind, identifier
        return Nobody()


class NoDecisions:
    """Finds nothing."""

    async def find(self, decision_id: str, caller: object) -> dict[str, object]:
        """Return nothing."""
        del decision_id, caller
        return {}

    async def replay(self, decision_id: str, tenants: object) -> Replayed:
        """Make nothing again."""
        del decision_id, tenants
        raise ProblemError(problem("not_found"))


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, and answer."""
    await Request.from_scope(scope, receive).body(32_768)
    await send_answer(send, Answer(document={"decision": True, "context": {}}))


async def unrecorded(settings: Settings, publisher: Publisher) -> DecisionPlane:
    """Return the decision plane without a log."""
    policies = await start_policies(settings, activation.active(settings.bundles))
    watching = Watching(publisher.numbers)
    pdp = Pdp(policies, NoLog(), NoConcealer(), lambda: datetime.now(UTC), observer=watching)
    await MachineWatch(settings.bundles).look(pdp)  # the fast path, if the engines were compared on this node
    node = keys.load(settings.keys)
    authentication = Authentication(settings, node.token)
    return DecisionPlane(
        pdp,
        authenticate=lambda presented: authentication.authenticate(presented, pdp.directory, time.time()),
        limits=Limits(time.monotonic),
        decisions=NoDecisions(),
        health=lambda: Health(checks={}, bundle="", revision=""),
        refusals=Refusals(time.monotonic),
        sign_receipt=lambda _: "",
        decide_again=lambda digest, asked: decide_again(activation.snapshot_path(settings.bundles, digest), asked),
        in_flight=settings.in_flight,
        tokens=authentication.tokens,
        watcher=watching,
        page_secret=bytes(32),
    )


async def main(mode: str, listening: socket.socket) -> None:
    """Serve until killed."""
    settings = Settings.from_environment(os.environ)
    publisher = Publisher(settings.numbers, "bench")
    publishing = asyncio.get_running_loop().create_task(publisher.keep())
    application = nothing if mode == "nothing" else await unrecorded(settings, publisher)
    collect_rarely()
    await HttpServer(application).serve(sockets=[listening])
    publishing.cancel()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[2])) as given:
        uvloop.run(main(sys.argv[1], given))
