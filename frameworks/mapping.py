"""A mapping: how what one framework asks for relates to what another does, item by item, and who says so.

Owns the form of the files in `mappings/`. A relation is about what is asked, and does not show that anything is met.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from frameworks import catalog, files
from frameworks.catalog import Catalog
from frameworks.errors import MappingError, YamlError
from frameworks.members import Members
from frameworks.strict_yaml import parse as parse_yaml

SHIPPED: Final = Path(__file__).parent / "mappings"
"""The directory of the mappings that come with the package."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_ITEM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,47}")
_MOST: Final = 2_000  # relations of a file


class Relation(StrEnum):
    """How the item on the left relates to the one on the right (OSCAL, "relationship").

    * `equal` both ask for the same;
    * `subset` whoever meets the right one meets the left one, which asks for less;
    * `superset` whoever meets the left one meets the right one;
    * `intersects` they have something in common, and each asks for more.
    """

    EQUAL = "equal"
    SUBSET = "subset"
    SUPERSET = "superset"
    INTERSECTS = "intersects"

    @property
    def reverse(self) -> "Relation":
        """Return how the right one relates to the left one."""
        return {Relation.SUBSET: Relation.SUPERSET, Relation.SUPERSET: Relation.SUBSET}.get(self, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """One pair: ids of items, how they relate, why, in our own words, and on what that rests."""

    left: str
    right: str
    relation: Relation
    rationale: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosswalk:
    """All pairs of two frameworks that somebody has justified; what is not here is not known to be unrelated."""

    left: str
    right: str
    source: str
    relations: tuple[Related, ...]

    @property
    def id(self) -> str:
        """Return `<left>--<right>`."""
        return f"{self.left}--{self.right}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A relation as seen from one criterion; both are `<framework>/<item>`."""

    criterion: str
    relation: Relation
    other: str
    rationale: str
    source: str


def load(directory: Path = SHIPPED, *, catalogs: Mapping[str, Catalog] | None = None) -> Mapping[str, Crosswalk]:
    """Return the mappings of a directory, by id.

    Args:
        directory: where the files are.
        catalogs: where the items have to be; those that are shipped, unless others are given.

    Raises:
        MappingError: a file is none, or has not the name that its frameworks give it, or an item is in no catalog.
        CatalogError: the shipped catalogs cannot be read.
    """
    known = catalog.load() if catalogs is None else catalogs
    found: dict[str, Crosswalk] = {}
    for name, text in files.texts(directory, MappingError).items():
        crosswalk = parse(name, text)
        if name != f"{crosswalk.id}.yaml":
            raise MappingError(f"{name}: the name of a mapping of these frameworks is `{crosswalk.id}.yaml`")
        _verify_items(name, crosswalk, known)
        found[crosswalk.id] = crosswalk
    return MappingProxyType(found)


def related(crosswalks: Iterable[Crosswalk], criterion: str) -> list[Neighbour]:
    """Return what `criterion`, `<framework>/<item>`, is related to, whichever side of a mapping it stands on."""
    framework, _, item = criterion.partition("/")
    found = []
    for crosswalk in crosswalks:
        for each in crosswalk.relations:
            if (crosswalk.left, each.left) == (framework, item):
                found.append(_neighbour(criterion, each.relation, f"{crosswalk.right}/{each.right}", each))
            elif (crosswalk.right, each.right) == (framework, item):
                found.append(_neighbour(criterion, each.relation.reverse, f"{crosswalk.left}/{each.left}", each))
    return found


def _neighbour(criterion: str, relation: Relation, other: str, of: Related) -> Neighbour:
    return Neighbour(criterion=criterion, relation=relation, other=other, rationale=of.rationale, source=of.source)


def parse(file: str, text: str) -> Crosswalk:
    """Return the mapping in `text`, the content of `file`.

    Raises:
        MappingError: it is none.
    """
    try:
        document = parse_yaml(text)
    except YamlError as error:
        raise MappingError(f"{file}:{error}") from None
    read = Members(file, document, {"from", "to", "source", "relations"}, MappingError)
    source = read.text("source")
    crosswalk = Crosswalk(
        left=read.matching("from", _NAME),
        right=read.matching("to", _NAME),
        source=source,
        relations=tuple(
            _related(f"{file}: relations[{number}]", each, source)
            for number, each in enumerate(read.entries("relations", most=_MOST))
        ),
    )
    if crosswalk.left == crosswalk.right:
        raise MappingError(f"{file}: a framework is not mapped to itself")
    pairs = [(each.left, each.right) for each in crosswalk.relations]
    if twice := next((each for number, each in enumerate(pairs) if each in pairs[:number]), None):
        raise MappingError(f"{file}: `{twice[0]}` and `{twice[1]}` stand twice")
    return crosswalk


def _related(place: str, document: Any, source: str) -> Related:
    read = Members(place, document, {"from", "to", "relation", "rationale", "source"}, MappingError)
    return Related(
        left=read.matching("from", _ITEM),
        right=read.matching("to", _ITEM),
        relation=Relation(read.one_of("relation", list(Relation))),
        rationale=read.text("rationale"),
        source=read.text("source") if "source" in read else source,
    )


def _verify_items(file: str, crosswalk: Crosswalk, catalogs: Mapping[str, Catalog]) -> None:
    left, right = ([each.left for each in crosswalk.relations], [each.right for each in crosswalk.relations])
    for framework, items in ((crosswalk.left, left), (crosswalk.right, right)):
        if framework not in catalogs:
            raise MappingError(f"{file}: no framework `{framework}`")
        if missing := [each for each in items if each not in catalogs[framework].items]:
            raise MappingError(f"{file}: `{framework}` has no `{missing[0]}`")
