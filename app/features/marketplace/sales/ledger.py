"""The ledger: who is owed what, in double entry. What stands in it stands for good.

Each transaction has a key, under which it is made once, and names the decision that made it; its postings sum to zero
in each currency. Balances are the sums of postings, kept beside them so that the database itself refuses what an
account does not hold. Knows neither orders nor developers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Index, Integer, UniqueConstraint, func, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, col, select

from app.db import ProductRow
from app.features.marketplace.money import Money
from app.features.marketplace.sales import accounts
from app.features.marketplace.sales.errors import OverdrawnError, RacedError, ReusedKeyError, UnbalancedError

_Id = BigInteger().with_variant(Integer, "sqlite")


class TxnRow(ProductRow, table=True):
    """A transaction. Triggers keep it from being changed."""

    __tablename__ = "market_txn"
    __table_args__ = (UniqueConstraint("key", name="uq_market_txn_key"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=_Id)
    key: str = Field(max_length=160)
    body_hash: str = Field(max_length=64)
    kind: str = Field(max_length=32)
    decision_id: str = Field(max_length=48)
    at: int = Field(sa_type=BigInteger)


class PostingRow(ProductRow, table=True):
    """A posting, in minor units. Triggers keep it from being changed."""

    __tablename__ = "market_posting"
    __table_args__ = (Index("ix_market_posting_account", "account", "currency"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=_Id)
    txn: int = Field(foreign_key="market_txn.id", index=True, sa_type=_Id)
    account: str = Field(max_length=128)
    currency: str = Field(max_length=3)
    amount: int = Field(sa_type=BigInteger)


class BalanceRow(ProductRow, table=True):
    """What the postings of an account sum to; never below its floor."""

    __tablename__ = "market_balance"

    account: str = Field(primary_key=True, max_length=128)
    currency: str = Field(primary_key=True, max_length=3)
    amount: int = Field(sa_type=BigInteger)
    floor: int | None = Field(default=None, sa_type=BigInteger)


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount that an account gains, or loses below zero."""

    account: str
    amount: Money


def post(  # noqa: PLR0913, PLR0917 - what a transaction is made of
    session: Session,
    key: str,
    body_hash: str,
    kind: str,
    postings: Iterable[Posting],
    decision_id: str,
    *,
    at: int,
) -> int:
    """Return the number of the transaction of `key`, which is made unless it was made before.

    Args:
        session: in which what it belongs to is changed as well.
        key: that makes it happen once.
        body_hash: SHA-256 of what was asked for under `key`.
        kind: what it is, for statements.
        postings: those of nothing are left out.
        decision_id: of the decision that permits it.
        at: Unix seconds.

    Raises:
        ReusedKeyError: the key was used for something else.
        RacedError: somebody else is using the key right now.
        UnbalancedError: the postings do not sum to zero.
        OverdrawnError: an account does not hold so much.
    """
    known = session.exec(select(TxnRow).where(TxnRow.key == key)).first()
    if known is not None:
        if known.body_hash != body_hash:
            raise ReusedKeyError("the key was used for something else")
        return known.id or 0
    kept = _balanced(postings)
    txn = TxnRow(key=key, body_hash=body_hash, kind=kind, decision_id=decision_id, at=at)
    session.add(txn)
    try:
        session.flush()
    except IntegrityError as error:
        raise RacedError("the same is being done") from error
    number = txn.id or 0
    for each in kept:
        _move(session, number, each)
    return number


def balance(session: Session, account: str, currency: str, *, lock: bool = False) -> int:
    """Return what an account holds, in minor units."""
    statement = select(BalanceRow).where(BalanceRow.account == account, BalanceRow.currency == currency)
    row = session.exec(statement.with_for_update() if lock else statement).first()
    return 0 if row is None else row.amount


def differences(session: Session) -> list[str]:
    """Return in words where the ledger does not hold."""
    return [*_unbalanced(session), *_unsummed(session)]


def _balanced(postings: Iterable[Posting]) -> Sequence[Posting]:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for each in postings:
        sums[each.account, each.amount.currency] += each.amount.minor
    totals: dict[str, int] = defaultdict(int)
    for (_, currency), amount in sums.items():
        totals[currency] += amount
    if any(totals.values()):
        raise UnbalancedError("the postings do not sum to zero")
    return [Posting(name, Money(currency, amount)) for (name, currency), amount in sorted(sums.items()) if amount]


def _move(session: Session, txn: int, posting: Posting) -> None:
    """Keep a posting and its balance. SQLite checks a floor on the row that an upsert would insert: so update first."""
    account, currency, amount = posting.account, posting.amount.currency, posting.amount.minor
    session.add(PostingRow(txn=txn, account=account, currency=currency, amount=amount))
    session.flush()
    if not _add(session, account, currency, amount):
        session.execute(
            text(
                "INSERT INTO market_balance (account, currency, amount, floor) "
                "VALUES (:account, :currency, 0, :floor) ON CONFLICT DO NOTHING"
            ),
            {"account": account, "currency": currency, "floor": accounts.floor(account)},
        )
        _add(session, account, currency, amount)


def _add(session: Session, account: str, currency: str, amount: int) -> bool:
    statement = (
        update(BalanceRow)
        .where(col(BalanceRow.account) == account, col(BalanceRow.currency) == currency)
        .values(amount=col(BalanceRow.amount) + amount)
    )
    try:
        changed = session.connection().execute(statement).rowcount
    except IntegrityError as error:
        raise OverdrawnError("an account does not hold so much") from error
    return bool(changed)


def _unbalanced(session: Session) -> Iterator[str]:
    total = func.sum(PostingRow.amount)
    statement = (
        select(PostingRow.txn, PostingRow.currency)
        .group_by(col(PostingRow.txn), col(PostingRow.currency))
        .having(total != 0)
    )
    for txn, currency in session.exec(statement):
        yield f"transaction {txn} does not sum to zero in {currency}"


def _unsummed(session: Session) -> Iterator[str]:
    grouped = select(PostingRow.account, PostingRow.currency, func.sum(PostingRow.amount)).group_by(
        col(PostingRow.account), col(PostingRow.currency)
    )
    sums = {(account, currency): int(amount) for account, currency, amount in session.exec(grouped)}
    kept = {(row.account, row.currency): row.amount for row in session.exec(select(BalanceRow))}
    for account, currency in sorted(sums.keys() | kept.keys()):
        if sums.get((account, currency), 0) != kept.get((account, currency), 0):
            yield f"the balance of {account} in {currency} is not the sum of its postings"
