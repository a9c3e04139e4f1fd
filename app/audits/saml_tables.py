"""What is remembered while somebody signs in: which requests are open, and which messages were used already.

Owns single use: a request is answered once and within ten minutes, a provider's message is taken once. The primary
keys hold that against any number of processes. Knows no XML.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from app.audits.database import portal_data
from app.audits.rows_saml import SamlMessageRow, SamlRequestRow
from app.pdp.enforce import Permit

LIFETIME: Final = 600
"""Seconds within which a request has to be answered."""

_LONGEST_ID: Final = 64
_KEPT: Final = 24 * 3_600  # seconds a request is remembered, so that a late answer is told from an unsolicited one


class SamlKind(StrEnum):
    """What a provider was asked for."""

    LOGIN = "login"
    LOGOUT = "logout"


class UsedMessageError(Exception):
    """The request was answered before, or the message was used before: at once, or by somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A request to a firm's provider.

    Attributes:
        id: of the message that was sent.
        kind: what it asked for.
        firm: whose provider was asked.
        created_at: Unix seconds.
        place: a path of ours to go on to.
        address: of the client that began.
        relay_hash: of the key that comes back as RelayState; see `auditor_portal.saml.relay_state`.
        browser_hash: of a secret that only the browser that began has, or "".
        used: whether it was answered.
    """

    id: str
    kind: SamlKind
    firm: str
    created_at: int
    place: str
    address: str
    relay_hash: str
    browser_hash: str = ""
    used: bool = False

    def open_at(self, now: float) -> bool:
        """Return whether it may still be answered."""
        return not self.used and 0 <= now - self.created_at + 1 < LIFETIME


def remember(permit: Permit, request: PendingRequest) -> None:
    """Write down a request that is about to be sent, and forget those of yesterday."""
    with portal_data.writing(permit) as session:
        session.exec(delete(SamlRequestRow).where(col(SamlRequestRow.created_at) < request.created_at - _KEPT))
        session.add(
            SamlRequestRow(
                id=request.id,
                kind=request.kind,
                firm=request.firm,
                created_at=request.created_at,
                place=request.place,
                address=request.address,
                relay_hash=request.relay_hash,
                browser_hash=request.browser_hash,
                decision_id=permit.decision_id,
            )
        )


def find_request(request_id: str) -> PendingRequest | None:
    """Return the request of this id, be it used or old."""
    if len(request_id) > _LONGEST_ID:
        return None
    with portal_data.reading() as session:
        row = session.get(SamlRequestRow, request_id)
    if row is None:
        return None
    return PendingRequest(
        id=row.id,
        kind=SamlKind(row.kind),
        firm=row.firm,
        created_at=row.created_at,
        place=row.place,
        address=row.address,
        relay_hash=row.relay_hash,
        browser_hash=row.browser_hash,
        used=row.used_at is not None,
    )


def was_used(issuer: str, message_id: str) -> bool:
    """Return whether a provider's message was used; whoever uses it now finds out for certain."""
    with portal_data.reading() as session:
        return session.get(SamlMessageRow, message_hash(issuer, message_id)) is not None


def use_request(session: Session, request_id: str, now: float) -> None:
    """Have a request be answered, in a transaction of `portal_data.writing`.

    Raises:
        UsedMessageError: it was, or is no longer open.
    """
    answered = session.exec(
        update(SamlRequestRow)
        .where(
            col(SamlRequestRow.id) == request_id,
            col(SamlRequestRow.used_at).is_(None),
            col(SamlRequestRow.created_at) > int(now) - LIFETIME,
        )
        .values(used_at=int(now))
    )
    if answered.rowcount != 1:
        raise UsedMessageError


def use_message(  # noqa: PLR0913 - what is written, by what, until when
    session: Session, permit: Permit, *, issuer: str, message_id: str, until: float, now: float
) -> None:
    """Have a provider's message be used, in a transaction of `portal_data.writing`.

    Args:
        session: of that transaction.
        permit: what it is written by.
        issuer: entity id of the provider.
        message_id: of the assertion, or of the logout message.
        until: Unix seconds after which the message would be refused anyway.
        now: Unix seconds.

    Raises:
        UsedMessageError: it was used before.
    """
    session.exec(delete(SamlMessageRow).where(col(SamlMessageRow.kept_until) < int(now)))
    session.add(
        SamlMessageRow(
            message_hash=message_hash(issuer, message_id), kept_until=int(until) + 1, decision_id=permit.decision_id
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise UsedMessageError from error


def message_hash(issuer: str, message_id: str) -> str:
    """Return under what a message is remembered: an id is unique at its issuer, and an issuer has no line break."""
    return hashlib.sha256(f"{issuer}\n{message_id}".encode()).hexdigest()
