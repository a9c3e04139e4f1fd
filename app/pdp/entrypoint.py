"""From an arbitrary input, as clients of OPA send one, to the question it asks: what METADATA of a package says of it.

Owns the form of `custom.input` and `custom.rule`, and how paths are followed. The facts themselves are the contract's
business, as in any other request. No message quotes a value of an input.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.pdp.errors import BundleError, MalformedRequestError
from app.pdp.model import EvaluationRequest
from app.pdp.request import as_request

INPUT: Final = "input"
RULE: Final = "rule"
ALLOW: Final = "allow"
_ROOT: Final = "input"
_PATH: Final = re.compile(r"input(?:\.[A-Za-z0-9_-]{1,64}){0,16}")
_LITERAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")
_RULE: Final = re.compile(r"(?!decision\b)[A-Za-z_][A-Za-z0-9_]{0,63}")
_ENTITIES: Final = ("subject", "resource")
_REQUIRED: Final = frozenset({"type", "id"})
_PROPERTIES: Final = "properties"
_CONTEXT: Final = "context"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a member comes from: a path in the input, or the same text for every input."""

    path: tuple[str, ...] | None = None
    text: str = ""

    @property
    def name(self) -> str:
        """Return the path as messages name it."""
        return "/".join((_ROOT, *(self.path or ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrypoint:
    """How the input of a package becomes a request for its `action`.

    `members` has a place for each of `subject/type`, `subject/id`, `resource/type`, `resource/id` and, where facts are
    taken over, for `subject/properties`, `resource/properties`, `context`. None: the input is a request already.
    `rule` is what clients call whether it is allowed.
    """

    action: str
    members: Mapping[str, Place] | None = None
    rule: str = ALLOW

    def request(self, value: Any) -> EvaluationRequest:
        """Return what an input asks.

        Raises:
            MalformedRequestError: it has not what the request is made of, or names another action; codes as in
                `parse_request`, and `another_action`.
            TooLargeError: the request is larger than any may be.
        """
        if not isinstance(value, dict):
            raise MalformedRequestError("member_type", f"`{_ROOT}` must be an object")
        if self.members is None:
            return self._stated(value)
        asked: dict[str, Any] = {"action": {"name": self.action}}
        for entity in _ENTITIES:
            asked[entity] = {
                "type": _text(self.members[f"{entity}/type"], value),
                "id": _identifier(self.members[f"{entity}/id"], value),
                "properties": _facts(self.members.get(f"{entity}/{_PROPERTIES}"), value),
            }
        asked[_CONTEXT] = _facts(self.members.get(_CONTEXT), value)
        return as_request(asked)

    def _stated(self, value: dict[str, Any]) -> EvaluationRequest:
        """Return the request that the input is; it may leave out the action, which the path has named."""
        request = as_request({"action": {"name": self.action}} | value)
        if request.action != self.action:
            raise MalformedRequestError("another_action", f"`{_ROOT}/action/name` is not the action of this path")
        return request


def parse_entrypoint(custom: Mapping[str, Any], action: str) -> Entrypoint | None:
    """Return the entrypoint of `action` that `custom` states with `input` and `rule`, or None if it states none."""
    stated, rule = custom.get(INPUT), custom.get(RULE, ALLOW)
    if not isinstance(rule, str) or not _RULE.fullmatch(rule):
        return None
    if stated is None:
        return Entrypoint(action=action, rule=rule) if INPUT not in custom else None
    if not isinstance(stated, dict) or not set(_ENTITIES) <= stated.keys() <= {*_ENTITIES, _CONTEXT}:
        return None
    parts = {_CONTEXT: stated[_CONTEXT]} if _CONTEXT in stated else {}
    for entity in _ENTITIES:
        members = stated[entity]
        if not isinstance(members, dict) or not _REQUIRED <= members.keys() <= {*_REQUIRED, _PROPERTIES}:
            return None
        parts |= {f"{entity}/{name}": part for name, part in members.items()}
    places = {name: place for name, part in parts.items() if (place := _place(part)) is not None}
    facts = [place for name, place in places.items() if name.endswith((_PROPERTIES, _CONTEXT))]
    if len(places) < len(parts) or any(place.path is None for place in facts):
        return None
    return Entrypoint(action=action, members=places, rule=rule)


def refused_entrypoint(file: str, line: int) -> BundleError:
    """Return what to say of a `custom` that states none."""
    return BundleError(
        f"{file}:{line}:1: METADATA of the package: write `input: {{subject: {{type, id}}, resource: {{type, id}}}}`, "
        f"each a text or a path such as `input.user`; `properties` and `context` are paths; `rule` is a name"
    )


def _place(stated: Any) -> Place | None:
    if not isinstance(stated, str):
        return None
    if _PATH.fullmatch(stated):
        return Place(path=tuple(stated.split(".")[1:]))
    return Place(text=stated) if _LITERAL.fullmatch(stated) and not stated.startswith(f"{_ROOT}.") else None


def _found(place: Place, value: Any) -> Any:
    """Return what stands at a path, or raise KeyError: names lead into objects, numbers into lists."""
    for name in place.path or ():
        if isinstance(value, dict):
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            raise KeyError(name)
    return value


def _text(place: Place, value: Any) -> Any:
    if place.path is None:
        return place.text
    try:
        return _found(place, value)
    except KeyError:
        raise MalformedRequestError("member_missing", f"`{place.name}` is missing") from None


def _identifier(place: Place, value: Any) -> Any:
    """Return an id: text; an integer in decimal; or the segments of a path, joined by `/`."""
    found = _text(place, value)
    if type(found) is int:
        return str(found)
    if isinstance(found, list) and all(isinstance(each, str) and "/" not in each for each in found):
        return "/".join(found)
    return found


def _facts(place: Place | None, value: Any) -> dict[str, Any]:
    """Return the object at a path; without one there are no facts, which the contract may want."""
    if place is None:
        return {}
    try:
        found = _found(place, value)
    except KeyError:
        return {}
    if not isinstance(found, dict):
        raise MalformedRequestError("member_type", f"`{place.name}` must be an object")
    return found
