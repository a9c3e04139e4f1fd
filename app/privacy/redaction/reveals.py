"""Requests to see what tokens stand for: kept, agreed to by others, answered. Blocking.

Owns what is on disk, and how a token leads back. Who may ask, agree and see is for policy: every effect has a permit.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.db import reading, writing
from app.pdp.enforce import Permit
from app.privacy.errors import KeyDestroyedError
from app.privacy.persons import Persons
from app.privacy.redaction import person
from app.privacy.redaction.documents import Documents
from app.privacy.redaction.errors import RedactionError
from app.privacy.redaction.person import Known
from app.privacy.redaction.redacting import named_in, restore, shown
from app.privacy.redaction.rows import DocumentRow, RevealApprovalRow, RevealRow
from app.privacy.redaction.tokens import Token
from app.privacy.redaction.vault import Vault

MOST_TOKENS: Final = 1_000
"""Of one request."""

_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to see: a document, or tokens.

    Attributes:
        subject: the pseudonym of whom it is about.
        scope: of the tokens.
        document: the id of a document; None where tokens are wanted.
        tokens: empty where a document is wanted.
        purpose: what for.
        region: where it is to be shown.
        home: where the data belong.
    """

    subject: str
    scope: str
    document: str | None
    tokens: tuple[Token, ...]
    purpose: str
    region: str
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """That an officer agreed, at a time in Unix seconds."""

    by: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """A request, and who agreed to it; `by_type` is `officer` or `service`."""

    id: str
    wanted: Wanted
    by_type: str
    by: str
    at: int
    approvals: tuple[Approval, ...]


class Reveals:
    """The requests of an application. Several threads may use it."""

    def __init__(
        self,
        persons: Persons,
        documents: Documents,
        *,
        now: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Open what `persons` have keys for; `now` returns Unix seconds."""
        self._persons, self._documents, self._now, self._random = persons, documents, now, random

    def request(self, permit: Permit, wanted: Wanted) -> Reveal:
        """Keep a request; whoever `permit` is for is who asks."""
        asked = permit.request.subject
        row = RevealRow(
            id=f"rvl_{self._random(_ID_BYTES).hex()}",
            subject=wanted.subject,
            scope=wanted.scope,
            document=wanted.document,
            tokens=[str(each) for each in wanted.tokens],
            purpose=wanted.purpose,
            region=wanted.region,
            home=wanted.home,
            by_type=asked.type,
            by=asked.id,
            at=int(self._now()),
            decision_id=permit.decision_id,
        )
        with writing(permit) as session:
            session.add(row)
            session.flush()
            return _reveal(row, ())

    def find(self, identifier: str) -> Reveal | None:
        """Return a request."""
        with reading() as session:
            row = session.get(RevealRow, identifier)
            return None if row is None else _reveal(row, _approvals(session, [identifier]).get(identifier, ()))

    def newest(self, most: int) -> list[Reveal]:
        """Return requests, the newest first."""
        with reading() as session:
            rows = session.exec(select(RevealRow).order_by(col(RevealRow.at).desc(), RevealRow.id).limit(most)).all()
            approvals = _approvals(session, [row.id for row in rows])
            return [_reveal(row, approvals.get(row.id, ())) for row in rows]

    def approve(self, permit: Permit, identifier: str) -> bool:
        """Keep that whoever `permit` is for agreed; return False where they had agreed before."""
        row = RevealApprovalRow(
            reveal=identifier, by=permit.request.subject.id, at=int(self._now()), decision_id=permit.decision_id
        )
        try:
            with writing(permit) as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def reveal(self, permit: Permit, asked: Reveal) -> Mapping[str, Any]:
        """Return the body of the document as it was, or {"tokens": {token: value}}. `permit` says that it was seen.

        Raises:
            KeyDestroyedError: the person was erased.
            SealedBlockError, KeyStoreError: it was altered, or the key cannot be had now.
            LookupError: the document is gone.
        """
        wanted = asked.wanted
        if wanted.document is None:
            return {"tokens": {str(each): shown(value) for each, value in self._values(wanted, wanted.tokens).items()}}
        with reading() as session:
            row = session.get(DocumentRow, wanted.document)
        if row is None:
            raise LookupError("there is no such document")
        if row.redacted is None:
            return self._documents.original(permit, row.id)
        values = self._values(wanted, named_in(row.redacted))
        restored: Mapping[str, Any] = restore(row.redacted, values.get)
        return restored

    def _values(self, wanted: Wanted, tokens: Any) -> dict[Token, str]:
        with reading() as session:
            row = person.find(session, wanted.subject)
            if row is None:
                raise KeyDestroyedError("the person was erased")
            known = Known.read(row, self._persons.find)
            return Vault(session, known, wanted.scope).values(tokens, self._persons.find)


def tokens_of(texts: Any) -> tuple[Token, ...]:
    """Return tokens that somebody names.

    Raises:
        RedactionError: it is no list of 1 to `MOST_TOKENS` tokens.
    """
    if not isinstance(texts, list) or not 0 < len(texts) <= MOST_TOKENS or not all(isinstance(t, str) for t in texts):
        raise RedactionError(f"`tokens` is a list of 1 to {MOST_TOKENS} texts such as `<EMAIL_1>`")
    try:
        return tuple(sorted({Token.parse(each) for each in texts}))
    except ValueError:
        raise RedactionError("`tokens` holds a text that is no token") from None


def _approvals(session: Session, of: list[str]) -> dict[str, tuple[Approval, ...]]:
    found: dict[str, tuple[Approval, ...]] = {}
    wanted = select(RevealApprovalRow).where(col(RevealApprovalRow.reveal).in_(of))
    for row in session.exec(wanted.order_by(col(RevealApprovalRow.at), RevealApprovalRow.by)):
        found[row.reveal] = (*found.get(row.reveal, ()), Approval(by=row.by, at=row.at))
    return found


def _reveal(row: RevealRow, approvals: tuple[Approval, ...]) -> Reveal:
    return Reveal(
        id=row.id,
        wanted=Wanted(
            subject=row.subject,
            scope=row.scope,
            document=row.document,
            tokens=tuple(map(Token.parse, row.tokens)),
            purpose=row.purpose,
            region=row.region,
            home=row.home,
        ),
        by_type=row.by_type,
        by=row.by,
        at=row.at,
        approvals=approvals,
    )
