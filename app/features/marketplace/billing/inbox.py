"""What a payment provider told, taken in once: replayed, doubled or in another order, it comes to the same.

Whoever has to do with it registers a handler for what it is about (`handles`). A handler is called inside the
transaction that keeps the event, for the newest event of its subject alone; the event says how the subject stands, and
the handler has to bring our books there from wherever they are.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from app.features.marketplace.billing.errors import ReusedKeyError
from app.features.marketplace.billing.event import About, Event
from app.features.marketplace.billing.rows import InboxRow, StandingRow

Handler = Callable[[Session, Event], None]

HANDLERS: Final[dict[About, Handler]] = {}
"""Who brings our books to where an event says that its subject stands."""


def handles(about: About) -> Callable[[Handler], Handler]:
    """Return a decorator for the one handler of events about this."""

    def registered(handler: Handler) -> Handler:
        HANDLERS[about] = handler
        return handler

    return registered


def hash_of(body: bytes) -> str:
    """Return what tells one body from another."""
    return hashlib.sha256(body).hexdigest()


def known(session: Session, event: Event, body_hash: str) -> InboxRow | None:
    """Return the event as it was taken in before, if it was.

    Raises:
        ReusedKeyError: it has another body than then.
    """
    row = session.get(InboxRow, (event.provider, event.id))
    if row is not None and row.body_hash != body_hash:
        raise ReusedKeyError("an event with this id came before, and said something else")
    return row


def take_in(session: Session, event: Event, body_hash: str, *, decision_id: str, now: int) -> bool:
    """Keep an event, and have it handled if it is the newest one of its subject.

    Args:
        session: of the transaction.
        event: that is shown to be the provider's.
        body_hash: `hash_of` its bytes.
        decision_id: of the decision to take it in.
        now: Unix seconds.

    Returns:
        Whether it changed how its subject stands.

    Raises:
        ReusedKeyError: one with this id came before, and said something else.
    """
    if known(session, event, body_hash) is not None:
        return False
    newest = event.about is not None and _is_newest(session, event, decision_id)
    session.add(
        InboxRow(
            provider=event.provider,
            event=event.id,
            kind="other" if event.about is None else event.about.value,
            subject=event.subject,
            body_hash=body_hash,
            made_at=event.at,
            received_at=now,
            applied=newest,
            decision_id=decision_id,
        )
    )
    session.flush()
    if newest and event.about is not None and (handler := HANDLERS.get(event.about)) is not None:
        handler(session, event)
    return newest


def _is_newest(session: Session, event: Event, decision_id: str) -> bool:
    """Tell whether nothing newer is known of the subject, and keep that this is the newest; the row is held locked."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    first = {"event": "", "made_at": -1, "rank": 0, "decision_id": decision_id}
    begun = dialect.insert(StandingRow).values(provider=event.provider, subject=event.subject, **first)
    session.execute(begun.on_conflict_do_nothing())
    row = session.get_one(StandingRow, (event.provider, event.subject), with_for_update=True)
    if (event.at, event.rank, event.id) <= (row.made_at, row.rank, row.event):
        return False
    row.event, row.made_at, row.rank, row.decision_id = event.id, event.at, event.rank, decision_id
    return True
