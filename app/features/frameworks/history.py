"""A finding's state and its history: one changes with the other, in one transaction. Nothing else writes either."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session, col, func, select

from app.features.frameworks.declared import Declared
from app.features.frameworks.rows import FindingDeviationRow, FindingRow, FindingStepRow
from app.features.frameworks.standing import FindingState, milliseconds, moment
from app.pdp.enforce import Permit
from frameworks.control_test import ControlTest
from frameworks.testing import Deviation

DUE: Final = {
    "critical": timedelta(days=7),
    "high": timedelta(days=30),
    "medium": timedelta(days=90),
    "low": timedelta(days=180),
}
"""How long there is to deal with a finding, by its severity."""

_MOST: Final = 100  # positions in a record


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of a finding: who did it (`by`), a stable `code`, and words where there are any."""

    state: FindingState
    by: str
    code: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A step of a finding, as the log and alerts tell of it.

    `positions`: of the deviations that it brought; those of something that is missing have none. `news`: somebody is to
    be told.
    """

    finding: str
    test: str
    control: str
    severity: str
    owner: str
    state: FindingState
    code: str
    due_at: datetime
    remediation: str
    deviations: int
    positions: tuple[str, ...] = ()
    news: bool = False

    @property
    def kind(self) -> str:
        """Return the type of its record."""
        return "finding.opened" if self.code == "opened" else "finding.changed"

    def record(self) -> dict[str, Any]:
        """Return the body of its record."""
        return {
            "finding": self.finding,
            "test": self.test,
            "control": self.control,
            "severity": self.severity,
            "owner": self.owner,
            "state": self.state.value,
            "code": self.code,
            "due": self.due_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "deviations": self.deviations,
            "positions": list(self.positions[:_MOST]),
        }


class History:
    """Writes findings within one transaction, under one permit, at one time."""

    def __init__(self, session: Session, permit: Permit, now: datetime) -> None:
        self.session, self.permit, self.now = session, permit, now

    def open(self, control: Declared, test: ControlTest, identifier: str, *, lasting: bool) -> FindingRow:
        """Add a finding without deviations, and return its row."""
        at = milliseconds(self.now)
        row = FindingRow(
            id=identifier,
            control=control.id,
            test=test.id,
            severity=str(control.severity),
            owner=control.owner,
            state=FindingState.OPEN.value,
            opened_at=at,
            due_at=milliseconds(self.now + DUE[str(control.severity)]),
            remediation=test.remediation or "",
            lasting=lasting,
            deviation_count=0,
            changed_at=at,
            decision_id=self.permit.decision_id,
            changed_by_decision=self.permit.decision_id,
        )
        self.session.add(row)
        self.session.flush()
        return row

    def add(self, row: FindingRow, found: Mapping[str, Deviation]) -> None:
        """Add deviations, by their keys, to a finding."""
        for key, each in found.items():
            self.session.add(
                FindingDeviationRow(
                    test=row.test,
                    key=key,
                    finding=row.id,
                    position=each.position,
                    time=each.time,
                    reason=each.reason,
                    found_at=milliseconds(self.now),
                    decision_id=self.permit.decision_id,
                )
            )
        row.deviation_count += len(found)
        self.session.flush()

    def change(self, row: FindingRow, made: Change, *, news: bool = False) -> Told:
        """Have a finding be in a state from now on, and say so in its history."""
        of = col(FindingStepRow.finding) == row.id
        last = self.session.exec(select(func.max(FindingStepRow.number)).where(of)).one()
        self.session.add(
            FindingStepRow(
                finding=row.id,
                number=0 if last is None else last + 1,
                state=made.state.value,
                at=milliseconds(self.now),
                by=made.by,
                code=made.code,
                note=made.note,
                decision_id=self.permit.decision_id,
            )
        )
        row.state, row.changed_at = made.state.value, milliseconds(self.now)
        row.changed_by_decision = self.permit.decision_id
        if made.state is not FindingState.ACCEPTED:
            row.accepted_until = None
        self.session.flush()
        return told(row, made.code, news=news)

    def has(self, row: FindingRow, code: str) -> bool:
        """Tell whether a step of this code stands in a finding's history."""
        wanted = (col(FindingStepRow.finding) == row.id, col(FindingStepRow.code) == code)
        return self.session.exec(select(FindingStepRow.number).where(*wanted)).first() is not None


def fresh_id(random: Callable[[int], str] = secrets.token_hex) -> str:
    """Return the id of a finding to come; `random` returns so many random bytes as hex."""
    return f"fnd-{random(8)}"


def told(row: FindingRow, code: str, *, news: bool = False) -> Told:
    """Return what is told of a finding."""
    return Told(
        finding=row.id,
        test=row.test,
        control=row.control,
        severity=row.severity,
        owner=row.owner,
        state=FindingState(row.state),
        code=code,
        due_at=moment(row.due_at),
        remediation=row.remediation,
        deviations=row.deviation_count,
        news=news,
    )
