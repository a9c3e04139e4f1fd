"""Documents as they are kept: redacted at once, or sealed until names were looked for, then redacted, once. Blocking.

Owns the states of a document and what is on disk in each. Handed what finds personal data; every effect has a permit.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, Final

from sqlmodel import Session, col, select

from app.db import reading, writing
from app.pdp.enforce import Permit
from app.privacy import consent_ledger, restrictions
from app.privacy.detection.finding import Finding
from app.privacy.errors import KeyDestroyedError
from app.privacy.persons import Persons
from app.privacy.redaction import person
from app.privacy.redaction.operators import plan_of
from app.privacy.redaction.person import Known
from app.privacy.redaction.redacting import redact
from app.privacy.redaction.rows import DocumentRow
from app.privacy.redaction.vault import Vault
from app.privacy.sealed_block import SubjectKey

ATTEMPTS: Final = 3
"""How often names are looked for in a document before it is given up; it stays sealed."""

CLASS: Final = "document"
"""Of the payloads that sealed documents are."""

_ID_BYTES: Final = 16


class State(StrEnum):
    """Where a document is."""

    SEALED = "sealed"  # names were not looked for yet: only the key opens it
    READY = "ready"  # redacted, and the original is gone
    FAILED = "failed"  # names cannot be looked for; sealed for good


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A document that comes in.

    Attributes:
        body: {"text": a text} or {"json": any value of JSON}.
        scope: within which the same value has the same token.
        purpose: for which it is redacted.
        region: where the data have their home.
        language: of the text, such as `en`.
        service: who brought it.
        lane: how it is to be looked through.
    """

    body: dict[str, Any] = field(repr=False)
    scope: str
    purpose: str
    region: str
    language: str
    service: str
    lane: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A document as it stands."""

    id: str
    subject: str
    scope: str
    purpose: str
    region: str
    language: str
    service: str
    lane: str
    state: State
    redacted: dict[str, Any] | None = field(default=None, repr=False)


class Documents:
    """The documents of an application. Several threads may use it."""

    def __init__(
        self,
        persons: Persons,
        *,
        now: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Open what `persons` have keys for; `now` returns Unix seconds."""
        self._persons, self._now, self._random = persons, now, random

    def redact(self, permit: Permit, key: SubjectKey, incoming: Incoming, findings: Iterable[Finding]) -> Kept:
        """Keep a document redacted, as the obligations of `permit` say, under the person's `key`.

        Raises:
            RedactionError: the findings are not of this document.
            SealedBlockError, KeyStoreError: the key was destroyed meanwhile, or the key store fails.
        """
        with writing(permit) as session:
            known = self._person(session, key, permit)
            redacted = self._redacted(session, key, known, permit, incoming, findings)
            return _kept(self._add(session, key.subject, permit, incoming, State.READY, redacted=redacted))

    def seal(self, permit: Permit, key: SubjectKey, incoming: Incoming) -> Kept:
        """Keep a document sealed under the person's `key`, until names were looked for.

        Raises:
            SealedBlockError, KeyStoreError: see `redact`.
        """
        identifier = self._random(_ID_BYTES).hex()
        name = f"{CLASS}/{key.subject}/{identifier}"
        reference, sealed = key.seal_payload(json.dumps(incoming.body).encode(), name=name, random=self._random)
        with writing(permit) as session:
            self._person(session, key, permit)
            row = self._add(
                session, key.subject, permit, incoming, State.SEALED, identifier, reference=reference, sealed=sealed
            )
            return _kept(row)

    def find(self, identifier: str) -> Kept | None:
        """Return a document as it stands."""
        with reading() as session:
            row = session.get(DocumentRow, identifier)
            return None if row is None else _kept(row)

    def homes(self, subject: str, scope: str) -> frozenset[str]:
        """Return the regions in which the documents of a person and scope have their home."""
        wanted = select(DocumentRow.region).where(DocumentRow.subject == subject, DocumentRow.scope == scope)
        with reading() as session:
            return frozenset(session.exec(wanted.distinct()).all())

    def facts(self, subject: str, purpose: str, scope: str) -> dict[str, Any]:
        """Return what policies are told of a person: whether they let a document of `scope` serve `purpose`."""
        with reading() as session:
            consent = consent_ledger.standing(session, subject, purpose, scope, now=int(self._now())).facts()
            return {"consent": consent} | restrictions.facts(session, [subject], purpose)

    def waiting(self, most: int) -> list[str]:
        """Return the ids of documents whose names are to be looked for, the oldest first."""
        wanted = select(DocumentRow.id).where(DocumentRow.state == State.SEALED.value)
        with reading() as session:
            return list(session.exec(wanted.order_by(col(DocumentRow.at), DocumentRow.id).limit(most)).all())

    def original(self, permit: Permit, identifier: str) -> dict[str, Any]:
        """Return the body of a sealed document; `permit` is what says that it was read.

        Raises:
            KeyDestroyedError: the person was erased.
            SealedBlockError, KeyStoreError: it was altered, or the key cannot be had now.
            LookupError: there is none, or none any more.
        """
        assert permit.decision_id  # noqa: S101 - without one, nothing is opened
        with reading() as session:
            row = session.get(DocumentRow, identifier)
        if row is None or row.sealed is None or row.reference is None:
            raise LookupError("there is no sealed document")
        key = self._key(row)
        body: dict[str, Any] = json.loads(key.open_payload(row.reference, row.sealed))
        return body

    def finish(self, permit: Permit, identifier: str, body: dict[str, Any], findings: Iterable[Finding]) -> bool:
        """Have a sealed document be redacted, and its original gone; return whether it was still sealed.

        Raises: as `redact`.
        """
        with writing(permit) as session:
            row = _locked(session, identifier)
            if row is None:
                return False
            key = self._key(row)
            known = self._person(session, key, permit)
            incoming = Incoming(
                body=body,
                scope=row.scope,
                purpose=row.purpose,
                region=row.region,
                language=row.language,
                service=row.service,
                lane=row.lane,
            )
            row.redacted = self._redacted(session, key, known, permit, incoming, findings)
            row.state, row.sealed, row.reference = State.READY.value, None, None
            session.add(row)
            return True

    def failed(self, permit: Permit, identifier: str) -> State | None:
        """Count that names could not be looked for, and return where the document is by that."""
        with writing(permit) as session:
            row = _locked(session, identifier)
            if row is None:
                return None
            row.attempts += 1
            row.state = (State.FAILED if row.attempts >= ATTEMPTS else State.SEALED).value
            session.add(row)
            return State(row.state)

    def discard(self, permit: Permit, identifier: str) -> None:
        """Delete a sealed document that nobody can open any more."""
        with writing(permit) as session:
            row = _locked(session, identifier)
            if row is not None:
                session.delete(row)

    def _key(self, row: DocumentRow) -> SubjectKey:
        """Return the key that a document is sealed under."""
        key = self._persons.find(row.subject, (row.reference or {}).get("kid", ""))
        if key is None:
            raise KeyDestroyedError("the subject's key was destroyed")
        return key

    def _person(self, session: Session, key: SubjectKey, permit: Permit) -> Known:
        return person.keep(session, key, permit, self._persons.find, now=int(self._now()), random=self._random)

    def _redacted(  # noqa: PLR0913, PLR0917 - what one is made of
        self,
        session: Session,
        key: SubjectKey,
        known: Known,
        permit: Permit,
        incoming: Incoming,
        findings: Iterable[Finding],
    ) -> dict[str, Any]:
        numbering = partial(
            Vault(session, known, incoming.scope).number,
            key=key,
            now=int(self._now()),
            decision_id=permit.decision_id,
            random=self._random,
        )
        plan = plan_of(permit.decision.obligations, incoming.region)
        return {name: redact(each, findings, plan, numbering) for name, each in incoming.body.items()}

    def _add(  # noqa: PLR0913, PLR0917 - what a row is made of
        self,
        session: Session,
        subject: str,
        permit: Permit,
        incoming: Incoming,
        state: State,
        identifier: str | None = None,
        **content: Any,
    ) -> DocumentRow:
        row = DocumentRow(
            id=f"doc_{identifier or self._random(_ID_BYTES).hex()}",
            subject=subject,
            scope=incoming.scope,
            purpose=incoming.purpose,
            region=incoming.region,
            language=incoming.language,
            service=incoming.service,
            lane=incoming.lane,
            state=state.value,
            at=int(self._now()),
            decision_id=permit.decision_id,
            **content,
        )
        session.add(row)
        session.flush()
        return row


def _locked(session: Session, identifier: str) -> DocumentRow | None:
    """Return a document that is still sealed; it stays so for everybody else until the transaction ends."""
    wanted = select(DocumentRow).where(DocumentRow.id == identifier, DocumentRow.state == State.SEALED.value)
    return session.exec(wanted.with_for_update()).one_or_none()


def _kept(row: DocumentRow) -> Kept:
    return Kept(
        id=row.id,
        subject=row.subject,
        scope=row.scope,
        purpose=row.purpose,
        region=row.region,
        language=row.language,
        service=row.service,
        lane=row.lane,
        state=State(row.state),
        redacted=row.redacted,
    )
