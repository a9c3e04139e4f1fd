"""The ASGI application of the decision plane: which protocol is asked, and how it ended.

Errors become answers here and nowhere else on this plane.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from traceback import format_tb
from typing import Any, Final, Protocol

from app.decision_plane import authzen, opa
from app.decision_plane.answering import Answering
from app.decision_plane.explainer import DecideAgain, Explainer
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
    echoed,
    handler,
    send_answer,
)
from app.decision_plane.refusals import Refusals
from app.errors import problem
from app.pdp.enforce import Caller, Pdp
from app.pdp.errors import EvaluatorsGoneError, NoPoliciesError, UnrecordedError
from evidence.chain import Appended

_LOG = logging.getLogger(__name__)
_DECISIONS: Final = "/v1/decisions/"


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
        refusals: Refusals,
        decide_again: DecideAgain,
        sign_receipt: Callable[[Sequence[Appended]], str],
        in_flight: int,
    ) -> None:
        self._decisions, self._health = decisions, health
        self._by = Answering(
            pdp,
            authenticate=authenticate,
            refusals=refusals,
            explainer=Explainer(decide_again),
            sign_receipt=sign_receipt,
            in_flight=in_flight,
        )
        self._routes = Routes(
            (
                *authzen.routes(self._by),
                *opa.routes(self._by, lambda: bool(self._health().document()["ready"])),
                Route(path=_DECISIONS, methods={"GET": self._decision}),
                Route(path="/healthz", methods={"GET": self._healthz}),
                Route(path="/readyz", methods={"GET": self._readyz}),
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"no `{scope['type']}` here")
        request = Request.from_scope(scope, receive)
        route = self._routes.find(request.path)
        refuse = route.refuse if route else as_problem
        try:
            answer = await self._answer(route, request)
        except ProblemError as error:
            refused = refuse(error.problem)
            answer = replace(refused, headers=(*refused.headers, *error.headers))
        except UnrecordedError:
            answer = refuse(problem("evidence_unavailable"))
        except EvaluatorsGoneError:
            answer = refuse(problem("evaluators_gone"))
        except NoPoliciesError:
            answer = refuse(problem("policies_unavailable"))
        except DisconnectedError:
            return
        except Exception as error:  # noqa: BLE001 - the outermost edge
            # A fault of ours: nothing was permitted, the caller learns no more, the operator learns where. The
            # message of an error that nobody foresaw may quote the request, so it goes nowhere.
            _LOG.error("request failed: %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
            answer = refuse(problem("internal"))
        await send_answer(send, answer, echoed(request))

    async def _answer(self, route: Route | None, request: Request) -> Answer:
        if route is None:
            raise ProblemError(problem("not_found"))
        return await handler(route, request)(request)

    async def _decision(self, request: Request) -> Answer:
        found = await self._decisions.find(request.path.removeprefix(_DECISIONS), self._by.caller(request))
        return Answer(document=found)

    async def _healthz(self, _: Request) -> Answer:
        return Answer(document={"status": "ok"})

    async def _readyz(self, _: Request) -> Answer:
        document = self._health().document()
        return Answer(status=200 if document["ready"] else 503, document=document)
