"""Legal holds: why a person may not be erased, though they ask (GDPR, article 17(3)(b) and (e)).

A hold stands on a pseudonym, is recorded, and each reason is released on its own. Blocking.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from app.db import write_transaction
from app.privacy.errors import HeldError, ReasonError, UnknownPersonError
from app.privacy.key_table import KeyTable, translated
from app.privacy.lookup import lookup_of
from app.privacy.rows import LEGAL_HOLD, SUBJECT_KEY
from evidence.record import Draft

HOLD: Final = "legal_hold"
SET: Final = "set"
RELEASED: Final = "released"

_REASON: Final = re.compile(r"[a-z0-9][a-z0-9_.:/-]{0,63}", re.ASCII)


def is_reason(value: Any) -> bool:
    """Tell whether this can be the reason of a hold: 1 to 64 of `[a-z0-9_.:/-]`, such as `litigation:2026-17`."""
    return isinstance(value, str) and _REASON.fullmatch(value) is not None


class Holds:
    """The holds in one key store."""

    def __init__(
        self, table: KeyTable, lookup_key: bytes, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._table, self._lookup_key, self._now = table, lookup_key, now

    def hold(self, tenant: str, kind: str, identifier: str, reason: str, *, record: Callable[[Draft], Any]) -> str:
        """Set a hold, which counts at once and is recorded then; return the pseudonym. Again does no harm.

        Raises:
            UnknownPersonError: there is nobody of this name.
            ReasonError: the reason is no code.
            KeyStoreError, EvidenceError: something failed; ask again.
        """
        if not is_reason(reason):
            raise ReasonError("the reason of a hold is a code of 1 to 64 characters: a-z, 0-9, and _ . : / -")
        with translated(), write_transaction(self._table.engine) as connection:
            subject = self._subject(connection, tenant, kind, identifier)
            set_hold(connection, subject, reason, self._now())
        record(_draft(tenant, subject, reason, SET))
        return subject

    def release(self, tenant: str, kind: str, identifier: str, reason: str, *, record: Callable[[Draft], Any]) -> bool:
        """Release a hold, once that is recorded; return whether there was one.

        Raises:
            UnknownPersonError: there is nobody of this name.
            KeyStoreError, EvidenceError: something failed; ask again.
        """
        with translated(), write_transaction(self._table.engine) as connection:
            subject = self._subject(connection, tenant, kind, identifier)
            if reason not in reasons(connection, subject):
                return False
        record(_draft(tenant, subject, reason, RELEASED))
        with translated(), write_transaction(self._table.engine) as connection:
            release_hold(connection, subject, reason)
        return True

    def _subject(self, connection: Connection, tenant: str, kind: str, identifier: str) -> str:
        """Return the pseudonym; an erasure waits until the transaction ends."""
        lookup = lookup_of(self._lookup_key, tenant, kind, identifier)
        wanted = select(SUBJECT_KEY.c.subject).where(SUBJECT_KEY.c.lookup == lookup).with_for_update()
        subject = connection.execute(wanted).scalar_one_or_none()
        if subject is None:
            raise UnknownPersonError("nobody is known by this id")
        return str(subject)


def reasons(connection: Connection, subject: str) -> frozenset[str]:
    """Return why a pseudonym is held."""
    wanted = select(LEGAL_HOLD.c.reason).where(LEGAL_HOLD.c.subject == subject)
    return frozenset(connection.execute(wanted).scalars())


def standing(table: KeyTable, subject: str) -> frozenset[str]:
    """Return why a pseudonym is held, as it stands now.

    Raises:
        KeyStoreError: the database failed.
    """
    with translated(), table.engine.begin() as connection:
        return reasons(connection, subject)


def refuse_held(connection: Connection, subject: str) -> None:
    """Raise where a hold stands on a pseudonym.

    Raises:
        HeldError: for these reasons.
    """
    if found := reasons(connection, subject):
        raise HeldError(f"a legal hold stands on this person: {', '.join(sorted(found))}")


def set_hold(connection: Connection, subject: str, reason: str, now: datetime) -> None:
    """Set a hold in a transaction, unless it stands."""
    if reason not in reasons(connection, subject):
        connection.execute(insert(LEGAL_HOLD).values(subject=subject, reason=reason, set_at=now))


def release_hold(connection: Connection, subject: str, reason: str) -> None:
    """Release a hold in a transaction."""
    connection.execute(delete(LEGAL_HOLD).where(LEGAL_HOLD.c.subject == subject, LEGAL_HOLD.c.reason == reason))


def _draft(tenant: str, subject: str, reason: str, state: str) -> Draft:
    return Draft(type=HOLD, tenant=tenant, body={"subject": subject, "reason": reason, "state": state})
