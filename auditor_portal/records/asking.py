"""What an auditor looks for, read from the address of a page: so every search is a link that stays.

Pure. Owns the fields of the form and what is wrong with one; a message never quotes what somebody wrote. Which records
may be seen is not said here: `app.index.scope` says it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from app.index.errors import QueryError
from app.index.query import Query, parse_place
from frameworks.control import Control

ROWS: Final = 50
"""Rows of a page."""

ANY: Final = "any"
"""Stands for records of every type."""

FIELDS: Final = (
    "from",
    "until",
    "action",
    "subject",
    "resource",
    "decision",
    "rule",
    "control",
    "failing",
    "policy",
    "type",
)
"""What is looked for, in the order of the form; everything that is set must hold."""

TYPES: Final = (
    "decision",
    "search",
    "decision.replayed",
    "request.refused",
    "request.throttled",
    "token.issued",
    "policy.activated",
    "policy.change_checked",
    "control.tested",
    "finding.opened",
    "finding.changed",
    "erasure.requested",
    "erasure.completed",
    "legal_hold",
    "retention.extended",
    "log.verified",
    "storage.probe",
    "key.rotated",
    "engine.disagreed",
    "chain.opened",
    "chain.closed",
    "chain.abandoned",
    "recovery",
)
"""The types of record that the form offers; any other may be written into the address."""

_LONGEST: Final = 256
_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_RULE: Final = re.compile(r"[a-z][a-z0-9_.]*/[a-z][a-z0-9_]*")
_BUNDLE: Final = re.compile(r"[0-9a-f]{64}")
_OUTCOMES: Final = {"allow": True, "deny": False}


class _FieldError(Exception):
    """A field cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A search as it was asked.

    Attributes:
        values: every field that is set, as it was written.
        errors: what is wrong, by field; there is no query then.
        query: what to ask the index.
    """

    values: Mapping[str, str]
    errors: Mapping[str, str]
    query: Query | None

    def link(self, **changed: str | None) -> str:
        """Return the query of the address that asks the same, with places of other pages where given."""
        found = {name: self.values[name] for name in FIELDS if name in self.values}
        return urlencode(found | {name: value for name, value in changed.items() if value})


def parse_search(given: Mapping[str, str], controls: Mapping[str, Control]) -> Asked:
    """Read the fields of a search; `controls` are those that can be named. Nothing raises: errors stand in the value.

    `after` and `before` are places of other pages of it.
    """
    values = {name: given[name].strip() for name in FIELDS if given.get(name, "").strip()}
    members: dict[str, Any] = {"limit": ROWS}
    errors: dict[str, str] = {}
    for name, value in values.items():
        _read(errors, name, lambda name=name, value=value: members.update(_member(name, value)))  # type: ignore[misc]
    if "control" in values and "control" not in errors:
        _read(errors, "control", lambda: members.update(_of_control(controls, values, members)))
    elif "failing" in values and "control" not in values:
        errors["failing"] = "name the control whose rules are to have failed"
    if not errors.keys() & {"from", "until"} and "since" in members and "until" in members:
        _read(errors, "until", lambda: _in_order(members["since"], members["until"]))
    for name in ("after", "before"):
        if given.get(name):
            _read(errors, "page", lambda name=name: members.update({name: _place(given[name])}))  # type: ignore[misc]
    if "after" in members and "before" in members:
        errors["page"] = "a page is before a place or after it"
    return Asked(values=values, errors=errors, query=None if errors else Query(**members))


def _read(errors: dict[str, str], name: str, reading: Callable[[], None]) -> None:
    try:
        reading()
    except _FieldError as error:
        errors[name] = str(error)


def _member(name: str, value: str) -> dict[str, Any]:  # noqa: PLR0911 - one for each field
    """Return the members of the query that a field stands for."""
    if len(value) > _LONGEST:
        raise _FieldError(f"at most {_LONGEST} characters")
    match name:
        case "from":
            return {"since": _time(value)}
        case "until":
            return {"until": _time(value)}
        case "action" | "subject" | "resource":
            return {name: value}
        case "decision":
            return {"allow": _outcome(value)}
        case "rule":
            return {"rules": (_matched(_RULE, value, "an action, a slash and a gate"),)}
        case "policy":
            return {"bundle" if _BUNDLE.fullmatch(value) else "revision": value}
        case "type":
            return {"type": None if value == ANY else _matched(_TYPE, value, "the type of a record")}
        case "failing" if value != "yes":
            raise _FieldError("`yes`, or nothing")
    return {}


def _of_control(
    controls: Mapping[str, Control], values: Mapping[str, str], members: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a control stands for: decisions of the actions that its rules are about, or those that failed one."""
    found = controls.get(values["control"])
    if found is None:
        raise _FieldError("there is no such control")
    if not found.rules:
        raise _FieldError("no rule enforces this control: it is tested in other ways")
    if "failing" not in values:
        return {"actions": tuple(sorted({rule.partition("/")[0] for rule in found.rules}))}
    rules = members.get("rules", found.rules)
    return {"rules": tuple(rule for rule in found.rules if rule in rules)}


def _time(value: str) -> datetime:
    """Read a day or a time; without a zone it is one of UTC."""
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _FieldError("a day such as 2026-10-01, or a time such as 2026-10-01T12:00 in UTC") from None


def _in_order(since: datetime, until: datetime) -> None:
    if since >= until:
        raise _FieldError("this is not after the beginning")


def _outcome(value: str) -> bool:
    if value not in _OUTCOMES:
        raise _FieldError("allow or deny")
    return _OUTCOMES[value]


def _matched(form: re.Pattern[str], value: str, what: str) -> str:
    if not form.fullmatch(value):
        raise _FieldError(f"this is not {what}")
    return value


def _place(value: str) -> str:
    try:
        parse_place(value)
    except QueryError as error:
        raise _FieldError(str(error)) from None
    return value
