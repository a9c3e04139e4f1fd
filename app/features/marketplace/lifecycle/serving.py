"""How agents serve: what was measured over a window, whether that keeps the service levels, and when too much fails.

Pure arithmetic over rows that a service of the platform sent; a measure is kept once, by its source and id.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.features.marketplace.lifecycle.limits import Limits
from app.features.marketplace.lifecycle.rows import MeasureRow, SecurityReviewRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How an agent has served.

    Attributes:
        seconds: that were measured.
        up: of them, it could be reached.
        calls: that came.
        errors: of them, that failed.
        p95_ms: the slowest of what was measured: 95 of 100 answers of each measure came faster.
    """

    seconds: int
    up: int
    calls: int
    errors: int
    p95_ms: int

    @property
    def error_percent(self) -> float:
        """Calls that failed; none where none came."""
        return 100 * self.errors / self.calls if self.calls else 0.0

    @property
    def available_percent(self) -> float:
        """Of the time that was measured; nothing where nothing was."""
        return 100 * self.up / self.seconds if self.seconds else 0.0

    def missed(self, limits: Limits) -> tuple[str, ...]:
        """Return the service levels that it does not keep: at the limit, none is kept."""
        found = []
        if self.calls and self.p95_ms >= limits.p95_ms:
            found.append("p95")
        if self.calls and 100 * self.errors >= limits.errors * self.calls:
            found.append("error_rate")
        if self.seconds and 100 * self.up <= limits.available * self.seconds:
            found.append("availability")
        return tuple(found)

    def failing(self, limits: Limits) -> bool:
        """Tell whether so many calls fail that somebody has to look: at the threshold as well."""
        return bool(self.calls) and 100 * self.errors >= limits.failures * self.calls


def summed(rows: Sequence[MeasureRow]) -> Served:
    """Return what these measures say together."""
    return Served(
        seconds=sum(row.to_at - row.from_at for row in rows),
        up=sum(min(row.up_seconds, row.to_at - row.from_at) for row in rows),
        calls=sum(row.calls for row in rows),
        errors=sum(row.errors for row in rows),
        p95_ms=max((row.p95_ms for row in rows), default=0),
    )


def served(session: Session, agent: str, since: int) -> Served:
    """Return how an agent has served in what ended after `since`."""
    return summed(
        session.exec(select(MeasureRow).where(MeasureRow.agent == agent, col(MeasureRow.to_at) > since)).all()
    )


def review_opened(session: Session, agent: str) -> SecurityReviewRow | None:
    """Return the security review of an agent that is open."""
    return session.exec(
        select(SecurityReviewRow).where(SecurityReviewRow.agent == agent, col(SecurityReviewRow.closed_at).is_(None))
    ).first()
