"""Engagements: which firm audits which tenant under which frameworks, for which period, and how long it may look.

Owns the value and how it is read. Whether somebody is let in, policy says.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import col, select

from app.audits.database import portal_data
from app.audits.firms import Auditor
from app.audits.rows_firms import AuditorRow, EngagementRow, MemberRow


class EngagementState(StrEnum):
    """`ended` is for good; an engagement whose time is over gives no access either, and stays `open`."""

    OPEN = "open"
    ENDED = "ended"


class Role(StrEnum):
    """What an auditor is in an engagement."""

    LEAD = "lead"
    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """An engagement. Times are the log's text, in UTC; the period and the access end before `period_end` and `ends`."""

    id: str
    firm: str
    title: str
    tenant: str
    frameworks: tuple[str, ...]
    period_start: str
    period_end: str
    starts: str
    ends: str
    state: EngagementState
    decision_id: str
    changed_at: int

    @classmethod
    def of(cls, row: EngagementRow) -> "Engagement":
        """Return the engagement of a row."""
        return cls(
            id=row.id,
            firm=row.firm,
            title=row.title,
            tenant=row.tenant,
            frameworks=tuple(row.frameworks),
            period_start=row.period_start,
            period_end=row.period_end,
            starts=row.starts,
            ends=row.ends,
            state=EngagementState(row.state),
            decision_id=row.decision_id,
            changed_at=row.changed_at,
        )

    def open_at(self, moment: str) -> bool:
        """Return whether it gives access at `moment`, a time as the log writes it."""
        return self.starts <= moment and not self.over_at(moment)

    def over_at(self, moment: str) -> bool:
        """Return whether it was ended, or its time is over, at `moment`."""
        return self.state is EngagementState.ENDED or self.ends <= moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An auditor who takes part in an engagement."""

    auditor: Auditor
    role: Role


def find_engagement(engagement: str) -> Engagement | None:
    """Return the engagement of this id, in whatever state."""
    with portal_data.reading() as session:
        row = session.get(EngagementRow, engagement)
        return None if row is None else Engagement.of(row)


def engagements() -> tuple[Engagement, ...]:
    """Return every engagement, the one that ends last first."""
    statement = select(EngagementRow).order_by(col(EngagementRow.ends).desc(), EngagementRow.id)
    with portal_data.reading() as session:
        return tuple(Engagement.of(row) for row in session.exec(statement))


def engagements_of(auditor: str) -> tuple[Engagement, ...]:
    """Return the engagements in which this auditor takes part, the one that ends last first."""
    statement = (
        select(EngagementRow)
        .join(MemberRow, col(MemberRow.engagement) == col(EngagementRow.id))
        .where(col(MemberRow.auditor) == auditor)
        .order_by(col(EngagementRow.ends).desc(), EngagementRow.id)
    )
    with portal_data.reading() as session:
        return tuple(Engagement.of(row) for row in session.exec(statement))


def member(engagement: str, auditor: str) -> bool:
    """Return whether this auditor takes part in this engagement."""
    with portal_data.reading() as session:
        return session.get(MemberRow, (engagement, auditor)) is not None


def members_of(engagement: str) -> tuple[Member, ...]:
    """Return who takes part in an engagement, leads first."""
    statement = (
        select(MemberRow, AuditorRow)
        .join(AuditorRow, col(AuditorRow.id) == col(MemberRow.auditor))
        .where(col(MemberRow.engagement) == engagement)
        .order_by(MemberRow.role, AuditorRow.name, AuditorRow.id)
    )
    with portal_data.reading() as session:
        return tuple(Member(auditor=Auditor.of(person), role=Role(row.role)) for row, person in session.exec(statement))
