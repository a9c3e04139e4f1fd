"""Whom a run is about, kept until it has ended: sealed under a key of the request's own.

The keys of the person go before the last look at the stores, and what was sealed under them can be opened no more; so
the identifiers are under a key that belongs to the request, and that is destroyed at the very end.
"""

import json
from collections.abc import Mapping

from app.features.dsr.running.errors import RunError
from app.features.dsr.running.run import Wanted
from app.privacy.key_table import KeyTable
from app.privacy.lookup import lookup_of
from app.privacy.sealed_block import SubjectKey
from app.privacy.stores.store import Person

_KIND = "dsr_request"
_INDEX = 0


class RunPersons:
    """The persons of runs. Every method raises `KeyStoreError` if the key store fails."""

    def __init__(self, table: KeyTable, lookup_key: bytes) -> None:
        self._table, self._lookup_key = table, lookup_key

    def seal(self, request: str, wanted: Wanted) -> tuple[str, dict[str, str]]:
        """Return the pseudonym of the request, and the block that hides what is wanted, and by whom."""
        person = wanted.person
        said = {
            "v": 1,
            "purposes": list(wanted.purposes),
            "changes": dict(wanted.changes),
            "tenant": person.tenant,
            "kind": person.kind,
            "id": person.id,
            "subject": person.subject,
            "identifiers": dict(person.identifiers),
        }
        lookup = lookup_of(self._lookup_key, person.tenant, _KIND, request)
        key = self._table.load([lookup])[1][lookup]
        if not isinstance(key, SubjectKey):
            raise key
        return key.subject, key.seal(json.dumps(said).encode(), place=(request, _INDEX))

    def open(self, request: str, block: Mapping[str, str]) -> Wanted:
        """Return what was sealed.

        Raises:
            RunError: `keys`, the key of the request is gone.
            SealedBlockError: the block is not what was sealed.
        """
        key = self._table.find(block["subject"], block["kid"])
        if key is None:
            raise RunError("keys", "the key of the request is gone: nobody knows any more whom it was about")
        found = json.loads(key.open(block, place=(request, _INDEX)))
        person = Person(
            tenant=found["tenant"],
            kind=found["kind"],
            id=found["id"],
            subject=found["subject"],
            identifiers=found["identifiers"],
        )
        return Wanted(person=person, purposes=tuple(found["purposes"]), changes=found["changes"])

    def destroy(self, holder: str) -> None:
        """Destroy the key of a request. Again does no harm."""
        self._table.destroy(holder)
