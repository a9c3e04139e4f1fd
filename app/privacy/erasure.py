"""Forgetting a person: nobody can read any more what the log holds of them, and the log says that this was done.

Every step is durable before the next, and how far an erasure has come stands in the table `erasure`: one that was cut
off is finished by asking again. Blocking; writes records through whoever hands it a recorder.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Connection, delete, insert, select, update

from app.db import write_transaction
from app.privacy.detached import Detached
from app.privacy.errors import UnknownPersonError
from app.privacy.holds import refuse_held
from app.privacy.key_table import KeyTable, delete_keys, scrub_files, translated
from app.privacy.lookup import lookup_of
from app.privacy.rows import ERASURE, SUBJECT_KEY
from evidence import canonical
from evidence.record import Draft, Position

REQUESTED: Final = "erasure.requested"
COMPLETED: Final = "erasure.completed"


class Recorded(Protocol):
    """A record that is on disk: `evidence.writer.Appended`."""

    @property
    def position(self) -> Position:
        """Return where it stands."""

    @property
    def leaf(self) -> str:
        """Return its leaf hash in hex."""


Recorder: TypeAlias = Callable[[Draft], Recorded]
"""Writes a record and returns once it is on disk, or raises an `EvidenceError`."""


class Ground(StrEnum):
    """Why a person is erased: GDPR, article 17(1), points (a) to (f); or, by other laws, because they asked."""

    NOT_NECESSARY = "not_necessary"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTION = "objection"
    UNLAWFUL = "unlawful"
    LEGAL_OBLIGATION = "legal_obligation"
    CHILD = "child"
    REQUEST = "request"  # CCPA, section 1798.105(a)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What the person is told: which pseudonym and keys are gone, and which records say so. Never the person's id."""

    subject: str
    keys: tuple[str, ...]
    payloads: int
    ground: str
    requested: str  # decision ids
    completed: str
    leaf: str  # of the record of completion, hex

    def text(self) -> bytes:
        """Return it as canonical JSON, for somebody to sign."""
        return canonical.encode(
            {
                "v": 1,
                "type": "erasure",
                "subject": self.subject,
                "keys": list(self.keys),
                "payloads": self.payloads,
                "ground": self.ground,
                "requested": self.requested,
                "completed": self.completed,
                "leaf": self.leaf,
            }
        )


