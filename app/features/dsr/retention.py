"""How long what persons said with their requests is kept: until some time after the end, and not for those who left.

That there was a request, its steps and their times stay, under a pseudonym. Policy data have the two spans.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import col, exists, select

from app.db import reading, writing
from app.features.dsr import keeping
from app.features.dsr.keeping import Move
from app.features.dsr.request import ENDED, State, Step
from app.features.dsr.rows import RequestRow, StepRow
from app.pdp.enforce import Permit

_MOST: Final = 500  # requests of one run


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How long, in seconds.

    Attributes:
        ended: after its end what was said with a request is there, for who complains of the answer.
        unverified: after its last step a request of whom nobody knows who they are is cancelled.
    """

    ended: int
    unverified: int


def due(spans: Spans, now: int) -> bool:
    """Tell whether there is something to cancel or to forget."""
    with reading() as session:
        wanted = (_left(now - spans.unverified), _over(now - spans.ended))
        return any(session.exec(each.limit(1)).first() is not None for each in wanted)


def keep_to(permit: Permit, spans: Spans, now: int, by: str, held: Callable[[str], Collection[str]]) -> dict[str, int]:
    """Cancel what nobody was ever verified for, forget what was said with what ended long ago, and count both.

    Args:
        permit: to write.
        spans: how long both stay.
        now: Unix seconds.
        by: who does so.
        held: returns why a legal hold stands on a pseudonym; what is held is kept. Raises `PrivacyError`.
    """
    with writing(permit) as session:
        left = session.exec(_left(now - spans.unverified).limit(_MOST).with_for_update()).all()
        for row in left:
            keeping.apply(session, row, permit, Move(step=Step.CANCEL, code="", by=by, at=now))
    long_ago = now - spans.ended
    with reading() as session:
        known = [(row.id, row.subject) for row in session.exec(_over(long_ago).limit(_MOST)).all()]
    free = [each for each, subject in known if subject is None or not held(subject)]
    with writing(permit) as session:
        over = session.exec(_over(long_ago).where(col(RequestRow.id).in_(free)).with_for_update()).all()
        for row in over:
            row.sealed = None
            session.add(row)
    return {"cancelled": len(left), "forgotten": len(over)}


def _left(since: int) -> Any:
    """Return what asks for the requests that wait for somebody to be verified, and whose last step is long ago."""
    waits = col(RequestRow.state) == State.IDENTITY_UNVERIFIED.value
    return _untouched(select(RequestRow).where(waits), since)


def _over(since: int) -> Any:
    """Return what asks for the requests that ended long ago, and of which it is still kept what was said."""
    ended = col(RequestRow.state).in_([state.value for state in ENDED])
    return _untouched(select(RequestRow).where(ended, col(RequestRow.sealed).is_not(None)), since)


def _untouched(wanted: Any, since: int) -> Any:
    later = exists().where(col(StepRow.request) == col(RequestRow.id), col(StepRow.at) > since)
    return wanted.where(~later).order_by(col(RequestRow.received_at), RequestRow.id)
