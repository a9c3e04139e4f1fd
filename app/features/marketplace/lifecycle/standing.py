"""How a listing stands with its buyers: ratings, support, badges. What is earned is computed, never stated.

Owns no clock: the time is passed in.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from app.features.marketplace.lifecycle.limits import HOUR, Limits
from app.features.marketplace.lifecycle.rows import BadgeRow, ReviewRow, TicketRow

_NEVER = 100_000.0  # hours: as long as the contract knows


def reviews(session: Session, agent: str) -> list[ReviewRow]:
    """Return the reviews of an agent that are shown, the newest first."""
    statement = select(ReviewRow).where(ReviewRow.agent == agent, ReviewRow.state == "shown")
    return list(session.exec(statement.order_by(col(ReviewRow.at).desc(), ReviewRow.order)))


def rating(found: Sequence[ReviewRow]) -> float:
    """Return the mean of the stars to hundredths, rounded down: nothing is earned by rounding. 0 without any."""
    return 100 * sum(row.stars for row in found) // len(found) / 100 if found else 0.0


def tickets(session: Session, agent: str) -> list[TicketRow]:
    """Return the requests for support of an agent, the newest first."""
    return list(
        session.exec(select(TicketRow).where(TicketRow.agent == agent).order_by(col(TicketRow.opened_at).desc()))
    )


def response_hours(found: Sequence[TicketRow], now: int) -> float:
    """Return how long the slowest answer took, in hours; who still waits counts up to now."""
    waits = [((row.answered_at or row.resolved_at or now) - row.opened_at) / HOUR for row in found]
    return min(_NEVER, max(waits, default=0.0))


def clocks(row: TicketRow, limits: Limits, now: int) -> dict[str, Any]:
    """Return when an answer and a resolution are due, and which of them is late: at the very end it is."""
    answered, resolved = row.answered_at or row.resolved_at, row.resolved_at
    response, resolution = row.opened_at + limits.response, row.opened_at + limits.resolution
    return {
        "response_due": response,
        "response_late": (answered or now) >= response,
        "resolution_due": resolution,
        "resolution_late": (resolved or now) >= resolution,
    }


def badges(session: Session, holders: Sequence[str], now: int) -> list[BadgeRow]:
    """Return the badges that count now, of an agent and of its developer."""
    statement = select(BadgeRow).where(col(BadgeRow.holder).in_(holders), col(BadgeRow.until) > now)
    return list(session.exec(statement.order_by(BadgeRow.kind)))


def give(session: Session, badge: BadgeRow) -> None:
    """Keep a badge, or its new end."""
    session.merge(badge)
