"""Members of answers, read strictly: each has its type, or the answer is of no use."""

from collections.abc import Mapping
from typing import Any

from omega_client.errors import UnusableAnswerError


def object_of(value: Any) -> dict[str, Any]:
    """Return an object.

    Raises:
        UnusableAnswerError: it is none.
    """
    if not isinstance(value, dict):
        raise UnusableAnswerError("the answer is no object")
    return value


def list_of(members: Mapping[str, Any], name: str) -> list[Any]:
    """Return a member that is a list; raises as `object_of`."""
    value = members.get(name)
    if not isinstance(value, list):
        raise UnusableAnswerError(f"the answer has no list `{name}`")
    return value


def text_of(members: Mapping[str, Any], name: str) -> str:
    """Return a member that is a text; raises as `object_of`."""
    value = members.get(name)
    if not isinstance(value, str):
        raise UnusableAnswerError(f"the answer has no text `{name}`")
    return value


def text_or_none(members: Mapping[str, Any], name: str) -> str | None:
    """Return a member that is a text, or null; raises as `object_of`."""
    return None if members.get(name, "") is None else text_of(members, name)


def number_of(members: Mapping[str, Any], name: str) -> int:
    """Return a member that is a whole number; raises as `object_of`."""
    value = members.get(name)
    if type(value) is not int:
        raise UnusableAnswerError(f"the answer has no number `{name}`")
    return value
