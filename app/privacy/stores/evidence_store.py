"""The evidence log as a store: what it says of a person is sealed under their keys, and goes with them.

Owns what of a record is the person's own. Reads no log itself: it is handed the records that name a pseudonym.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from app.objects import ObjectGoneError, ObjectsError
from app.privacy.detached import Detached
from app.privacy.erasure import Erasure, Ground, Recorder
from app.privacy.errors import KeyStoreError, SealedBlockError, UnknownPersonError
from app.privacy.key_table import KeyTable
from app.privacy.lookup import lookup_of
from app.privacy.sealed_block import SubjectKey
from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.store import Described, Item, Person
from evidence.errors import EvidenceError
from evidence.record import Record

NAME: Final = "evidence"
_DESCRIBED: Final = Described(
    name=NAME,
    title="the record of every decision, which nobody can change",
    purposes=("to prove who was allowed to do what, and why",),
    categories=("identifiers", "requests"),
    subjects=("whoever a decision was about",),
    recipients=("auditors",),
    region="",
    retention="as long as the class of each record says; what it says of a person, until that person is erased",
    security="sealed under a key of each person, which is wrapped; persons stand there under pseudonyms",
)


class EvidenceStore:
    """See `PersonalStore`. `ground` and `record` are those of an erasure."""

    def __init__(  # noqa: PLR0913 - the log, its keys, and what erases them
        self,
        *,
        table: KeyTable,
        detached: Detached,
        lookup_key: bytes,
        erasure: Erasure,
        record: Recorder,
        records: Callable[[str], Iterable[Record]],
        ground: Ground = Ground.CONSENT_WITHDRAWN,
    ) -> None:
        """Look for keys in `table`, for payloads in `detached`, and for records with `records`, by pseudonym."""
        self._table, self._detached, self._lookup_key = table, detached, lookup_key
        self._erasure, self._record, self._records, self._ground = erasure, record, records, ground

    @property
    def described(self) -> Described:
        """See `PersonalStore`."""
        return _DESCRIBED

    def find(self, person: Person) -> int:
        """See `PersonalStore`: the keys and the payloads, without which the records say nothing of the person."""
        with _translated():
            subject = person.subject or self._table.subject_of(self._lookup(person))
            return 0 if subject is None else len(self._table.key_ids(subject)) + len(self._detached.of(subject))

    def export(self, person: Person) -> Iterator[Item]:
        """See `PersonalStore`: every part of a request that is sealed under a key of the person."""
        subject = person.subject
        if subject is None:
            return
        seen = set()
        with _translated():
            for record in self._records(subject):
                if record.position.decision_id not in seen:
                    seen.add(record.position.decision_id)
                    yield from self._items(record, subject)

    def rectify(self, person: Person, changes: Mapping[str, Any]) -> int:  # noqa: ARG002 - the port's
        """See `PersonalStore`."""
        raise UnsupportedError(
            "these are records of what was asked and decided at the time. They cannot be changed, by anybody, which is "
            "what makes them proof; what is wrong in them now was what we had been told then"
        )

    def erase(self, person: Person) -> int:
        """See `PersonalStore`. Raises `HeldError` where a legal hold stands on the person."""
        with _translated():
            try:
                certificate = self._erasure.erase(
                    person.tenant, person.kind, person.id, self._ground, record=self._record
                )
            except UnknownPersonError:
                return 0
            return len(certificate.keys) + certificate.payloads

    def verify(self, person: Person) -> tuple[str, ...]:
        """See `PersonalStore`: no key, no payload, and nobody known by this id."""
        left = []
        with _translated():
            known = self._table.subject_of(self._lookup(person))
            for subject in sorted({each for each in (person.subject, known) if each is not None}):
                left += [f"keys/{kid}" for kid in self._table.key_ids(subject)]
                left += [f"payloads/{name.rpartition('/')[2]}" for name in self._detached.of(subject)]
        return (*left, *(["known by this id"] if known is not None else []))

    def _lookup(self, person: Person) -> str:
        return lookup_of(self._lookup_key, person.tenant, person.kind, person.id)

    def _items(self, record: Record, subject: str) -> Iterator[Item]:
        """Yield the parts of one record that are under keys of the pseudonym and can be opened."""
        origin = record.orphan_of  # of a record carried over: where its blocks were sealed for
        place = f"{origin['chain']}-{origin['seq']}" if origin else record.position.decision_id
        for index, block in enumerate(record.sealed):
            if (key := self._key(block, subject)) is not None:
                yield _item(record, key.open(block, place=(place, index)))
        references = record.body.get("payloads")
        for reference in references if isinstance(references, list) else ():
            if (key := self._key(reference, subject)) is not None:
                with suppress(ObjectGoneError):  # its time has ended
                    yield _item(record, self._detached.open(key, reference))

    def _key(self, part: Any, subject: str) -> SubjectKey | None:
        mine = isinstance(part, Mapping) and part.get("subject") == subject and isinstance(part.get("kid"), str)
        return self._table.find(subject, part["kid"]) if mine else None


def _item(record: Record, text: bytes) -> Item:
    said = {"time": record.time, "action": record.body.get("action"), "result": record.body.get("result")}
    content = {"record": record.type, "said": _document(text)}
    content |= {name: value for name, value in said.items() if value is not None}
    return Item(place=record.position.decision_id, category="requests", content=content)


def _document(text: bytes) -> Any:
    """Return a sealed part as a JSON value, where it is one by itself."""
    try:
        said = text.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(text).decode("ascii")}
    try:
        return json.loads(said)
    except ValueError:
        return said  # one part of two, which are one document together


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (KeyStoreError, SealedBlockError, ObjectsError, EvidenceError) as error:
        raise StoreError(f"the log or its keys cannot be used: {error.code}") from error
