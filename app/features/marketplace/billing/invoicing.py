"""What a subscription owes for a month: what was used of it, and what fell due to renew it.

An invoice is made once, after its month, and stands. What is reported later, of whatever month, goes onto the next one.
Where corrections take back more than a month used, the rest is carried to the next. There is no tax on it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from app.features.marketplace.billing.plan import MONTHS, Interval, Kind, Plan
from app.features.marketplace.billing.plans import plan_of
from app.features.marketplace.billing.pricing import Line, quote
from app.features.marketplace.billing.rows import InvoiceRow, PlanRow, SubscriptionRow, UsageRow

Finalised = Callable[[Session, InvoiceRow], None]

FINALISED: Final[list[Finalised]] = []
"""Who is told of each invoice inside the transaction that makes it: whoever collects the money."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """A month, UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, seconds: int) -> "Period":
        """Return the month that a time, in Unix seconds, is in."""
        found = datetime.fromtimestamp(seconds, UTC)
        return cls(year=found.year, month=found.month)

    def next(self) -> "Period":
        """Return the month after."""
        return Period(year=self.year + self.month // 12, month=self.month % 12 + 1)

    @property
    def ends_at(self) -> int:
        """Return the first second after it."""
        after = self.next()
        return int(datetime(after.year, after.month, 1, tzinfo=UTC).timestamp())

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What is owed: lines, the units that are carried on, and until when the plan is paid then."""

    lines: tuple[Line, ...]
    carried: int
    paid_until: int


def bill(plan: Plan, subscription: SubscriptionRow, units: int, period: Period) -> Bill:
    """Return what a subscription owes for a month: a pure function.

    Args:
        plan: that it is on.
        subscription: with how far it is paid.
        units: all that was reported and stands on no invoice, and what was carried; below zero where more was taken
            back than used.
        period: the month.
    """
    paid_until = subscription.paid_until
    if plan.kind is Kind.USAGE:
        counted = max(units, 0)
        lines = quote(plan, counted, at=period.ends_at).lines if counted else ()
        return Bill(lines=lines, carried=units - counted, paid_until=paid_until)
    lines = ()
    while plan.interval is not Interval.ONCE and paid_until < min(period.ends_at, subscription.ends_at or 1 << 62):
        lines += quote(plan, subscription.quantity, at=paid_until).lines
        paid_until = months_on(paid_until, MONTHS[plan.interval])
    return Bill(lines=lines, carried=0, paid_until=paid_until)


def months_on(seconds: int, months: int) -> int:
    """Return the same day and time so many months on; the last of a month where it has no such day."""
    begun = datetime.fromtimestamp(seconds, UTC)
    year, month = begun.year + (begun.month - 1 + months) // 12, (begun.month - 1 + months) % 12 + 1
    last = (Period(year=year, month=month).ends_at - int(datetime(year, month, 1, tzinfo=UTC).timestamp())) // 86_400
    return int(begun.replace(year=year, month=month, day=min(begun.day, last)).timestamp())


def due(session: Session, now: int) -> Iterator[tuple[str, Period]]:
    """Yield each subscription that owes something for a month that is over, with the first such month."""
    for row in session.exec(select(SubscriptionRow).order_by(SubscriptionRow.id)).all():
        period = _first(session, row)
        while period.ends_at <= now:
            if owed(session, row, period) is not None:
                yield row.id, period
                break
            period = period.next()


def owed(session: Session, subscription: SubscriptionRow, period: Period) -> Bill | None:
    """Return what a subscription owes for a month; None where that is nothing, and nothing has to be kept."""
    units = select(func.count(), func.coalesce(func.sum(UsageRow.quantity), 0)).where(*_open(subscription.id, period))
    events, sum_of = session.exec(units).one()
    made = bill(
        plan_of(session.get_one(PlanRow, subscription.plan)),
        subscription,
        int(sum_of) + _carried(session, subscription.id),
        period,
    )
    return made if events or made.lines else None


def finalise(session: Session, subscription: str, period: Period, *, now: int, decision_id: str) -> InvoiceRow:
    """Make the invoice of a subscription for a month, and have whoever collects be told."""
    row = session.get_one(SubscriptionRow, subscription, with_for_update=True)
    identifier = invoice_id(subscription, period)
    plan = session.get_one(PlanRow, row.plan)
    made = InvoiceRow(
        id=identifier,
        subscription=row.id,
        buyer=row.buyer,
        period=str(period),
        currency=plan.currency,
        lines=[],
        total=0,
        finalised_at=now,
        decision_id=decision_id,
    )
    found = owed(session, row, period)
    if found is not None:
        made.lines = [_line(each) for each in found.lines]
        made.total, made.carried = sum(each.amount.minor for each in found.lines), found.carried
        row.paid_until = found.paid_until
    session.add(made)
    session.flush()
    session.execute(update(UsageRow).where(*_open(subscription, period)).values(invoice=identifier))
    for told in FINALISED:
        told(session, made)
    return made


def invoice_id(subscription: str, period: Period) -> str:
    """Return the id of the invoice of a subscription for a month."""
    return f"{subscription}.{period}"


def _first(session: Session, row: SubscriptionRow) -> Period:
    newest = session.exec(select(func.max(InvoiceRow.period)).where(InvoiceRow.subscription == row.id)).one()
    if newest is None:
        return Period.of(row.begins_at)
    year, month = newest.split("-")
    return Period(year=int(year), month=int(month)).next()


def _open(subscription: str, period: Period) -> tuple[Any, ...]:
    return (
        col(UsageRow.subscription) == subscription,
        col(UsageRow.invoice).is_(None),
        col(UsageRow.occurred_at) < period.ends_at,
    )


def _carried(session: Session, subscription: str) -> int:
    newest = select(InvoiceRow.carried).where(InvoiceRow.subscription == subscription)
    return session.exec(newest.order_by(col(InvoiceRow.period).desc())).first() or 0


def _line(line: Line) -> dict[str, Any]:
    return {
        "text": line.text,
        "quantity": line.quantity,
        "unit": line.unit,
        "per": line.per,
        "months": line.months,
        "amount": line.amount.minor,
    }
