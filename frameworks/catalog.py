"""A catalog: one framework, its items by id, whose words they are and when they bind (OSCAL, "catalog").

Owns the form of the files in `catalogs/`. A framework of one's own is one file more.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from frameworks import files
from frameworks.errors import CatalogError, YamlError
from frameworks.members import Members
from frameworks.strict_yaml import parse as parse_yaml

SHIPPED: Final = Path(__file__).parent / "catalogs"
"""The directory of the catalogs that come with the package."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_ITEM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,47}")
_MOST: Final = 2_000  # items of a catalog
_URL: Final = re.compile(r"https://[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a framework asks for.

    `summary` is in our own words. `effective_from` is when it binds, `formerly` when it did before the law was
    changed; `unchecked` says that a date has still to be compared with the official text.
    """

    id: str
    group: str
    kind: str
    summary: str
    effective_from: date
    formerly: date | None = None
    unchecked: bool = False

    def binds(self, on: date) -> bool:
        """Tell whether it binds on a day."""
        return self.effective_from <= on


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A choice among a catalog's items that differs from all of them; one that is `proposed` is never chosen by itself.

    `required` names the items it makes binding, which are kinds of items or `all`.
    """

    id: str
    title: str
    status: str
    source: str
    summary: str
    required: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """One framework. `groups` has the title of each group; `items` are in the order of the framework, by id.

    `scope` says what is left out, where something is; `check` what has still to be compared with the official text.
    """

    id: str
    title: str
    version: str
    publisher: str
    source: str
    licence: str
    effective_from: date
    groups: Mapping[str, str]
    items: Mapping[str, Item]
    profiles: Mapping[str, Profile]
    scope: str | None = None
    check: str | None = None


def load(directory: Path = SHIPPED) -> Mapping[str, Catalog]:
    """Return the catalogs of a directory, by id.

    Raises:
        CatalogError: a file is none, or two have one id, or the directory cannot be read.
    """
    catalogs: dict[str, Catalog] = {}
    for name, text in files.texts(directory, CatalogError).items():
        catalog = parse(name, text)
        if catalogs.setdefault(catalog.id, catalog) is not catalog:
            raise CatalogError(f"{name}: another file has the id `{catalog.id}`")
    return MappingProxyType(catalogs)


def parse(file: str, text: str) -> Catalog:
    """Return the catalog in `text`, the content of `file`.

    Raises:
        CatalogError: it is none.
    """
    try:
        document = parse_yaml(text)
    except YamlError as error:
        raise CatalogError(f"{file}:{error}") from None
    read = _members(file, document, {each.name for each in fields(Catalog)} | {"kind"})
    groups = _groups(read)
    common = _Common(kind=read.text("kind"), effective_from=read.day("effective_from"), groups=frozenset(groups))
    items = [
        _item(_members(f"{file}: items", each, _Common.NAMES), common) for each in read.entries("items", most=_MOST)
    ]
    profiles = [
        _profile(_members(f"{file}: profiles", each, _PROFILE))
        for each in (read.entries("profiles") if "profiles" in read else ())
    ]
    return Catalog(
        id=read.matching("id", _NAME),
        title=read.text("title"),
        version=read.text("version"),
        publisher=read.text("publisher"),
        source=read.matching("source", _URL),
        licence=read.text("licence"),
        effective_from=common.effective_from,
        groups=groups,
        items=_by_id(file, items),
        profiles=_by_id(file, profiles),
        scope=read.text("scope") if "scope" in read else None,
        check=read.text("check") if "check" in read else None,
    )


_PROFILE: Final = frozenset(each.name for each in fields(Profile))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Common:
    """What holds for an item that does not say otherwise."""

    NAMES = frozenset({"id", "group", "kind", "summary", "from", "was", "check"})

    kind: str
    effective_from: date
    groups: frozenset[str]


def _item(read: Members, common: _Common) -> Item:
    found = read.matching("id", _ITEM)
    read = _members(f"{read.place} `{found}`", read.document, _Common.NAMES)
    group = read.text("group")
    if group not in common.groups:
        raise CatalogError(f"{read.place}: no group `{group}`")
    unchecked = read.document.get("check", False)
    if not isinstance(unchecked, bool):
        raise CatalogError(f"{read.place}: `check` is true or left out")
    return Item(
        id=found,
        group=group,
        kind=read.text("kind") if "kind" in read else common.kind,
        summary=read.text("summary"),
        effective_from=read.day("from") if "from" in read else common.effective_from,
        formerly=read.day("was") if "was" in read else None,
        unchecked=unchecked,
    )


def _profile(read: Members) -> Profile:
    return Profile(
        id=read.matching("id", _NAME),
        title=read.text("title"),
        status=read.matching("status", re.compile("proposed|adopted")),
        source=read.matching("source", _URL),
        summary=read.text("summary"),
        required=read.text("required"),
    )


def _by_id(file: str, things: "list[Any]") -> Mapping[str, Any]:
    found = {each.id: each for each in things}
    if len(found) < len(things):
        twice = next(each.id for each in things if found[each.id] is not each)
        raise CatalogError(f"{file}: `{twice}` stands twice")
    return MappingProxyType(found)


def _groups(read: Members) -> Mapping[str, str]:
    value = read.document.get("groups")
    if not isinstance(value, dict) or not value:
        raise read.wrong("groups", "is an object")
    titles = _members(f"{read.place}: groups", value, value.keys())
    return MappingProxyType({name: titles.text(name) for name in value})


def _members(place: str, document: Any, names: Collection[str]) -> Members:
    return Members(place, document, names, CatalogError)
