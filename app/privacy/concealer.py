"""The key store and the payloads as the decision point sees them: whoever it speaks of, by pseudonym and key."""

import asyncio
from typing import Any, Final, Protocol

from app.objects import ObjectsError
from app.pdp.errors import UnrecordedError
from app.pdp.recording import Person
from app.privacy.detached import Detached
from app.privacy.errors import KeyStoreError, SealedBlockError
from app.privacy.sealed_block import Cipher, SubjectKey

PATIENCE: Final = 5.0
"""Seconds a payload has to become durable; its request is not decided otherwise."""


class Keys(Protocol):
    """Has a key for everybody: `SubjectKeys`."""

    async def key(self, tenant: str, kind: str, identifier: str) -> SubjectKey:
        """See `SubjectKeys.key`."""


class Concealed:
    """See `app.pdp.recording.Person`. An erasure that comes between naming and sealing leaves no record.

    Lives as long as a message is answered, whose questions share it and so one cipher.
    """

    __slots__ = ("_cipher", "key")

    def __init__(self, key: SubjectKey) -> None:
        self.key = key
        self._cipher: Cipher | None = None

    @property
    def subject(self) -> str:
        """See `app.pdp.recording.Person`."""
        return self.key.subject

    def seal(self, text: bytes, *, place: tuple[str, int]) -> dict[str, str]:
        """See `app.pdp.recording.Person`."""
        try:
            if self._cipher is None:
                self._cipher = self.key.cipher()
            return self.key.seal(text, place=place, cipher=self._cipher)
        except SealedBlockError as error:
            raise UnrecordedError("the subject's key was destroyed, or takes no such text") from error


class KeyStoreConcealer:
    """See `app.pdp.recording.Concealer`."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def person(self, tenant: str, kind: str, identifier: str) -> Concealed:
        """See `app.pdp.recording.Concealer`."""
        try:
            return Concealed(await self._keys.key(tenant, kind, identifier))
        except KeyStoreError as error:
            raise UnrecordedError("the subject's key cannot be had") from error


class KeptPayloads:
    """See `app.pdp.recording.Payloads`. What is kept and then not recorded waits for `Detached.sweep`."""

    def __init__(self, detached: Detached, *, patience: float = PATIENCE) -> None:
        self._detached, self._patience = detached, patience

    async def keep(self, person: Person, text: bytes) -> dict[str, Any]:
        """See `app.pdp.recording.Payloads`; `person` comes from a `KeyStoreConcealer`."""
        if not isinstance(person, Concealed):
            raise TypeError("a person of another concealer")
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.to_thread(self._detached.keep, person.key, text)
        except (ObjectsError, SealedBlockError, TimeoutError) as error:
            raise UnrecordedError("the request is too large for a record, and cannot be kept beside it") from error
