"""The OpenAPI document: it has every route, and says of each answer what really comes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import pytest

from app.decision_plane.asgi import described
from app.decision_plane.http import Answer, Route
from app.decision_plane.metadata import WELL_KNOWN
from app.decision_plane.openapi import document
from app.decision_plane.operation import Operation, Token, one_object, schema_of, text
from app.decision_plane.options import Options
from app.errors import CODES, OF_PAGES
from app.pdp.model import Durability
from app.pdp.strict_json import MAX_INTEGER
from tests.decision_plane.asking import BEARER, JSON, body
from tests.decision_plane.test_ext_authz import TOKEN

DOCUMENT = described()
ANYWHERE = {"method_not_allowed"}  # of a method that no operation is there for


def test_every_method_of_every_route_is_described(plane):
    assert {route.path: set(route.described) for route in plane.app._routes} == {
        route.path: set(route.methods) for route in plane.app._routes
    }


def test_a_plane_that_nobody_can_ask_has_the_same_document(plane):
    answer = plane.ask(path="/openapi.json", method="GET", headers=[])
    assert (answer.status, answer.document) == (200, DOCUMENT)


def test_every_operation_has_a_name_of_its_own():
    names = [each["operationId"] for methods in DOCUMENT["paths"].values() for each in methods.values()]
    assert len(set(names)) == len(names)


def test_the_options_of_the_query_are_those_of_the_code():
    said = DOCUMENT["paths"]["/access/v1/evaluation"]["post"]["parameters"]
    assert {each["name"]: each["schema"] for each in said} == {
        "explain": {"type": "boolean", "default": False},
        "receipt": {"type": "boolean", "default": False},
        "durability": {"type": "string", "enum": ["journal", "locked"], "default": "journal"},
    }
    assert Options.parse(b"explain=true&receipt=true&durability=locked").durability is Durability.LOCKED


def test_any_value_is_what_the_parser_takes():
    value = DOCUMENT["components"]["schemas"]["Value"]
    assert (value["minimum"], value["maximum"]) == (-MAX_INTEGER, MAX_INTEGER)


def test_every_problem_is_said_of_some_operation():
    said = str(DOCUMENT)
    assert {code for code in CODES - OF_PAGES - ANYWHERE if f"urn:omega:problem:{code}'" not in said} == set()


EVALUATION = {"method": "POST", "path": "/access/v1/evaluation", "template": "/access/v1/evaluation"}
ENVOY = {"path": "/authz/envoy/a", "template": "/authz/envoy/{path}"}
AT_ONCE = {"method": "POST", "path": "/access/v1/evaluations"}
MANY = json.dumps(json.loads(body()) | {"evaluations": [{}, {"resource": 7}]}).encode()
SEARCH = {"method": "POST", "path": "/access/v1/search/action"}
FIND = json.dumps({name: json.loads(body())[name] for name in ("subject", "resource")}).encode()
ASKED = {
    "an allow": (EVALUATION, (body(),), {}, 200),
    "a deny": (EVALUATION, (body(ripe=False),), {}, 200),
    "a deny with diagnostics": (EVALUATION, (body(ripe=None),), {}, 200),
    "a receipt": (EVALUATION, (body(),), {"query": b"receipt=true"}, 200),
    "no request": (EVALUATION, (b"{",), {}, 400),
    "nobody": (EVALUATION, (body(),), {"headers": [JSON]}, 401),
    "an explanation that it may not have": (EVALUATION, (body(),), {"query": b"explain=true"}, 403),
    "too large": (EVALUATION, (b"x" * 40_000,), {}, 413),
    "many questions": (AT_ONCE, (MANY,), {"query": b"receipt=true"}, 200),
    "one question where many may be": (AT_ONCE, (body(),), {}, 200),
    "too many questions": (AT_ONCE, (b'{"evaluations": [' + b"1," * 200 + b"1]}",), {}, 400),
    "a search": (SEARCH, (FIND,), {"query": b"receipt=true"}, 200),
    "a search for nothing that is there": (SEARCH, (b"{}",), {}, 400),
    "metadata that there are not": ({"path": WELL_KNOWN}, (), {}, 404),
    "a decision": ({"path": "/v1/decisions/x-1", "template": "/v1/decisions/{id}"}, (), {"headers": [BEARER]}, 200),
    "health": ({"path": "/healthz"}, (), {}, 200),
    "readiness": ({"path": "/readyz"}, (), {}, 200),
    "the document": ({"path": "/openapi.json"}, (), {}, 200),
    "a proxy without token": (ENVOY, (), {"headers": []}, 403),
    "a proxy that is none": (ENVOY | {"method": "PUT"}, (), {"headers": [TOKEN]}, 403),
}


@pytest.mark.parametrize(("where", "chunks", "options", "status"), ASKED.values(), ids=ASKED)
def test_answers_are_as_the_document_says(plane, where, chunks, options, status):
    method = where.get("method", "GET")
    answer = plane.ask(*chunks, path=where["path"], method=method, **options)
    operation = DOCUMENT["paths"][where.get("template", where["path"])][method.lower()]
    said = operation["responses"][str(answer.status)]["content"][answer.headers[b"content-type"].decode()]["schema"]
    assert answer.status == status
    jsonschema_rs.validate(said | {"components": DOCUMENT["components"]}, answer.document)


@dataclass
class Basket:
    fruit: tuple[str, ...]
    layers: int
    weight: float
    wrapped: bool | None
    durability: Durability
    prices: Mapping[str, int] = field(default_factory=dict)
    notes: Any = None


def test_a_schema_is_made_of_a_type():
    assert schema_of(Basket) == {
        "type": "object",
        "required": ["durability", "fruit", "layers", "weight", "wrapped"],
        "properties": {
            "fruit": {"type": "array", "items": {"type": "string"}},
            "layers": {"type": "integer"},
            "weight": {"type": "number"},
            "wrapped": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            "durability": {"type": "string", "enum": ["journal", "locked"]},
            "prices": {"type": "object", "additionalProperties": {"type": "integer"}},
            "notes": {},
        },
    }


@pytest.mark.parametrize("kind", [bytes, object, type[int]])
def test_a_type_that_json_does_not_have_is_refused(kind):
    with pytest.raises(TypeError, match="no schema of"):
        schema_of(kind)


def test_an_answer_and_a_problem_of_one_status_and_form_stand_side_by_side():
    async def nothing(_):
        raise NotImplementedError

    ready, code = one_object({"ready": text()}), one_object({"code": text()})
    operation = Operation(summary="s", token=Token.NONE, answers={500: ready}, problem=code)
    route = Route(
        path="/x",
        methods={"GET": nothing},
        refuse=lambda found: Answer(document={"code": found.code}, status=found.status),
        described={"GET": operation},
    )
    said = document([route], version="1")["paths"]["/x"]["get"]["responses"]
    assert said["500"]["content"] == {"application/json": {"schema": {"anyOf": [ready, code]}}}


def test_no_two_operations_have_one_name():
    names = [operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names)
