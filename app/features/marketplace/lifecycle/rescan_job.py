"""The job that looks again at what can be installed: each month, and with each new snapshot of advisories.

Owns when a release is due and what is kept of it. What is known of a release's components, `Advisor` says.
"""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, Final, Protocol

from sqlmodel import Session, col, select

from app.db import reading
from app.features.marketplace.lifecycle import stepping
from app.features.marketplace.lifecycle.desk import moment
from app.features.marketplace.lifecycle.job_steps import Asked, Means
from app.features.marketplace.lifecycle.limits import HOUR
from app.features.marketplace.lifecycle.rows import FindingRow, ScanRow
from app.features.marketplace.rows import ReleaseRow, ReleaseState
from app.jobs.job import Job, Run
from app.jobs.schedule import Every
from app.pdp.enforce import Permit

NAME: Final = "marketplace.rescan"
FOUND: Final = "marketplace.critical_found"
"""The kind of the alert that a known critical vulnerability was found in a release."""

_LOOKED_AT: Final = frozenset(
    {ReleaseState.LISTED, ReleaseState.PREVIEW, ReleaseState.YANKED, ReleaseState.QUARANTINED}
)


class Advisor(Protocol):
    """Knows the vulnerabilities of releases."""

    def snapshot(self) -> str:
        """Return what the advisories are called that are used now, another name for another snapshot; "" for none."""

    def critical(self, release: ReleaseRow) -> Collection[str]:
        """Return the ids of the known critical vulnerabilities of a release, without those that a VEX lowers."""


class RescanJob:
    """Looks again at every release that is due."""

    def __init__(self, means: Means, advisor: Advisor) -> None:
        self._means, self._advisor = means, advisor

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="look again at the releases that can be installed",
            schedule=Every(seconds=HOUR),
            run=self.run,
            idle=lambda: not self._due(),
        )

    def run(self, run: Run) -> Mapping[str, Any]:
        """Keep what is known of each release that is due."""
        counted = {"looked_at": 0, "found": 0}
        for release in self._due():
            if run.stopping():
                break
            known = sorted(self._advisor.critical(release))
            asked = Asked(
                job=NAME,
                action=NAME,
                facts=partial(_facts, release.agent, release.version),
                context={"critical": len(known), "snapshot": self._advisor.snapshot()},
            )
            if self._means.have(asked, partial(self._keep, release, known, counted)):
                counted["looked_at"] += 1
        return counted

    def _due(self) -> list[ReleaseRow]:
        since, snapshot = self._means.now() - self._means.limits().rescan, self._advisor.snapshot()
        if not snapshot:
            return []
        with reading() as session:
            scans = {(row.agent, row.version): row for row in session.exec(select(ScanRow))}
            statement = select(ReleaseRow).where(col(ReleaseRow.state).in_([each.value for each in _LOOKED_AT]))
            rows = session.exec(statement.order_by(ReleaseRow.agent, ReleaseRow.version)).all()
        last = [(row, scans.get((row.agent, row.version))) for row in rows]
        return [row for row, scan in last if scan is None or scan.at <= since or scan.snapshot != snapshot]

    def _keep(
        self, release: ReleaseRow, known: Collection[str], counted: dict[str, int], session: Session, permit: Permit
    ) -> None:
        agent, version, now = release.agent, release.version, self._means.now()
        open_now = {row.advisory: row for row in stepping.open_findings(session, agent, version)}
        for advisory, row in open_now.items():
            if advisory not in known:
                row.resolved_at, row.decision_id = now, permit.decision_id
        for advisory in known:
            if advisory not in open_now:
                row = FindingRow(
                    agent=agent, version=version, advisory=advisory, first_seen=now, decision_id=permit.decision_id
                )
                session.merge(row)
                counted["found"] += 1
                self._tell(session, permit, row)
        snapshot = self._advisor.snapshot()
        session.merge(ScanRow(agent=agent, version=version, at=now, snapshot=snapshot, decision_id=permit.decision_id))

    def _tell(self, session: Session, permit: Permit, row: FindingRow) -> None:
        due = moment(row.first_seen + self._means.limits().critical)
        of = f"{row.agent} {row.version}"
        summary = f"{row.advisory} is critical and known in {of}: unless it is patched, it is taken off after {due}"
        detail = {"listing": row.agent, "version": row.version, "advisory": row.advisory, "delisted_after": due}
        self._means.alert(session, permit, FOUND, summary, detail)


def _facts(agent: str, version: str, session: Session, *, lock: bool = False) -> Any:
    return stepping.release(session, agent, version, lock=lock)
