"""Persons with values that can be told from any others, planted in every place that holds persons, and looked for.

A planter puts values of a person into one place and says by which store they go. To have another place looked at, write
a planter and add it to `PLANTERS`.
"""

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine, text

from app import db, keys, log_scan, schema
from app.db import open_engine, writing
from app.features.dsr.person import seal
from app.features.dsr.rows import RequestRow
from app.features.dsr.said import Said
from app.features.dsr.store import RequestsStore
from app.features.dsr.vault import KeyVault
from app.kek_opening import open_keks
from app.privacy.erasure import Erasure
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable
from app.privacy.lookup import lookup_of
from app.privacy.persons import KeptPersons
from app.privacy.redaction import person
from app.privacy.redaction.store import RedactionStore
from app.privacy.redaction.vault import Vault
from app.privacy.stores.evidence_store import EvidenceStore
from app.privacy.stores.file_place import FilePlace, Form
from app.privacy.stores.file_store import FileStore
from app.privacy.stores.files import DirectoryFiles
from app.privacy.stores.sql_database import ForeignDatabase
from app.privacy.stores.sql_store import SqlStore
from app.privacy.stores.store import Person, PersonalStore
from app.privacy.stores.table import Erasing, Table
from app.settings import Settings
from evidence.chain import Chain, utc_now
from evidence.reader import Reader
from evidence.record import Draft, Record
from evidence.store import open_store
from evidence.writer import Appended
from tests.features.dsr.running.carrying import PERMIT
from tests.node import decided, payloads
from tests.pdp.shop import asked
from tests.privacy.stores.people import KEY, described

VALUES = 10
MARK = re.compile(rb"plnt([0-9]{4})v([0-9]{2})x")
INLINE = 1_500  # bytes of a request that stand in its record: a note is longer


@dataclass(frozen=True, slots=True)
class Individual:
    """A person, by number. Value 0 is the id, 1 the id as a resource, 2 the e-mail address, 3 the name."""

    number: int

    def value(self, which: int) -> str:
        """Return one of the ten values."""
        return f"plnt{self.number:04}v{which:02}x"

    @property
    def email(self) -> str:
        """Return the address."""
        return f"{self.value(2)}@example.com"

    @property
    def person(self) -> Person:
        """Return as whom stores know them."""
        known = {"email": self.email}
        return Person(tenant="default", kind="grocer", id=self.value(0), subject=None, identifiers=known)

    @property
    def resource(self) -> Person:
        """Return as whom the log knows them too: under another type, with a key of its own."""
        return replace(self.person, kind="fruit", id=self.value(1))


@dataclass
class Place:
    """A node without processes, and what lies beside it."""

    settings: Settings
    beside: Path
    stack: ExitStack

    def __post_init__(self) -> None:
        self.engine = self._opened(self.settings.key_store)
        self.product = self._opened(self.settings.product)
        schema.upgrade(self.product, schema.PRODUCT_MIGRATIONS)
        self.stack.enter_context(db.product(open_engine(self.settings.product)))  # for those who need a permit
        self.table = KeyTable(self.engine, Keks(open_keks(self.settings).load))
        self.detached = payloads(self.settings)
        self.lookup_key = keys.load(self.settings.keys).lookup
        self.step: Callable[[], None] = lambda: None
        self.recorded: list[str] = []
        self._chain: Chain | None = None

    @cached_property
    def records(self) -> Mapping[str, list[Record]]:
        """Return the decisions about each pseudonym."""
        reader = Reader(open_store(self.settings.store, read_only=True), keys.load(self.settings.keys).log.verifier)
        found = defaultdict(list)
        for record, _ in log_scan.decisions(reader, self.settings.journals):
            for part in (*record.sealed, *record.body.get("payloads", ())):
                found[part["subject"]].append(record)
        return found

    def known(self, person: Person) -> Person:
        """Return a person with the pseudonym, if there is one."""
        lookup = lookup_of(self.lookup_key, person.tenant, person.kind, person.id)
        return replace(person, subject=self.table.subject_of(lookup))

    def record(self, draft: Draft) -> Appended:
        """Put a record into the log of the node."""
        if self._chain is None:
            name = next(iter(self.settings.retention))
            opened = {"retention_class": name, "version": version("omega"), "clock": utc_now}
            self._chain = Chain.open(self.settings.journals, **opened)
        self.step()
        (appended,) = self._chain.append(draft)
        self.recorded.append(draft.type)
        self.step()
        return appended

    def close_chain(self, *, whole: bool = True) -> None:
        """Let go of the journal, so that it can be sealed; or as a process does that dies."""
        if self._chain is not None:
            self._chain.close(whole=whole)
            self._chain = None

    def _opened(self, url: str) -> Engine:
        engine = open_engine(url)
        self.stack.callback(engine.dispose)
        return engine


