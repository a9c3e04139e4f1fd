"""A test of a control, as a file says it: a machine's over rows, a person's attestation, an auditor's inspection.

Owns its form. What its outcome is: `frameworks.testing`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from frameworks import checks, population
from frameworks.checks import Check, Each, NoRow
from frameworks.errors import ControlError
from frameworks.members import Members
from frameworks.population import Selection

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}/[a-z0-9][a-z0-9-]{0,63}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_REMEDIATION: Final = re.compile(r"[a-z][a-z0-9_]{0,63}(?:\.[a-z][a-z0-9_]{0,63})?")
_MOST_DAYS: Final = 3660


class Kind(StrEnum):
    """Who finds out: nothing is called automated that a person states."""

    MACHINE = "machine"
    ATTESTATION = "attestation"
    INSPECTION = "inspection"


class Every(StrEnum):
    """How often a test is done."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


DAYS: Final = {Every.HOUR: 1, Every.DAY: 1, Every.WEEK: 7, Every.MONTH: 31, Every.QUARTER: 92, Every.YEAR: 366}
"""The longest that each may take, in days; less would be stale before it is due again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTest:
    """One test. `stale_after` is in days: an older result is none.

    A machine's test has `population` and `check`, and perhaps the name of a `remediation`; an attestation has `role`,
    `statement` and perhaps `second_role`, where two persons are wanted; an inspection has `instruction`.
    """

    id: str
    kind: Kind
    title: str
    every: Every
    stale_after: int
    population: Selection | None = None
    check: Check | None = None
    role: str | None = None
    second_role: str | None = None
    statement: str | None = None
    instruction: str | None = None
    remediation: str | None = None

    @property
    def control(self) -> str:
        """Return the id of its control."""
        return self.id.partition("/")[0]


_COMMON: Final = ("id", "kind", "title", "every", "stale_after")
_MEMBERS: Final = {
    Kind.MACHINE: ("population", "check", "remediation"),
    Kind.ATTESTATION: ("role", "second_role", "statement"),
    Kind.INSPECTION: ("instruction",),
}


def parse(place: str, document: Any) -> ControlTest:
    """Return the test that an object of a file says; `place` names file and control, and begins every message.

    Raises:
        ControlError: it says none.
    """
    every_name = [*_COMMON, *(name for names in _MEMBERS.values() for name in names)]
    read = Members(place, document, every_name)
    found = read.matching("id", _ID)
    kind = Kind(Members(f"{place}: `{found}`", document, every_name).one_of("kind", list(Kind)))
    read = Members(f"{place}: `{found}`", document, [*_COMMON, *_MEMBERS[kind]])
    every = Every(read.one_of("every", list(Every)))
    common: dict[str, Any] = {
        "id": found,
        "kind": kind,
        "title": read.text("title"),
        "every": every,
        "stale_after": read.number("stale_after", least=DAYS[every], most=_MOST_DAYS),
    }
    match kind:
        case Kind.MACHINE:
            return ControlTest(**common, **_machine(read))
        case Kind.ATTESTATION:
            second = read.matching("second_role", _NAME) if "second_role" in read else None
            role = read.matching("role", _NAME)
            return ControlTest(**common, role=role, second_role=second, statement=read.text("statement"))
        case Kind.INSPECTION:
            return ControlTest(**common, instruction=read.text("instruction"))


def _machine(read: Members) -> dict[str, Any]:
    rows = population.parse(f"{read.place}: population", read.document.get("population"))
    check = checks.parse(f"{read.place}: check", read.document.get("check"))
    if rows.configuration and not isinstance(check, (Each, NoRow)):
        raise ControlError(f"{read.place}: check: rows of the configuration have no time: `each` or `none` is wanted")
    remediation = read.matching("remediation", _REMEDIATION) if "remediation" in read else None
    return {"population": rows, "check": check, "remediation": remediation}
