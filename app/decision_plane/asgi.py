"""The ASGI application of the decision plane: who is asking, for what, and how it ended.

Routes are a table; errors become problems here and nowhere else on this plane.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from traceback import format_tb
from typing import Any, Protocol

from app.decision_plane import authzen
from app.decision_plane.authzen import Answering
from app.decision_plane.explainer import DecideAgain, Explainer
from app.decision_plane.http import (
    DisconnectedError,
    ProblemError,
    Receive,
    Request,
    Scope,
    Send,
    answer,
    answer_problem,
    echoed,
)
from app.errors import problem
from app.pdp.enforce import Caller, Pdp
from app.pdp.errors import EvaluatorsGoneError, UnrecordedError
from app.pdp.strict_json import MAX_BYTES
from evidence.chain import Appended

_LOG = logging.getLogger(__name__)
_BEARER = re.compile(rb"[Bb]earer +([!-~]{1,4096})")
_DECISIONS = "/v1/decisions/"

Handler = Callable[[Request], Awaitable[tuple[int, Any]]]


class Decisions(Protocol):
    """Finds recorded decisions."""

    async def find(self, decision_id: str, caller: Caller) -> dict[str, Any]:
        """Return record and proof, or raise `ProblemError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether this worker can decide and record, and what it runs.

    Attributes:
        checks: each of them has to hold, or the worker is not ready.
        alarms: what somebody has to look at, in words; the worker is ready all the same.
        bundle: digest of the bundle in force.
        revision: of that bundle.
    """

    checks: dict[str, bool]
    alarms: tuple[str, ...] = ()
    bundle: str
    revision: str
    assurance: dict[str, str] | None = None

    def document(self) -> dict[str, Any]:
        """Return the answer of /readyz."""
        return {
            "ready": all(self.checks.values()),
            "checks": self.checks,
            "alarms": list(self.alarms),
            "bundle": self.bundle,
            "revision": self.revision,
            "assurance": self.assurance,
        }


class DecisionPlane:
    """An ASGI 3.0 application."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        pdp: Pdp,
        *,
        authenticate: Callable[[str], Caller | None],
        decisions: Decisions,
        health: Callable[[], Health],
        refusals: authzen.Refusals,
        decide_again: DecideAgain,
        sign_receipt: Callable[[Sequence[Appended]], str],
        in_flight: int,
    ) -> None:
        self._authenticate, self._decisions, self._health = authenticate, decisions, health
        self._by = Answering(pdp=pdp, refusals=refusals, explainer=Explainer(decide_again), sign_receipt=sign_receipt)
        self._free = in_flight
        self._routes: dict[str, tuple[str, Handler]] = {
            "/access/v1/evaluation": ("POST", self._evaluation),
            "/healthz": ("GET", self._healthz),
            "/readyz": ("GET", self._readyz),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"no `{scope['type']}` here")
        request = Request.from_scope(scope, receive)
        headers = echoed(request)
        try:
            status, document = await self._handle(request)
        except ProblemError as error:
            await answer_problem(send, error.problem, headers=(*error.headers, *headers))
        except UnrecordedError:
            await answer_problem(send, problem("evidence_unavailable"), headers=headers)
        except EvaluatorsGoneError:
            await answer_problem(send, problem("evaluators_gone"), headers=headers)
        except DisconnectedError:
            return
        except Exception as error:  # noqa: BLE001 - the outermost edge
            # A fault of ours: nothing was permitted, the caller learns no more, the operator learns where. The
            # message of an error that nobody foresaw may quote the request, so it goes nowhere.
            _LOG.error("request failed: %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
            await answer_problem(send, problem("internal"), headers=headers)
        else:
            await answer(send, status, document, headers=headers)

    async def _handle(self, request: Request) -> tuple[int, Any]:
        method, handler = self._routes.get(request.path, ("GET", self._decision))
        if handler == self._decision and not request.path.startswith(_DECISIONS):
            raise ProblemError(problem("not_found"))
        if request.method != method:
            raise ProblemError(problem("method_not_allowed", f"use {method}"), [(b"allow", method.encode())])
        return await handler(request)

    async def _evaluation(self, request: Request) -> tuple[int, Any]:
        caller = self._caller(request)
        body = await request.body(MAX_BYTES)  # before a place is taken: who sends slowly waits alone
        if not self._free:
            raise ProblemError(problem("overloaded"))
        self._free -= 1
        try:
            return 200, await authzen.evaluation(request, body, caller, self._by)
        finally:
            self._free += 1

    async def _decision(self, request: Request) -> tuple[int, Any]:
        return 200, await self._decisions.find(request.path.removeprefix(_DECISIONS), self._caller(request))

    async def _healthz(self, _: Request) -> tuple[int, Any]:
        return 200, {"status": "ok"}

    async def _readyz(self, _: Request) -> tuple[int, Any]:
        document = self._health().document()
        return (200 if document["ready"] else 503), document

    def _caller(self, request: Request) -> Caller:
        """Return who asks (RFC 6750, section 2.1)."""
        found = _BEARER.fullmatch(request.headers.get(b"authorization", b""))
        caller = self._authenticate(found[1].decode("ascii")) if found else None
        if caller is None:
            raise ProblemError(problem("unauthenticated"))
        return caller
