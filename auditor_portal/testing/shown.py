"""What pages show of controls: what is declared, what the entity's tests showed, and what the auditor did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g
from sqlmodel import Session

from app.audits.engagements import Engagement
from app.audits.workbook import Phase
from app.errors import problem
from app.features.frameworks import in_words, standing
from app.features.frameworks.standing import ResultShown
from app.pep import RefusedError
from auditor_portal.product import product
from auditor_portal.sources import read_collection
from auditor_portal.testing.keeping import Work
from auditor_portal.testing.running import definition, of_configuration, serving
from frameworks.collection import Collection
from frameworks.control import Control
from frameworks.control_test import ControlTest, Kind

KINDS: Mapping[Kind, str] = {
    Kind.MACHINE: "a machine, over every record",
    Kind.ATTESTATION: "a person, who states it",
    Kind.INSPECTION: "an inspection: somebody looks",
}
"""Who finds out: nothing is called automated that a person states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestShown:
    """A test, in words, and its last result to the entity."""

    test: ControlTest
    by: str
    demands: tuple[str, ...]
    definition: str
    last: ResultShown | None
    configuration: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlShown:
    """A control that serves frameworks of the engagement: these criteria of them."""

    control: Control
    criteria: tuple[str, ...]
    tests: tuple[TestShown, ...]

    @property
    def kinds(self) -> str:
        """Return the kinds of its tests, as words."""
        return ", ".join(self.control.kinds)


def collection() -> Collection:
    """Return frameworks and controls, read once for a request."""
    if "collection" not in g:
        g.collection = read_collection(product().settings.frameworks)
    found: Collection = g.collection
    return found


def controls(engagement: Engagement) -> tuple[ControlShown, ...]:
    """Return the controls that serve the engagement's frameworks, by their ids."""
    latest = _latest()
    return tuple(
        _shown(each, engagement, latest) for each in serving(collection().controls.values(), engagement.frameworks)
    )


def control(engagement: Engagement, name: str) -> ControlShown:
    """Return one of them.

    Raises:
        RefusedError: there is none such.
    """
    found = serving(collection().controls.values(), engagement.frameworks, name)
    if not found or not name:
        raise RefusedError(problem("not_found"))
    return _shown(found[0], engagement, _latest())


def phase(engagement: Engagement, now: str) -> Phase:
    """Return what can be tested at a time: what happened, once the period is over."""
    return Phase.EVENTS if engagement.period_end <= now else Phase.CONFIGURATION


def overview(engagement: Engagement, work: Work) -> list[dict[str, Any]]:
    """Return a row for each control: what it is, what its tests showed, what the auditor concluded."""
    rows = []
    for each in controls(engagement):
        concluded = work.concluded(each.control.id)
        rows.append(
            {
                "control": each,
                "again": [found for found in work.shown if found.control == each.control.id],
                "rule": work.rule(each.control.id),
                "concluded": concluded.conclusion if concluded else None,
            }
        )
    return rows


def _latest() -> Mapping[str, ResultShown]:
    with Session(product().product) as session:
        return standing.latest_in(session)


def _shown(control: Control, engagement: Engagement, latest: Mapping[str, ResultShown]) -> ControlShown:
    wanted = frozenset(engagement.frameworks)
    return ControlShown(
        control=control,
        criteria=tuple(each for each in control.criteria if each.partition("/")[0] in wanted),
        tests=tuple(_test(each, latest.get(each.id)) for each in control.tests),
    )


def _test(test: ControlTest, last: ResultShown | None) -> TestShown:
    return TestShown(
        test=test,
        by="a machine, over the running configuration" if of_configuration(test) else KINDS[test.kind],
        demands=tuple(_demands(test)),
        definition=definition(test),
        last=last,
        configuration=of_configuration(test),
    )


def _demands(test: ControlTest) -> list[str]:
    match test.kind:
        case Kind.MACHINE:
            said = [f"Population: {in_words.population(test.population)}."] if test.population else []
            return said + ([f"Demanded: {in_words.check(test.check)}."] if test.check else [])
        case Kind.ATTESTATION:
            second = f", and another person, {test.second_role}, countersigns" if test.second_role else ""
            return [f"{test.role} states: “{test.statement}”{second}.".replace("_", " ")]
        case Kind.INSPECTION:
            return [f"Somebody looks: {test.instruction}."]
