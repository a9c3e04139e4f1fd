"""Which JSON Schemas are contracts: a small, closed part of draft 2020-12 in which everything has a bound.

Owns the shape: every object lists its members, every array, string and number is bounded, every reference stays inside
the file, no keyword looks at two facts at once. What is not named here is refused, because checking, pruning and this
module have to agree on every word. Knows nothing of Rego and does not validate facts.
"""

import re
from typing import Any, Final, NoReturn

from app.pdp.errors import BundleError, MalformedRequestError, TooLargeError
from app.pdp.json_places import place_of, place_of_breach
from app.pdp.strict_json import parse

PUBLIC_ID: Final = "^[a-z0-9][A-Za-z0-9._:/+-]{0,127}$"
"""The pattern of ids that a record may show: `x-public-id` demands exactly this one."""

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_MAX_BYTES: Final = 262_144
_MAX_DEPTH: Final = 12
_MAX_ITEMS: Final = 64
_MAX_LENGTH: Final = 8_192
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_NOTES: Final = frozenset({"title", "description", "$comment"})
_AT_ROOT: Final = frozenset({"$schema", "$id", "$defs"})
_CHOICE: Final = frozenset({"enum", "const"})
_KEYWORDS: Final = {
    "object": frozenset({"properties", "required"}),
    "array": frozenset({"items", "minItems", "maxItems", "uniqueItems"}),
    "string": frozenset({"enum", "const", "minLength", "maxLength", "pattern", "format", "x-public-id"}),
    "integer": frozenset({"enum", "const", "minimum", "maximum"}),
    "number": frozenset({"minimum", "maximum"}),
    "boolean": frozenset({"const"}),
}
_PYTHON_TYPES: Final = {"string": str, "integer": int, "boolean": bool}
_FORMATS: Final = frozenset({"date", "date-time"})


