"""Payouts: what may be paid out goes to the developer's bank, and comes back to the books where the bank refuses it.

So much stays behind that, with the reserve, the part of the last sales that policy wants kept is there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from app.db import reading, writing
from app.features.marketplace.acting import effect, give_up
from app.features.marketplace.errors import MarketDataError, UnknownError
from app.features.marketplace.money import BASIS, Money
from app.features.marketplace.parties import described
from app.features.marketplace.payments import PaymentError
from app.features.marketplace.rows import PartyKind, PartyRow
from app.features.marketplace.sales import accounts
from app.features.marketplace.sales.errors import RacedError, WaitingError
from app.features.marketplace.sales.ledger import BalanceRow, balance, post
from app.features.marketplace.sales.orders import hash_of, moment, postings
from app.features.marketplace.sales.rows import OrderRow, OrderState, PayoutRow, PayoutState
from app.features.marketplace.sales.till import Till
from app.pdp.enforce import Permit
from app.pdp.model import Entity

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What has to stay (`thresholds.marketplace.payout`): a part of what was earned in the last days."""

    days: int
    basis_points: int

    @classmethod
    def of(cls, thresholds: Mapping[str, Any]) -> "Keeping":
        """Return what policy data say.

        Raises:
            MarketDataError: they do not.
        """
        try:
            limits = thresholds["marketplace"]["payout"]
            return cls(days=int(limits["reserve_days"]), basis_points=int(limits["reserve_basis_points"]))
        except (KeyError, TypeError, ValueError):
            raise MarketDataError("thresholds.marketplace.payout") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A payout that is asked for. `id` is the same for the same developer, currency and key."""

    id: str
    developer: str
    currency: str


def wish(developer: str, currency: str, key: str) -> Wish:
    """Return a payout that is asked for under an idempotency key."""
    return Wish(id=f"pay-{hash_of([developer, currency, key])[:32]}", developer=developer, currency=currency)


def facts(session: Session, wished: Wish, keeping: Keeping, now: int, *, lock: bool = False) -> Entity:
    """Return a payout as `marketplace.payout` sees it; `amount_minor` is what would be paid.

    Raises:
        UnknownError: there is no such developer.
    """
    party = session.get(PartyRow, wished.developer)
    if party is None or party.kind != PartyKind.DEVELOPER.value:
        raise UnknownError("there is no such developer")
    spare = balance(session, accounts.available(party.id), wished.currency, lock=lock)
    debt = -balance(session, accounts.receivable(party.id), wished.currency, lock=lock)
    earned, kept = _earned(session, wished, now - keeping.days * _DAY)
    missing = max(0, -(-earned * keeping.basis_points // BASIS) - kept)
    left = min(spare, missing)
    known = {name: value for name, value in described(party).items() if name in {"kind", "country", "entity"}}
    return Entity(
        type="payout",
        id=wished.id,
        properties={
            "developer": {"id": party.id, "kyc_complete": _known(party, now), "debt_minor": debt, **known},
            "held_since": moment(_youngest(session, wished) or party.created_at),
            "reserve": {"period_days": keeping.days, "net_share_minor": earned, "kept_minor": kept + left},
            "amount_minor": spare - left,
        },
    )


def owing(session: Session) -> Iterator[tuple[str, str]]:
    """Yield each developer and currency of which something may be paid out."""
    statement = select(BalanceRow).where(col(BalanceRow.account).like("dev:%:available"), col(BalanceRow.amount) > 0)
    for row in session.exec(statement.order_by(BalanceRow.account, BalanceRow.currency)):
        yield row.account.removeprefix("dev:").removesuffix(":available"), row.currency


def pay_out(till: Till, permit: Permit, wished: Wish, keeping: Keeping) -> PayoutRow:
    """Return the payout, on its way as far as the provider took it; asked again under its key, it is the same one.

    Raises:
        WaitingError: there is nothing to pay out, or nowhere to pay it to.
        ChangedError: what was decided on has changed.
    """
    with reading() as session:
        known = session.get(PayoutRow, wished.id)
    if known is not None:
        give_up(permit, now=till.now)
        return known
    _begin(till, permit, wished, keeping)
    return send(till, permit, wished.id)


def send(till: Till, permit: Permit, payout: str) -> PayoutRow:
    """Have the provider send a payout, and keep what became of it."""
    with reading() as session:
        row = session.get_one(PayoutRow, payout)
    if row.state != PayoutState.IN_TRANSIT.value or row.payout is not None:
        return row
    sent = sent_by(till, row)
    if sent is None:
        return row
    with writing(permit) as session:
        return keep_sent(till, session, payout, sent, permit.decision_id)


def sent_by(till: Till, row: PayoutRow) -> tuple[str, str] | None:
    """Return the provider's ids of transfer and payout; empty ones where nothing is under way, None: nobody knows."""
    amount, transfer = Money(row.currency, row.amount), ""
    try:
        transfer = till.payments.transfer(row.account, amount, group=row.id, key=f"{row.id}:transfer")
        return transfer, till.payments.payout(row.account, amount, key=f"{row.id}:payout")
    except PaymentError as error:
        return _undone(till, row, transfer) if error.certain else None


