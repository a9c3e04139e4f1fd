"""What can be done by itself about deviations: names, and what each name does. Features put their own into one table.

Owns the names' meaning for whoever runs them. Knows neither findings nor controls, and decides nothing: whoever runs a
remediation holds a permit for it. What this version cannot do has no name here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.pdp.enforce import Permit


class RemediationError(Exception):
    """It was not done; what deviated is as it was. `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What it is done about: a finding of a test, and the positions of the records that deviate (`<chain>-<seq>`)."""

    finding: str
    test: str
    positions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remediation:
    """One of them.

    Attributes:
        name: `<feature>.<verb>`; tests of controls declare it, and policy lists it.
        title: what it does, in words.
        run: does it, at a time, and returns how many of what were changed. It may block, and may be run again.
    """

    name: str
    title: str
    run: Callable[[Permit, Case, datetime], Mapping[str, int]]


def table(remediations: Iterable[Remediation]) -> Mapping[str, Remediation]:
    """Return them by name.

    Raises:
        ValueError: two have one name.
    """
    found: dict[str, Remediation] = {}
    for each in remediations:
        if each.name in found:
            raise ValueError(f"two remediations are called `{each.name}`")
        found[each.name] = each
    return found
