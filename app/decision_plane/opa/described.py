"""What the OpenAPI document says of OPA's REST API, by path and method. Owns words and schemas, and no handler."""

from collections.abc import Mapping
from typing import Any, Final

from app.decision_plane.operation import (
    ANY_OBJECT,
    ANYTHING,
    DECIDING,
    RECEIVING,
    Operation,
    Parameter,
    Token,
    list_of,
    one_object,
    text,
)

_NO_POLICIES: Final = ("malformed_request", "policies_unavailable")
_ASKING: Final = ("malformed_request", *RECEIVING, *DECIDING)
_ERROR: Final = one_object({"code": text(), "message": text()})
_HEALTHY: Final = one_object({}, {"error": text()})
_RESULT: Final = one_object(
    {"decision_id": text()},
    {"result": ANYTHING, "provenance": ANY_OBJECT, "metrics": ANY_OBJECT, "explanation": list_of(ANYTHING)},
)
_SWITCHES: Final = {
    "pretty": "lay out the answer",
    "provenance": "tell which bundle decided",
    "metrics": "tell how long it took",
    "instrument": "the same",
    "explain": "`notes`, `fails`, `full` or `debug`: tell why, to callers that may know",
    "strict-builtin-errors": "changes nothing: an error of a function is always a deny",
}
_OPTIONS: Final = tuple(
    Parameter(name=name, place="query", schema=text(), says=said) for name, said in _SWITCHES.items()
)
_PATH: Final = Parameter(name="path", place="path", schema=text(), says="package and rule, `http/authz/allow`")
_ID: Final = Parameter(name="id", place="path", schema=text(), says="the file of a policy")
_INPUT: Final = Parameter(name="input", place="query", schema=text(), says="the input, as JSON")
_QUERY: Final = Parameter(name="q", place="query", schema=text(), says="the query", required=True)
_SOLUTIONS: Final = one_object(
    {}, {"result": list_of(ANY_OBJECT), "decision_ids": list_of(text()), "metrics": ANY_OBJECT}
)


def _operation(
    summary: str, *parameters: Parameter, problems: tuple[str, ...], answers: Mapping[int, Any], body: Any = None
) -> Operation:
    return Operation(
        summary=summary,
        body=body,
        parameters=(*parameters, *_OPTIONS),
        answers=answers,
        problems=problems,
        problem=_ERROR,
    )


def _decides(
    summary: str, body: Any, answer: Any, *more: tuple[int, Any], at: tuple[Parameter, ...] = (_PATH,)
) -> Operation:
    problems = ("forbidden", "not_found", *_ASKING)
    return _operation(summary, *at, problems=problems, answers=dict([(200, answer), *more]), body=body)


def _reads(summary: str, answer: Any, *parameters: Parameter, more: tuple[str, ...] = ()) -> Operation:
    return _operation(summary, *parameters, problems=("forbidden", *_NO_POLICIES, *more), answers={200: answer})


def _refuses(*parameters: Parameter) -> dict[str, Operation]:
    refused = Operation(
        summary="Refused: policies and data come from Git",
        parameters=parameters,
        problems=("forbidden",),
        problem=_ERROR,
    )
    return dict.fromkeys(("PUT", "PATCH", "DELETE"), refused)


def _tells(summary: str, *statuses: int) -> dict[str, Operation]:
    answers = dict.fromkeys(statuses, _HEALTHY)
    return {"GET": Operation(summary=summary, token=Token.NONE, answers=answers, problem=_HEALTHY)}


_SHOWN: Final = one_object({}, {"result": ANYTHING})
_RESPONSES: Final = one_object({"responses": ANY_OBJECT}, {"metrics": ANY_OBJECT})

OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/v1/data": {"GET": _reads("Show all data files", _SHOWN), **_refuses()},
    "/v1/data/": {
        "GET": _reads(
            "Decide on the input in the query and record it, or show data",
            one_object({}, _RESULT["properties"]),
            _PATH,
            _INPUT,
            more=(*RECEIVING, *DECIDING),
        ),
        "POST": _decides("Decide on an input and record it", one_object({"input": ANYTHING}), _RESULT),
        **_refuses(_PATH),
    },
    "/v0/data/": {"POST": _decides("Decide on the body and record it; the answer is the result", ANYTHING, ANYTHING)},
    "/": {"POST": _decides("The same, of the rule `main` of the package `system`", ANYTHING, ANYTHING, at=())},
    "/v1/batch/data/": {
        "POST": _decides(
            "Decide on many inputs and record them",
            one_object({"inputs": ANY_OBJECT}, {"common_input": ANYTHING}),
            _RESPONSES,
            (207, _RESPONSES),
        )
    },
    "/v1/query": {
        "GET": _operation("Solve a query", _QUERY, problems=("forbidden", *_ASKING), answers={200: _SOLUTIONS}),
        "POST": _operation(
            "Solve a query over decisions, which are recorded, over an input and over data",
            problems=("forbidden", *_ASKING),
            answers={200: _SOLUTIONS},
            body=one_object({"query": text()}, {"input": ANYTHING}),
        ),
    },
    "/v1/policies": {"GET": _reads("List the policies of the caller's actions", _SHOWN)},
    "/v1/policies/": {"GET": _reads("Show a policy", _SHOWN, _ID, more=("not_found",)), **_refuses(_ID)},
    "/v1/config": {"GET": _reads("Tell the labels of this service", _SHOWN)},
    "/v1/status": {"GET": _reads("Tell which bundle is in force", _SHOWN)},
    "/health": _tells("The service can decide and record (200), or not (500)", 200, 500),
    "/health/ready": _tells("The same", 200, 500),
    "/health/live": _tells("The process answers", 200),
}
"""By path and method."""