@contextmanager
def opened(settings: Settings, beside: Path) -> Iterator[Place]:
    """Open a place."""
    with ExitStack() as stack:
        place = Place(settings, beside, stack)
        stack.callback(place.close_chain)
        yield place


class Decisions:
    """What was asked: subject, resource, their properties and the context, in records and beside them. Sealed."""

    values = (0, 1, 3, 4, 5, 6)
    clear = False

    def persons(self, who: Individual) -> tuple[Person, ...]:
        """Return as whom it knows somebody."""
        return who.person, who.resource

    def plant(self, place: Place, everybody: Iterable[Individual]) -> None:
        """Ask about everybody: once what a record takes, once what it does not."""
        decided(place.settings, *(request for who in everybody for request in self._requests(who)))

    def store(self, place: Place) -> PersonalStore:
        """Return by what they go."""
        return EvidenceStore(
            table=place.table,
            detached=place.detached,
            lookup_key=place.lookup_key,
            erasure=Erasure(place.table, place.detached, place.lookup_key, settle=lambda: None),
            record=place.record,
            records=lambda subject: place.records.get(subject, ()),
        )

    def _requests(self, who: Individual) -> Iterator[bytes]:
        for note in ("", "." * 2_000):
            document = asked()
            del document["environment"]
            document["subject"] |= {"type": "grocer", "id": who.value(0)}
            document["subject"]["properties"] = {"name": who.value(3)}
            document["resource"] |= {"type": "fruit", "id": who.value(1)}
            document["resource"]["properties"]["grown_by"] = who.value(4)
            document["context"] = {"note": who.value(6 if note else 5) + note}
            yield json.dumps(document).encode()


class Tokens:
    """What stands in texts for persons, and the values behind. Sealed, in tables of the service."""

    values = (2, 3, 7)
    clear = False

    def persons(self, who: Individual) -> tuple[Person, ...]:
        """Return as whom it knows somebody."""
        return (who.person,)

    def plant(self, place: Place, everybody: Iterable[Individual]) -> None:
        """Number tokens for three values of everybody."""
        persons = KeptPersons(place.table, place.lookup_key)
        for who in everybody:
            key = persons.key("default", "grocer", who.value(0))
            with writing(PERMIT) as session:
                known = person.keep(session, key, PERMIT, persons.find, now=0, random=os.urandom)
                values = [("EMAIL", who.email), ("PERSON", who.value(3)), ("PERSON", who.value(7))]
                Vault(session, known, "planted").number(values, key, now=0, decision_id=PERMIT.decision_id)

    def store(self, place: Place) -> PersonalStore:
        """Return by what they go."""
        return RedactionStore(PERMIT, KeptPersons(place.table, place.lookup_key))


class Requests:
    """What persons said with requests for their own data. Sealed, in tables of the service."""

    values = (0, 2, 9)
    clear = False

    def persons(self, who: Individual) -> tuple[Person, ...]:
        """Return as whom it knows somebody."""
        return (who.person,)

    def plant(self, place: Place, everybody: Iterable[Individual]) -> None:
        """Keep a verified request of everybody."""
        vault = KeyVault(place.table, place.lookup_key)
        with writing(PERMIT) as session:
            for who in everybody:
                row = RequestRow(
                    id=f"dsr-{who.number:024x}",
                    kind="access",
                    law="gdpr",
                    tenant="default",
                    person_kind="grocer",
                    language="en",
                    source="visitor",
                    state="pending",
                    received_at=0,
                    due_at=0,
                    verified_at=0,
                    link="",
                    sealed_number=0,
                    decision_id=PERMIT.decision_id,
                )
                said = Said(id=who.value(0), identifiers={"email": who.email}, message=who.value(9))
                seal(row, said, vault)
                session.add(row)

    def store(self, place: Place) -> PersonalStore:
        """Return by what they go."""
        return RequestsStore(PERMIT, KeyVault(place.table, place.lookup_key))


