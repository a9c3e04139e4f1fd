"""Which gates can be overridden at all, by whom and for how long: `data/overrides.json`, where a bundle has one.

Owns the form of that file, and its defaults. Whether a grant is valid is decided in `lib/override.rego`, who has which
role is no business of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.pdp.errors import BundleError
from app.pdp.json_places import place_of

FILE: Final = "data/overrides.json"
_MOST: Final = {
    "max_duration_hours": 168,
    "max_uses": 1_000,
    "confirm_minutes": 60,
    "break_glass_hours": 24,
    "review_hours": 336,
    "gap_hours": 8_760,
}
_DEFAULTS: Final = {
    "max_duration_hours": 24,
    "max_uses": 10,
    "confirm_minutes": 15,
    "break_glass_hours": 4,
    "review_hours": 72,
    "gap_hours": 24,
}
_OF_GATES: Final = frozenset({"max_duration_hours", "max_uses", "confirm_minutes", "break_glass_hours"})
_ROLE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MIN_APPROVERS: Final = 2
_MAX_ROLES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Overridable:
    """What policy says of one gate: `approvers` and `break_glass` are roles, the second empty where nobody may."""

    approvers: tuple[str, ...]
    break_glass: tuple[str, ...]
    max_duration_hours: int
    max_uses: int
    confirm_minutes: int
    break_glass_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridePolicy:
    """The gates that can be overridden, by action and gate; what holds for all of them."""

    gates: Mapping[str, Mapping[str, Overridable]] = field(default_factory=dict)
    review_hours: int = _DEFAULTS["review_hours"]
    gap_hours: int = _DEFAULTS["gap_hours"]

    def of(self, action: str, gate: str) -> Overridable | None:
        """Return what policy says of a gate, or None where it cannot be overridden."""
        return self.gates.get(action, {}).get(gate)

    def document(self) -> dict[str, Any]:
        """Return it as policies find it at `data.overrides`: one table for each member, by action and gate."""

        def by_gate(member: str) -> dict[str, dict[str, Any]]:
            return {
                action: {gate: _plain(getattr(each, member)) for gate, each in gates.items()}
                for action, gates in self.gates.items()
            }

        members = ("approvers", "break_glass", *sorted(_OF_GATES))
        return {member: by_gate(member) for member in members} | {
            "review_hours": self.review_hours,
            "gap_hours": self.gap_hours,
        }


def parse_overrides(data: bytes, said: dict[str, Any], gates: Mapping[str, frozenset[str]]) -> OverridePolicy:
    """Return what `said`, the value in the file of `data`, says; `gates` are those of each action that may be named.

    Raises:
        BundleError: it has not the form, or names what there is not.
    """

    def refusal(path: list[str], what: str) -> BundleError:
        return BundleError(f"{FILE}:{place_of(data, path)}: {what}")

    if unknown := sorted(said.keys() - {*_DEFAULTS, "gates"}):
        raise refusal(unknown[:1], f"write `gates` and, where they differ from what is usual, {', '.join(_DEFAULTS)}")
    defaults = _DEFAULTS | _numbers(said, refusal, [])
    stated = said.get("gates", {})
    if not isinstance(stated, dict):
        raise refusal(["gates"], "`gates` is an object of actions")
    table: dict[str, dict[str, Overridable]] = {}
    for action, entries in stated.items():
        if action not in gates:
            raise refusal(["gates", action], f"there is no action `{action}`")
        if not isinstance(entries, dict) or entries.keys() - gates[action]:
            raise refusal(
                ["gates", action],
                f"action `{action}`: name its gates, each with an object, and only if ids of its resource are public",
            )
        table[action] = {gate: _overridable(each, defaults, refusal, [action, gate]) for gate, each in entries.items()}
    return OverridePolicy(gates=table, review_hours=defaults["review_hours"], gap_hours=defaults["gap_hours"])


def _overridable(said: Any, defaults: Mapping[str, int], refusal: Any, path: list[str]) -> Overridable:
    named = f"gate `{path[1]}` of `{path[0]}`"
    place = ["gates", *path]
    if not isinstance(said, dict) or said.keys() - {"approvers", "break_glass", *_OF_GATES}:
        raise refusal(place, f"{named}: write `approvers`, and perhaps `break_glass`, {', '.join(sorted(_OF_GATES))}")
    approvers, breakers = _roles(said.get("approvers")), _roles(said.get("break_glass", []))
    if approvers is None or len(approvers) < _MIN_APPROVERS:
        raise refusal(place, f"{named}: `approvers` names 2 to {_MAX_ROLES} roles, none twice")
    if breakers is None:
        raise refusal(place, f"{named}: `break_glass` names at most {_MAX_ROLES} roles, none twice")
    numbers = {name: defaults[name] for name in _OF_GATES} | _numbers(said, refusal, place)
    return Overridable(approvers=approvers, break_glass=breakers, **{name: numbers[name] for name in _OF_GATES})


def _numbers(said: dict[str, Any], refusal: Any, place: list[str]) -> dict[str, int]:
    """Return the numbers among the members of `said`."""
    found = {name: said[name] for name in _DEFAULTS if name in said}
    for name, number in found.items():
        if type(number) is not int or not 0 < number <= _MOST[name]:
            raise refusal([*place, name], f"`{name}` is a whole number from 1 to {_MOST[name]}")
    return found


def _roles(said: Any) -> tuple[str, ...] | None:
    if not isinstance(said, list) or len(said) > _MAX_ROLES:
        return None
    roles = tuple(role for role in said if isinstance(role, str) and _ROLE.fullmatch(role))
    return roles if len({*roles}) == len(said) else None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
