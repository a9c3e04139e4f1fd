"""What is missing before every criterion is met, the worst first. Pure.

A criterion that no control serves; a control without a test; a test that shows deviations, was never done, or too long
ago: each once, with the criteria that want it. A criterion of which everything is effective has no gap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.features.frameworks.states import State, States
from frameworks.control import Control


class Kind(StrEnum):
    """What is missing."""

    NO_CONTROL = "no_control"
    NO_TEST = "no_test"
    DEVIATIONS = "deviations"
    NOT_TESTED = "not_tested"
    STALE = "stale"


_OF_TESTS: Final = {
    State.DEVIATIONS: Kind.DEVIATIONS,
    State.NOT_TESTED: Kind.NOT_TESTED,
    State.STALE: Kind.STALE,
}
_ORDER: Final = tuple(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that is missing, and the criteria (`<framework>/<id>`) that are not met for want of it.

    `what` is the control or the test that it is about, `title` says what that is, `severity` is that of the control;
    where there is no control, `what` and `severity` are empty, and `title` is what the criterion is about.
    """

    kind: Kind
    what: str
    title: str
    severity: str
    criteria: tuple[str, ...]


def of(criteria: Sequence[tuple[str, str]], states: States) -> list[Gap]:
    """Return the gaps of criteria, of each the name and what it is about: by what is missing, then in their order."""
    applied = [(name, summary) for name, summary in criteria if states.applies(name)]
    found = [
        Gap(kind=Kind.NO_CONTROL, what="", title=summary, severity="", criteria=(name,))
        for name, summary in applied
        if not states.serving(name)
    ]
    names = {name for name, _ in applied}
    for control in states.controls.values():
        served = tuple(each for each in control.criteria if each in names)
        if served:
            found += _of_control(control, served, states)
    return sorted(found, key=lambda gap: _ORDER.index(gap.kind))


def _of_control(control: Control, served: tuple[str, ...], states: States) -> Iterable[Gap]:
    severity = str(control.severity)
    if not control.tests:
        yield Gap(kind=Kind.NO_TEST, what=control.id, title=control.title, severity=severity, criteria=served)
    for test in control.tests:
        kind = _OF_TESTS.get(states.of_test(test))
        if kind is not None:
            yield Gap(kind=kind, what=test.id, title=test.title, severity=severity, criteria=served)