class Customers:
    """Tables of a database that hold persons in the clear: rows that go, and rows that stay without the person."""

    values = (0, 2, 7)
    clear = True

    def persons(self, who: Individual) -> tuple[Person, ...]:
        """Return as whom it knows somebody."""
        return (who.person,)

    _tables = (
        Table(
            name="planted_customer",
            identify={"customer": "id", "email": "email"},
            columns={"name": "contact"},
            erase=Erasing.DELETE,
        ),
        Table(
            name="planted_order",
            identify={"customer": "id"},
            columns={"ship_to": "contact"},
            erase=Erasing.HMAC,
        ),
    )

    def plant(self, place: Place, everybody: Iterable[Individual]) -> None:
        """Write a row of each table, with indexes, and have the database count what is in them."""
        with place.product.begin() as connection:
            connection.execute(
                text("CREATE TABLE planted_customer (customer VARCHAR(64), email VARCHAR(64), name TEXT)")
            )
            connection.execute(text("CREATE INDEX planted_customer_email ON planted_customer (email)"))
            connection.execute(text("CREATE TABLE planted_order (customer VARCHAR(64), ship_to TEXT)"))
            connection.execute(text("CREATE INDEX planted_order_customer ON planted_order (customer)"))
        with place.product.begin() as connection:
            for who in everybody:
                row = {"id": who.value(0), "email": who.email, "name": who.value(7)}
                connection.execute(text("INSERT INTO planted_customer VALUES (:id, :email, :name)"), row)
                connection.execute(text("INSERT INTO planted_order VALUES (:id, :name)"), row)
            connection.execute(text("ANALYZE"))

    def store(self, place: Place) -> PersonalStore:
        """Return by what they go."""
        url = place.settings.product
        return SqlStore(described("customers"), self._tables, ForeignDatabase(lambda: url), tenant="default", key=KEY)


class Folder:
    """Files: a whole one of each person, and a line of each in one that is everybody's."""

    values = (0, 8, 9)
    clear = True

    def persons(self, who: Individual) -> tuple[Person, ...]:
        """Return as whom it knows somebody."""
        return (who.person,)

    def plant(self, place: Place, everybody: Iterable[Individual]) -> None:
        """Write the files."""
        (place.beside / "voices").mkdir(parents=True)
        lines = []
        for who in everybody:
            (place.beside / "voices" / who.value(0)).write_text(who.value(8))
            lines.append(json.dumps({"id": who.value(0), "said": who.value(9)}))
        (place.beside / "said.jsonl").write_text("\n".join(lines) + "\n")

    def store(self, place: Place) -> PersonalStore:
        """Return by what they go."""
        places = (
            FilePlace(path="voices/{id}", form=Form.WHOLE, category="voice"),
            FilePlace(path="said.jsonl", form=Form.JSONL, category="content", identify={"/id": "id"}),
        )
        return FileStore(described("folder"), places, DirectoryFiles(place.beside), tenant="default")


PLANTERS = (Tokens(), Requests(), Customers(), Folder(), Decisions())


def marks(*roots: Path) -> set[tuple[int, int]]:
    """Return (person, value) of everything planted that stands in the bytes or names of files below `roots`."""
    found: set[tuple[int, int]] = set()
    for root in roots:
        for folder, _, names in os.walk(root):
            for name in names:
                try:
                    data = (Path(folder) / name).read_bytes()
                except OSError:  # a server's socket, or a file that it has just removed
                    continue
                found |= {(int(who), int(value)) for who, value in MARK.findall(data + name.encode())}
    return found