def keep_sent(till: Till, session: Session, payout: str, sent: tuple[str, str], decision_id: str) -> PayoutRow:
    """Keep that a payout is under way, or that it never will be."""
    row = session.get_one(PayoutRow, payout, with_for_update=True)
    if row.state != PayoutState.IN_TRANSIT.value or row.payout is not None:
        return row
    row.transfer, row.payout = sent[0] or None, sent[1] or None
    if row.payout is None:
        close(till, session, row, PayoutState.FAILED, decision_id)
    return row


def report(session: Session, payout: str, state: PayoutState) -> bool:
    """Keep what a verified webhook says of a payout, by the provider's id; tell whether it is one of ours.

    What was said to be paid may fail later; what failed stays failed.
    """
    row = session.exec(select(PayoutRow).where(PayoutRow.payout == payout).with_for_update()).first()
    if row is not None and row.reported != PayoutState.FAILED.value:
        row.reported = state.value
    return row is not None


def reported(session: Session) -> list[str]:
    """Return the ids of the payouts of which the books do not say yet what the provider said."""
    statement = select(PayoutRow).where(PayoutRow.state == PayoutState.IN_TRANSIT.value, col(PayoutRow.reported) != "")
    return [row.id for row in session.exec(statement.order_by(PayoutRow.id))]


def close(till: Till, session: Session, row: PayoutRow, state: PayoutState, decision_id: str) -> None:
    """Book that a locked payout was paid, or failed: then it may be paid out again."""
    paid = state is PayoutState.PAID
    legs = {
        accounts.in_transit(row.developer): -row.amount,
        accounts.PROVIDER if paid else accounts.available(row.developer): row.amount,
    }
    body = hash_of({"payout": row.id, "amount": row.amount, "state": state.value})
    key = f"{row.id}:closed"
    post(session, key, body, f"payout_{state}", postings(row.currency, legs), decision_id, at=till.at())
    row.state, row.decision_id = state.value, decision_id


def reversed_by(till: Till, row: PayoutRow) -> bool:
    """Have the provider take back what a failed payout left with the developer's account; tell whether it did."""
    return _undone(till, row, row.transfer or "") is not None


def _undone(till: Till, row: PayoutRow, transfer: str) -> tuple[str, str] | None:
    if not transfer:
        return "", ""
    try:
        till.payments.reverse(transfer, Money(row.currency, row.amount), key=f"{row.id}:reverse")
    except PaymentError:
        return None
    return transfer, ""


def _begin(till: Till, permit: Permit, wished: Wish, keeping: Keeping) -> None:
    """Have the money be in transit before the provider is asked."""
    now = till.at()
    with effect(permit, lambda session: facts(session, wished, keeping, now, lock=True), now=till.now) as session:
        amount = permit.request.resource.properties["amount_minor"]
        account = session.get_one(PartyRow, wished.developer).account
        if amount <= 0 or account is None:
            raise WaitingError("there is nothing to pay out" if amount <= 0 else "there is no account to pay out to")
        legs = {accounts.available(wished.developer): -amount, accounts.in_transit(wished.developer): amount}
        body = hash_of({"payout": wished.id, "amount": amount})
        post(session, wished.id, body, "payout", postings(wished.currency, legs), permit.decision_id, at=now)
        session.add(
            PayoutRow(
                id=wished.id,
                developer=wished.developer,
                currency=wished.currency,
                amount=amount,
                account=account,
                state=PayoutState.IN_TRANSIT.value,
                at=now,
                decision_id=permit.decision_id,
            )
        )
        try:
            session.flush()
        except IntegrityError as error:
            raise RacedError("the same payout is being made") from error


def _known(party: PartyRow, now: int) -> bool:
    complete = bool(described(party)["kyc_complete"])
    return complete and (party.kyc_until is None or now < party.kyc_until)


def _earned(session: Session, wished: Wish, since: int) -> tuple[int, int]:
    """Return what the developer earned of sales since then, after refunds, and what the reserve holds of all."""
    of = (
        OrderRow.developer == wished.developer,
        OrderRow.currency == wished.currency,
        OrderRow.state == OrderState.PAID.value,
    )
    shares = select(func.coalesce(func.sum(col(OrderRow.net) - col(OrderRow.returned)), 0))
    earned = session.exec(shares.where(*of, col(OrderRow.paid_at) > since)).one()
    kept = session.exec(select(func.coalesce(func.sum(OrderRow.reserve_left), 0)).where(*of)).one()
    return int(earned), int(kept)


def _youngest(session: Session, wished: Wish) -> int | None:
    """Return when the youngest order was paid whose money is held no more."""
    return session.exec(
        select(func.max(OrderRow.paid_at)).where(
            OrderRow.developer == wished.developer,
            OrderRow.currency == wished.currency,
            col(OrderRow.escrow_released_at).is_not(None),
        )
    ).one()
