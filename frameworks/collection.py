"""All that stands in files, read together: what comes with the package, and beside it what is one's own.

Of one's own are, below one directory and each only where it is there:

    catalogs/*.yaml    frameworks
    controls/*.yaml    controls, which may serve any framework
    mappings/*.yaml    how frameworks relate
    texts/<id>.yaml    the text of a framework that its holder has a licence for
    organisation.yaml  what applies, and why

Nothing of one's own takes the place of what is shipped. What each file says is its own module's business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from frameworks import applicability, catalog, control, licensed_text, mapping
from frameworks.applicability import EVERYTHING, Organisation
from frameworks.catalog import Catalog
from frameworks.control import Control
from frameworks.errors import CatalogError, ControlError, FrameworksError, LicensedTextError, MappingError
from frameworks.mapping import Crosswalk

_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Catalogs, controls and mappings by id, an organisation, and texts by framework and item."""

    catalogs: Mapping[str, Catalog]
    controls: Mapping[str, Control]
    crosswalks: Mapping[str, Crosswalk] = field(default_factory=dict)
    organisation: Organisation = EVERYTHING
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def criteria(self) -> Mapping[str, tuple[str, ...]]:
        """Return the criteria (`<framework>/<item>`) that apply, by framework."""
        return {
            name: tuple(f"{name}/{item}" for item in each.items if self.organisation.applies(name, item))
            for name, each in self.catalogs.items()
        }


@cache
def shipped() -> Collection:
    """Return what comes with the package, read once.

    Raises:
        FrameworksError: a file of it is damaged.
    """
    catalogs = catalog.load()
    return Collection(
        catalogs=catalogs, controls=control.load(catalogs=catalogs), crosswalks=mapping.load(catalogs=catalogs)
    )


def load(own: Path | None = None) -> Collection:
    """Return what comes with the package, and what is in the directory `own`.

    Raises:
        FrameworksError: it is no directory, or a file in it is not what its place says, or has an id that is taken.
    """
    ours = shipped()
    if own is None:
        return ours
    if not own.is_dir():
        raise FrameworksError(f"`{own.name}` is no directory")
    catalogs = _beside(ours.catalogs, catalog.load(own / "catalogs"), CatalogError)
    said = own / "organisation.yaml"
    return Collection(
        catalogs=catalogs,
        controls=_beside(ours.controls, control.load(own / "controls", catalogs=catalogs), ControlError),
        crosswalks=_beside(ours.crosswalks, mapping.load(own / "mappings", catalogs=catalogs), MappingError),
        organisation=applicability.load(said, catalogs) if said.exists() else EVERYTHING,
        texts=MappingProxyType({path.stem: _texts(path, catalogs) for path in sorted((own / "texts").glob("*.yaml"))}),
    )


def _beside(
    ours: Mapping[str, _Thing], own: Mapping[str, _Thing], error: Callable[[str], FrameworksError]
) -> Mapping[str, _Thing]:
    taken = sorted(ours.keys() & own.keys())
    if taken:
        raise error(f"`{taken[0]}` is shipped; what is your own has another id")
    return MappingProxyType({**ours, **own})


def _texts(path: Path, catalogs: Mapping[str, Catalog]) -> Mapping[str, str]:
    found = catalogs.get(path.stem)
    if found is None:
        raise LicensedTextError(f"{path.name}: the name of a file of texts is that of its framework, `<id>.yaml`")
    return licensed_text.load(path, found)
