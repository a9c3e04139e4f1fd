"""A form that is made of a contract, and what was sent with it: so that form and policy cannot differ.

Owns which field a fact becomes. Facts that neither are booleans nor one of a few texts are lines of text. Checks
nothing: what was sent is for the contract to judge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: `kind` is `flag`, `choices`, `choice`, `date`, `time` or `text`; `value` is what stands in it."""

    name: str
    kind: str
    label: str
    required: bool
    value: Any
    longest: int = 0
    shortest: int = 0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields that belong together, as an object of the contract has them; without a title those of the contract."""

    title: str
    fields: tuple[Field, ...]


def groups(schema: Schema, values: Mapping[str, Any]) -> list[Group]:
    """Return the fields for an object of a contract, filled with `values`."""
    plain, nested = [], []
    for name, member in schema["properties"].items():
        if member.get("type") == "object":
            given = values.get(name, {})
            inner = tuple(_field(f"{name}.{each}", part, member, given) for each, part in member["properties"].items())
            nested.append(Group(title=name.replace("_", " "), fields=inner))
        else:
            plain.append(_field(name, member, schema, values))
    return [Group(title="", fields=tuple(plain)), *nested]


def read(schema: Schema, sent: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the object that a form was filled in with; what was left empty is not in it."""
    return dict(_read(schema, sent, prefix))


def _read(schema: Schema, sent: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, member in schema["properties"].items():
        value = sent.get(prefix + name)
        match member.get("type"):
            case "object":
                yield name, read(member, sent, f"{prefix}{name}.")
            case "boolean":
                yield name, value is not None
            case "array":
                yield name, [] if value is None else [value] if isinstance(value, str) else list(value)
            case _ if value:
                yield name, value
            case _:
                continue


def _field(name: str, member: Schema, of: Schema, values: Mapping[str, Any]) -> Field:
    own = name.rpartition(".")[2]
    label = member.get("description", own.replace("_", " "))
    kind, choices = _kind(member)
    return Field(
        name=name,
        kind=kind,
        label=label,
        required=own in of.get("required", ()),
        value=values.get(own),
        longest=member.get("maxLength", 0),
        shortest=member.get("minLength", 0),
        choices=choices,
    )


def _kind(member: Schema) -> tuple[str, tuple[str, ...]]:
    if member.get("type") == "boolean":
        return "flag", ()
    if member.get("type") == "array":
        return "choices", tuple(member["items"]["enum"])
    if "enum" in member:
        return "choice", tuple(member["enum"])
    return {"date": "date", "date-time": "time"}.get(member.get("format", ""), "text"), ()
