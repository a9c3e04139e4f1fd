"""The ledger of consents as a store of personal data: what it holds of a person, and how that is erased.

Erasing calls back every export that the person has a part in: whoever holds a copy reads that among the recalls, and
the keys of these parts are gone. A recall stays, under a pseudonym that stands for nobody by then.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlmodel import Session, col, func, select

from app.db import product_data
from app.pdp.enforce import Permit
from app.privacy import consent_ledger, exports
from app.privacy.consent_rows import ConsentEventRow, ExportPartRow
from app.privacy.stores.errors import UnsupportedError
from app.privacy.stores.sql_database import Database, OwnDatabase
from app.privacy.stores.store import Described, Item, Person

DESCRIBED: Final = Described(
    name="consent-ledger",
    title="the ledger of consents, and of exports made under them",
    purposes=("to show what persons agreed to, and to keep to it",),
    categories=("consents", "exports"),
    subjects=("users of the platform",),
    recipients=("privacy officers", "services that ask how a consent stands"),
    region="",
    retention="until the person is erased",
    security="pseudonyms alone; keys of exports are sealed under the person's own key",
)
"""What the store says of itself; the region is that of the node."""


class ConsentStore:
    """The ledger of this service. See `PersonalStore`."""

    def __init__(self, permit: Permit, *, region: str = "", now: Callable[[], float] = time.time) -> None:
        """Hold the ledger of the control plane's database.

        Args:
            permit: under which it is erased; its decision stands in the recalls.
            region: of this node.
            now: Unix seconds.
        """
        self._database: Database = OwnDatabase(product_data.reading, product_data.writing, permit)
        self._permit, self._region, self._now = permit, region, now

    @property
    def described(self) -> Described:
        """See `PersonalStore`."""
        texts = {name: getattr(DESCRIBED, name) for name in Described.__slots__}
        return Described(**texts | {"region": self._region})

    def find(self, person: Person) -> int:
        """See `PersonalStore`."""
        return len(self._places(person))

    def export(self, person: Person) -> Iterator[Item]:
        """See `PersonalStore`."""
        if person.subject is None:
            return
        with self._database.reading() as connection:
            session = Session(bind=connection)
            events = consent_ledger.events(session, person.subject)
            parts = exports.exports_of(session, person.subject)
        for event in events:
            yield Item(place=f"consent/{event.number}", category="consents", content=event.document())
        for part in parts:
            yield Item(place=f"export/{part.id}", category="exports", content=part.document())

    def rectify(self, person: Person, changes: Mapping[str, Any]) -> int:  # noqa: ARG002 - see `PersonalStore`
        """See `PersonalStore`."""
        raise UnsupportedError("what you agreed to and took back is not changed afterwards; you can say it anew")

    def erase(self, person: Person) -> int:
        """See `PersonalStore`."""
        if person.subject is None:
            return 0
        with self._database.writing() as connection:
            session = Session(bind=connection)
            recalled = exports.recall_all(
                session,
                subject=person.subject,
                tenant=person.tenant,
                now=int(self._now()),
                decision_id=self._permit.decision_id,
            )
            deleted = consent_ledger.delete_of(session, [person.subject])
        self._database.settled()
        return recalled + deleted

    def verify(self, person: Person) -> tuple[str, ...]:
        """See `PersonalStore`."""
        return self._places(person)

    def _places(self, person: Person) -> tuple[str, ...]:
        if person.subject is None:
            return ()
        with self._database.reading() as connection:
            session = Session(bind=connection)
            events = session.exec(select(ConsentEventRow.number).where(ConsentEventRow.subject == person.subject)).all()
            parts = session.exec(
                select(ExportPartRow.export).where(
                    ExportPartRow.subject == person.subject, func.coalesce(col(ExportPartRow.sealed), "") != ""
                )
            ).all()
        return (*(f"consent/{number}" for number in events), *(f"export/{identifier}" for identifier in parts))
