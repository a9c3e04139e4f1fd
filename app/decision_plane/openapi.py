"""The OpenAPI 3.1 document of the decision plane, made of its routes and of what they say of themselves.

Owns the form of OpenAPI alone. A problem stands under the status, and in the content type, that its route gives it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from app.decision_plane.http import Route
from app.decision_plane.operation import NAMED, Operation, Parameter, Schema, Token, one_object, text
from app.errors import problem

_SECURITY: Final = {
    Token.BEARER: {"type": "http", "scheme": "bearer", "description": "`omega token issue --subject <caller>`"},
    Token.PROXY: {
        "type": "apiKey",
        "in": "header",
        "name": "x-omega-authorization",
        "description": "`Bearer <token>`: the token of the proxy itself, never of the user",
    },
}
_ALWAYS: Final = ("internal",)


def document(routes: Iterable[Route], *, version: str) -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, Any] = {}
    for route in sorted(routes, key=lambda route: route.path):
        for method, operation in sorted(route.described.items()):
            paths.setdefault(_path(route, operation), {})[method.lower()] = _operation(route, method, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Omega decision plane",
            "version": version,
            "description": "Decides, records, and only then answers. Act on status 200 and an allow alone.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(NAMED),
            "securitySchemes": {str(token): scheme for token, scheme in _SECURITY.items()},
        },
    }


def _path(route: Route, operation: Operation) -> str:
    """Return the path; what stands behind a last `/` is the parameter that the operation names."""
    named = next((each.name for each in operation.parameters if each.place == "path"), None)
    return route.path if named is None else f"{route.path}{{{named}}}{route.behind}"


def _operation(route: Route, method: str, operation: Operation) -> dict[str, Any]:
    named = re.findall(r"[A-Za-z0-9]+", _path(route, operation)) or ["root"]
    described: dict[str, Any] = {
        "operationId": "_".join([method.lower(), *named]),
        "summary": operation.summary,
        "responses": _responses(route, operation),
        "security": [] if operation.token is Token.NONE else [{str(operation.token): []}],
    }
    if operation.parameters:
        described["parameters"] = [_parameter(each) for each in operation.parameters]
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {operation.takes: {"schema": operation.body}}}
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required or parameter.place == "path",
        "description": parameter.says,
        "schema": parameter.schema,
    }


def _responses(route: Route, operation: Operation) -> dict[str, Any]:
    responses: dict[str, dict[str, Any]] = {
        str(status): {"description": "The answer.", "content": {operation.content_type: {"schema": schema}}}
        for status, schema in operation.answers.items()
    }
    tokens = () if operation.token is Token.NONE else ("unauthenticated", "wrong_region", "too_many_requests")
    codes: dict[int, list[str]] = defaultdict(list)
    for code in (*tokens, *operation.problems, *_ALWAYS):
        codes[route.refuse(problem(code)).status].append(code)
    for status, found in sorted(codes.items()):
        written = route.refuse(problem(found[0]))
        schema = operation.problem or _problem(found, status)
        told = "; ".join(f"`{code}`: {problem(code).title}" for code in found)
        before = responses.get(str(status), {"description": "", "content": {}})
        responses[str(status)] = {
            "description": f"{before['description']} {told}.".strip(),
            "content": before["content"] | _either(before["content"], written.content_type.decode(), schema),
        }
    return responses


def _either(content: dict[str, Any], content_type: str, schema: Schema) -> dict[str, Any]:
    """Return the content of this type: `schema`, or what else is answered with the same status."""
    other = [content[content_type]["schema"]] if content_type in content else []
    return {content_type: {"schema": {"anyOf": [*other, schema]} if other else schema}}


def _problem(codes: Iterable[str], status: int) -> Schema:
    """Return the schema of a problem document (RFC 9457) with one of these codes."""
    kinds = {"type": "string", "enum": [f"urn:omega:problem:{code}" for code in codes]}
    return one_object({"type": kinds, "title": text(), "status": {"const": status}}, {"detail": text()})
