"""Sessions of officers: who is behind a cookie, for how long. Kept on the server, so that logging out ends them.

Knows no HTTP. What identifies a session is a random secret that only its cookie holds; here lies its hash.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import JSON, BigInteger, delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, col

from app.db import ProductRow, reading, writing
from app.pdp.enforce import Permit

IDLE: Final = 15 * 60
"""Seconds without a request after which a session has ended."""

LONGEST: Final = 12 * 3_600
"""Seconds after which a session has ended, however busy."""

_STEP: Final = 60  # seconds between two writes of when an officer was last seen
_KEPT: Final = 24 * 3_600  # seconds a row is kept, so that no login is used twice


class UsedLoginError(Exception):
    """A login, which is good for one session, had one before."""


class SessionRow(ProductRow, table=True):
    """One session. Times are Unix seconds."""

    __tablename__ = "officer_session"

    token_hash: str = Field(primary_key=True, max_length=64)
    login_hash: str = Field(unique=True, max_length=64)
    officer: str = Field(max_length=128)
    groups: list[str] = Field(sa_type=JSON)
    second_factor: bool
    decision_id: str = Field(max_length=48)
    opened_at: int = Field(sa_type=BigInteger, index=True)
    seen_at: int = Field(sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """A person who signed in, as the identity provider described them then. `seen_at`: Unix seconds."""

    id: str
    groups: tuple[str, ...]
    second_factor: bool
    session: str
    seen_at: int


def find(token: str, now: float) -> Officer | None:
    """Return whose session `token` is at `now` (Unix seconds), if it has not ended."""
    with reading() as session:
        row = session.get(SessionRow, hashed(token))
    if row is None or row.closed_at is not None or now >= min(row.seen_at + IDLE, row.opened_at + LONGEST):
        return None
    return Officer(
        id=row.officer,
        groups=tuple(row.groups),
        second_factor=row.second_factor,
        session=row.token_hash,
        seen_at=row.seen_at,
    )


def begin(  # noqa: PLR0913 - what a session is made of
    permit: Permit,
    *,
    officer: str,
    groups: Collection[str],
    second_factor: bool,
    login: str,
    now: float,
    random: Callable[[int], str] = secrets.token_urlsafe,
) -> str:
    """Open a session, and return the secret for its cookie.

    Args:
        permit: for `session.open`.
        officer: their id at the identity provider.
        groups: which they are in.
        second_factor: whether they showed one.
        login: what proved who they are; good for one session.
        now: Unix seconds.
        random: returns text of so many random bytes.

    Raises:
        UsedLoginError: see there.
    """
    token = random(32)
    row = SessionRow(
        token_hash=hashed(token),
        login_hash=hashed(login),
        officer=officer,
        groups=sorted(groups),
        second_factor=second_factor,
        decision_id=permit.decision_id,
        opened_at=int(now),
        seen_at=int(now),
    )
    try:
        with writing(permit) as session:
            session.exec(delete(SessionRow).where(col(SessionRow.opened_at) < int(now) - _KEPT))
            session.add(row)
    except IntegrityError as error:
        raise UsedLoginError from error
    return token


def saw(officer: Officer, permit: Permit, now: float) -> None:
    """Write down that an officer did what `permit` allows, unless that was written down just now."""
    if now - officer.seen_at >= _STEP:
        with writing(permit) as session:
            own = col(SessionRow.token_hash) == officer.session
            session.exec(update(SessionRow).where(own).values(seen_at=int(now)))


def end(officer: Officer, permit: Permit, now: float) -> None:
    """End a session."""
    with writing(permit) as session:
        own = col(SessionRow.token_hash) == officer.session
        session.exec(update(SessionRow).where(own).values(closed_at=int(now)))


def lock(permit: Permit, decisions: Collection[str], now: float) -> int:
    """End the sessions that these decisions permitted to open, whoever has them; return how many had not ended."""
    with writing(permit) as session:
        theirs = col(SessionRow.decision_id).in_(decisions), col(SessionRow.closed_at).is_(None)
        return int(session.connection().execute(update(SessionRow).where(*theirs).values(closed_at=int(now))).rowcount)


def hashed(secret: str) -> str:
    """Return the hash under which a secret is known; it is random, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
