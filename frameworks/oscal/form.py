"""The small forms of OSCAL: identifiers that are derived and never drawn, tokens, lines, properties, metadata."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

VERSION: Final = "1.2.1"
"""The version of OSCAL that the documents are written in."""

NAMESPACE: Final = "urn:omega:oscal"
"""Whose the properties are that OSCAL does not name."""

_ROOT: Final[UUID] = uuid5(NAMESPACE_URL, NAMESPACE)
_NO_TOKEN: Final = re.compile(r"[^A-Za-z0-9._-]+")


def identifier(*names: str) -> str:
    """Return the UUID (RFC 9562, version 5) of what these names name: the same names, the same UUID."""
    return str(uuid5(_ROOT, "\x1f".join(names)))


def token(*names: str) -> str:
    """Return an id as OSCAL's tokens are: `soc2`, `CC6.1` is `soc2_CC6.1`; what a token cannot have becomes `_`."""
    return "_".join(_NO_TOKEN.sub("_", name).strip("_") or "_" for name in names)


def line(text: str) -> str:
    """Return a text as OSCAL's strings are: one line, with nothing blank at its ends, and never empty."""
    return " ".join(text.split()) or "-"


def properties(values: Mapping[str, str | int | None]) -> dict[str, Any]:
    """Return the member `props` for what has a value, or nothing, because a list of OSCAL is never empty."""
    found = [
        {"name": name, "ns": NAMESPACE, "value": line(str(value))}
        for name, value in values.items()
        if value is not None and value != ""
    ]
    return {"props": found} if found else {}


def some(name: str, values: Iterable[Any]) -> dict[str, Any]:
    """Return a member for a list, or nothing where the list is empty, which OSCAL does not allow."""
    found = list(values)
    return {name: found} if found else {}


def metadata(title: str, *, modified: str, version: str) -> dict[str, Any]:
    """Return the metadata of a document; `modified` is a time with its zone, `version` of the content."""
    return {"title": line(title), "last-modified": modified, "version": line(version), "oscal-version": VERSION}