class Erasure:
    """Erases persons from one key store and the payloads beside it."""

    def __init__(self, table: KeyTable, detached: Detached, lookup_key: bytes, *, settle: Callable[[], None]) -> None:
        """Erase from `table` and `detached`.

        `settle` returns when no process can have a destroyed key any more, or a payload under it on its way: a wait
        of `subject_keys.LIFETIME` and `concealer.PATIENCE`.
        """
        self._table, self._detached, self._lookup_key, self._settle = table, detached, lookup_key, settle

    def announce(self, tenant: str, kind: str, identifier: str, ground: Ground, *, record: Recorder) -> tuple[str, str]:
        """Put on record that a person is to be erased, once; return the pseudonym and that record's decision id.

        For who has something to erase elsewhere first: `erase` goes on from here. Raises as `erase` does.
        """
        under_way = self._begin(lookup_of(self._lookup_key, tenant, kind, identifier), ground)
        return under_way["subject"], self._request(tenant, under_way, record)

    def erase(self, tenant: str, kind: str, identifier: str, ground: Ground, *, record: Recorder) -> Certificate:
        """Destroy every key and payload of a person, and whom the pseudonym stood for; or finish what was cut off.

        After a crash the records may stand in the log twice. The person may come back later, under another pseudonym.

        Raises:
            UnknownPersonError: there is nobody of this name.
            HeldError: a legal hold stands on this person; what was not destroyed yet is kept.
            KeyStoreError, ObjectsError, EvidenceError: something failed; ask again.
        """
        try:
            under_way = self._begin(lookup_of(self._lookup_key, tenant, kind, identifier), ground)
        except UnknownPersonError:
            with translated():
                scrub_files(self._table.engine)  # a crash at the very end leaves its last traces there
            raise
        subject, ground = under_way["subject"], Ground(under_way["ground"])
        requested = self._request(tenant, under_way, record)
        keys = self._destroy(subject)
        self._settle()
        payloads = self._delete_payloads(subject, under_way["payloads"])
        body = {"subject": subject, "keys": keys, "ground": ground.value, "payloads": payloads, "requested": requested}
        done = record(Draft(type=COMPLETED, tenant=tenant, body=body))
        self._end(subject)
        return Certificate(
            subject=subject,
            keys=tuple(keys),
            payloads=payloads,
            ground=ground.value,
            requested=requested,
            completed=done.position.decision_id,
            leaf=done.leaf,
        )

    def _begin(self, lookup: str, ground: Ground) -> Mapping[str, Any]:
        """Return the erasure that is under way for this person, begun now if there is none."""
        with translated(), write_transaction(self._table.engine) as connection:
            wanted = select(ERASURE).where(ERASURE.c.lookup == lookup)
            found = connection.execute(wanted).mappings().one_or_none()
            if found is None:
                person = select(SUBJECT_KEY.c.subject).where(SUBJECT_KEY.c.lookup == lookup).with_for_update()
                subject = connection.execute(person).scalar_one_or_none()
                if subject is None:
                    raise UnknownPersonError("nobody is known by this id: there is nothing to erase")
                refuse_held(connection, subject)
                row = {"subject": subject, "lookup": lookup, "ground": ground.value}
                connection.execute(insert(ERASURE).values(row | {"keys": "", "payloads": 0, "destroyed": False}))
                found = connection.execute(wanted).mappings().one()
            return {str(name): value for name, value in found.items()}

    def _request(self, tenant: str, under_way: Mapping[str, Any], record: Recorder) -> str:
        """Return the decision id of the record that an erasure begins with, which is written now if it was not."""
        if under_way["requested"] is not None:
            return str(under_way["requested"])
        subject = under_way["subject"]
        body = {"subject": subject, "keys": self._table.key_ids(subject), "ground": under_way["ground"]}
        requested = record(Draft(type=REQUESTED, tenant=tenant, body=body)).position.decision_id
        self._note(subject, requested=requested)
        return requested

    def _note(self, subject: str, **values: Any) -> None:
        with translated(), write_transaction(self._table.engine) as connection:
            connection.execute(update(ERASURE).where(ERASURE.c.subject == subject).values(values))

    def _destroy(self, subject: str) -> list[str]:
        """Destroy the keys, unless that was done, and return their ids; no file of SQLite holds them any more."""
        with translated():
            with write_transaction(self._table.engine) as connection:
                wanted = select(ERASURE.c["keys"], ERASURE.c.destroyed).where(ERASURE.c.subject == subject)
                keys, destroyed = connection.execute(wanted.with_for_update()).one()
                if not destroyed:
                    keys = self._destroy_held_fast(connection, subject)
            scrub_files(self._table.engine)
        return str(keys).split()

    def _destroy_held_fast(self, connection: Connection, subject: str) -> str:
        """Destroy under the lock of the person's row: a hold comes before, and counts, or after, and finds nobody."""
        connection.execute(select(SUBJECT_KEY.c.kid).where(SUBJECT_KEY.c.subject == subject).with_for_update())
        refuse_held(connection, subject)
        keys = " ".join(delete_keys(connection, subject))
        connection.execute(update(ERASURE).where(ERASURE.c.subject == subject).values(keys=keys, destroyed=True))
        return keys

    def _delete_payloads(self, subject: str, counted: int) -> int:
        """Delete the payloads, and return how many there were, those of a first try included."""
        if (found := len(self._detached.of(subject))) > counted:
            counted = found
            self._note(subject, payloads=counted)
        self._detached.delete_of(subject)
        return counted

    def _end(self, subject: str) -> None:
        """Forget that there was an erasure, which still knew under which name the person was found."""
        with translated():
            with write_transaction(self._table.engine) as connection:
                connection.execute(delete(ERASURE).where(ERASURE.c.subject == subject))
            scrub_files(self._table.engine)
