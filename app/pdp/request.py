"""The evaluation request of the OpenID AuthZEN Authorization API 1.0, section 6.1, and the document made of it.

Owns which members a request must have and how long they may be. What the facts in it have to look like is the
contract's business, and whether the caller may state them is the bundle's.
"""

from typing import Any, Final

from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.grants import as_grants
from app.pdp.model import Entity, Environment, EvaluationRequest
from app.pdp.strict_json import MAX_BYTES, encode, parse

MAX_TYPE: Final = 64  # characters
MAX_ACTION: Final = 128
MAX_ID: Final = 256

MAX_DOCUMENT: Final = 1 << 20
"""Bytes: the longest text that a record keeps. What comes over HTTP is far below; code may state more."""

_BEFORE_RESOURCE: Final = b',"resource":'


def parse_request(data: bytes) -> EvaluationRequest:
    """Return the request in `data`; members that AuthZEN does not name are ignored (section 5).

    Raises:
        MalformedRequestError: it is no I-JSON, or a member is missing, of the wrong type, empty or too long. Codes:
            those of `strict_json.parse`, and `member_missing`, `member_type`, `member_length`.
        TooLargeError: it has more than 32 KiB, as received or as encoded again.
    """
    return as_request(parse(data))


def as_request(value: Any, max_bytes: int = MAX_BYTES) -> EvaluationRequest:
    """Return the request in a value of JSON, as `parse_request` does.

    Raises:
        MalformedRequestError: a member is missing, of the wrong type, empty or too long.
        TooLargeError: encoded, it has more than `max_bytes`.
    """
    subject = as_entity(value, "subject")
    name, properties = as_action(value)
    resource = as_entity(value, "resource")
    context = as_context(value)
    request = EvaluationRequest(
        subject=subject, action=name, resource=resource, context=context, action_properties=properties
    )
    if len(encode(_members(request))) > max_bytes:
        raise TooLargeError(f"encoded again, the request has more than {max_bytes} bytes")
    return request


def as_entity(request: Any, name: str, *, kind_alone: bool = False) -> Entity:
    """Return the subject or the resource in a value; `kind_alone`: its id is ignored and left empty.

    Raises:
        MalformedRequestError: see `as_request`.
    """
    members = _object(request, name, name)
    return Entity(
        type=_text(members, "type", f"{name}/type", MAX_TYPE),
        id="" if kind_alone else _text(members, "id", f"{name}/id", MAX_ID),
        properties=_optional_object(members, "properties", f"{name}/properties"),
    )


def as_action(request: Any) -> tuple[str, dict[str, Any]]:
    """Return the name and the properties of the action in a value.

    Raises:
        MalformedRequestError: see `as_request`.
    """
    members = _object(request, "action", "action")
    return _text(members, "name", "action/name", MAX_ACTION), _optional_object(
        members, "properties", "action/properties"
    )


def as_context(request: Any) -> dict[str, Any]:
    """Return the context in a value, empty where there is none.

    Raises:
        MalformedRequestError: see `as_request`.
    """
    return _optional_object(request, "context", "context")


def verify_request(request: EvaluationRequest) -> EvaluationRequest:
    """Return a request that code built, as it would have come in as bytes.

    Raises:
        MalformedRequestError: a value in it is none that JSON has, or as `parse_request` says.
        TooLargeError: it has more than 32 KiB.
    """
    try:
        data = encode(_members(request))
    except TypeError:
        raise MalformedRequestError("not_json", "the request holds a value that is no JSON") from None
    return parse_request(data)


def document(request: EvaluationRequest, environment: Environment) -> dict[str, Any]:
    """Return what the policy is asked about, and what the record keeps: the request, with what the PDP states."""
    return _members(request) | {"environment": environment.document()}


def parse_document(text: bytes, *, max_bytes: int = MAX_DOCUMENT) -> dict[str, Any]:
    """Return a document that was recorded, or is as one that could be.

    Raises:
        MalformedRequestError: it is none; codes as in `parse_request`.
        TooLargeError: it has more than `max_bytes`.
    """
    recorded = parse(text, max_bytes=max_bytes)
    request = as_request(recorded, max_bytes)
    stated = _object(recorded, "environment", "environment")
    environment = Environment(
        time=_text(stated, "time", "environment/time", MAX_ID),
        tenant=_text(stated, "tenant", "environment/tenant", MAX_ID),
        caller=_text(stated, "caller", "environment/caller", MAX_ID),
        overrides=as_grants(stated["overrides"]) if "overrides" in stated else (),
    )
    return document(request, environment)


def split(document: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return the text of a document in two: all but its resource, and the resource. See `join`.

    Raises:
        MalformedRequestError: a value in it is none that JSON has.
        TooLargeError: it is longer than a record keeps.
    """
    try:
        rest = encode({name: value for name, value in document.items() if name != "resource"})
        resource = encode(document["resource"])
    except TypeError:
        raise MalformedRequestError("not_json", "the request holds a value that is no JSON") from None
    if len(rest) + len(_BEFORE_RESOURCE) + len(resource) > MAX_DOCUMENT:
        raise TooLargeError(f"a document of more than {MAX_DOCUMENT} bytes")
    return rest, resource


def join(rest: bytes, resource: bytes) -> bytes:
    """Return the text of the document that was split, byte for byte the same each time: its resource stands last."""
    return rest[:-1] + _BEFORE_RESOURCE + resource + rest[-1:]


def _members(request: EvaluationRequest) -> dict[str, Any]:
    subject, resource = request.subject, request.resource
    return {
        "subject": {"type": subject.type, "id": subject.id, "properties": subject.properties},
        "action": {"name": request.action}
        | ({"properties": request.action_properties} if request.action_properties else {}),
        "resource": {"type": resource.type, "id": resource.id, "properties": resource.properties},
        "context": request.context,
    }


def _object(members: Any, name: str, path: str) -> dict[str, Any]:
    if type(members) is not dict:
        raise MalformedRequestError("member_type", "the request must be an object")
    value = _member(members, name, path)
    if type(value) is not dict:
        raise MalformedRequestError("member_type", f"`{path}` must be an object")
    return value


def _optional_object(members: Any, name: str, path: str) -> dict[str, Any]:
    return _object(members, name, path) if name in members else {}


def _text(members: dict[str, Any], name: str, path: str, longest: int) -> str:
    value = _member(members, name, path)
    if type(value) is not str:
        raise MalformedRequestError("member_type", f"`{path}` must be a string")
    if not 0 < len(value) <= longest:
        raise MalformedRequestError("member_length", f"`{path}` must have 1 to {longest} characters")
    return value


def _member(members: dict[str, Any], name: str, path: str) -> Any:
    try:
        return members[name]
    except KeyError:
        raise MalformedRequestError("member_missing", f"`{path}` is missing") from None
