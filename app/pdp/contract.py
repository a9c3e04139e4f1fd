"""The input contract of an action: which facts a policy may see, and what each must look like.

Rego orders all types (`"zzz" >= 80` holds) and leaves a rule over a missing fact undefined, so facts are checked before
Rego sees them, and facts that the contract does not name never reach it. Owns checking and pruning by a contract that
`contract_lint` let through. Knows nothing of Rego.

A diagnostic is a code and a path of names that stand in the contract; the validator's own messages quote values.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import jsonschema_rs

from app.pdp.contract_lint import parse_schema
from app.pdp.errors import BundleError
from app.pdp.model import Diagnostic

_MAX_DIAGNOSTICS: Final = 8
_CODES: Final = {"required": "fact_missing", "type": "fact_type"}

_Prune = Callable[[Any], Any] | None
_Whole = Callable[[Any], bool] | None


class _Validator(Protocol):
    def is_valid(self, instance: Any) -> bool: ...

    def iter_errors(self, instance: Any) -> Iterator[jsonschema_rs.ValidationError]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A compiled contract.

    `schema` is the JSON Schema with its references resolved. `public_resource_id` says that ids of this resource type
    never name a person (`x-public-id`), so a record may show them.
    """

    schema: dict[str, Any]
    public_resource_id: bool
    _validator: _Validator
    _exact: _Validator
    _whole: _Whole
    _prune: Callable[[Any], Any]

    def holds_exactly(self, document: dict[str, Any]) -> bool:
        """Tell whether `check` finds nothing in `document`, and `prune` nothing to drop: true of most.

        Raises:
            ValueError: the document holds what no JSON text can.
        """
        return self._exact.is_valid(document) and (self._whole is None or self._whole(document))

    def check(self, document: dict[str, Any]) -> tuple[Diagnostic, ...]:
        """Return what is wrong with the facts in `document`, at most 8 findings, sorted; nothing if the contract holds.

        JSON Schema takes `1.0` for an integer. Rego does not print it as one, so here it is a `fact_type`.

        Raises:
            ValueError: the document holds what no JSON text can.
        """
        if self._validator.is_valid(document) and (self._whole is None or self._whole(document)):
            return ()
        seen = _looked_at(self.schema, document)
        found = {_diagnostic(error) for error in self._validator.iter_errors(seen)}
        found |= {Diagnostic(code="fact_type", path=path) for path in _fractions(self.schema, seen, "")}
        return tuple(sorted(found, key=lambda each: (each.path, each.code))[:_MAX_DIAGNOSTICS])

    def prune(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return `document`, which the contract holds for, without the facts that it does not name."""
        facts: dict[str, Any] = self._prune(document)
        action = {"name": document["action"]["name"]} | facts.get("action", {})
        return facts | {"action": action, "environment": document["environment"]}


def parse_contract(file: str, data: bytes) -> Contract:
    """Return the contract in the bytes of `file`, a JSON Schema (draft 2020-12) in the shape `contract_lint` describes.

    Raises:
        BundleError: it is no such schema.
    """
    schema = parse_schema(file, data)
    try:
        validator, exact = _compile(schema), _compile(_closed_root(schema))
    except ValueError as error:
        raise BundleError(f"{file}:1:1: no valid JSON Schema: {str(error).splitlines()[0]}") from None
    return Contract(
        schema=schema,
        public_resource_id=schema["properties"]["resource"]["properties"].get("id", {}).get("x-public-id", False),
        _validator=validator,
        _exact=exact,
        _whole=_compile_whole(schema),
        _prune=_compile_object(schema),
    )


def _compile(schema: dict[str, Any]) -> _Validator:
    return jsonschema_rs.Draft202012Validator(
        schema, pattern_options=jsonschema_rs.RegexOptions(), validate_formats=True, offline=True
    )


def _closed_root(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` with no room for what it does not name, but for what `prune` keeps all the same."""
    root = _closed(schema)
    action = {"type": "object", "additionalProperties": False} | root["properties"].get("action", {})
    action["properties"] = {"name": True} | action.get("properties", {})
    root["properties"] |= {"action": action, "environment": True}
    return root


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    closed = dict(schema)
    if "properties" in schema:
        closed["properties"] = {name: _closed(member) for name, member in schema["properties"].items()}
        closed["additionalProperties"] = False
    if "items" in schema:
        closed["items"] = _closed(schema["items"])
    return closed


def _diagnostic(error: jsonschema_rs.ValidationError) -> Diagnostic:
    kind = error.kind
    path = [*error.instance_path, kind.property] if isinstance(kind, kind.Required) else error.instance_path
    return Diagnostic(code=_CODES.get(kind.name, "fact_out_of_bounds"), path="/".join(map(str, path)))


def _looked_at(schema: dict[str, Any], value: Any) -> Any:
    """Return the part of `value` that findings can be about: an array a thousand times too long is one finding."""
    if isinstance(value, dict) and "properties" in schema:
        members = schema["properties"].items()
        return {name: _looked_at(member, value[name]) for name, member in members if name in value}
    if isinstance(value, list) and "items" in schema:
        return [_looked_at(schema["items"], item) for item in value[: schema["maxItems"] + 1]]
    return value


def _compile_prune(schema: dict[str, Any]) -> _Prune:
    """Return what prunes a value of `schema`, or None where there is nothing to prune."""
    if "properties" in schema:
        return _compile_object(schema)
    prune_item = _compile_prune(schema["items"]) if "items" in schema else None
    return None if prune_item is None else lambda value: [item if item is None else prune_item(item) for item in value]


def _compile_object(schema: dict[str, Any]) -> Callable[[Any], Any]:
    """Return what prunes an object, and gives the very same object back where there is nothing to drop."""
    names = frozenset(schema["properties"])
    compiled = [(name, _compile_prune(member)) for name, member in schema["properties"].items()]
    nested = [(name, inner) for name, inner in compiled if inner is not None]

    def prune_object(value: dict[str, Any]) -> dict[str, Any]:
        kept = value if value.keys() <= names else {name: value[name] for name in value if name in names}
        for name, inner in nested:
            member = kept.get(name)
            if member is not None and (pruned := inner(member)) is not member:
                kept = kept | {name: pruned}
        return kept

    return prune_object


def _compile_whole(schema: dict[str, Any]) -> _Whole:
    """Return what tells whether every integer in a value of `schema` is one, or None where there is none to look at."""
    if "properties" in schema:
        compiled = [(name, _compile_whole(member)) for name, member in schema["properties"].items()]
        members = [(name, whole) for name, whole in compiled if whole is not None]
        if not members:
            return None

        def whole_object(value: dict[str, Any]) -> bool:
            for name, whole in members:
                member = value.get(name)
                if member is not None and not whole(member):
                    return False
            return True

        return whole_object
    if "items" in schema:
        whole_item = _compile_whole(schema["items"])
        return None if whole_item is None else lambda value: all(item is None or whole_item(item) for item in value)
    return _is_whole if _is_integer(schema) else None


def _is_whole(value: Any) -> bool:
    return type(value) is not float


def _is_integer(schema: dict[str, Any]) -> bool:
    kind = schema.get("type", ())
    return kind == "integer" or "integer" in kind


def _fractions(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    """Yield the paths of floating-point numbers where `schema` wants integers, whatever else is wrong with `value`."""
    if isinstance(value, dict):
        for name, member in schema.get("properties", {}).items():
            if name in value:
                yield from _fractions(member, value[name], f"{path}/{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _fractions(schema.get("items", {}), item, f"{path}/{index}")
    elif _is_integer(schema) and not _is_whole(value):
        yield path
