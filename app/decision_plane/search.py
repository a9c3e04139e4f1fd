"""The search endpoints of the OpenID AuthZEN Authorization API 1.0, section 8: subjects, resources, actions.

Owns pages and the form of the answers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from app.decision_plane.answering import Answering
from app.decision_plane.authzen import ACTION, ENTITY, EVIDENCE, evidence_of, options_of, verify_content_type
from app.decision_plane.http import Answer, Handler, ProblemError, Request, Route
from app.decision_plane.operation import ANY_OBJECT, DECIDING, RECEIVING, Operation, list_of, one_object, text
from app.decision_plane.options import Options
from app.decision_plane.page_token import PageTokens, Place
from app.errors import problem
from app.pdp.enforce import Caller
from app.pdp.errors import MalformedRequestError
from app.pdp.request import MAX_TYPE
from app.pdp.searching import Kind, Page, Query, parse_query
from app.pdp.strict_json import parse

PATHS: Final = {kind: f"/access/v1/search/{kind}" for kind in Kind}
MOST_RESULTS: Final = 1_000
"""Results on one page; who asks for more gets so many."""

RESULTS: Final = 100
"""Results on one page where nobody says how many."""

_SECONDS: Final = 1.0  # that one page may take, a little more where an evaluation is slow
_AT_ONCE: Final = 4  # searches of one worker


_TYPE: Final = one_object({"type": text(MAX_TYPE)})
_PAGE: Final = one_object({}, {"limit": {"type": "integer", "minimum": 1}}) | {
    "description": "`token` is the `next_token` of the page before; it holds for the same search alone"
}
_RESULT: Final = {
    Kind.SUBJECT: one_object({"type": text(), "id": text()}),
    Kind.RESOURCE: one_object({"type": text(), "id": text()}),
    Kind.ACTION: one_object({"name": text()}),
}


def _operation(kind: Kind) -> Operation:
    asked = {"subject": ENTITY, "action": ACTION, "resource": ENTITY} | ({} if kind is Kind.ACTION else {kind: _TYPE})
    number = {"type": "integer"}
    page = one_object({"next_token": text(), "count": number}, {"total": number})
    context = one_object({"evaluated": number, "undecided": number, "evidence": EVIDENCE})
    return Operation(
        summary=f"Find every {kind} that an allow would be given for, page by page, and record that it was searched",
        body=one_object(
            {name: each for name, each in asked.items() if name != kind or kind is not Kind.ACTION},
            {"context": ANY_OBJECT, "page": _PAGE},
        ),
        parameters=tuple(each for each in Options.parameters() if each.name != "explain"),
        answers={200: one_object({"results": list_of(_RESULT[kind]), "page": page, "context": context})},
        problems=("malformed_request", *RECEIVING, *DECIDING),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A search, where it goes on, and how many results are wanted."""

    query: Query
    place: Place
    limit: int


class Searching:
    """The searches of one worker: a few at once, so that deciding goes on."""

    def __init__(self, by: Answering, tokens: PageTokens, ticks: Callable[[], float]) -> None:
        self._by, self._tokens, self._ticks = by, tokens, ticks
        self._free = _AT_ONCE

    def routes(self) -> Iterable[Route]:
        """Return the endpoints."""
        for kind in Kind:
            described = {"POST": _operation(kind)}
            yield Route(path=PATHS[kind], methods={"POST": self._handler(kind)}, described=described)

    def _handler(self, kind: Kind) -> Handler:
        async def asked(request: Request) -> Answer:
            caller = self._by.caller(request)
            async with self._by.received(request) as body:
                return Answer(document=await self._search(kind, request, body, caller))

        return asked

    async def _search(self, kind: Kind, request: Request, body: bytes, caller: Caller) -> dict[str, Any]:
        """Return one page, once the search is on record.

        Raises:
            ProblemError: there is no answer.
            UnrecordedError: there is no evidence, so there is no answer.
            EvaluatorsGoneError: nobody can decide.
        """
        options = options_of(request)
        if options.explain:
            raise ProblemError(problem("malformed_request", "unknown_option: `explain` is for one evaluation"))
        async with self._by.refusing(caller, body):
            verify_content_type(request)
            asked = self._asked(kind, body, caller)
        if not self._free:
            raise ProblemError(problem("overloaded"))
        self._free -= 1
        try:
            end = self._ticks() + _SECONDS
            page = Page(offset=asked.place.offset, limit=asked.limit, spent=lambda: self._ticks() >= end)
            searched = await self._by.pdp.search(asked.query, caller, page, durability=options.durability)
        finally:
            self._free += 1
        self._by.charge(caller, searched.found.evaluated - 1)
        found, evidence = searched.found, evidence_of(searched.appended, searched.durability)
        if options.receipt:
            evidence["receipt"] = self._by.sign_receipt([searched.appended])
        before = asked.place.found + len(found.results)
        told: dict[str, Any] = {"next_token": "", "count": len(found.results)}
        if found.going_on is None:
            told["total"] = before
        else:
            place = Place(offset=found.going_on, found=before)
            told["next_token"] = self._tokens.token(place, asked.query, caller, searched.bundle.digest)
        counts = {"evaluated": found.evaluated, "undecided": found.undecided}
        return {"page": told, "context": counts | {"evidence": evidence}, "results": list(found.results)}

    def _asked(self, kind: Kind, body: bytes, caller: Caller) -> _Asked:
        value = parse(body)
        query = parse_query(value, kind)
        page = value.get("page", {})
        if type(page) is not dict:
            raise MalformedRequestError("member_type", "`page` must be an object")
        token, limit = page.get("token", ""), page.get("limit", RESULTS)
        if type(token) is not str or type(limit) is not int:
            raise MalformedRequestError("member_type", "`page/token` must be a string, `page/limit` an integer")
        if limit < 1:
            raise MalformedRequestError("page_limit", "`page/limit` must be at least 1")
        bundle = self._by.pdp.policies_of(caller).bundle.digest
        place = self._tokens.place(token, query, caller, bundle) if token else Place()
        return _Asked(query=query, place=place, limit=min(limit, MOST_RESULTS))
