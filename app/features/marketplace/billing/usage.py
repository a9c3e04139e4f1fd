"""Use as it is kept: each event once for its tenant, source and id, whatever is sent again.

What is sent again changes nothing; the same id with something else is refused. A correction takes back no more than
was used. What comes after its month was invoiced goes onto the next invoice.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.features.marketplace.billing.cloudevents import UsageEvent
from app.features.marketplace.billing.plan import Kind
from app.features.marketplace.billing.rows import PlanRow, SubscriptionRow, UsageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an event.

    Attributes:
        event: that was sent.
        status: as of an HTTP answer for it alone: 201 it is kept, 200 it was, 404, 409, 422.
        detail: why it is not kept.
    """

    event: UsageEvent
    status: int
    detail: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        known = {"source": self.event.source, "id": self.event.id, "status": self.status}
        return known | ({"detail": self.detail} if self.detail else {})


def subscriptions(session: Session, events: list[UsageEvent]) -> dict[str, SubscriptionRow]:
    """Return the subscriptions that events name, by id; those that there are."""
    named = {each.subscription for each in events}
    rows = session.exec(select(SubscriptionRow).where(col(SubscriptionRow.id).in_(named))).all()
    return {row.id: row for row in rows}


def keep(session: Session, events: list[UsageEvent], *, now: int, decision_id: str) -> list[Outcome]:
    """Keep events, and return what became of each, in their order."""
    known = subscriptions(session, events)
    return [_keep(session, each, known.get(each.subscription), now, decision_id) for each in events]


def _keep(
    session: Session, event: UsageEvent, subscription: SubscriptionRow | None, now: int, decision_id: str
) -> Outcome:
    if subscription is None:
        return Outcome(event=event, status=404, detail="there is no such subscription")
    before = session.get(UsageRow, (subscription.tenant, event.source, event.id))
    if before is None:
        if wrong := _wrong(session, event, subscription):
            return Outcome(event=event, status=422, detail=wrong)
        if _inserted(session, event, subscription, now, decision_id):
            return Outcome(event=event, status=201)
        before = session.get_one(UsageRow, (subscription.tenant, event.source, event.id))
    if before.body_hash == event.body_hash:
        return Outcome(event=event, status=200)
    return Outcome(event=event, status=409, detail="an event with this id came before, and said something else")


def _wrong(session: Session, event: UsageEvent, subscription: SubscriptionRow) -> str:
    """Return why an event cannot be kept; empty if it can."""
    if session.get_one(PlanRow, subscription.plan).kind != Kind.USAGE.value:
        return "the subscription is not metered"
    if event.corrects is None:
        return ""
    corrected = session.get(UsageRow, (subscription.tenant, *event.corrects), with_for_update=True)
    if corrected is None or corrected.subscription != subscription.id or corrected.quantity < 0:
        return "there is no such event to correct"
    taken = select(func.coalesce(func.sum(UsageRow.quantity), 0)).where(
        UsageRow.tenant == subscription.tenant,
        UsageRow.corrects_source == corrected.source,
        UsageRow.corrects_id == corrected.event,
    )
    left = corrected.quantity + int(session.exec(taken).one())
    return "" if left + event.quantity >= 0 else "more would be taken back than was used"


def _inserted(session: Session, event: UsageEvent, subscription: SubscriptionRow, now: int, decision_id: str) -> bool:
    """Insert an event unless somebody else just has; return whether."""
    source, identifier = event.corrects or (None, None)
    row = {
        "tenant": subscription.tenant,
        "source": event.source,
        "event": event.id,
        "body_hash": event.body_hash,
        "subscription": subscription.id,
        "quantity": event.quantity,
        "occurred_at": now if event.at is None else event.at,
        "received_at": now,
        "corrects_source": source,
        "corrects_id": identifier,
        "decision_id": decision_id,
    }
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    kept = dialect.insert(UsageRow).values(row).on_conflict_do_nothing().returning(col(UsageRow.event))
    return session.execute(kept).first() is not None
