"""The access evaluation endpoints of the OpenID AuthZEN Authorization API 1.0, sections 6 and 7.

Owns the form of the answers.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from app.decision_plane.answering import Answering
from app.decision_plane.batch import MAX_BATCH_BYTES, MOST, Batch, Item, Semantic, parse_batch
from app.decision_plane.explainer import may_have_explained
from app.decision_plane.http import Answer, ProblemError, Request, Route
from app.decision_plane.operation import (
    ANY_OBJECT,
    ANYTHING,
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
from app.pdp.model import Diagnostic, Durability, EvaluationRequest, Override, Violation
from app.pdp.request import MAX_ACTION, MAX_ID, MAX_TYPE, parse_request
from evidence.chain import Appended

EVALUATION: Final = "/access/v1/evaluation"
EVALUATIONS: Final = "/access/v1/evaluations"

ENTITY: Final = one_object({"type": text(MAX_TYPE), "id": text(MAX_ID)}, {"properties": ANY_OBJECT})

ACTION: Final = one_object({"name": text(MAX_ACTION)}, {"properties": ANY_OBJECT})

EVIDENCE: Final = one_object(
    {"chain": text(), "seq": {"type": "integer"}, "leaf_hash": text(), "durability": schema_of(Durability)},
    {"receipt": text()},
)
"""The schema of where a record stands, as `evidence_of` returns it."""

REQUEST: Final = one_object(
    {"subject": ENTITY, "action": ACTION, "resource": ENTITY},
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
                "evidence": EVIDENCE,
            },
            {"explanation": ANY_OBJECT, "overrides": list_of(schema_of(Override))},
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

_ERROR: Final = one_object(
    {
        "decision": {"const": False},
        "context": one_object({"error": one_object({"status": {"type": "integer"}, "message": text()})}),
    }
)
_BATCH: Final = one_object(
    {"evaluations": {"type": "array", "minItems": 1, "maxItems": MOST, "items": ANYTHING}},
    {"options": one_object({}, {"evaluations_semantic": schema_of(Semantic)})},
)
_ANSWERS: Final = one_object(
    {"evaluations": list_of({"anyOf": [ANSWER, _ERROR]})},
    {"context": one_object({"evidence": one_object({"receipt": text()})})},
)
_NONE: Final = {"properties": {"evaluations": {"type": "array", "maxItems": 0}}}

_EVALUATIONS: Final = Operation(
    summary="Decide many questions at once, under one sync; without a list of them, decide one",
    body={"anyOf": [_BATCH, {"allOf": [REQUEST, _NONE]}]},
    parameters=tuple(each for each in Options.parameters() if each.name != "explain"),
    answers={200: {"anyOf": [_ANSWERS, ANSWER]}},
    problems=("malformed_request", "forbidden", *RECEIVING, *DECIDING),
)


def routes(by: Answering) -> Iterable[Route]:
    """Return the endpoints of this protocol."""

    async def one(request: Request) -> Answer:
        caller = by.caller(request)
        async with by.received(request) as body:
            return Answer(document=await _evaluation(request, body, caller, by))

    async def many(request: Request) -> Answer:
        caller = by.caller(request)
        async with by.received(request, limit=MAX_BATCH_BYTES) as body:
            return Answer(document=await _evaluations(request, body, caller, by))

    yield Route(path=EVALUATION, methods={"POST": one}, described={"POST": _EVALUATION})
    yield Route(path=EVALUATIONS, methods={"POST": many}, described={"POST": _EVALUATIONS})


async def _evaluation(request: Request, body: bytes, caller: Caller, by: Answering) -> dict[str, Any]:
    """Return the answer to one evaluation request, once the decision is on record, with what was asked for beside it.

    Raises:
        ProblemError: there is no decision.
        UnrecordedError: there is no evidence, so there is no decision.
        EvaluatorsGoneError: nobody can decide.
        NoPoliciesError: no policies of the caller's tenant are in force.
    """
    options = options_of(request)
    if options.explain and not may_have_explained(by.pdp.policies_of(caller).bundle, caller):
        raise ProblemError(problem("forbidden"))
    async with by.refusing(caller, body):
        verify_content_type(request)
        parsed = parse_request(body)
    answer = answer_of(recorded := await by.pdp.evaluate(parsed, caller, durability=options.durability))
    if options.receipt:
        answer["context"]["evidence"]["receipt"] = by.sign_receipt([recorded.appended])
    if options.explain:
        answer["context"]["explanation"] = await by.explainer.explanation(recorded, parsed.action, caller)
    return answer


async def _evaluations(request: Request, body: bytes, caller: Caller, by: Answering) -> dict[str, Any]:
    """Return the answers to many questions, once all decisions are on record. Raises as `_evaluation`."""
    async with by.refusing(caller, body):
        verify_content_type(request)
        batch = parse_batch(body)
    if batch is None:
        return await _evaluation(request, body, caller, by)
    options = options_of(request)
    if options.explain:
        raise ProblemError(problem("malformed_request", "unknown_option: `explain` is for one evaluation"))
    items, asked = _reachable(batch)
    by.charge(caller, len(asked) - 1)
    with by.places(caller.tenant, len(asked)):
        decided = await by.pdp.evaluate_all(asked, caller, durability=options.durability, until=batch.semantic.until)
    answers = []
    for each, recorded in _settled(items, decided, batch.semantic):
        if isinstance(each, MalformedRequestError):
            await by.refused(caller, each.code, body)
        answers.append(_error_of(each) if recorded is None else answer_of(recorded))
    document: dict[str, Any] = {"evaluations": answers}
    if options.receipt and decided:
        receipt = by.sign_receipt([recorded.appended for recorded in decided])
        document["context"] = {"evidence": {"receipt": receipt}}
    return document


def _reachable(batch: Batch) -> tuple[list[Item], list[EvaluationRequest]]:
    """Return the items that can be reached, and the questions among them: what is none is a deny."""
    items = list(batch.items)
    if batch.semantic is Semantic.DENY_ON_FIRST_DENY:
        ends = [number for number, each in enumerate(items, 1) if not isinstance(each, EvaluationRequest)]
        items = items[: ends[0]] if ends else items
    return items, [each for each in items if isinstance(each, EvaluationRequest)]


def _settled(items: list[Item], decided: list[Recorded], semantic: Semantic) -> Iterable[tuple[Item, Recorded | None]]:
    """Yield each item that was reached, with its decision, or None where it is no question."""
    left = iter(decided)
    for each in items:
        recorded = next(left) if isinstance(each, EvaluationRequest) else None
        yield each, recorded
        if recorded is not None and recorded.decision.allow is semantic.until:
            return


def _error_of(item: Item) -> dict[str, Any]:
    """Return the answer to an item that is no question (section 7.2.1)."""
    status, message = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the evaluation is larger than a request may be"
    if isinstance(item, MalformedRequestError):
        status, message = HTTPStatus.BAD_REQUEST, f"{item.code}: {item.detail}"
    return {"decision": False, "context": {"error": {"status": status.value, "message": message}}}


def options_of(request: Request) -> Options:
    """Return what is asked for beside the answer.

    Raises:
        ProblemError: something that there is not.
    """
    try:
        return Options.parse(request.query)
    except MalformedRequestError as error:
        raise ProblemError(problem("malformed_request", f"{error.code}: {error.detail}")) from error


def verify_content_type(request: Request) -> None:
    """Return if the body is said to be JSON.

    Raises:
        MalformedRequestError: it is not.
    """
    media_type = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/json":
        raise MalformedRequestError("unsupported_content_type", "the content type is not application/json")


def answer_of(recorded: Recorded) -> dict[str, Any]:
    """Return the decision with its evidence: reasons, obligations, and where the record stands."""
    result = recorded.decision.told()
    overrides = {"overrides": result["overrides"]} if "overrides" in result else {}
    return {
        "decision": result["allow"],
        "context": {
            "decision_id": recorded.decision_id,
            "reasons": result["violations"],
            "obligations": result["obligations"],
            "diagnostics": result["diagnostics"],
            **overrides,
            "policy": {"revision": recorded.bundle.revision, "bundle": recorded.bundle.digest},
            "evidence": evidence_of(recorded.appended, recorded.durability),
        },
    }


def evidence_of(appended: Appended, durability: Durability) -> dict[str, Any]:
    """Return where a record stands, and how safely."""
    return {
        "chain": appended.position.chain,
        "seq": appended.position.seq,
        "leaf_hash": appended.leaf,
        "durability": durability.value,
    }
