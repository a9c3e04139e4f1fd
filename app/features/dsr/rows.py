"""The tables of requests, and how rows are read. Times: Unix seconds. No row holds who a person is, but sealed.

Every row names the decision that permitted it.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, Session, col, select

from app.db import ProductRow
from app.features.dsr.request import ENDED, DsrKind, Law, Request, State, Step, Taken


class RequestRow(ProductRow, table=True):
    """A request. `link` is the hash of the secret in the person's link; `sealed` a sealed block, the `sealed_number`th.

    `source` is `visitor`, or the service that passed it on; `due_at` what is known of it, for those who read tables.
    """

    __tablename__ = "dsr_request"

    id: str = Field(primary_key=True, max_length=32)
    kind: str = Field(max_length=16)
    law: str = Field(max_length=8)
    tenant: str = Field(max_length=128)
    person_kind: str = Field(max_length=64)
    subject: str | None = Field(default=None, max_length=36, index=True)
    language: str = Field(max_length=8)
    source: str = Field(max_length=160)
    state: str = Field(max_length=24, index=True)
    before: str | None = Field(default=None, max_length=24)
    received_at: int = Field(sa_type=BigInteger)
    due_at: int = Field(sa_type=BigInteger)
    identity_asked_at: int | None = Field(default=None, sa_type=BigInteger)
    verified_at: int | None = Field(default=None, sa_type=BigInteger)
    extended_at: int | None = Field(default=None, sa_type=BigInteger)
    duplicate_of: str | None = Field(default=None, foreign_key="dsr_request.id", max_length=32)
    link: str = Field(max_length=64)
    sealed: dict[str, str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    sealed_number: int = 0
    decision_id: str = Field(max_length=48)


class StepRow(ProductRow, table=True):
    """A step of a request, counted from 1. `code` is a ground, a reason, a method; never a sentence."""

    __tablename__ = "dsr_step"

    request: str = Field(foreign_key="dsr_request.id", primary_key=True, max_length=32)
    number: int = Field(primary_key=True)
    step: str = Field(max_length=24)
    by: str = Field(max_length=160)
    at: int = Field(sa_type=BigInteger)
    state: str = Field(max_length=24)
    code: str = Field(max_length=64)
    decision_id: str = Field(max_length=48)


class CodeRow(ProductRow, table=True):
    """The one-time code of a request, hashed, and how often it was tried; a new one takes its place."""

    __tablename__ = "dsr_code"

    request: str = Field(foreign_key="dsr_request.id", primary_key=True, max_length=32)
    digest: str = Field(max_length=64)
    expires_at: int = Field(sa_type=BigInteger)
    tries: int = 0


class LetterRow(ProductRow, table=True):
    """Mail about a request: it tells of the step `number`. `sealed`: address, link or code, until it is sent.

    `state` is one of `app.alerts.outbox.Delivery`; `code` says why it was not taken.
    """

    __tablename__ = "dsr_letter"

    request: str = Field(foreign_key="dsr_request.id", primary_key=True, max_length=32)
    number: int = Field(primary_key=True)
    kind: str = Field(max_length=16)
    subject: str | None = Field(default=None, max_length=36)
    sealed: dict[str, str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    state: str = Field(max_length=16, index=True)
    attempts: int = 0
    at: int = Field(sa_type=BigInteger)
    next_at: int = Field(sa_type=BigInteger)
    code: str = Field(default="", max_length=64)
    decision_id: str = Field(default="", max_length=48)


class ToldRow(ProductRow, table=True):
    """That somebody was told of a clock that ends at `due`: `what` is `soon` or `missed`. It stands for good."""

    __tablename__ = "dsr_told"

    request: str = Field(foreign_key="dsr_request.id", primary_key=True, max_length=32)
    what: str = Field(primary_key=True, max_length=16)
    due: int = Field(sa_type=BigInteger, primary_key=True)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


def request(session: Session, identifier: str) -> Request | None:
    """Return one request."""
    row = session.get(RequestRow, identifier)
    return None if row is None else as_request(row, _steps(session, [identifier]))


def requests(session: Session, *, ended: bool = False, most: int = 1_000) -> list[Request]:
    """Return the requests that are open, or those that have ended, the newest of these first."""
    done = [state.value for state in ENDED]
    statement = select(RequestRow)
    if ended:
        statement = statement.where(col(RequestRow.state).in_(done)).order_by(col(RequestRow.received_at).desc())
    else:
        statement = statement.where(col(RequestRow.state).not_in(done)).order_by(col(RequestRow.due_at))
    return _whole(session, session.exec(statement.limit(most)).all())


def of_subject(session: Session, subject: str) -> list[Request]:
    """Return all requests of a pseudonym, the oldest first."""
    statement = select(RequestRow).where(col(RequestRow.subject) == subject)
    return _whole(session, session.exec(statement.order_by(col(RequestRow.received_at), RequestRow.id)).all())


def duplicates(session: Session, identifier: str) -> Sequence[RequestRow]:
    """Return the requests that are linked to one."""
    wanted = select(RequestRow).where(
        col(RequestRow.duplicate_of) == identifier, col(RequestRow.state) == State.DUPLICATE.value
    )
    return session.exec(wanted.order_by(col(RequestRow.received_at), RequestRow.id)).all()


def told(session: Session) -> set[tuple[str, str, int]]:
    """Return of which clocks somebody was told: request, what, due."""
    return {(row.request, row.what, row.due) for row in session.exec(select(ToldRow))}


def _whole(session: Session, found: Sequence[RequestRow]) -> list[Request]:
    steps = _steps(session, [row.id for row in found])
    return [as_request(row, steps) for row in found]


def _steps(session: Session, of: Collection[str]) -> Sequence[StepRow]:
    wanted = select(StepRow).where(col(StepRow.request).in_(of))
    return session.exec(wanted.order_by(StepRow.request, col(StepRow.number))).all()


def as_request(row: RequestRow, steps: Sequence[StepRow]) -> Request:
    """Return a row with those of `steps` that are its own."""
    return Request(
        id=row.id,
        kind=DsrKind(row.kind),
        law=Law(row.law),
        state=State(row.state),
        tenant=row.tenant,
        person_kind=row.person_kind,
        subject=row.subject,
        language=row.language,
        received_at=row.received_at,
        before=None if row.before is None else State(row.before),
        identity_asked_at=row.identity_asked_at,
        verified_at=row.verified_at,
        extended_at=row.extended_at,
        duplicate_of=row.duplicate_of,
        steps=tuple(_taken(each) for each in steps if each.request == row.id),
    )


def _taken(row: StepRow) -> Taken:
    stated: dict[str, Any] = {"by": row.by, "at": row.at, "code": row.code, "decision_id": row.decision_id}
    return Taken(step=Step(row.step), state=State(row.state), **stated)
