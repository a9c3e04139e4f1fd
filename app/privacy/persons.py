"""Persons as threads know them: the pseudonym and the key of somebody, and the key that opens a block. Blocking.

What `SubjectKeys` is for the event loop of a worker, without its cache.
"""

from threading import Lock
from typing import Protocol

from app.privacy.errors import KeyStoreError
from app.privacy.key_table import KeyTable
from app.privacy.lookup import lookup_of
from app.privacy.sealed_block import SubjectKey


class Persons(Protocol):
    """Knows everybody's pseudonym and key."""

    def key(self, tenant: str, kind: str, identifier: str) -> SubjectKey:
        """Return the key of somebody, made and durable now if there was none; the pseudonym is its `subject`.

        Raises:
            KeyStoreError: none can be had now.
        """

    def find(self, subject: str, kid: str) -> SubjectKey | None:
        """Return the key that opens the blocks of `subject` under `kid`, or None if it was destroyed.

        Raises:
            KeyStoreError: the database fails.
        """


class KeptPersons:
    """Those of a key store. Any number of threads may ask. `Persons`."""

    def __init__(self, table: KeyTable, lookup_key: bytes) -> None:
        self._table, self._lookup_key, self._lock = table, lookup_key, Lock()

    def key(self, tenant: str, kind: str, identifier: str) -> SubjectKey:
        """See `Persons`."""
        lookup = lookup_of(self._lookup_key, tenant, kind, identifier)
        with self._lock:
            found = self._table.load((lookup,))[1].get(lookup)
        if isinstance(found, SubjectKey):
            return found
        raise found or KeyStoreError("the key store gave no answer")

    def find(self, subject: str, kid: str) -> SubjectKey | None:
        """See `Persons`."""
        with self._lock:
            return self._table.find(subject, kid)


class Nobody:
    """For an application without a key store. `Persons`."""

    def key(self, tenant: str, kind: str, identifier: str) -> SubjectKey:  # noqa: ARG002 - see `Persons`
        """See `Persons`."""
        raise KeyStoreError("there is no key store")

    def find(self, subject: str, kid: str) -> SubjectKey | None:  # noqa: ARG002 - see `Persons`
        """See `Persons`."""
        raise KeyStoreError("there is no key store")
