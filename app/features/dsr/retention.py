"""How long what persons said with their requests is kept: until some time after the end, and not for those who left.

That there was a request, its steps and their times stay, under a pseudonym. Owns the two spans.
"""

from collections.abc import Callable, Collection
from typing import Any, Final

from sqlmodel import col, exists, select

from app.db import reading, writing
from app.features.dsr import keeping
from app.features.dsr.clocks import DAY
from app.features.dsr.keeping import Move
from app.features.dsr.request import ENDED, State, Step
from app.features.dsr.rows import RequestRow, StepRow
from app.pdp.enforce import Permit

KEPT: Final = 180 * DAY
"""So long after its end what was said with a request is there, for who complains of the answer."""

UNVERIFIED: Final = 90 * DAY
"""So long after its last step a request of whom nobody knows who they are is cancelled."""

_MOST: Final = 500  # requests of one run


def due(now: int) -> bool:
    """Tell whether there is something to cancel or to forget."""
    with reading() as session:
        return any(session.exec(wanted.limit(1)).first() is not None for wanted in (_left(now), _over(now)))


def keep_to(permit: Permit, now: int, by: str, held: Callable[[str], Collection[str]]) -> dict[str, int]:
    """Cancel what nobody was ever verified for, forget what was said with what ended long ago, and count both.

    Args:
        permit: to write.
        now: Unix seconds.
        by: who does so.
        held: returns why a legal hold stands on a pseudonym; what is held is kept. Raises `PrivacyError`.
    """
    with writing(permit) as session:
        left = session.exec(_left(now).limit(_MOST).with_for_update()).all()
        for row in left:
            keeping.apply(session, row, permit, Move(step=Step.CANCEL, code="", by=by, at=now))
    with reading() as session:
        known = [(row.id, row.subject) for row in session.exec(_over(now).limit(_MOST)).all()]
    free = [each for each, subject in known if subject is None or not held(subject)]
    with writing(permit) as session:
        over = session.exec(_over(now).where(col(RequestRow.id).in_(free)).with_for_update()).all()
        for row in over:
            row.sealed = None
            session.add(row)
    return {"cancelled": len(left), "forgotten": len(over)}


def _left(now: int) -> Any:
    """Return what asks for the requests that wait for somebody to be verified, and whose last step is long ago."""
    waits = col(RequestRow.state) == State.IDENTITY_UNVERIFIED.value
    return _untouched(select(RequestRow).where(waits), now - UNVERIFIED)


def _over(now: int) -> Any:
    """Return what asks for the requests that ended long ago, and of which it is still kept what was said."""
    ended = col(RequestRow.state).in_([state.value for state in ENDED])
    return _untouched(select(RequestRow).where(ended, col(RequestRow.sealed).is_not(None)), now - KEPT)


def _untouched(wanted: Any, since: int) -> Any:
    later = exists().where(col(StepRow.request) == col(RequestRow.id), col(StepRow.at) > since)
    return wanted.where(~later).order_by(col(RequestRow.received_at), RequestRow.id)
