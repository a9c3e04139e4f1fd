"""The scan for drift as a job of each node: look, heal what blocks, put both on record, tell of what is new."""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sqlmodel import select

from app.alerts.alert import Alert, AlertSeverity
from app.alerts.outbox import post
from app.db import reading, writing
from app.features.policies.drift.comparing import Declared, Finding, Observed, compare, fingerprint
from app.features.policies.drift.healing import NOTHING, Healer, Mended, wanted
from app.features.policies.drift.rows_drift import DriftScanRow
from app.features.policies.drift.scanning import observe
from app.features.policies.errors import PoliciesError, UnstatedError
from app.jobs.job import Job, JobError, Run, Scope
from app.jobs.schedule import Every
from app.pdp.enforce import Permit
from app.settings import Settings

NAME: Final = "policies.scan_drift"
"""The job's name, and the action that it asks for."""

FOUND: Final = "policy.drift_found"
CLEAN: Final = "policy.drift_clean"

SECOND_LOOK: Final = 1.0
"""Seconds until what is to be healed is looked at once more."""

_SHOWN: Final = 50  # findings in a record


class Declaring(Protocol):
    """Finds what is declared."""

    def declared(self, now: datetime) -> Declared | None:
        """Return it, or None where policies come from Git, and none of it is in force yet.

        Raises:
            UnstatedError: what was declared is not there any more, or cannot be believed: that is drift.
            PoliciesError: it cannot be found out.
        """

    def overrides(self, now: datetime) -> tuple[str, ...]:
        """Return the ids of overrides that were used although they had ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a scan found, and what was done about it."""

    observed: Observed
    findings: tuple[Finding, ...]
    mended: Mended = NOTHING

    @property
    def healed(self) -> bool:
        """Return whether anything was done."""
        return self.mended != NOTHING

    @property
    def kind(self) -> str:
        """Return the type of its record."""
        return FOUND if self.findings else CLEAN

    def document(self) -> dict[str, Any]:
        """Return this as JSON values."""
        declared = self.observed.declared
        said = None if declared is None else {"commit": declared.commit or None, "bundle": declared.bundle.digest}
        return {
            "declared": said,
            "active": self.observed.active,
            "workers": len(self.observed.workers),
            "findings": [each.document() for each in self.findings],
            "healed": self.healed,
            "replaced": list(self.mended.replaced),
            "change": self.mended.change,
        }

    def record(self, node: str) -> dict[str, Any]:
        """Return the body of its record, which has a limit."""
        document = self.document()
        return {
            **document,
            "node": node,
            "findings": document["findings"][:_SHOWN],
            "left_out": max(0, len(self.findings) - _SHOWN),
        }


def scan(settings: Settings, declaring: Declaring, now: datetime) -> Scan:
    """Return what differs on this node; nothing is changed.

    Raises:
        PoliciesError: what is declared cannot be found out.
    """
    declared, undeclared = None, ""
    try:
        declared = declaring.declared(now)
    except UnstatedError as error:
        undeclared = str(error)
    observed = observe(settings, declared, now, declaring.overrides(now), undeclared)
    return Scan(observed=observed, findings=compare(observed))


class DriftJob:
    """Scans again and again. `note` puts a record into the log."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        settings: Settings,
        declaring: Declaring,
        healer: Healer,
        *,
        node: str,
        note: Callable[[str, Mapping[str, Any]], None],
        clock: Callable[[], float] = time.time,
        random: Callable[[int], str] = secrets.token_hex,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._declaring, self._healer = settings, declaring, healer
        self._node, self._note, self._clock, self._random, self._pause = node, note, clock, random, pause

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="compare the policies that decide with those that are declared",
            schedule=Every(seconds=self._settings.drift),
            run=self.run,
            action=NAME,
            scope=Scope.NODE,
        )

    def run(self, run: Run) -> Mapping[str, Any]:
        """Scan, heal, record, tell.

        Raises:
            JobError: what is declared cannot be found out.
        """
        now = datetime.fromtimestamp(self._clock(), UTC)
        try:
            found = scan(self._settings, self._declaring, now)
            if wanted(found.observed.declared, found.findings):  # an activation may have come between two looks
                self._pause(SECOND_LOOK)
                found = scan(self._settings, self._declaring, now)
        except PoliciesError as error:
            raise JobError(error.code, str(error)) from error
        mended = self._healer.mend(found.observed, found.findings, now, "schedule")
        found = Scan(observed=found.observed, findings=found.findings, mended=mended)
        self._note(found.kind, found.record(self._node))
        self._keep(run.permit, found, now)
        return {"findings": len(found.findings), "healed": found.healed, "workers": len(found.observed.workers)}

    def _keep(self, permit: Permit, found: Scan, now: datetime) -> None:
        """Keep what was found, and in the same transaction that somebody is to be told, if it is news."""
        print_ = fingerprint(found.findings)
        with writing(permit) as session:
            before = session.get(DriftScanRow, self._node)
            news = bool(found.findings) and (found.healed or before is None or before.fingerprint != print_)
            session.merge(
                DriftScanRow(
                    node=self._node,
                    scanned_at=int(now.timestamp() * 1000),
                    fingerprint=print_,
                    findings=json.dumps([each.document() for each in found.findings]),
                    healed=found.healed,
                    decision_id=permit.decision_id,
                )
            )
            if news:
                alert = _alert(found, permit, self._node, now, self._random(16))
                post(session, alert, [each.name for each in self._settings.alerts])


def board() -> list[dict[str, Any]]:
    """Return what the last scan of each node found, as JSON values."""
    with reading() as session:
        rows = session.exec(select(DriftScanRow).order_by(DriftScanRow.node)).all()
        return [
            {
                "node": row.node,
                "scanned_at": row.scanned_at,
                "findings": json.loads(row.findings),
                "healed": row.healed,
                "decision_id": row.decision_id,
            }
            for row in rows
        ]


def _alert(found: Scan, permit: Permit, node: str, now: datetime, identifier: str) -> Alert:
    blocking = any(each.blocking for each in found.findings)
    kinds = sorted({each.kind.value for each in found.findings})
    healed = "healed" if found.healed else "NOT healed"
    return Alert(
        id=f"alt_{identifier}",
        kind=FOUND,
        severity=AlertSeverity.CRITICAL if blocking else AlertSeverity.WARNING,
        summary=f"policies differ from what is declared ({', '.join(kinds)}); {healed}",
        time=now,
        decision_id=permit.decision_id,
        detail=found.record(node),
    )


def titles(findings: Sequence[Finding]) -> list[tuple[str, ...]]:
    """Return findings as rows of text, with their heads."""
    head = ("kind", "where", "declared", "found", "blocks")
    return [
        head,
        *(
            (each.kind.value, each.place, each.declared or "-", each.found or "-", "yes" if each.blocking else "no")
            for each in findings
        ),
    ]
