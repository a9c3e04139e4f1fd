"""What of a framework applies to an organisation, and why (ISO/IEC 27001, 6.1.3, "statement of applicability").

Owns the form of the file in which an organisation says so. What it does not say applies.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from frameworks import files
from frameworks.catalog import Catalog, Item
from frameworks.control import Control
from frameworks.errors import ApplicabilityError, YamlError
from frameworks.members import Members
from frameworks.strict_yaml import parse as parse_yaml

BY_DEFAULT: Final = "applies unless the organisation says why not"
"""The justification of an item that the organisation says nothing about."""

_ITEM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,47}")
_BINDING: Final = frozenset({"clause"})  # ISO/IEC 27001, 1: no clause may be left out by who claims conformity
_MOST: Final = 2_000  # items of a framework


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What an organisation says of one item."""

    applicable: bool
    justification: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation: its name, and what it says of items, by framework and item."""

    name: str
    stated: Mapping[str, Mapping[str, Stated]]

    def applies(self, framework: str, item: str) -> bool:
        """Tell whether an item applies."""
        stated = self.stated.get(framework, {}).get(item)
        return stated is None or stated.applicable


EVERYTHING: Final = Organisation(name="", stated=MappingProxyType({}))
"""An organisation that says nothing, so that everything applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the statement; `controls` are the ids of those that serve the item."""

    item: Item
    applicable: bool
    justification: str
    controls: tuple[str, ...]


def statement(catalog: Catalog, controls: Iterable[Control], organisation: Organisation) -> tuple[Line, ...]:
    """Return the statement of applicability of a framework, item by item in its order."""
    serving: dict[str, list[str]] = {}
    for control in controls:
        for item in control.items(catalog.id):
            serving.setdefault(item, []).append(control.id)
    default = Stated(applicable=True, justification=BY_DEFAULT)
    stated = organisation.stated.get(catalog.id, {})
    return tuple(
        Line(
            item=item,
            applicable=stated.get(item.id, default).applicable,
            justification=stated.get(item.id, default).justification,
            controls=tuple(serving.get(item.id, ())),
        )
        for item in catalog.items.values()
    )


def load(path: Path, catalogs: Mapping[str, Catalog]) -> Organisation:
    """Return what an organisation says in a file.

    Raises:
        ApplicabilityError: it cannot be read, or does not say so.
    """
    return parse(path.name, files.one(path, ApplicabilityError), catalogs)


def parse(file: str, text: str, catalogs: Mapping[str, Catalog]) -> Organisation:
    """Return what an organisation says in `text`, the content of `file`, of items in `catalogs`.

    Raises:
        ApplicabilityError: it does not say so, or names an item that is none or cannot be left out.
    """
    try:
        document = parse_yaml(text)
    except YamlError as error:
        raise ApplicabilityError(f"{file}:{error}") from None
    read = Members(file, document, {"organisation", "frameworks"}, ApplicabilityError)
    inner = Members(f"{file}: frameworks", read.document.get("frameworks"), catalogs.keys(), ApplicabilityError)
    stated = {
        name: MappingProxyType(_stated(f"{file}: `{name}`", inner.entries(name, most=_MOST), catalogs[name]))
        for name in inner.document
    }
    return Organisation(name=read.text("organisation"), stated=MappingProxyType(stated))


def _stated(place: str, entries: list[Any], catalog: Catalog) -> dict[str, Stated]:
    found: dict[str, Stated] = {}
    for entry in entries:
        read = Members(place, entry, {"item", "applicable", "justification"}, ApplicabilityError)
        item = catalog.items.get(read.matching("item", _ITEM))
        if item is None:
            raise read.wrong("item", "is one of the framework")
        if item.id in found:
            raise ApplicabilityError(f"{place}: `{item.id}` stands twice")
        applicable = read.document.get("applicable")
        if not isinstance(applicable, bool):
            raise read.wrong("applicable", "is `true` or `false`")
        if not applicable and item.kind in _BINDING:
            raise ApplicabilityError(f"{place}: `{item.id}` is a {item.kind}, which cannot be left out")
        found[item.id] = Stated(applicable=applicable, justification=read.text("justification"))
    return found
