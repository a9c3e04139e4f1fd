"""Attestations and inspections as rows: what persons stated, whether two of them did, and for how long it holds.

A statement is a record of the action `frameworks.attest` or `frameworks.inspect`, allowed, on the resource
`{type: control_test, id: <id of the test>}`; a second person signs it with `frameworks.countersign` on the same. That a
person holds the role, and who may inspect, the policy of these actions decides: what it refused is no statement.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from frameworks import condition
from frameworks.condition import MISSING, Condition, Op
from frameworks.control_test import ControlTest, Kind
from frameworks.judging import Bounds, Found
from frameworks.population import Selection
from frameworks.results import Outcome, Row, in_microseconds, instant

ATTEST: Final = "frameworks.attest"
COUNTERSIGN: Final = "frameworks.countersign"
INSPECT: Final = "frameworks.inspect"
RESOURCE: Final = "control_test"

SECOND_WITHIN: Final = timedelta(days=14)
"""How long a second person may take to sign what a first attested."""

_REF, _ID = condition.walk("body.subject.ref"), condition.walk("body.subject.id")
_FAILED: Final = condition.walk("body.result.failed")


def statements(test: ControlTest) -> Selection:
    """Return which records state what a test asks for."""
    return _on(test, ATTEST if test.kind is Kind.ATTESTATION else INSPECT)


def countersignatures(test: ControlTest) -> Selection | None:
    """Return which records countersign them, where two persons are wanted."""
    return _on(test, COUNTERSIGN) if test.second_role else None


def _on(test: ControlTest, action: str) -> Selection:
    said = {"body.resource.type": RESOURCE, "body.resource.id": test.id, "body.result.allow": True}
    where = tuple(Condition(path=path, op=Op.EQUALS, value=value) for path, value in said.items())
    return Selection(types=("decision",), actions=(action,), where=where)


@dataclass(frozen=True, slots=True, order=True)
class _Signed:
    at: int
    position: str
    time: str
    person: Any


class Statements:
    """Judges the statements of one test: those of the period, and those before it that may still hold."""

    def __init__(self, test: ControlTest, bounds: Bounds) -> None:
        self._test, self._bounds = test, bounds
        self._holds_for = in_microseconds(timedelta(days=test.stale_after))
        self._stated: list[_Signed] = []
        self._countersigned: list[_Signed] = []
        self.newest = ""
        self._stale = False

    def take(self, row: Row, found: Found) -> None:
        """Take the next statement."""
        self._stated.append(_signed(row))
        failed = self._test.kind is Kind.INSPECTION and _FAILED(row.document) != []
        if failed and self._in_period(self._stated[-1]):
            found.add(row.position, row.time, "the inspection did not confirm it")

    def witness(self, row: Row) -> None:
        """Take the next countersignature."""
        self._countersigned.append(_signed(row))

    def finish(self, found: Found) -> None:
        """Look for one person where two are wanted, and for times without a statement that holds."""
        whole = sorted(each for each in self._stated if self._complete(each, found))
        before = self._bounds.start
        for each in whole:
            if each.at - before > self._holds_for and each.at > self._bounds.start:
                found.gap(max(before, self._bounds.start), each.at)
            before = each.at
        self.newest = whole[-1].time if whole else ""
        asked = whole or self._test.kind is Kind.ATTESTATION
        if asked and self._bounds.known_to - before > self._holds_for:
            self._stale = True
            found.gap(max(before, self._bounds.start), self._bounds.known_to)

    def outcome(self, found: Found) -> Outcome:
        """Return what it comes to: a deviation is one however fresh the newest statement is."""
        if found.count > self._stale:
            return Outcome.DEVIATIONS
        if self._stale:
            return Outcome.STALE
        return Outcome.EFFECTIVE if self.newest else Outcome.NOT_TESTED

    def _in_period(self, one: _Signed) -> bool:
        return one.at >= self._bounds.start

    def _complete(self, one: _Signed, found: Found) -> bool:
        if not self._test.second_role:
            return True
        until = one.at + in_microseconds(SECOND_WITHIN)
        signed = [each for each in self._countersigned if one.at <= each.at <= until]
        if any(each.person != one.person for each in signed):
            return True
        if self._in_period(one):
            for each in signed:
                found.add(each.position, each.time, "countersigned by the person who attested")
            if until < self._bounds.now:
                reason = f"not countersigned by a second person within {SECOND_WITHIN.days}d"
                found.add(one.position, one.time, reason)
        return False


def _signed(row: Row) -> _Signed:
    ref = _REF(row.document)
    person = _ID(row.document) if ref is MISSING else ref
    return _Signed(instant(row.time), row.position, row.time, person)
