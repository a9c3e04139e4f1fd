"""OPA's REST API, the half that asks: data with input, batches, queries, policies, health.

Owns which path means what, and the form of errors. A path is served if METADATA of its package says `entrypoint: true`;
what is answered is the recorded decision, never a second evaluation. Writes are refused.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import Any, Final

from app.decision_plane.answering import Answering
from app.decision_plane.explainer import may_have_explained
from app.decision_plane.http import Answer, Handler, ProblemError, Request, Route, as_problem
from app.decision_plane.opa.asking import NAME, Asked, Asking, Clock, Timed, described, merged, stated, verify_media
from app.decision_plane.opa.described import OPERATIONS
from app.decision_plane.opa.documents import Target, base_data, policies, walk
from app.decision_plane.opa.querying import Querying
from app.errors import Problem, problem
from app.pdp.bundle import Bundle
from app.pdp.enforce import Caller
from app.pdp.errors import MalformedRequestError
from app.pdp.model import EvaluationRequest
from app.pdp.strict_json import encode, parse

MAX_INPUTS: Final = 100
"""Inputs of one batch."""

MAX_BATCH: Final = 1 << 20
"""Bytes of one batch."""

_DATA, _V0, _BATCH, _POLICIES = "/v1/data", "/v0/data", "/v1/batch/data", "/v1/policies"
_ROOT: Final = "/"
_MAIN: Final = ("system", "main")
_OK: Final = 200
_MIXED: Final = 207
_FAILED: Final = 500
_CODES: Final = {401: "unauthorized", 403: "unauthorized", 404: "resource_not_found", 405: "invalid_operation"}
_NOT_SERVED: Final = "no package with `entrypoint: true` is at this path, or it has no such rule"
_WRITTEN: Final = "policies and data come from Git, and are activated as one bundle; nothing was changed"


def routes(by: Answering, ready: Callable[[], bool], clock: Clock = time.perf_counter_ns) -> Iterable[Route]:
    """Return the endpoints of this protocol; `clock` counts nanoseconds."""
    asking = Asking(by, clock)
    api, querying = _Api(by, asking), Querying(by, asking)

    def route(path: str, **methods: Handler) -> Route:
        return Route(path=path, methods=methods, refuse=refusal, described=OPERATIONS[path])

    written = {"PUT": api.write, "PATCH": api.write, "DELETE": api.write}
    yield route(_DATA, GET=api.get_data, **written)
    yield route(f"{_DATA}/", GET=api.get_data, POST=api.post_data, **written)
    yield route(f"{_V0}/", POST=api.post_v0)
    yield route(_ROOT, POST=api.post_root)
    yield route(f"{_BATCH}/", POST=api.post_batch)
    yield route("/v1/query", GET=querying.get, POST=querying.post)
    yield route(_POLICIES, GET=api.get_policies)
    yield route(f"{_POLICIES}/", GET=api.get_policies, **written)
    yield route("/v1/config", GET=api.get_config)
    yield route("/v1/status", GET=api.get_status)

    async def health(_: Request) -> Answer:
        return Answer(document={}) if ready() else Answer(document={"error": "not ready: see /readyz"}, status=_FAILED)

    async def alive(_: Request) -> Answer:
        return Answer(document={})

    yield route("/health", GET=health)
    yield route("/health/ready", GET=health)
    yield route("/health/live", GET=alive)


def refusal(found: Problem) -> Answer:
    """Return an error as OPA states one, with status and headers of the problem."""
    told = as_problem(found)
    return Answer(document=_error(found), status=found.status, headers=told.headers)


def _error(found: Problem) -> dict[str, Any]:
    code = _CODES.get(found.status, "internal_error" if found.status >= _FAILED else "invalid_parameter")
    return {"code": code, "message": found.detail or found.title}


def _names(request: Request, below: str) -> tuple[str, ...]:
    return tuple(name for name in request.path.removeprefix(below).split("/") if name)


class _Api:
    """The handlers of everything but queries."""

    def __init__(self, by: Answering, asking: Asking) -> None:
        self._by, self._asking = by, asking

    async def get_data(self, request: Request) -> Answer:
        """Decide on the input in the query, or show a data document to who may see it."""
        asked, names = self._asking.begun(request), _names(request, _DATA)
        target = Target.find(asked.bundle, names)
        if target is None:
            found = walk(base_data(*readable(asked.bundle, asked.caller)), names)
            return asked.options.answer({"result": found[0]} if found else {})
        given = asked.options.input
        async with self._by.received(request):
            async with self._by.refusing(asked.caller, (given or "").encode()):
                value = stated({} if given is None else {"input": parse(given.encode())}, "input")
                question = target.entrypoint.request(value)
            return await self._answer(asked, target, question)

    async def post_data(self, request: Request) -> Answer:
        """Decide on the input in the body."""
        asked, target = self._begun(request, _names(request, _DATA))
        async with self._by.received(request) as body:
            async with self._by.refusing(asked.caller, body):
                verify_media(request)
                question = target.entrypoint.request(stated(parse(body), "input"))
            return await self._answer(asked, target, question)

    async def post_v0(self, request: Request) -> Answer:
        """Decide on the body, and answer the result alone."""
        return await self._bare(request, *self._begun(request, _names(request, _V0)))

    async def post_root(self, request: Request) -> Answer:
        """Do the same at the path that OPA decides by default."""
        return await self._bare(request, *self._begun(request, _MAIN))

    async def _bare(self, request: Request, asked: Asked, target: Target) -> Answer:
        async with self._by.received(request) as body:
            async with self._by.refusing(asked.caller, body):
                verify_media(request)
                question = target.entrypoint.request(parse(body))
            timed = await self._asking.decided(asked, question)
        found = target.result(timed.recorded)
        if not found:
            raise ProblemError(problem("not_found", "the document is undefined"))
        return asked.options.answer(found[0])

    async def post_batch(self, request: Request) -> Answer:
        """Decide on each of many inputs, under one sync; one that is none is told so in its place."""
        asked, target = self._begun(request, _names(request, _BATCH))
        async with self._by.received(request, limit=MAX_BATCH) as body:
            async with self._by.refusing(asked.caller, body):
                verify_media(request)
                inputs = _inputs(parse(body, max_bytes=MAX_BATCH))
            read = {name: await self._question(asked, target, value) for name, value in inputs.items()}
            questions = {name: each for name, each in read.items() if isinstance(each, EvaluationRequest)}
            decided = await self._asking.all_decided(asked, list(questions.values()))
        refused = {name: each for name, each in read.items() if isinstance(each, Problem)}
        outcomes = refused | dict(zip(questions, decided, strict=True))
        told = {name: _outcome(asked, target, outcomes[name]) for name in inputs}
        statuses = {status for status, _ in told.values()} or {_OK}
        if statuses == {_OK}:
            responses, status = {name: each for name, (_, each) in told.items()}, _OK
        else:
            responses = {name: each | {"http_status_code": str(code)} for name, (code, each) in told.items()}
            status = _MIXED
        metrics = self._asking.metrics(asked, decided)
        return asked.options.answer({"responses": responses} | metrics, status)

    async def get_policies(self, request: Request) -> Answer:
        """Show one module, or all, to who may see them."""
        asked, wanted = self._asking.begun(request), "/".join(_names(request, _POLICIES))
        listed = policies(*readable(asked.bundle, asked.caller))
        if not wanted:
            return asked.options.answer({"result": listed})
        for each in listed:
            if each["id"] == wanted:
                return asked.options.answer({"result": each})
        raise ProblemError(problem("not_found", "no policy of this id"))

    async def get_config(self, request: Request) -> Answer:
        """Tell the labels of this service: its settings are nobody's business."""
        return self._asking.begun(request).options.answer({"result": {"labels": _labels()}})

    async def get_status(self, request: Request) -> Answer:
        """Tell which bundle is in force."""
        asked = self._asking.begun(request)
        bundle = asked.bundle
        active = {"name": NAME, "active_revision": bundle.revision, "digest": bundle.digest}
        return asked.options.answer({"result": {"labels": _labels(), "bundles": {NAME: active}}})

    async def write(self, request: Request) -> Answer:
        """Refuse: policies come from Git."""
        self._by.caller(request)
        raise ProblemError(problem("forbidden", _WRITTEN))

    def _begun(self, request: Request, names: Sequence[str]) -> tuple[Asked, Target]:
        asked = self._asking.begun(request)
        target = Target.find(asked.bundle, names)
        if target is None:
            raise ProblemError(problem("not_found", _NOT_SERVED))
        return asked, target

    async def _answer(self, asked: Asked, target: Target, question: EvaluationRequest) -> Answer:
        timed = await self._asking.decided(asked, question)
        result = target.result(timed.recorded)
        return asked.options.answer(await self._asking.told(asked, timed, target.entrypoint.action, result))

    async def _question(self, asked: Asked, target: Target, value: Any) -> EvaluationRequest | Problem:
        try:
            async with self._by.refusing(asked.caller, encode(value)):
                return target.entrypoint.request(value)
        except ProblemError as error:
            return error.problem


def readable(bundle: Bundle, caller: Caller) -> tuple[Bundle, Caller]:
    """Return both, if the caller may read policies and data: whoever may have decisions explained.

    Raises:
        ProblemError: it may not.
    """
    if not may_have_explained(bundle, caller):
        raise ProblemError(problem("forbidden", "this caller may not read policies and data"))
    return bundle, caller


def _inputs(body: Any) -> dict[str, Any]:
    inputs = stated(body, "inputs")
    if not isinstance(inputs, dict):
        raise MalformedRequestError("member_type", "`inputs` must be an object")
    if len(inputs) > MAX_INPUTS:
        raise MalformedRequestError("member_length", f"`inputs` has at most {MAX_INPUTS} members")
    return {name: merged(body.get("common_input"), value) for name, value in inputs.items()}


def _outcome(asked: Asked, target: Target, found: Timed | Problem) -> tuple[int, dict[str, Any]]:
    """Return status and answer of one input of a batch."""
    if isinstance(found, Problem):
        return found.status, _error(found)
    result = target.result(found.recorded)
    return _OK, described(found.recorded, result, provenance=asked.options.provenance)


def _labels() -> dict[str, str]:
    return {"id": NAME, "version": version("omega")}
