"""POST /access/v1/evaluation: the OpenID AuthZEN Authorization API 1.0, section 6.

Owns the form of the answer.
"""

from collections.abc import Iterable
from typing import Any, Final

from app.decision_plane.answering import Answering
from app.decision_plane.explainer import may_have_explained
from app.decision_plane.http import Answer, ProblemError, Request, Route
from app.decision_plane.operation import (
    ANY_OBJECT,
    DECIDING,
    RECEIVING,
    Operation,
    list_of,
    one_object,
    schema_of,
    text,
)
from app.decision_plane.options import Options
from app.errors import problem
from app.pdp.enforce import Caller, Recorded
from app.pdp.errors import MalformedRequestError
from app.pdp.model import Diagnostic, Durability, Violation
from app.pdp.request import MAX_ACTION, MAX_ID, MAX_TYPE, parse_request

_ENTITY: Final = one_object({"type": text(MAX_TYPE), "id": text(MAX_ID)}, {"properties": ANY_OBJECT})

REQUEST: Final = one_object(
    {"subject": _ENTITY, "action": one_object({"name": text(MAX_ACTION)}), "resource": _ENTITY},
    {"context": ANY_OBJECT},
)
"""The schema of an evaluation request (section 6.1)."""

ANSWER: Final = one_object(
    {
        "decision": {"type": "boolean"},
        "context": one_object(
            {
                "decision_id": text(),
                "reasons": list_of(schema_of(Violation)),
                "obligations": list_of(one_object({"id": text(), "type": text()})),
                "diagnostics": list_of(schema_of(Diagnostic)),
                "policy": one_object({"revision": text(), "bundle": text()}),
                "evidence": one_object(
                    {
                        "chain": text(),
                        "seq": {"type": "integer"},
                        "leaf_hash": text(),
                        "durability": schema_of(Durability),
                    },
                    {"receipt": text()},
                ),
            },
            {"explanation": ANY_OBJECT},
        ),
    }
)
"""The schema of a decision, as `answer_of` returns it."""

_EVALUATION: Final = Operation(
    summary="Decide whether a subject may do an action to a resource, and record it",
    body=REQUEST,
    parameters=Options.parameters(),
    answers={200: ANSWER},
    problems=("malformed_request", "forbidden", *RECEIVING, *DECIDING),
)


def routes(by: Answering) -> Iterable[Route]:
    """Return the endpoints of this protocol."""

    async def asked(request: Request) -> Answer:
        caller = by.caller(request)
        async with by.received(request) as body:
            return Answer(document=await _evaluation(request, body, caller, by))

    yield Route(path="/access/v1/evaluation", methods={"POST": asked}, described={"POST": _EVALUATION})


async def _evaluation(request: Request, body: bytes, caller: Caller, by: Answering) -> dict[str, Any]:
    """Return the answer to one evaluation request, once the decision is on record, with what was asked for beside it.

    Raises:
        ProblemError: there is no decision.
        UnrecordedError: there is no evidence, so there is no decision.
        EvaluatorsGoneError: nobody can decide.
    """
    try:
        options = Options.parse(request.query)
    except MalformedRequestError as error:
        raise ProblemError(problem("malformed_request", f"{error.code}: {error.detail}")) from error
    if options.explain and not may_have_explained(by.pdp.policies.bundle, caller):
        raise ProblemError(problem("forbidden"))
    async with by.refusing(caller, body):
        _verify_content_type(request)
        parsed = parse_request(body)
    answer = answer_of(recorded := await by.pdp.evaluate(parsed, caller, durability=options.durability))
    if options.receipt:
        answer["context"]["evidence"]["receipt"] = by.sign_receipt([recorded.appended])
    if options.explain:
        answer["context"]["explanation"] = await by.explainer.explanation(recorded, parsed.action, caller)
    return answer


def _verify_content_type(request: Request) -> None:
    media_type = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/json":
        raise MalformedRequestError("unsupported_content_type", "the content type is not application/json")


def answer_of(recorded: Recorded) -> dict[str, Any]:
    """Return the decision with its evidence: reasons, obligations, and where the record stands."""
    result = recorded.decision.document()
    position = recorded.appended.position
    return {
        "decision": result["allow"],
        "context": {
            "decision_id": recorded.decision_id,
            "reasons": result["violations"],
            "obligations": result["obligations"],
            "diagnostics": result["diagnostics"],
            "policy": {"revision": recorded.bundle.revision, "bundle": recorded.bundle.digest},
            "evidence": {
                "chain": position.chain,
                "seq": position.seq,
                "leaf_hash": recorded.appended.leaf,
                "durability": recorded.durability.value,
            },
        },
    }
