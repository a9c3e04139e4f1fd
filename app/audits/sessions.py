"""Sessions of auditors: who is behind a cookie of the portal, for how long, and how they end.

Knows no HTTP. What identifies a session is a random secret that only its cookie holds; here lies its hash. Whether the
firm and the person may still come in is looked up with every request, so that who is shut out is out at once.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from app.audits.database import portal_data
from app.audits.firms import AuditorState, FirmState, auditor_id, find_auditor, find_firm
from app.audits.rows_sessions import SessionRow
from app.pdp.enforce import Permit

IDLE: Final = 15 * 60
"""Seconds without a request after which a session has ended."""

LONGEST: Final = 8 * 3_600
"""Seconds after which a session has ended, however busy."""

TOKEN_BYTES: Final = 32
BY_CODE: Final = "totp"
"""How somebody showed a second factor who gave a code here."""

_STEP: Final = 60  # seconds between two writes of when an auditor was last seen
_KEPT: Final = 24 * 3_600  # seconds that a row is kept


class AnotherPersonError(Exception):
    """The permit is not about the person who is to be signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What a firm's identity provider asserted of somebody, as far as a session needs it.

    Attributes:
        firm: whose provider it was.
        name_id: the provider's name for the person.
        name_id_format: what kind of name that is.
        session_index: the provider's name for its own session, if it gave one.
        second_factor: whether that, or a code here, showed a second factor.
        mfa_class: how the person showed who they are: an AuthnContext class, or `totp`.
        ends_at: when the provider's session ends, if it said so.
    """

    firm: str
    name_id: str = field(repr=False)
    name_id_format: str
    session_index: str | None = field(repr=False)
    second_factor: bool
    mfa_class: str
    ends_at: int | None

    @property
    def auditor(self) -> str:
        """Return the auditor's id."""
        return auditor_id(self.firm, self.name_id)

    def columns(self) -> dict[str, Any]:
        """Return what a row says of it."""
        return {
            "auditor": self.auditor,
            "firm": self.firm,
            "name_id": self.name_id,
            "name_id_format": self.name_id_format,
            "session_index": self.session_index,
            "second_factor": self.second_factor,
            "mfa_class": self.mfa_class,
            "ends_at": self.ends_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditorSession:
    """An auditor who is signed in. `session` names the session, and is no secret; `proved` is what began it."""

    id: str = field(repr=False)
    firm: str
    name: str = field(repr=False)
    second_factor: bool
    mfa_class: str
    session: str
    seen_at: int
    proved: Proved


def find(token: str, agent: str, now: float) -> AuditorSession | None:
    """Return whose session a token is, if it has not ended.

    Args:
        token: the secret of a cookie.
        agent: the keyed hash of what the browser says of itself, now.
        now: Unix seconds.
    """
    with portal_data.reading() as session:
        row = session.get(SessionRow, hashed(token))
    if row is None or row.closed_at is not None or now >= _end(row) or not hmac.compare_digest(row.agent_hash, agent):
        return None
    firm, auditor = find_firm(row.firm), find_auditor(row.firm, row.name_id)
    if firm is None or firm.state is not FirmState.ACTIVE:
        return None
    if auditor is None or auditor.state is not AuditorState.ACTIVE:
        return None
    return AuditorSession(
        id=row.auditor,
        firm=row.firm,
        name=auditor.name,
        second_factor=row.second_factor,
        mfa_class=row.mfa_class,
        session=row.token_hash,
        seen_at=row.seen_at,
        proved=proved_of(row),
    )


def begin(  # noqa: PLR0913 - what it is made of
    writing: Session,
    permit: Permit,
    proved: Proved,
    *,
    agent: str,
    most: int,
    now: float,
    random: Callable[[int], str] = secrets.token_urlsafe,
) -> str:
    """Open a session within a transaction, and return the secret for its cookie.

    Where the auditor has `most` sessions already, the oldest ends.

    Args:
        writing: the transaction.
        permit: for `auditor_portal.sign_in`, about this very auditor.
        proved: who signs in.
        agent: the keyed hash of what the browser says of itself.
        most: sessions that one auditor of the firm may have.
        now: Unix seconds.
        random: returns text of so many random bytes.

    Raises:
        AnotherPersonError: see there.
    """
    refuse_another(permit, proved)
    _one_at_a_time(writing, proved.auditor)
    writing.execute(delete(SessionRow).where(col(SessionRow.opened_at) < int(now) - _KEPT))
    alive = [row for row in _open_of(writing, proved.auditor) if now < _end(row)]
    for row in alive[: max(0, len(alive) - most + 1)]:
        row.closed_at = int(now)
        writing.add(row)
    token = random(TOKEN_BYTES)
    writing.add(
        SessionRow(
            **proved.columns(),
            token_hash=hashed(token),
            agent_hash=agent,
            decision_id=permit.decision_id,
            opened_at=int(now),
            seen_at=int(now),
        )
    )
    return token


def saw(auditor: AuditorSession, permit: Permit, now: float) -> None:
    """Write down that an auditor did what `permit` allows, unless that was written down just now."""
    if now - auditor.seen_at >= _STEP:
        with portal_data.writing(permit) as writing:
            mine = col(SessionRow.token_hash) == auditor.session
            writing.execute(update(SessionRow).where(mine).values(seen_at=int(now)))


def end(auditor: AuditorSession, permit: Permit, now: float) -> None:
    """End one session."""
    with portal_data.writing(permit) as writing:
        mine = col(SessionRow.token_hash) == auditor.session
        writing.execute(update(SessionRow).where(mine).values(closed_at=int(now)))


def close(  # noqa: PLR0913 - which
    writing: Session,
    *,
    firm: str,
    name_id: str | None = None,
    indexes: Collection[str] = (),
    decision: str | None = None,
    now: float,
) -> int:
    """End the sessions of a firm, of one of its auditors, those that sessions of the provider began, or one of them.

    Args:
        writing: a transaction of `portal_data.writing`.
        firm: its id.
        name_id: of the auditor; None: all of the firm.
        indexes: the provider's names of its sessions; none: whichever.
        decision: the id of the decision by which one session began; None: whichever.
        now: Unix seconds.

    Returns:
        how many had not ended.
    """
    which = [col(SessionRow.firm) == firm, col(SessionRow.closed_at).is_(None)]
    if name_id is not None:
        which.append(col(SessionRow.name_id) == name_id)
    if indexes:
        which.append(col(SessionRow.session_index).in_(indexes))
    if decision is not None:
        which.append(col(SessionRow.decision_id) == decision)
    closing = update(SessionRow).where(*which).values(closed_at=int(now))
    return int(writing.connection().execute(closing).rowcount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A session that has not ended, as officers see it. Times are Unix seconds.

    `decision_id` is of the decision by which it began: it names the session, and opens nothing.
    """

    auditor: str
    name_id: str
    mfa_class: str
    decision_id: str
    opened_at: int
    seen_at: int


def running(firm: str, now: float) -> tuple[Running, ...]:
    """Return the sessions of a firm's auditors that have not ended, the newest first."""
    mine = col(SessionRow.firm) == firm, col(SessionRow.closed_at).is_(None)
    ordered = select(SessionRow).where(*mine).order_by(col(SessionRow.opened_at).desc(), col(SessionRow.token_hash))
    with portal_data.reading() as session:
        rows = [row for row in session.execute(ordered).scalars() if now < _end(row)]
    return tuple(
        Running(
            auditor=row.auditor,
            name_id=row.name_id,
            mfa_class=row.mfa_class,
            decision_id=row.decision_id,
            opened_at=row.opened_at,
            seen_at=row.seen_at,
        )
        for row in rows
    )


def refuse_another(permit: Permit, proved: Proved) -> None:
    """Return if a permit is about the person that `proved` names.

    Raises:
        AnotherPersonError: it is not.
    """
    found = permit.request.resource
    if (found.type, found.id) != ("auditor", proved.auditor):
        raise AnotherPersonError("the permit is about somebody else")


def proved_of(row: Any) -> Proved:
    """Return what a row of `rows_sessions` says of who was identified."""
    return Proved(
        firm=row.firm,
        name_id=row.name_id,
        name_id_format=row.name_id_format,
        session_index=row.session_index,
        second_factor=row.second_factor,
        mfa_class=row.mfa_class,
        ends_at=row.ends_at,
    )


def by_code(proved: Proved) -> Proved:
    """Return the same person, who gave a code here."""
    return replace(proved, second_factor=True, mfa_class=BY_CODE)


def hashed(secret: str) -> str:
    """Return the hash under which a secret is known; it is random, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _end(row: SessionRow) -> float:
    """Return when a session ends by itself."""
    ends = min(row.seen_at + IDLE, row.opened_at + LONGEST)
    return ends if row.ends_at is None else min(ends, row.ends_at)


def _open_of(writing: Session, auditor: str) -> list[SessionRow]:
    """Return the sessions of an auditor that nobody has ended, the oldest first."""
    mine = col(SessionRow.auditor) == auditor, col(SessionRow.closed_at).is_(None)
    ordered = select(SessionRow).where(*mine).order_by(col(SessionRow.opened_at), col(SessionRow.token_hash))
    return list(writing.execute(ordered).scalars())


def _one_at_a_time(writing: Session, auditor: str) -> None:
    """Have two sign-ins of one auditor follow each other, so that they count each other. SQLite does so by itself."""
    connection = writing.connection()
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(auditor.encode()).digest()[:8], signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(number)))
