"""What is said of a method at a path: enough to call it, and to know every answer that may come.

Owns the words of a description, and JSON Schemas made from the types the code itself uses. How that becomes an OpenAPI
document is `openapi.py`'s business.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

Schema = dict[str, Any]

_MOST: Final = 2**53 - 1  # RFC 7493, section 2.2

ANYTHING: Final[Schema] = {"$ref": "#/components/schemas/Value"}
"""The schema of whatever strict JSON takes."""

NAMED: Final[Mapping[str, Schema]] = {
    "Value": {
        "description": "Any I-JSON value (RFC 7493): no noncharacters in texts, at most 64 levels deep.",
        "minimum": -_MOST,
        "maximum": _MOST,
        "items": ANYTHING,
        "additionalProperties": ANYTHING,
    }
}
"""The schemas that others refer to."""

ANY_OBJECT: Final[Schema] = {"type": "object", "additionalProperties": ANYTHING}

RECEIVING: Final = ("request_too_large", "body_timeout", "overloaded")
"""Problems of whatever takes in a request."""

DECIDING: Final = ("evidence_unavailable", "evaluators_gone", "policies_unavailable")
"""Problems of whatever decides."""

_SIMPLE: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
}


class Token(StrEnum):
    """Where the token of whoever asks is looked for."""

    NONE = "none"
    BEARER = "bearer"
    PROXY = "proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Something beside the body. `place` is query, header or path."""

    name: str
    place: str
    schema: Schema
    says: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method at one path.

    Attributes:
        summary: one line.
        token: where the caller's token is.
        body: the schema of the JSON body; None: none is read.
        parameters: of query and headers, and, where the path ends in `/`, the one that stands behind it.
        answers: the schema of each status that is no problem.
        problems: codes of `app.errors` that may come beside `internal`, and `unauthenticated` where there is a token.
        problem: the schema of a problem, where the protocol writes problems in a form of its own.
        content_type: of the answers.
    """

    summary: str
    token: Token = Token.BEARER
    body: Schema | None = None
    takes: str = "application/json"
    parameters: tuple[Parameter, ...] = ()
    answers: Mapping[int, Schema] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    problem: Schema | None = None
    content_type: str = "application/json"


def one_object(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with these members, and perhaps others."""
    return ANY_OBJECT | {"required": sorted(required), "properties": {**required, **(optional or {})}}


def list_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def text(longest: int | None = None) -> Schema:
    """Return the schema of a text; with `longest`, one that is not empty."""
    return {"type": "string"} if longest is None else {"type": "string", "minLength": 1, "maxLength": longest}


def schema_of(kind: Any) -> Schema:
    """Return the schema of what a type holds, as it is written in JSON: dataclasses member by member.

    Raises:
        TypeError: nobody has said how such a type is written.
    """
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        required = [each for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]
        members = {each.name: schema_of(hints[each.name]) for each in fields(kind)}
        return {"type": "object", "required": sorted(each.name for each in required), "properties": members}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [each.value for each in kind]}
    match get_origin(kind):
        case None:
            if kind in _SIMPLE:
                return dict(_SIMPLE[kind])
        case origin if origin in {UnionType, Union}:
            return {"anyOf": [schema_of(each) for each in get_args(kind)]}
        case origin if origin in {tuple, list, frozenset}:
            return list_of(schema_of(get_args(kind)[0]))
        case origin if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": schema_of(get_args(kind)[1])}
    raise TypeError(f"no schema of `{kind}`")
