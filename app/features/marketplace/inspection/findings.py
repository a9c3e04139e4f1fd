"""Findings of a release over time: kept when it is looked into, and held against newer advisories later.

Pure but for reading rows. Returns the rows that are to be kept; whoever has a permit keeps them, in the one transaction
of its effect, under its decision.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import Session, col, select

from app.db import ProductRow
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.inspection.advisories import Advisories, Vulnerability
from app.features.marketplace.inspection.bom import Component
from app.features.marketplace.inspection.finding import Finding
from app.features.marketplace.inspection.inspecting import Inspection
from app.features.marketplace.inspection.rows import ComponentRow, FindingRow, SnapshotRow
from app.features.marketplace.inspection.severity import Severity
from app.features.marketplace.inspection.vex import Statement, lowering
from app.features.marketplace.rows import ReleaseRow

OSV: Final = "osv"
_VULNERABILITY: Final = "vulnerability"
_DAY: Final = 86_400
_UNDECIDED: Final = ""  # whoever keeps a row fills in the decision


def findings_of(session: Session, agent: str, version: str) -> list[FindingRow]:
    """Return what was ever found in a release, open findings first, then by when they were first seen."""
    statement = select(FindingRow).where(FindingRow.agent == agent, FindingRow.version == version)
    found = session.exec(statement.order_by(col(FindingRow.first_seen), col(FindingRow.id)))
    return sorted(found, key=lambda row: row.resolved_at is not None)


def rows_of(  # noqa: PLR0913 - of which release, and under which decision
    inspection: Inspection, agent: str, release: str, *, now: int, decision_id: str, days: int | None = None
) -> list[ProductRow]:
    """Return what is to be kept of an inspection when its release is: findings, and what it is made of.

    Args:
        inspection: of the release.
        agent: its id in the catalogue.
        release: its version.
        now: when it was looked into.
        decision_id: that allows it to be kept.
        days: within which a known critical has to be remedied.
    """
    found = [_scanned(agent, release, each, now) for each in inspection.scanned.findings]
    look = _Look(agent=agent, version=release, now=now, days=days)
    found += [look.row(each, said, None) for each, said in inspection.vulnerabilities]
    parts = [_component(agent, release, number, each) for number, each in enumerate(inspection.bom.components)]
    rows: list[FindingRow | ComponentRow] = [*{row.id: row for row in found}.values(), *parts]
    for row in rows:
        row.decision_id = decision_id
    return list(rows)


def snapshot_row(advisories: Advisories, *, now: int, decision_id: str) -> SnapshotRow:
    """Return the row that says which advisories were used."""
    return SnapshotRow(
        digest=advisories.digest,
        made_at=advisories.made_at,
        newest=advisories.newest,
        count=advisories.count,
        first_used_at=now,
        decision_id=decision_id,
    )


def rescan(  # noqa: PLR0913 - two that few need
    session: Session,
    release: ReleaseRow,
    advisories: Advisories,
    now: int,
    *,
    days: int | None = None,
    vex: Sequence[Statement] = (),
) -> list[FindingRow]:
    """Return the findings of vulnerabilities that are new, have changed or are resolved, for `session.merge`.

    Args:
        session: to read with.
        release: that is looked at again.
        advisories: newer ones.
        now: Unix seconds.
        days: within which a known critical has to be remedied; without, no clock is set.
        vex: statements that were verified since.

    Raises:
        UnknownError: what the release is made of is not on record, so that nothing can be said of it.
    """
    mine = ComponentRow.agent == release.agent, ComponentRow.version == release.version
    parts = session.exec(select(ComponentRow).where(*mine)).all()
    if not parts:
        raise UnknownError("what this release is made of is not on record")
    known = [row for row in findings_of(session, release.agent, release.version) if row.source == OSV]
    hits = [found for row in parts for found in advisories.of(_part(row))]
    return rescanned(release.agent, release.version, hits, known, now=now, days=days, vex=vex)


def rescanned(  # noqa: PLR0913 - what is known before, and what is known now
    agent: str,
    version: str,
    hits: Iterable[Vulnerability],
    known: Sequence[FindingRow],
    *,
    now: int,
    days: int | None,
    vex: Sequence[Statement] = (),
) -> list[FindingRow]:
    """Return the rows that differ from what is `known`. A clock that runs is never set back."""
    look = _Look(agent=agent, version=version, now=now, days=days)
    rows = [look.row(found, lowering(found, vex, now), _before(found, known)) for found in hits]
    made = {row.id: row for row in rows}
    gone = [_resolved(row, now) for row in known if row.id not in made and row.resolved_at is None]
    held = {row.id: row for row in known}
    return [row for row in (*made.values(), *gone) if _differs(row, held.get(row.id))]


def _before(found: Vulnerability, known: Sequence[FindingRow]) -> FindingRow | None:
    """Return the oldest row of the same vulnerability by any of its ids: databases name one thing differently."""
    same = [row for row in known if row.rule in found.ids and row.place == _place(found.component)]
    return min(same, key=lambda row: (row.resolved_at is not None, row.first_seen), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One look at a release: which, when, and within how many days a known critical has to be remedied."""

    agent: str
    version: str
    now: int
    days: int | None

    def row(self, found: Vulnerability, said: Statement | None, before: FindingRow | None) -> FindingRow:
        """Return what is on record of a vulnerability from now on. `before` is the row of an earlier look."""
        place = _place(found.component)
        rule = found.id if before is None else before.rule
        first = before.first_seen if before is not None and before.resolved_at is None else self.now
        lowered = self._kept(before) if said is None else said.document()
        return FindingRow(
            id=_id(self.agent, self.version, OSV, rule, place) if before is None else before.id,
            agent=self.agent,
            version=self.version,
            kind=_VULNERABILITY,
            source=OSV,
            rule=rule,
            place=place,
            severity=found.severity.value,
            title=found.summary[:300],
            first_seen=first,
            due_at=self._due(first, found) if lowered is None else None,
            vex=lowered,
            decision_id=_UNDECIDED,
        )

    def _kept(self, before: FindingRow | None) -> dict[str, Any] | None:
        """Return the statement that is on record, as long as it counts."""
        held = None if before is None else before.vex
        return held if held is not None and held["until"] > self.now else None

    def _due(self, first: int, found: Vulnerability) -> int | None:
        critical = found.severity is Severity.CRITICAL
        return first + self.days * _DAY if critical and self.days is not None else None


