"""What somebody says of themselves and of their agents: read from forms and JSON, field by field. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.features.marketplace.errors import SayingError

SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,62}", re.ASCII)
"""The ids of parties and agents."""

WORD: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
"""The names of tenants and categories."""

REPOSITORY: Final = re.compile(r"https://[A-Za-z0-9.-]{1,253}(/[A-Za-z0-9._~-]{1,100}){1,6}", re.ASCII)
"""What a repository is named by in a certificate."""

_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_ENTITY: Final = re.compile(r"[A-Z0-9]{18}[0-9]{2}", re.ASCII)


def formed(given: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    """Return a text of this form.

    Raises:
        SayingError: it is missing, or of another form.
    """
    value = given.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise SayingError(f"`{name}` is missing, or not of the form that it has")
    return value


def words(given: Mapping[str, Any], name: str, *, longest: int) -> str:
    """Return a text for people, of printable characters.

    Raises:
        SayingError: it is missing, empty, too long, or cannot be printed.
    """
    value = given.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if not 0 < len(text) <= longest or not all(each.isprintable() for each in text):
        raise SayingError(f"`{name}` is missing, or longer than {longest} characters")
    return text


def one_of(given: Mapping[str, Any], name: str, known: Mapping[str, Any] | frozenset[str]) -> str:
    """Return one of the words that are known.

    Raises:
        SayingError: it is none.
    """
    value = given.get(name)
    if not isinstance(value, str) or value not in known:
        raise SayingError(f"`{name}` is one of {', '.join(sorted(known))}")
    return value


def checked(given: Mapping[str, Any], name: str) -> bool:
    """Return whether a box was ticked, or a member of JSON is true."""
    return given.get(name) in {True, "yes"}


def legal(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what somebody says of their legal form, country and legal entity.

    Raises:
        SayingError: something of it is missing or has another form.
    """
    said = {
        "kind": one_of(given, "kind", frozenset({"individual", "organisation"})),
        "country": formed(given, "country", _COUNTRY),
    }
    return said | ({"entity": formed(given, "entity", _ENTITY)} if given.get("entity") else {})
