"""At which prices an agent is offered: its plans that are not retired, and what the least of each costs by now."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from app.features.marketplace.billing.plan import Interval, Kind, Plan, parse_steps
from app.features.marketplace.billing.pricing import quote
from app.features.marketplace.billing.rows import PlanRow
from app.features.marketplace.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A plan as people see it; `price` is that of `least` units, without discounts and taxes."""

    id: str
    kind: str
    interval: str
    least: int
    price: Money

    def document(self) -> dict[str, Any]:
        """Return what JSON says of it."""
        price = {"currency": self.price.currency, "minor": self.price.minor}
        return {"id": self.id, "kind": self.kind, "interval": self.interval, "least": self.least, "price": price}


def of(session: Session, agent: str, *, at: int) -> list[Offer]:
    """Return what an agent is offered for at `at`, in Unix seconds."""
    statement = select(PlanRow).where(PlanRow.agent == agent, col(PlanRow.retired_at).is_(None)).order_by(PlanRow.id)
    return [_offer(row, at) for row in session.exec(statement)]


def _offer(row: PlanRow, at: int) -> Offer:
    plan = Plan(
        id=row.id,
        agent=row.agent,
        kind=Kind(row.kind),
        currency=row.currency,
        interval=Interval(row.interval),
        steps=parse_steps(row.steps),
        per=row.per,
        least=row.least,
        support=row.support,
    )
    least = plan.per if plan.kind is Kind.USAGE else plan.least
    price = quote(plan, least, at=at).list
    return Offer(id=row.id, kind=row.kind, interval=row.interval, least=least, price=price)
