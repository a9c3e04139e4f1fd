"""How much of a framework is met by controls, in three numbers that do not stand for each other.

*Covered*: a control serves the item. *Machine-tested*: one of the controls that serve it has a test that a machine does
over a complete population; what persons state is not called so. *Fresh*: one of the controls that serve it has no
scheduled test whose newest result is missing or too old; without results this is not known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from frameworks.applicability import EVERYTHING, Organisation
from frameworks.catalog import Catalog, Item
from frameworks.control import Control
from frameworks.control_test import Kind
from frameworks.results import Outcome

_NO_EVIDENCE = frozenset({Outcome.STALE, Outcome.NOT_TESTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of so many items that apply, how many are covered, machine-tested and fresh (None: not known)."""

    items: int
    covered: int
    machine: int
    fresh: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The numbers of one framework and of its groups; `gaps` are the items that apply and that no control serves."""

    catalog: Catalog
    total: Counts
    groups: Mapping[str, Counts]
    excluded: int
    gaps: tuple[Item, ...]


def coverage(
    catalog: Catalog,
    controls: Iterable[Control],
    outcomes: Mapping[str, Outcome] | None = None,
    organisation: Organisation = EVERYTHING,
) -> Coverage:
    """Return how much of a framework is met by `controls`.

    Args:
        catalog: the framework.
        controls: all there are; those that do not serve it are passed over.
        outcomes: what the newest result of each test showed, by the id of the test; None: nobody knows.
        organisation: who says what applies; what does not is not counted.
    """
    serving: dict[str, list[Control]] = {}
    for control in controls:
        for item in control.items(catalog.id):
            serving.setdefault(item, []).append(control)
    applies = [each for each in catalog.items.values() if organisation.applies(catalog.id, each.id)]

    def counts(items: Iterable[Item]) -> Counts:
        served = [serving.get(each.id, []) for each in items]
        return Counts(
            items=len(served),
            covered=sum(map(bool, served)),
            machine=sum(any(Kind.MACHINE in each.kinds for each in some) for some in served),
            fresh=None if outcomes is None else sum(any(_fresh(each, outcomes) for each in some) for some in served),
        )

    return Coverage(
        catalog=catalog,
        total=counts(applies),
        groups={name: counts([each for each in applies if each.group == name]) for name in catalog.groups},
        excluded=len(catalog.items) - len(applies),
        gaps=tuple(each for each in applies if each.id not in serving),
    )


def _fresh(control: Control, outcomes: Mapping[str, Outcome]) -> bool:
    """Tell whether each test of a control that has a schedule has evidence; an inspection is made on request.

    A control that nothing but inspections test is fresh by each of them.
    """
    scheduled = [test for test in control.tests if test.kind is not Kind.INSPECTION] or control.tests
    return all(outcomes.get(test.id, Outcome.NOT_TESTED) not in _NO_EVIDENCE for test in scheduled)
