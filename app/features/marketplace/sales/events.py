"""What a payment provider's verified events mean to disputes and payouts: kept here, booked by jobs."""

from sqlmodel import Session

from app.features.marketplace.billing.event import About, Event, Status
from app.features.marketplace.billing.inbox import handles
from app.features.marketplace.billing.rows import InboxRow
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.sales import disputes, payouts
from app.features.marketplace.sales.rows import DisputeState, PayoutState

_DISPUTES = {Status.OPEN: DisputeState.OPEN, Status.WON: DisputeState.WON, Status.LOST: DisputeState.LOST}
_PAYOUTS = {
    Status.SUCCEEDED: PayoutState.PAID,
    Status.FAILED: PayoutState.FAILED,
    Status.CANCELLED: PayoutState.FAILED,
}


@handles(About.DISPUTE)
def disputed(session: Session, event: Event) -> None:
    """Keep how a dispute stands.

    Raises:
        UnknownError: no order was paid with its charge.
    """
    state = _DISPUTES.get(event.status) if event.status else None
    if state is None:
        return
    if event.amount is None or event.charge is None:
        raise UnknownError("the dispute names no charge")
    kept = session.get_one(InboxRow, (event.provider, event.id))
    disputes.report(
        session,
        event.subject,
        event.charge,
        amount=event.amount.minor,
        fee=0,
        state=state,
        at=event.at,
        decision_id=kept.decision_id,
    )


@handles(About.PAYOUT)
def paid_out(session: Session, event: Event) -> None:
    """Keep how a payout stands.

    Raises:
        UnknownError: it is none of ours, or none yet: the provider tells again.
    """
    state = _PAYOUTS.get(event.status) if event.status else None
    if state is not None and not payouts.report(session, event.subject, state):
        raise UnknownError("there is no such payout")
