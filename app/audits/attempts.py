"""Sign-ins that wait for a code: the identity provider has named somebody, and a second factor is asked for here.

Knows no codes. An attempt is no session: its cookie has another name, and opens the page for the code alone.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col

from app.audits.database import portal_data
from app.audits.rows_sessions import AttemptRow
from app.audits.sessions import TOKEN_BYTES, Proved, hashed, proved_of, refuse_another
from app.pdp.enforce import Permit

LONGEST: Final = 10 * 60
"""Seconds within which the code has to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody who was asked for a code.

    Attributes:
        id: names the attempt, and is no secret.
        proved: who it is, by the provider's word.
        place: the page that they wanted.
        secret: of a new authenticator, sealed; None where they have one.
    """

    id: str
    proved: Proved
    place: str
    secret: str | None = field(repr=False)


def begin(  # noqa: PLR0913 - what it is made of
    writing: Session,
    permit: Permit,
    proved: Proved,
    *,
    agent: str,
    place: str,
    secret: str | None,
    now: float,
    random: Callable[[int], str] = secrets.token_urlsafe,
) -> str:
    """Open an attempt within a transaction, and return the secret for its cookie. See `sessions.begin`.

    Raises:
        AnotherPersonError: the permit is about somebody else.
    """
    refuse_another(permit, proved)
    writing.execute(delete(AttemptRow).where(col(AttemptRow.opened_at) < int(now) - LONGEST))
    token = random(TOKEN_BYTES)
    writing.add(
        AttemptRow(
            **proved.columns(),
            token_hash=hashed(token),
            agent_hash=agent,
            place=place,
            secret=secret,
            decision_id=permit.decision_id,
            opened_at=int(now),
        )
    )
    return token


def find(token: str, agent: str, now: float) -> Attempt | None:
    """Return the attempt of a cookie, if it is not over. `agent` and `now` are as those of `sessions.find`."""
    with portal_data.reading() as session:
        row = session.get(AttemptRow, hashed(token))
    if row is None or now >= row.opened_at + LONGEST or not hmac.compare_digest(row.agent_hash, agent):
        return None
    return Attempt(id=row.token_hash, proved=proved_of(row), place=row.place, secret=row.secret)


def close(writing: Session, attempt: Attempt) -> bool:
    """End an attempt within a transaction, and return whether it was there: it leads to one session."""
    mine = delete(AttemptRow).where(col(AttemptRow.token_hash) == attempt.id)
    return bool(writing.connection().execute(mine).rowcount)