class _BreachError(Exception):
    """A rule of this module, broken at a JSON pointer."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"at `{pointer or '/'}`: {message}")
        self.path = pointer.split("/")[1:]


def parse_schema(file: str, data: bytes) -> dict[str, Any]:
    """Return the schema in the bytes of `file`, references resolved, if it has the shape of a contract.

    Raises:
        BundleError: it has not; the message names place and JSON pointer (RFC 6901), and what to write instead.
    """
    try:
        root = parse(data, max_bytes=_MAX_BYTES)
        schema = _expanded(root, root.get("$defs", {}) if isinstance(root, dict) else {}, "", 0)
        if schema.get("$schema", _DRAFT) != _DRAFT:
            _refuse("/$schema", f"a contract is written in `{_DRAFT}`")
        schema = {name: value for name, value in schema.items() if name not in _AT_ROOT}
        _lint(schema, "")
        _lint_root(schema)
    except (MalformedRequestError, TooLargeError) as error:
        raise BundleError(f"{file}:{place_of_breach(data, error.code)}: {error}") from None
    except _BreachError as error:
        raise BundleError(f"{file}:{place_of(data, error.path)}: {error}") from None
    return schema


def _refuse(pointer: str, message: str) -> NoReturn:
    raise _BreachError(pointer, message)


def _expanded(node: Any, definitions: Any, pointer: str, depth: int) -> dict[str, Any]:
    """Return `node` with each local reference replaced by the definition it names."""
    if not isinstance(node, dict):
        _refuse(pointer, "write a schema object")
    if depth > _MAX_DEPTH:
        _refuse(pointer, f"nested deeper than {_MAX_DEPTH}; a definition must not contain itself")
    if "$ref" in node:
        name = str(node["$ref"]).removeprefix("#/$defs/")
        if node != {"$ref": f"#/$defs/{name}"} or not isinstance(definitions, dict) or name not in definitions:
            _refuse(pointer, "a reference stands alone and names a definition of this file, `#/$defs/<name>`")
        return _expanded(definitions[name], definitions, f"/$defs/{name}", depth + 1)
    expanded = dict(node)
    if isinstance(node.get("properties"), dict):
        expanded["properties"] = {
            name: _expanded(member, definitions, f"{pointer}/properties/{name}", depth + 1)
            for name, member in node["properties"].items()
        }
    if "items" in node:
        expanded["items"] = _expanded(node["items"], definitions, f"{pointer}/items", depth + 1)
    return expanded


def _lint(node: dict[str, Any], pointer: str) -> None:
    kind = _kind(node, pointer)
    if unknown := sorted(node.keys() - _NOTES - {"type"} - _KEYWORDS[kind]):
        _refuse(pointer, f"a contract has no `{unknown[0]}` in a schema of type `{kind}`; remove it")
    match kind:
        case "object":
            _lint_object(node, pointer)
        case "array":
            _bounds(node, "Items", _MAX_ITEMS, pointer)
            if "items" not in node:
                _refuse(pointer, "say with `items` what the array holds")
            _lint(node["items"], f"{pointer}/items")
        case "string" | "integer" if _CHOICE & node.keys():
            _lint_choice(node, _PYTHON_TYPES[kind], pointer)
        case "string":
            _lint_string(node, pointer)
        case "integer" | "number":
            _lint_range(node, pointer)
        case _:
            _lint_choice({"const": node.get("const", True)}, bool, pointer)


def _kind(node: dict[str, Any], pointer: str) -> str:
    """Return the one type of `node`; `null` may stand beside it, and a choice of strings needs no type."""
    kinds = node.get("type", "string" if _CHOICE & node.keys() else None)
    if isinstance(kinds, list) and len(kinds) == 2 and "null" in kinds:  # noqa: PLR2004 - a type, or null
        kinds = kinds[1 - kinds.index("null")]
    if not isinstance(kinds, str) or kinds not in _KEYWORDS:
        _refuse(pointer, f"state one `type` of {', '.join(sorted(_KEYWORDS))}, or a list of one of them and `null`")
    return kinds


def _lint_object(node: dict[str, Any], pointer: str) -> None:
    members = node.get("properties")
    if not isinstance(members, dict):
        _refuse(pointer, "list the members in `properties`; a fact that is not named is dropped")
    for name, member in members.items():
        if not _NAME.fullmatch(name):
            _refuse(f"{pointer}/properties", "a member is named by a letter or `_`, then letters, digits, `_`")
        _lint(member, f"{pointer}/properties/{name}")
    required = node.get("required", [])
    if not isinstance(required, list) or any(not isinstance(name, str) or name not in members for name in required):
        _refuse(f"{pointer}/required", "list names that stand in `properties`")


def _lint_string(node: dict[str, Any], pointer: str) -> None:
    _bounds(node, "Length", _MAX_LENGTH, pointer)
    pattern = node.get("pattern", "^$")
    if not isinstance(pattern, str) or not pattern.startswith("^") or not pattern.endswith("$"):
        _refuse(f"{pointer}/pattern", "begin the pattern with `^` and end it with `$`, or it bounds nothing")
    if node.get("format", "date") not in _FORMATS:
        _refuse(f"{pointer}/format", f"the formats of a contract are {', '.join(sorted(_FORMATS))}")


def _lint_choice(node: dict[str, Any], kind: type, pointer: str) -> None:
    choices = node["enum"] if "enum" in node else [node["const"]]
    kinds = {kind, type(None)} if isinstance(node.get("type"), list) else {kind}
    if not isinstance(choices, list) or not choices or not {type(choice) for choice in choices} <= kinds:
        _refuse(pointer, f"list values of type {kind.__name__}")


def _bounds(node: dict[str, Any], what: str, limit: int, pointer: str) -> None:
    least, most = node.get(f"min{what}", 0), node.get(f"max{what}")
    if type(least) is not int or type(most) is not int or not 0 <= least <= most <= limit:
        _refuse(pointer, f"bound it with `max{what}`, at most {limit}")


def _lint_range(node: dict[str, Any], pointer: str) -> None:
    bounds: list[Any] = [node.get("minimum"), node.get("maximum")]
    numbers = {int} if _kind(node, pointer) == "integer" else {int, float}
    if not {type(bound) for bound in bounds} <= numbers or sorted(bounds) != bounds:
        _refuse(pointer, "bound it with `minimum` and `maximum`, whole numbers for an integer")


def _lint_root(schema: dict[str, Any]) -> None:
    """Check the members that AuthZEN names: what is a type, what is an id, where facts stand."""
    members = _named(schema, {"subject", "action", "resource", "context"}, {"subject", "resource"}, "")
    for name in ("subject", "resource"):
        pointer = f"/properties/{name}"
        entity = _named(members[name], {"type", "id", "properties"}, {"type"}, pointer)
        if not _CHOICE & entity["type"].keys():
            _refuse(f"{pointer}/properties/type", "name the types with `const` or `enum`")
        _lint_facts(members[name], pointer)
        if entity.get("id", {"type": "string"}).get("type") != "string":
            _refuse(f"{pointer}/properties/id", "an id is a string")
    if "action" in members:
        _named(members["action"], {"properties"}, set(), "/properties/action")
        _lint_facts(members["action"], "/properties/action")
        if members["action"].get("required") and "action" not in schema["required"]:
            _refuse("/required", "require `action` where one of its facts is required")
    if members.get("context", {"type": "object"})["type"] != "object":
        _refuse("/properties/context", "the context is an object")
    _lint_public_id(schema)


def _lint_facts(node: dict[str, Any], pointer: str) -> None:
    facts = node["properties"].get("properties", {"type": "object"})
    if facts["type"] != "object" or (facts.get("required") and "properties" not in node.get("required", [])):
        _refuse(f"{pointer}/properties/properties", "facts stand in an object, required where one of them is")


def _named(node: dict[str, Any], allowed: set[str], required: set[str], pointer: str) -> dict[str, Any]:
    members: dict[str, Any] = node.get("properties", {})
    if node.get("type") != "object" or members.keys() - allowed or not required <= members.keys():
        _refuse(pointer, f"describe an object with the members {', '.join(sorted(allowed))}")
    if not required <= set(node.get("required", [])):
        _refuse(f"{pointer}/required", f"require {', '.join(sorted(required))}")
    return members


def _lint_public_id(schema: dict[str, Any]) -> None:
    """Hold `x-public-id` to the one place and the one pattern that keep a person's name out of the record."""
    resource = schema["properties"]["resource"]["properties"]
    for pointer, node in _walk(schema, ""):
        if "x-public-id" not in node:
            continue
        if node is not resource.get("id") or node["x-public-id"] is not True or node.get("pattern") != PUBLIC_ID:
            _refuse(pointer, f"`x-public-id` is true, and only for the resource's id, with the pattern `{PUBLIC_ID}`")


def _walk(node: dict[str, Any], pointer: str) -> list[tuple[str, dict[str, Any]]]:
    inner = [(f"{pointer}/properties/{name}", member) for name, member in node.get("properties", {}).items()]
    inner += [(f"{pointer}/items", node["items"])] if "items" in node else []
    return [(pointer, node), *(found for place, member in inner for found in _walk(member, place))]
