"""Requests with their threads as they are kept: read, added to, moved; by either side, under its permit.

What was decided on is read again in the transaction that changes it. Refuses to know who may do what: policy says that,
and `request` where a request may go.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.audits.database import portal_data
from app.audits.engagements import Engagement
from app.audits.errors import AuditsError
from app.audits.request import Asked, Evidence, Message, Provenance, Request, Side, State, Thread, check_move
from app.audits.rows_firms import EngagementRow
from app.audits.rows_requests import EvidenceRow, MessageRow, RequestRow
from app.pdp.enforce import Permit
from evidence.form import time_text

MOST_REQUESTS: Final = 5_000
"""Requests of one engagement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Somebody who adds to a thread: under which permit, of which side, and when (Unix seconds)."""

    permit: Permit
    side: Side
    at: int


def requests_of(engagement: str) -> tuple[Request, ...]:
    """Return the requests of an engagement, in their order."""
    statement = select(RequestRow).where(col(RequestRow.engagement) == engagement).order_by(col(RequestRow.number))
    with portal_data.reading() as session:
        return tuple(_request(row) for row in session.exec(statement))


def find_thread(engagement: str, number: int) -> Thread | None:
    """Return a request of this engagement with all that was said and given."""
    with portal_data.reading() as session:
        row = session.get(RequestRow, (engagement, number))
        return None if row is None else _thread(session, row)


def find_evidence(engagement: str, request: int, number: int) -> Evidence | None:
    """Return one file given for a request of this engagement."""
    with portal_data.reading() as session:
        row = session.get(EvidenceRow, (engagement, request, number))
        return None if row is None else _evidence(row)


def add(speaker: Speaker, engagement: str, asked: Sequence[Asked]) -> tuple[int, ...]:
    """Add requests to an engagement, all or none; return their numbers.

    Raises:
        AuditsError: `changed`, the engagement is over; `taken`, a reference is in use; `invalid`, there are too many.
    """
    with portal_data.writing(speaker.permit) as session:
        _look(session, engagement, speaker.at)
        references = [each.reference for each in asked]
        used = select(func.count()).where(
            col(RequestRow.engagement) == engagement, col(RequestRow.reference).in_(references)
        )
        if session.exec(used).one() or len(set(references)) != len(references):
            raise AuditsError("taken", "a reference is that of another request of this engagement")
        last = session.exec(select(func.max(RequestRow.number)).where(col(RequestRow.engagement) == engagement)).one()
        numbers = tuple(range((last or 0) + 1, (last or 0) + 1 + len(asked)))
        if numbers and numbers[-1] > MOST_REQUESTS:
            raise AuditsError("invalid", f"an engagement has at most {MOST_REQUESTS} requests")
        session.add_all(_added(speaker, engagement, numbers, asked))
        _flush(session)
    return numbers


def say(speaker: Speaker, engagement: str, number: int, text: str, to: State | None = None) -> None:
    """Add a message to a thread, and bring its request into the state `to`, if one is given.

    Raises:
        AuditsError: `unknown`; `changed`, the engagement is over, or the request cannot come into that state any more;
            `invalid`, there is nothing to say.
    """
    with portal_data.writing(speaker.permit) as session:
        row = _held_request(session, engagement, number, speaker.at)
        if to is not None:
            check_move(_request(row), speaker.side, to, text)
            row.state, row.changed_at, row.decision_id = to.value, speaker.at, speaker.permit.decision_id
            session.add(row)
        elif not text:
            raise AuditsError("invalid", "there is nothing to say")
        session.add(
            MessageRow(
                engagement=engagement,
                request=number,
                number=_next(session, MessageRow, engagement, number),
                side=speaker.side.value,
                by=speaker.permit.request.subject.id,
                text=text,
                state="" if to is None else to.value,
                at=speaker.at,
                decision_id=speaker.permit.decision_id,
            )
        )
        _flush(session)


def attach(speaker: Speaker, engagement: str, number: int, file: Evidence) -> int:
    """Attach a file, whose bytes are kept already, to a request that waits for it; return its number.

    Args:
        speaker: who gives it.
        engagement: its id.
        number: of the request.
        file: what is known of it; its number, `by`, `at` and decision are found here.

    Raises:
        AuditsError: `unknown`; `changed`, the engagement is over, or the request takes no evidence any more.
    """
    with portal_data.writing(speaker.permit) as session:
        row = _held_request(session, engagement, number, speaker.at)
        if row.state in {State.ACCEPTED, State.WITHDRAWN}:
            raise AuditsError("changed", f"a request that is {row.state} takes no evidence")
        given, found = file.provenance, _next(session, EvidenceRow, engagement, number)
        session.add(
            EvidenceRow(
                engagement=engagement,
                request=number,
                number=found,
                name=file.name,
                size=file.size,
                sha256=file.sha256,
                key=file.key,
                effective_from=given.effective_from,
                effective_to=given.effective_to,
                collected=given.collected,
                source=given.source,
                query=given.query,
                actor=given.actor,
                tool=given.tool,
                policy_commit=given.policy_commit,
                by=speaker.permit.request.subject.id,
                at=speaker.at,
                decision_id=speaker.permit.decision_id,
            )
        )
        _flush(session)
    return found


def _look(session: Session, engagement: str, now: int) -> None:
    """Look at the engagement again. It is not locked: the portal may only read who audits what."""
    row = session.get(EngagementRow, engagement)
    if row is None:
        raise AuditsError("unknown", "there is no such engagement")
    if Engagement.of(row).over_at(time_text(datetime.fromtimestamp(now, UTC))):
        raise AuditsError("changed", "the engagement is over")


def _held_request(session: Session, engagement: str, number: int, now: int) -> RequestRow:
    _look(session, engagement, now)
    row = session.get(RequestRow, (engagement, number), with_for_update=True)
    if row is None:
        raise AuditsError("unknown", "there is no such request")
    return row


def _next(session: Session, table: type[MessageRow] | type[EvidenceRow], engagement: str, request: int) -> int:
    of = (col(table.engagement) == engagement, col(table.request) == request)
    return (session.exec(select(func.max(table.number)).where(*of)).one() or 0) + 1


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise AuditsError("changed", "it has changed since it was decided on") from None


def _added(speaker: Speaker, engagement: str, numbers: Iterable[int], asked: Iterable[Asked]) -> Iterable[RequestRow]:
    for number, each in zip(numbers, asked, strict=True):
        yield RequestRow(
            engagement=engagement,
            number=number,
            reference=each.reference,
            title=each.title,
            text=each.text,
            control=each.control,
            due=each.due,
            state=State.OPEN.value,
            side=speaker.side.value,
            by=speaker.permit.request.subject.id,
            at=speaker.at,
            changed_at=speaker.at,
            decision_id=speaker.permit.decision_id,
        )


def _thread(session: Session, row: RequestRow) -> Thread:
    said = select(MessageRow).where(col(MessageRow.engagement) == row.engagement, col(MessageRow.request) == row.number)
    given = select(EvidenceRow).where(
        col(EvidenceRow.engagement) == row.engagement, col(EvidenceRow.request) == row.number
    )
    return Thread(
        request=_request(row),
        messages=tuple(_message(each) for each in session.exec(said.order_by(col(MessageRow.number)))),
        evidence=tuple(_evidence(each) for each in session.exec(given.order_by(col(EvidenceRow.number)))),
    )


def _request(row: RequestRow) -> Request:
    return Request(
        engagement=row.engagement,
        number=row.number,
        asked=Asked(reference=row.reference, title=row.title, text=row.text, control=row.control, due=row.due),
        state=State(row.state),
        side=Side(row.side),
        by=row.by,
        at=row.at,
        changed_at=row.changed_at,
        decision_id=row.decision_id,
    )


def _message(row: MessageRow) -> Message:
    return Message(
        number=row.number,
        side=Side(row.side),
        by=row.by,
        text=row.text,
        state=State(row.state) if row.state else None,
        at=row.at,
        decision_id=row.decision_id,
    )


def _evidence(row: EvidenceRow) -> Evidence:
    return Evidence(
        number=row.number,
        name=row.name,
        size=row.size,
        sha256=row.sha256,
        key=row.key,
        provenance=Provenance(
            effective_from=row.effective_from,
            effective_to=row.effective_to,
            collected=row.collected,
            source=row.source,
            query=row.query,
            actor=row.actor,
            tool=row.tool,
            policy_commit=row.policy_commit,
        ),
        by=row.by,
        at=row.at,
        decision_id=row.decision_id,
    )
