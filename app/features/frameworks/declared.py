"""What is declared: the controls, their tests by id, and where the application that answers has them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from flask import Flask, current_app

from app.features.frameworks.standing import AttestationShown, Said
from frameworks.control_test import ControlTest, Kind
from frameworks.statements import SECOND_WITHIN

_EXTENSION: Final = "omega.controls"


class Declared(Protocol):
    """What is asked of a control here; see `frameworks.control.Control`."""

    @property
    def id(self) -> str:
        """Return its id."""

    @property
    def tests(self) -> tuple[ControlTest, ...]:
        """Return its tests."""

    @property
    def criteria(self) -> tuple[str, ...]:
        """Return what it serves: `<framework>/<item>`."""

    @property
    def owner(self) -> str:
        """Return the role that answers for it."""

    @property
    def severity(self) -> str:
        """Return how much it matters: low, medium, high, critical."""


Controls = Mapping[str, Declared]
"""The controls by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An attestation or an inspection as it stands.

    Attributes:
        test: what is to be stated, by whom, how often.
        control: the id of its control.
        newest: what counts last; None, where nobody has stated it, or not two persons.
        waiting: the attestation that waits for a second person, and until when it does.
        due_at: when the next one is wanted; None: now.
        stale_at: when the newest one is none any more; None: there is none.
    """

    test: ControlTest
    control: str
    newest: AttestationShown | None
    waiting: AttestationShown | None
    due_at: datetime | None
    stale_at: datetime | None

    def is_due(self, now: datetime) -> bool:
        """Tell whether somebody has to state it now."""
        return self.due_at is None or now >= self.due_at

    def is_stale(self, now: datetime) -> bool:
        """Tell whether nothing that was stated holds any more."""
        return self.stale_at is None or now >= self.stale_at


_DAYS: Final = {"hour": 1, "day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


def install(app: Flask, load: Callable[[], Controls]) -> None:
    """Have the pages of `app` speak of the controls that `load` returns, which is asked for each."""
    app.extensions[_EXTENSION] = load


def controls() -> Controls:
    """Return the controls of the application that answers."""
    load: Callable[[], Controls] = current_app.extensions[_EXTENSION]
    return load()


def tests(of: Controls) -> dict[str, tuple[Declared, ControlTest]]:
    """Return every test with its control, by the test's id."""
    return {test.id: (each, test) for each in of.values() for test in each.tests}


def persons_tests(of: Controls) -> list[tuple[Declared, ControlTest]]:
    """Return the tests that persons make: attestations and inspections."""
    return [(each, test) for each, test in tests(of).values() if test.kind is not Kind.MACHINE]


def due(of: str, test: ControlTest, said: Sequence[AttestationShown], now: datetime) -> Due:
    """Return how a test of the control `of` stands; `said` is what persons stated about it, the newest first."""
    signed = {each.of for each in said if each.kind is Said.COUNTERSIGNED}
    stated = [each for each in said if each.kind is not Said.COUNTERSIGNED]
    whole = [each for each in stated if test.second_role is None or each.decision_id in signed]
    newest = whole[0] if whole else None
    open_ = [each for each in stated[:1] if each not in whole and now < each.at + SECOND_WITHIN]
    return Due(
        test=test,
        control=of,
        newest=newest,
        waiting=open_[0] if open_ else None,
        due_at=None if newest is None else newest.at + timedelta(days=_DAYS[test.every]),
        stale_at=None if newest is None else newest.at + timedelta(days=test.stale_after),
    )