def _scanned(agent: str, version: str, found: Finding, now: int) -> FindingRow:
    place = f"{found.path}:{found.line}" if found.line else found.path
    return FindingRow(
        id=_id(agent, version, found.source, found.rule, place),
        agent=agent,
        version=version,
        kind=found.kind.value,
        source=found.source,
        rule=found.rule[:128],
        place=place,
        severity=found.severity,
        title=found.title[:300],
        first_seen=now,
        decision_id=_UNDECIDED,
    )


def _resolved(row: FindingRow, now: int) -> FindingRow:
    return FindingRow(**row.model_dump() | {"resolved_at": now, "due_at": None})


def _differs(row: FindingRow, before: FindingRow | None) -> bool:
    same = {"decision_id"}
    return before is None or row.model_dump(exclude=same) != before.model_dump(exclude=same)


def _component(agent: str, version: str, number: int, part: Component) -> ComponentRow:
    return ComponentRow(
        agent=agent,
        version=version,
        number=number,
        ecosystem=part.ecosystem[:64],
        name=part.name[:300],
        installed=part.version[:128],
        purl=part.purl[:600],
        decision_id=_UNDECIDED,
    )


def _part(row: ComponentRow) -> Component:
    return Component(ecosystem=row.ecosystem, name=row.name, version=row.installed, purl=row.purl)


def _place(component: Component) -> str:
    return f"{component.name} {component.version}"[:600]


def _id(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
