"""What is told in OSCAL: one framework, the controls that serve it, and what testing them showed in a period."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from frameworks.catalog import Catalog
from frameworks.control import Control
from frameworks.mapping import Crosswalk
from frameworks.testing import Period, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Everything that the documents are made of.

    Attributes:
        controls: those that serve the catalog, in the order of their ids.
        results: of their tests, by the id of the test.
        log: the name of the log that the evidence is in.
        modified: a time with its zone, of the newest thing that went into it; no clock is asked.
        version: what tells two assessments apart: the hash of what went into it.
        collected: by test, when the newest of its evidence was kept; what is not there is not known.
        excluded: the items that do not apply.
        crosswalks: from or to the catalog.
        others: the catalogs that they lead to or come from, by id.
    """

    catalog: Catalog
    controls: tuple[Control, ...]
    results: Mapping[str, Result]
    period: Period
    log: str
    modified: str
    version: str
    collected: Mapping[str, str] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()
    crosswalks: tuple[Crosswalk, ...] = ()
    others: Mapping[str, Catalog] = field(default_factory=dict)

    @property
    def items(self) -> list[str]:
        """Return the items of the catalog that apply, in its order."""
        return [item for item in self.catalog.items if item not in self.excluded]

    def criteria(self, control: Control) -> list[str]:
        """Return the items of the catalog that a control serves, in the order of the catalog."""
        named = frozenset(control.items(self.catalog.id))
        return [item for item in self.items if item in named]

    def serving(self, item: str) -> list[Control]:
        """Return the controls that serve an item."""
        name = f"{self.catalog.id}/{item}"
        return [each for each in self.controls if name in each.criteria]
