"""The ledger of consents in SQL: notices, events, and how a consent stands. Runs on sessions that it is handed.

Every effect needs a session of `app.db.writing`; what policy decided on is read again there. Knows no HTTP.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from app.pdp.enforce import Permit
from app.privacy.consent import (
    EVERY,
    PURPOSE,
    SCOPE,
    Act,
    ConsentError,
    Event,
    Evidence,
    Method,
    Standing,
    standing_of,
)
from app.privacy.consent_rows import ConsentEventRow, NoticeRow

_LOCK: Final = 0x0C0_5E17  # of PostgreSQL: one writer of the ledger at a time
_LONGEST_NOTICE: Final = 65_536
_MOST: Final = 10_000  # events of one person that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A text that persons are shown when they are asked, in one language and version."""

    sha256: str
    purpose: str
    version: str
    language: str
    text: str
    at: int


def standing(session: Session, subject: str, purpose: str, scope: str = EVERY, *, now: int) -> Standing:
    """Return how the consent of a pseudonym to `purpose` in `scope` stands at `now` (Unix seconds)."""
    return standing_of(subject, purpose, scope, events(session, subject, purpose), now)


def events(session: Session, subject: str, purpose: str | None = None) -> list[Event]:
    """Return what happened to the consents of a pseudonym, in its order."""
    wanted = rows_of(ConsentEventRow).where(ConsentEventRow.subject == subject)
    if purpose is not None:
        wanted = wanted.where(ConsentEventRow.purpose == purpose)
    return [_event(row) for row in session.exec(wanted.order_by(col(ConsentEventRow.number)).limit(_MOST))]


def notices(session: Session, tenant: str, purpose: str | None = None) -> list[Notice]:
    """Return the texts of a tenant, the newest first."""
    wanted = rows_of(NoticeRow).where(NoticeRow.tenant == tenant)
    if purpose is not None:
        wanted = wanted.where(NoticeRow.purpose == purpose)
    return [_notice(row) for row in session.exec(wanted.order_by(col(NoticeRow.at).desc(), NoticeRow.sha256))]


def notice(session: Session, tenant: str, sha256: str) -> Notice | None:
    """Return one text."""
    row = session.get(NoticeRow, (sha256, tenant))
    return None if row is None else _notice(row)


def keep_notice(session: Session, permit: Permit, *, tenant: str, said: Notice) -> Notice:
    """Keep a text under its hash. The same text again does no harm, and stays as it is."""
    found = notice(session, tenant, said.sha256)
    if found is not None:
        return found
    row = NoticeRow(
        sha256=said.sha256,
        tenant=tenant,
        purpose=said.purpose,
        version=said.version,
        language=said.language,
        text=said.text,
        at=said.at,
        by=permit.request.subject.id,
        decision_id=permit.decision_id,
    )
    session.add(row)
    session.flush()
    return said


def parse_notice(*, purpose: str, version: str, language: str, text: str, at: int) -> Notice:
    """Return a text with its hash.

    Raises:
        ConsentError: `notice`, a part has not its form.
    """
    named = PURPOSE.fullmatch(purpose) and SCOPE.fullmatch(version) and 1 < len(language) <= 8  # noqa: PLR2004
    if not named or not language.isascii() or not text.strip() or len(text) > _LONGEST_NOTICE or "\0" in text:
        raise ConsentError("notice", "a notice has a purpose, a version, a language and a text")
    try:
        digest = hashlib.sha256(text.encode()).hexdigest()
    except UnicodeEncodeError:
        raise ConsentError("notice", "the text of a notice is no Unicode") from None
    return Notice(sha256=digest, purpose=purpose, version=version, language=language, text=text, at=at)


def grant(  # noqa: PLR0913 - what a grant says
    session: Session,
    permit: Permit,
    *,
    tenant: str,
    subject: str,
    purpose: str,
    scope: str,
    evidence: Evidence,
    notice: str,
    now: int,
    expires_at: int,
) -> Event:
    """Record that a person consented, until `expires_at`."""
    event = _draft(permit, tenant, subject, (purpose, scope, Act.GRANTED), evidence, now)
    event.notice, event.expires_at = notice, expires_at
    return _recorded(session, event)


def withdraw(  # noqa: PLR0913 - what a withdrawal says
    session: Session,
    permit: Permit,
    *,
    tenant: str,
    subject: str,
    purpose: str,
    scope: str,
    evidence: Evidence,
    now: int,
) -> Event:
    """Record that a person takes consent back, or objects. Nothing has to have been granted.

    What was exported is called back by `app.privacy.exports.recall`, in the same transaction.
    """
    return _recorded(session, _draft(permit, tenant, subject, (purpose, scope, Act.WITHDRAWN), evidence, now))


def alone(session: Session) -> None:
    """Have no other transaction change consents or exports until this one ends; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def delete_of(session: Session, subjects: Iterable[str]) -> int:
    """Delete what happened to the consents of these pseudonyms, and return how many events that were."""
    wanted = rows_of(ConsentEventRow).where(col(ConsentEventRow.subject).in_(list(subjects)))
    found: Sequence[ConsentEventRow] = session.exec(wanted).all()
    for row in found:
        session.delete(row)
    session.flush()
    return len(found)


def _draft(  # noqa: PLR0913, PLR0917 - see `grant`
    permit: Permit, tenant: str, subject: str, what: tuple[str, str, Act], evidence: Evidence, now: int
) -> ConsentEventRow:
    purpose, scope, act = what
    by = permit.request.subject
    return ConsentEventRow(
        tenant=tenant,
        subject=subject,
        purpose=purpose,
        scope=scope,
        act=act.value,
        at=now,
        method=evidence.method.value,
        reference=evidence.reference,
        evidence=evidence.sha256,
        by_type=by.type,
        by=by.id,
        decision_id=permit.decision_id,
    )


def _recorded(session: Session, row: ConsentEventRow) -> Event:
    alone(session)
    session.add(row)
    session.flush()
    return _event(row)


def _event(row: ConsentEventRow) -> Event:
    return Event(
        number=row.number or 0,
        tenant=row.tenant,
        subject=row.subject,
        purpose=row.purpose,
        scope=row.scope,
        act=Act(row.act),
        at=row.at,
        expires_at=row.expires_at,
        notice=row.notice,
        evidence=Evidence(method=Method(row.method), reference=row.reference, sha256=row.evidence),
        by_type=row.by_type,
        by=row.by,
        decision_id=row.decision_id,
    )


def _notice(row: NoticeRow) -> Notice:
    return Notice(
        sha256=row.sha256,
        purpose=row.purpose,
        version=row.version,
        language=row.language,
        text=row.text,
        at=row.at,
    )
