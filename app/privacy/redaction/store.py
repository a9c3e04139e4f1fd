"""What redaction holds of a person, as a store: tokens with what they stand for, documents, requests to reveal.

Found by the pseudonym alone, as these tables know nobody otherwise. See `app.privacy.stores.store.PersonalStore`.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Table, delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from app.db import ProductRow, reading, writing
from app.pdp.enforce import Permit
from app.privacy.errors import KeyDestroyedError, PrivacyError
from app.privacy.key_table import scrub_files
from app.privacy.persons import Persons
from app.privacy.redaction import person
from app.privacy.redaction.person import Known
from app.privacy.redaction.redacting import shown
from app.privacy.redaction.rows import DocumentRow, PersonRow, RevealApprovalRow, RevealRow, TokenRow
from app.privacy.redaction.tokens import Token
from app.privacy.redaction.vault import Vault
from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.store import Described, Item, Person

NAME: Final = "redaction"
"""The name of the store."""

_NAMED: Final = ProductRow.metadata.tables
_TABLES: Final = tuple(  # in the order of erasure: children first
    _NAMED[str(each.__tablename__)] for each in (RevealRow, DocumentRow, TokenRow, PersonRow)
)


class RedactionStore:
    """The tables of redaction, on behalf of one permit. `PersonalStore`."""

    def __init__(self, permit: Permit, persons: Persons, region: str = "") -> None:
        """Write by `permit`; open blocks with the keys of `persons`. `region` is where the tables are."""
        self._permit, self._persons, self._region = permit, persons, region

    @property
    def described(self) -> Described:
        """See `PersonalStore`."""
        return Described(
            name=NAME,
            title="texts whose personal data were replaced, and what stands for them",
            purposes=("redaction",),
            categories=("contact", "identification", "texts of services"),
            subjects=("persons whom texts of services speak of",),
            recipients=("the service that brought the text", "officers who were permitted to see it"),
            region=self._region,
            retention="until the person is erased",
            security="sealed under the person's own key (AES-256-GCM); found by a keyed hash",
        )

    def find(self, person: Person) -> int:
        """See `PersonalStore`."""
        with _translated(), reading() as session:
            return sum(_count(session, each, person.subject) for each in _TABLES)

    def export(self, person: Person) -> Iterator[Item]:
        """See `PersonalStore`: what stands for the person, opened, and documents as they are kept."""
        with _translated(), reading() as session:
            yield from self._items(session, person.subject)

    def rectify(self, person: Person, changes: Mapping[str, Any]) -> int:  # noqa: ARG002 - see `PersonalStore`
        """See `PersonalStore`."""
        raise UnsupportedError("a text is kept as the service brought it; what it says can be changed there alone")

    def erase(self, person: Person) -> int:
        """See `PersonalStore`: documents go too, since a detector may have missed something in them."""
        if person.subject is None:
            return 0
        gone = 0
        with _translated(), writing(self._permit) as session:
            mine = select(col(RevealRow.id)).where(col(RevealRow.subject) == person.subject)
            session.execute(delete(RevealApprovalRow).where(col(RevealApprovalRow.reveal).in_(mine)))
            for each in _TABLES:
                gone += _count(session, each, person.subject)
                session.execute(delete(each).where(each.c.subject == person.subject))
        with _translated(), reading() as session:
            engine = session.connection().engine
        with _translated():
            scrub_files(engine)
        return gone

    def verify(self, person: Person) -> tuple[str, ...]:
        """See `PersonalStore`."""
        with _translated(), reading() as session:
            return tuple(each.name for each in _TABLES if _stands(session, each, person.subject))

    def _items(self, session: Session, subject: str | None) -> Iterator[Item]:
        row = None if subject is None else person.find(session, subject)
        if row is None:
            return
        try:
            known = Known.read(row, self._persons.find)
        except KeyDestroyedError:
            return  # nobody can say what stands there, for ever
        for scope, tokens in _scopes(session, row.subject).items():
            for token, value in Vault(session, known, scope).values(tokens, self._persons.find).items():
                yield Item(place=f"{scope} {token}", category=token.kind.lower(), content=shown(value))
        for document in session.scalars(select(DocumentRow).where(col(DocumentRow.subject) == row.subject)):
            yield Item(place=document.id, category="text", content=self._body(document))

    def _body(self, row: DocumentRow) -> Any:
        if row.redacted is not None:
            return row.redacted
        reference = row.reference or {}
        key = self._persons.find(row.subject, reference["kid"])
        return None if key is None else json.loads(key.open_payload(reference, row.sealed or b""))


def _scopes(session: Session, subject: str) -> dict[str, list[Token]]:
    found: dict[str, list[Token]] = {}
    names = (TokenRow.scope, TokenRow.kind, TokenRow.number)
    wanted = select(*map(col, names)).where(col(TokenRow.subject) == subject).order_by(*map(col, names))
    for scope, kind, number in session.execute(wanted):
        found.setdefault(scope, []).append(Token(kind, number))
    return found


def _count(session: Session, table: Table, subject: str | None) -> int:
    return int(session.scalar(select(func.count()).select_from(table).where(table.c.subject == subject)) or 0)


def _stands(session: Session, table: Table, subject: str | None) -> bool:
    return session.execute(select(table.c.subject).where(table.c.subject == subject).limit(1)).first() is not None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, PrivacyError) as error:
        raise StoreError(f"the tables of redaction cannot be used: {type(error).__name__}") from error
