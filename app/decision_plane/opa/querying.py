"""`/v1/query`: each reference to an entrypoint is decided and recorded, and the query is solved over the answers.

A reference to anything else below `data` is for callers that may read the data. Owns which document an expression is
about; the language is `query`'s.
"""

from typing import Any, Final

from app.decision_plane.answering import Answering
from app.decision_plane.explainer import may_have_explained
from app.decision_plane.http import Answer, ProblemError, Request
from app.decision_plane.opa.asking import Asked, Asking, stated, verify_media
from app.decision_plane.opa.documents import Target, base_data, document_of
from app.decision_plane.opa.query import Documents, Expression, parse_query, solve
from app.errors import problem
from app.pdp.bundle import Bundle
from app.pdp.enforce import Recorded
from app.pdp.entrypoint import Entrypoint
from app.pdp.errors import MalformedRequestError
from app.pdp.strict_json import parse

_READING: Final = "only a caller that may read policies and data asks for anything but entrypoints"


class Querying:
    """The handlers of queries."""

    def __init__(self, by: Answering, asking: Asking) -> None:
        self._by, self._asking = by, asking

    async def get(self, request: Request) -> Answer:
        """Answer the query in the URL, which has no input but its own."""
        asked = self._asking.begun(request)
        query = asked.options.query
        body = {} if query is None else {"query": query}
        async with self._by.received(request):
            return await self._answer(asked, body, (query or "").encode())

    async def post(self, request: Request) -> Answer:
        """Answer the query in the body."""
        asked = self._asking.begun(request)
        async with self._by.received(request) as body:
            async with self._by.refusing(asked.caller, body):
                verify_media(request)
                value = parse(body)
            return await self._answer(asked, value, body)

    async def _answer(self, asked: Asked, body: Any, raw: bytes) -> Answer:
        async with self._by.refusing(asked.caller, raw):
            query = stated(body, "query")
            if not isinstance(query, str):
                raise MalformedRequestError("member_type", "`query` must be a string")
            expressions = parse_query(query)
            given = (body["input"],) if "input" in body else ()
            about = [(each, _entrypoint(each, asked.bundle), each.given or given) for each in expressions]
            questions = [entrypoint.request(stated(_named(own), "input")) for _, entrypoint, own in about if entrypoint]
        shown = self._shown(asked, about)
        decided = await self._asking.all_decided(asked, questions)
        answers = iter(decided)
        documents = [
            Documents(data=(_nested(entrypoint, next(answers).recorded),) if entrypoint else shown, input=own)
            for _, entrypoint, own in about
        ]
        async with self._by.refusing(asked.caller, raw):
            rows = solve(expressions, documents)
        ids = [each.recorded.decision_id for each in decided]
        told = ({"result": rows} if rows else {}) | ({"decision_ids": ids} if ids else {})
        return asked.options.answer(told | self._asking.metrics(asked, decided))

    def _shown(
        self, asked: Asked, about: list[tuple[Expression, Entrypoint | None, tuple[Any, ...]]]
    ) -> tuple[Any, ...]:
        """Return the data, if an expression reads it and the caller may."""
        if not any(expression.data and entrypoint is None for expression, entrypoint, _ in about):
            return ()
        bundle = asked.bundle
        if not may_have_explained(bundle, asked.caller):
            raise ProblemError(problem("forbidden", _READING))
        return (base_data(bundle, asked.caller),)


def _entrypoint(expression: Expression, bundle: Bundle) -> Entrypoint | None:
    """Return the entrypoint that an expression is about, if it is about one."""
    targets = [Target.find(bundle, reference.beginning) for reference in expression.data]
    found = [target.entrypoint for target in targets if target]
    if not found:
        return None
    if any(target is None or target.entrypoint != found[0] for target in targets):
        raise MalformedRequestError("unsupported_query", "an expression is about one entrypoint")
    return found[0]


def _named(given: tuple[Any, ...]) -> dict[str, Any]:
    return {"input": given[0]} if given else {}


def _nested(entrypoint: Entrypoint, recorded: Recorded) -> Any:
    """Return the document of a package at its place below `data`."""
    document: Any = document_of(entrypoint, recorded)
    for name in reversed(entrypoint.action.split(".")):
        document = {name: document}
    return document
