"""After an old key store came back: what the log says was erased is erased again, and what it says is held is held.

Owns what the records of erasures and holds mean for the tables. Reads no log; believes the records it is handed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import delete

from app.db import write_transaction
from app.privacy.detached import Detached
from app.privacy.erasure import COMPLETED, REQUESTED, Recorder
from app.privacy.holds import HOLD, RELEASED, SET, is_reason, reasons, release_hold, set_hold
from app.privacy.key_table import KeyTable, scrub_files, translated
from app.privacy.rows import ERASURE
from evidence.record import Draft, Record

TYPES: Final = frozenset({REQUESTED, COMPLETED, HOLD})
"""The types of records that say what is erased or held."""

_SUBJECT: Final = re.compile(r"psn_[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay found in the log, and did.

    Attributes:
        erased: pseudonyms that the log says are erased.
        destroyed: how many of them had keys again.
        payloads: how many payloads they had again.
        held: pseudonyms whose erasure was requested and not completed, and on which a hold stands.
        unreadable: records of these types of another form.
    """

    erased: frozenset[str]
    destroyed: int
    payloads: int
    held: frozenset[str]
    unreadable: int


@dataclass(slots=True)
class _Said:
    """What the records say in the end."""

    completed: set[str] = field(default_factory=set)
    requested: dict[str, Record] = field(default_factory=dict)
    holds: dict[tuple[str, str], bool] = field(default_factory=dict)  # pseudonym, reason: whether it stands
    unreadable: int = 0

    def take(self, record: Record) -> None:
        subject = record.body.get("subject")
        if record.type == HOLD and "subject" not in record.body:
            return  # a hold on an object of the store
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            self.unreadable += 1
        elif record.type == COMPLETED:
            self.completed.add(subject)
        elif record.type == REQUESTED:
            self.requested[subject] = record
        else:
            self._take_hold(subject, record)

    def _take_hold(self, subject: str, record: Record) -> None:
        reason, state = record.body.get("reason"), record.body.get("state")
        if is_reason(reason) and state in (SET, RELEASED):
            self.holds[subject, str(reason)] = state == SET
        else:
            self.unreadable += 1


def replay_erasures(
    records: Iterable[Record], table: KeyTable, detached: Detached, *, now: datetime, record: Recorder
) -> Replayed:
    """Erase again what `records` say was erased, and set and release holds as they do. Again does no harm.

    `records` come in the order of their times; other types than `TYPES` are passed over. An erasure that was requested
    and never completed is carried out and recorded as completed, unless the person is held.

    Raises:
        KeyStoreError, ObjectsError, EvidenceError: something failed; replay again.
    """
    said = _Said()
    for each in records:
        if each.type in TYPES:
            said.take(each)
    _apply_holds(said, table, now)
    unfinished = said.requested.keys() - said.completed
    with translated(), table.engine.begin() as connection:
        held = frozenset(subject for subject in unfinished if reasons(connection, subject))
    erased = frozenset(said.completed | (unfinished - held))
    destroyed = payloads = 0
    for subject in sorted(erased):
        destroyed += table.destroy(subject)
        payloads += (found := detached.delete_of(subject))
        if subject not in said.completed:
            record(_completion(said.requested[subject], found))
    with translated():
        with write_transaction(table.engine) as connection:
            for subject in erased:
                connection.execute(delete(ERASURE).where(ERASURE.c.subject == subject))
        scrub_files(table.engine)
    return Replayed(erased=erased, destroyed=destroyed, payloads=payloads, held=held, unreadable=said.unreadable)


def _completion(requested: Record, payloads: int) -> Draft:
    """Return what completes an erasure of which nothing but its request is known."""
    named = {name: requested.body.get(name) for name in ("subject", "keys", "ground")}
    body = named | {"payloads": payloads, "requested": requested.position.decision_id}
    return Draft(type=COMPLETED, tenant=requested.tenant, body=body)


def _apply_holds(said: _Said, table: KeyTable, now: datetime) -> None:
    with translated(), write_transaction(table.engine) as connection:
        for (subject, reason), stands in said.holds.items():
            if stands and subject not in said.completed:
                set_hold(connection, subject, reason, now)
            else:
                release_hold(connection, subject, reason)
