"""The secret under which the values of a person are found again: made with the person's row, in a sealed block.

It lasts as long as the person's key: a data key that grows old opens the block still, so that a value keeps its token;
once the keys are destroyed, no value can be looked up any more. Blocking. Who the person is, nothing here knows.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.pdp.enforce import Permit
from app.privacy.errors import KeyDestroyedError, SealedBlockError
from app.privacy.redaction.rows import PersonRow
from app.privacy.sealed_block import SubjectKey

FindKey = Callable[[str, str], SubjectKey | None]
"""Returns the key of a pseudonym by its id, None if it was destroyed; see `app.privacy.persons.Persons.find`."""

_PLACE: Final = ("person", 0)
_SECRET: Final = 32  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A person, by pseudonym, as long as the key is there."""

    subject: str
    _secret: bytes = field(repr=False)

    def lookup(self, scope: str, kind: str, value: str) -> str:
        """Return under what a value is found: hex HMAC-SHA-256. Neither scope nor kind holds a NUL."""
        text = f"{scope}\0{kind}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, text, "sha256").hex()

    @classmethod
    def read(cls, row: PersonRow, find_key: FindKey) -> Self:
        """Return whom a row is about.

        Raises:
            KeyDestroyedError: the person was erased.
            SealedBlockError: the row was altered.
            KeyStoreError: the key cannot be had now.
        """
        return cls(subject=row.subject, _secret=opened(row.subject, row.block, _PLACE, find_key))


def opened(subject: str, block: Mapping[str, str], place: tuple[str, int], find_key: FindKey) -> bytes:
    """Return what a block hides; raises as `Known.read`."""
    kid = block.get("kid")
    if not isinstance(kid, str):
        raise SealedBlockError("the block names no key")
    key = find_key(subject, kid)
    if key is None:
        raise KeyDestroyedError("the subject's key was destroyed")
    return key.open(block, place=place)


def find(session: Session, subject: str) -> PersonRow | None:
    """Return the row of a pseudonym."""
    return session.exec(select(PersonRow).where(PersonRow.subject == subject)).one_or_none()


def keep(  # noqa: PLR0913 - what a row is made of
    session: Session, key: SubjectKey, permit: Permit, find_key: FindKey, *, now: int, random: Callable[[int], bytes]
) -> Known:
    """Return the person of `key`, with a row from now on; nobody else numbers tokens until the transaction ends.

    Raises: as `Known.read`.
    """
    block = key.seal(random(_SECRET), place=_PLACE, random=random)
    insert = postgresql.insert if session.connection().dialect.name == "postgresql" else sqlite.insert
    fresh = {"subject": key.subject, "block": block, "at": now, "decision_id": permit.decision_id}
    session.execute(insert(PersonRow).values(fresh).on_conflict_do_nothing())
    wanted = select(PersonRow).where(col(PersonRow.subject) == key.subject).with_for_update()
    return Known.read(session.exec(wanted).one(), find_key)
