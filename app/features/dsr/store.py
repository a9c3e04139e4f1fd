"""Requests as a store of personal data: what persons said with them. `PersonalStore`.

Looks for a person by the pseudonym alone. Who asks is believed to be the person once that was verified; by what
somebody merely says of themselves, such as an address, nobody's requests are found, or a stranger could read and
erase them.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session, col, func, select

from app.db import reading, writing
from app.features.dsr.errors import VaultError
from app.features.dsr.person import said_of
from app.features.dsr.rows import LetterRow, RequestRow
from app.features.dsr.vault import Vault
from app.pdp.enforce import Permit
from app.privacy.errors import PrivacyError
from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.store import Described, Item, Person

NAME: Final = "requests"


class RequestsStore:
    """The sealed blocks of requests, of this service."""

    def __init__(self, permit: Permit, vault: Vault) -> None:
        """Write under `permit`; open with `vault`."""
        self._permit, self._vault = permit, vault

    @property
    def described(self) -> Described:
        """See `PersonalStore`."""
        return Described(
            name=NAME,
            title="Requests of data subjects",
            purposes=("answering requests of persons by GDPR and CCPA",),
            categories=("contact", "request"),
            subjects=("persons who ask",),
            recipients=(),
            region="",
            retention="180 days after the end, or until the person is erased; that there was a request, under a "
            "pseudonym, stays as proof",
            security="sealed under the key of the person, in a database that is written to by permit alone",
        )

    def find(self, person: Person) -> int:
        """See `PersonalStore`."""
        return int(self._read(lambda session: session.exec(_mine(select(func.count()), person)).one()))

    def export(self, person: Person) -> Iterator[Item]:
        """See `PersonalStore`. Of a request that nobody was verified for, it says that there was one."""
        for row in self._read(lambda session: list(session.exec(_mine(select(RequestRow), person)).all())):
            yield Item(place=f"{NAME}/{row.id}", category="request", content=self._content(row))

    def rectify(self, person: Person, changes: Mapping[str, Any]) -> int:  # noqa: ARG002 - its form
        """See `PersonalStore`.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError("what somebody asked for stays as it was asked; a new request says what is right")

    def erase(self, person: Person) -> int:
        """See `PersonalStore`. What was asked for and when stays, under a pseudonym that stands for nobody any more."""
        if person.subject is None:
            return 0
        with writing(self._permit) as session:
            found = session.exec(_mine(select(RequestRow), person).with_for_update()).all()
            for row in found:
                row.sealed = None
                session.add(row)
            letters = select(LetterRow).where(
                col(LetterRow.subject) == person.subject, col(LetterRow.sealed).is_not(None)
            )
            for letter in session.exec(letters.with_for_update()).all():
                letter.sealed = None  # with nobody to send it to, it is given up
                session.add(letter)
            return len(found)

    def verify(self, person: Person) -> tuple[str, ...]:
        """See `PersonalStore`."""
        if person.subject is None:
            return ()
        all_of = select(RequestRow.id, RequestRow.sealed).where(col(RequestRow.subject) == person.subject)
        left = self._read(lambda session: session.exec(all_of).all())
        return tuple(sorted(f"{NAME}/{identifier}" for identifier, sealed in left if sealed is not None))

    def _read(self, look: Callable[[Session], Any]) -> Any:
        with reading() as session:
            return look(session)

    def _content(self, row: RequestRow) -> dict[str, Any]:
        received = datetime.fromtimestamp(row.received_at, UTC).isoformat()
        content: dict[str, Any] = {"kind": row.kind, "law": row.law, "state": row.state, "received": received}
        if row.verified_at is None:
            return content
        try:
            said = said_of(row, self._vault)
        except (PrivacyError, VaultError) as error:
            raise StoreError("what a request says cannot be opened now") from error
        return content | {
            "account": said.id,
            "identifiers": dict(said.identifiers),
            "message": said.message,
            "changes": dict(said.changes),
            "messages": [{"from": "us" if each.asked else "you", "text": each.text} for each in said.messages],
        }


def _mine(wanted: Any, person: Person) -> Any:
    return wanted.where(col(RequestRow.subject) == (person.subject or ""), col(RequestRow.sealed).is_not(None))
