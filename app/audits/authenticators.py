"""Authenticators of auditors: whether somebody has one, which of its codes were taken, and how often one was wrong.

Knows neither codes nor keys; see `app.audits.totp`. A try is counted before it is looked at, so that many at once are
no more than one after another.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from app.audits.database import portal_data
from app.audits.rows_sessions import AuthenticatorRow
from app.audits.totp import Tries
from app.pdp.enforce import Permit


class TriedMeanwhileError(Exception):
    """Another try of the same auditor came in between; this one was not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """What is known of an auditor's authenticator. `secret` is sealed, and None where they have none yet."""

    secret: str | None = field(default=None, repr=False)
    used: int = 0
    tries: Tries = field(default_factory=Tries)


def find(auditor: str) -> Authenticator:
    """Return an auditor's authenticator."""
    with portal_data.reading() as session:
        row = session.get(AuthenticatorRow, auditor)
    if row is None:
        return Authenticator()
    return Authenticator(secret=row.secret, used=row.used, tries=Tries(failures=row.failures, last=row.tried_at))


def count_try(permit: Permit, auditor: str, known: Authenticator, now: float) -> None:
    """Count a try as a wrong one, until it has turned out to be right.

    Args:
        permit: for `auditor_portal.sign_in`.
        auditor: their id.
        known: what was found when the try was permitted.
        now: Unix seconds.

    Raises:
        TriedMeanwhileError: see there.
    """
    failures = known.tries.failures
    mine = col(AuthenticatorRow.auditor) == auditor, col(AuthenticatorRow.failures) == failures
    counted = AuthenticatorRow(
        auditor=auditor, used=0, failures=failures + 1, tried_at=int(now), decision_id=permit.decision_id
    )
    values = counted.model_dump(include={"failures", "tried_at", "decision_id"})
    try:
        with portal_data.writing(permit) as writing:
            found = writing.connection().execute(update(AuthenticatorRow).where(*mine).values(**values)).rowcount
            if not found and failures:
                raise TriedMeanwhileError
            if not found:
                writing.add(counted)
    except IntegrityError as error:
        raise TriedMeanwhileError from error


def accept(writing: Session, auditor: str, step: int, *, enrolled: str | None) -> bool:
    """Take a right code within a transaction, and return whether nobody else took it, or a later one, before.

    Args:
        writing: the transaction.
        auditor: their id.
        step: the code's.
        enrolled: the sealed secret of the authenticator that the code was the first of; None: of the one they had.
    """
    mine = [col(AuthenticatorRow.auditor) == auditor, col(AuthenticatorRow.used) < step]
    values: dict[str, Any] = {"used": step, "failures": 0}
    if enrolled is not None:
        mine.append(col(AuthenticatorRow.secret).is_(None))
        values |= {"secret": enrolled}
    return bool(writing.connection().execute(update(AuthenticatorRow).where(*mine).values(**values)).rowcount)


def forget(writing: Session, auditor: str) -> None:
    """Forget an auditor's authenticator within a transaction: they are told a new secret at their next sign-in.

    So it is with somebody who was revoked. Who has lost their phone is revoked, and named again.
    """
    writing.execute(delete(AuthenticatorRow).where(col(AuthenticatorRow.auditor) == auditor))
