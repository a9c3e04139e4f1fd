"""The ASGI application of the decision plane: which protocol is asked, and how it ended.

Errors become answers here and nowhere else on this plane.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from time import monotonic
from traceback import format_tb
from typing import Any, Final, Protocol

from app.authentication.authenticator import Presented
from app.authentication.token_grants import TokenGrants
from app.decision_plane import authzen, ext_authz, openapi, replay, token_endpoint
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
from app.decision_plane.limits import Limits, ThrottledError
from app.decision_plane.metadata import Metadata
from app.decision_plane.opa import endpoints as opa
from app.decision_plane.operation import Operation, Parameter, Token, one_object, schema_of, text
from app.decision_plane.page_token import PageTokens
from app.decision_plane.refusals import Refusals
from app.decision_plane.replay import Replaying, Replays
from app.decision_plane.search import Searching
from app.errors import Problem, problem
from app.pdp.enforce import Caller, Pdp
from app.pdp.errors import EvaluatorsGoneError, NoPoliciesError, UnrecordedError
from evidence.chain import Appended

_LOG = logging.getLogger(__name__)
_DECISIONS: Final = "/v1/decisions/"
_DECISION: Final = Operation(
    summary="A decision that the caller asked for, from the log, with its proof once there is one",
    parameters=(Parameter(name="id", place="path", schema=text(), says="<chain>-<sequence>"),),
    answers={200: {"type": "object"}},
    problems=("not_found", "overloaded", "store_unavailable", "evidence_damaged"),
)
_HEALTHZ: Final = Operation(
    summary="The process answers",
    token=Token.NONE,
    answers={200: one_object({"status": {"const": "ok"}})},
)
_OPENAPI: Final = Operation(
    summary="This document",
    token=Token.NONE,
    answers={200: one_object({"openapi": text(), "info": {"type": "object"}, "paths": {"type": "object"}})},
)


class Decisions(Replays, Protocol):
    """Finds recorded decisions, and makes them again."""

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
        draining: it was told to stop: whoever balances load is to send the next request elsewhere.
    """

    checks: dict[str, bool]
    alarms: tuple[str, ...] = ()
    bundle: str
    revision: str
    assurance: dict[str, str] | None = None
    draining: bool = False

    def document(self) -> dict[str, Any]:
        """Return the answer of /readyz."""
        return {
            "ready": all(self.checks.values()) and not self.draining,
            "draining": self.draining,
            "checks": self.checks,
            "alarms": list(self.alarms),
            "bundle": self.bundle,
            "revision": self.revision,
            "assurance": self.assurance,
        }


_HEALTH: Final = one_object({"ready": {"type": "boolean"}} | schema_of(Health)["properties"])
_READYZ: Final = Operation(
    summary="The service can decide and record (200), or not (503)",
    token=Token.NONE,
    answers={200: _HEALTH, 503: _HEALTH},
)


class Watcher(Protocol):
    """Is told of requests; must not raise."""

    def asked(self, headers: dict[bytes, bytes]) -> None:
        """Take in the headers of a request, before anything else is done with it."""

    def refused(self, problem: Problem) -> None:
        """Take in that a request ends in a problem."""


class Unwatched:
    """Nobody watches."""

    def asked(self, headers: dict[bytes, bytes]) -> None:
        """Take no notice."""

    def refused(self, problem: Problem) -> None:
        """Take no notice."""


