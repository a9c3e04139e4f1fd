"""How the personal data of requests are sealed under the keys of those whom they are about, and opened again. Blocking.

Knows keys and blocks; what the text says, `said.py` knows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from app.features.dsr.errors import VaultError
from app.privacy.errors import KeyDestroyedError, KeyStoreError, SealedBlockError
from app.privacy.holds import Holds, reasons
from app.privacy.key_table import KeyTable, translated
from app.privacy.lookup import lookup_of
from app.privacy.sealed_block import SubjectKey

MOST: Final = 16_000
"""Bytes of what is sealed of one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed block, and whose key sealed it."""

    subject: str
    block: Mapping[str, str]


class Vault(Protocol):
    """Seals and opens. All methods raise `VaultError` if the key store fails."""

    def seal(self, tenant: str, kind: str, identifier: str, text: bytes, place: tuple[str, int]) -> Sealed:
        """Return `text` sealed under the key of a person, for this place alone."""

    def open(self, subject: str, block: Mapping[str, str], place: tuple[str, int]) -> bytes:
        """Return what was sealed.

        Raises:
            KeyDestroyedError: the person was erased.
        """

    def held(self, subject: str) -> frozenset[str]:
        """Return why a legal hold stands on a pseudonym."""

    def hold(self, person: tuple[str, str, str], reason: str, record: Callable[[Any], Any]) -> None:
        """Set a legal hold on a person: tenant, kind, id."""

    def release(self, person: tuple[str, str, str], reason: str, record: Callable[[Any], Any]) -> None:
        """Release it; one that does not stand is released."""


class KeyVault:
    """The vault of a node: its key store. Several threads may use it."""

    def __init__(self, table: KeyTable, lookup_key: bytes) -> None:
        """Seal under the keys of `table`, which are found with `lookup_key`."""
        self._table, self._lookup_key = table, lookup_key
        self._holds = Holds(table, lookup_key)

    def seal(self, tenant: str, kind: str, identifier: str, text: bytes, place: tuple[str, int]) -> Sealed:
        """See `Vault`."""
        lookup = lookup_of(self._lookup_key, tenant, kind, identifier)
        try:
            key = self._table.load([lookup])[1][lookup]
            if not isinstance(key, SubjectKey):
                raise key
            return Sealed(subject=key.subject, block=key.seal(text, place=place))
        except (KeyStoreError, SealedBlockError) as error:
            raise VaultError("what the request says cannot be sealed now") from error

    def open(self, subject: str, block: Mapping[str, str], place: tuple[str, int]) -> bytes:
        """See `Vault`."""
        try:
            key = self._table.find(subject, block["kid"])
            opened = None if key is None else key.open(block, place=place)
        except (KeyStoreError, SealedBlockError, KeyError) as error:
            raise VaultError("what the request says cannot be opened now") from error
        if opened is None:
            raise KeyDestroyedError("the person was erased")
        return opened

    def held(self, subject: str) -> frozenset[str]:
        """See `Vault`."""
        try:
            with translated(), self._table.engine.begin() as connection:
                return reasons(connection, subject)
        except KeyStoreError as error:
            raise VaultError("whether a legal hold stands cannot be seen now") from error

    def hold(self, person: tuple[str, str, str], reason: str, record: Callable[[Any], Any]) -> None:
        """See `Vault`."""
        try:
            self._holds.hold(*person, reason, record=record)
        except KeyStoreError as error:
            raise VaultError("the legal hold cannot be set now") from error

    def release(self, person: tuple[str, str, str], reason: str, record: Callable[[Any], Any]) -> None:
        """See `Vault`."""
        try:
            self._holds.release(*person, reason, record=record)
        except KeyStoreError as error:
            raise VaultError("the legal hold cannot be released now") from error