class DecisionPlane:
    """An ASGI 3.0 application."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        pdp: Pdp,
        *,
        authenticate: Callable[[Presented], Caller | None],
        decisions: Decisions,
        health: Callable[[], Health],
        limits: Limits,
        refusals: Refusals,
        decide_again: DecideAgain,
        sign_receipt: Callable[[Sequence[Appended]], str],
        in_flight: int,
        page_secret: bytes,
        public_url: str | None = None,
        ticks: Callable[[], float] = monotonic,
        tokens: TokenGrants,
        watcher: Watcher | None = None,
        more: Callable[[Answering], Iterable[Route]] = lambda _: (),
        admits: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Answer with what is handed; `more` returns further routes, `admits` tells whose data may be here."""
        self._decisions, self._health, self._watcher = decisions, health, watcher or Unwatched()
        self._by = Answering(
            pdp,
            authenticate=authenticate,
            limits=limits,
            refusals=refusals,
            explainer=Explainer(decide_again),
            sign_receipt=sign_receipt,
            in_flight=in_flight,
            admits=admits,
        )
        self._replaying = Replaying(self._by, decisions)
        self._routes = Routes(
            (
                *authzen.routes(self._by),
                *Searching(self._by, PageTokens(page_secret), ticks).routes(),
                *Metadata(self._by, public_url).routes(),
                *opa.routes(self._by, lambda: bool(self._health().document()["ready"])),
                *token_endpoint.routes(self._by, tokens),
                *ext_authz.routes(self._by),
                Route(path=_DECISIONS, methods={"GET": self._decision}, described={"GET": _DECISION}),
                Route(
                    path=_DECISIONS,
                    behind=replay.REPLAY,
                    methods={"POST": self._replay},
                    described={"POST": replay.OPERATION},
                ),
                Route(path="/healthz", methods={"GET": self._healthz}, described={"GET": _HEALTHZ}),
                Route(path="/readyz", methods={"GET": self._readyz}, described={"GET": _READYZ}),
                Route(path="/openapi.json", methods={"GET": self._openapi}, described={"GET": _OPENAPI}),
                *more(self._by),
            )
        )

    @property
    def in_flight(self) -> int:
        """Return how many requests are being answered."""
        return self._by.in_flight

    async def caller(self, request: Request) -> Caller:
        """Return who sends a request to another plane of this worker: by the same proofs, within the same limits.

        Raises:
            ProblemError: nobody that is known, or somebody who asks too often.
            UnrecordedError: the log could not take that they do.
        """
        try:
            return self._by.caller(request)
        except ProblemError as error:
            self._watcher.refused(error.problem)
            if isinstance(error, ThrottledError):
                await self._by.throttled(error)
            raise

    def serves(self, path: str) -> bool:
        """Return whether there is a route of `path`."""
        return self._routes.find(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"no `{scope['type']}` here")
        request = Request.from_scope(scope, receive)
        route = self._routes.find(request.path)
        watcher, as_ours = self._watcher, route.refuse if route else as_problem
        watcher.asked(request.headers)

        def refuse(found: Problem) -> Answer:
            watcher.refused(found)
            return as_ours(found)

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
        try:
            return await handler(route, request)(request)
        except ThrottledError as error:
            await self._by.throttled(error)
            raise

    async def _decision(self, request: Request) -> Answer:
        found = await self._decisions.find(request.path.removeprefix(_DECISIONS), self._by.caller(request))
        return Answer(document=found)

    async def _replay(self, request: Request) -> Answer:
        decision_id = request.path.removeprefix(_DECISIONS).removesuffix(replay.REPLAY)
        return await self._replaying.answer(request, decision_id)

    async def _healthz(self, _: Request) -> Answer:
        return Answer(document={"status": "ok"})

    async def _readyz(self, _: Request) -> Answer:
        document = self._health().document()
        return Answer(status=200 if document["ready"] else 503, document=document)

    async def _openapi(self, _: Request) -> Answer:
        return Answer(document=self.description)

    @cached_property
    def description(self) -> dict[str, Any]:
        """Return the OpenAPI document of every route there is."""
        return openapi.document(self._routes, version=version("omega"))


def described() -> dict[str, Any]:
    """Return the OpenAPI document of a decision plane that nobody can ask."""
    nobody: Any = None
    return DecisionPlane(
        nobody,
        authenticate=nobody,
        decisions=nobody,
        health=nobody,
        limits=nobody,
        refusals=nobody,
        decide_again=nobody,
        sign_receipt=nobody,
        in_flight=0,
        tokens=nobody,
        page_secret=b"",
    ).description
