"""Who was erased, as keyed hashes of what stores knew them by: so that what a restore brings back is erased again.

Kept in a place of its own, which is not restored with the stores; each entry goes when no older backup is left. Whoever
has the list and not the key learns how many there were. Whoever has both can tell of an id whether it is in there.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.objects import Objects, ObjectsError
from app.privacy.errors import HeldError
from app.privacy.lookup import lookup_of
from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.identifying import ID, identifiers
from app.privacy.stores.registry import Registry, Scannable
from app.privacy.stores.store import Person, PersonalStore

KEPT: Final = timedelta(days=400)
"""How long an entry is kept: longer than any backup of a store may be."""

_FOLDER: Final = "erased/"
_ENTRY: Final = re.compile(r"erased/[0-9a-f]{32}", re.ASCII)
_LARGEST: Final = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """What looking through the stores again came to.

    Attributes:
        known: entries of the list.
        again: by store, how many persons' identifiers were found there again, and erased.
        failed: names of stores that failed, or would not erase; look again.
        blind: names of stores that cannot be looked through this way: systems elsewhere, which were not restored
            with us, and the log, whose records say themselves what is erased.
    """

    known: int
    again: dict[str, int]
    failed: tuple[str, ...]
    blind: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Erased:
    """What an entry says, without its hashes."""

    entry: str
    tenant: str
    kind: str


class Suppression:
    """The list in `objects`, under `lookup_key`. Every method raises `StoreError` if the place fails."""

    def __init__(self, objects: Objects, lookup_key: bytes) -> None:
        self._objects, self._key = objects, lookup_key

    def note(self, request_id: str, person: Person) -> None:
        """Have a person stand in the list because of a request; durable once this returns. Again does no harm."""
        lookups = sorted(self._lookup(person.tenant, *each) for each in identifiers(person).items())
        said = json.dumps({"v": 1, "tenant": person.tenant, "kind": person.kind, "lookups": lookups})
        try:
            self._objects.put(_entry(request_id), said.encode())
        except ObjectsError as error:
            raise StoreError("the list of who was erased cannot be written") from error

    def forget(self, request_id: str) -> None:
        """Have nobody stand in the list because of a request, which was not carried out. Again does no harm."""
        try:
            self._objects.delete(_entry(request_id))
        except ObjectsError as error:
            raise StoreError("the list of who was erased cannot be written") from error

    def expire(self, now: datetime) -> int:
        """Delete the entries that no backup needs any more, and return how many."""
        try:
            old = [each.key for each in self._objects.list(_FOLDER) if each.modified < now - KEPT]
            return sum(self._objects.delete(key) for key in old)
        except ObjectsError as error:
            raise StoreError("the list of who was erased cannot be used") from error

    def repeat(self, registry: Registry, *, since: datetime) -> Repeated:
        """Look through the stores of `registry`, and erase whom the list knows since a time. Again does no harm.

        Args:
            registry: the stores that were restored, and no others: in others somebody may be who came back meanwhile.
            since: when the backup was made; who was erased before that is not in it, unless they came back.
        """
        known = self._entries(since)
        again, failed, blind = dict[str, int](), [], []
        for store in registry.all():
            name = store.described.name
            if not isinstance(store, Scannable):
                blind.append(name)
                continue
            try:
                again[name] = self._repeat(store, store, known)
            except (StoreError, UnsupportedError, HeldError):
                failed.append(name)
        entries = len({each.entry for each in known.values()})
        return Repeated(known=entries, again=again, failed=tuple(failed), blind=tuple(blind))

    def _repeat(self, store: PersonalStore, scanned: Scannable, known: Mapping[str, _Erased]) -> int:
        tenants = sorted({each.tenant for each in known.values()})
        found = set()
        for name, value in scanned.identifiers():
            for tenant in tenants:
                if (entry := known.get(self._lookup(tenant, name, value))) is not None:
                    found.add((tenant, entry.kind, name, value))
        count = 0
        for tenant, kind, name, value in sorted(found):
            named = {} if name == ID else {name: value}
            who = Person(tenant=tenant, kind=kind, id=value if name == ID else "", subject=None, identifiers=named)
            count += store.erase(who) > 0
        return count

    def _lookup(self, tenant: str, name: str, value: str) -> str:
        return lookup_of(self._key, tenant, f"erased/{name}", value)

    def _entries(self, since: datetime) -> dict[str, _Erased]:
        """Return for each keyed hash what its entry says."""
        found: dict[str, _Erased] = {}
        try:
            for each in list(self._objects.list(_FOLDER)):
                if _ENTRY.fullmatch(each.key) and each.modified >= since:
                    said = json.loads(self._objects.get(each.key, limit=_LARGEST))
                    erased = _Erased(entry=each.key, tenant=str(said["tenant"]), kind=str(said["kind"]))
                    found |= dict.fromkeys(said["lookups"], erased)
        except (ObjectsError, ValueError, LookupError, TypeError) as error:
            raise StoreError("the list of who was erased cannot be read") from error
        return found


def _entry(request_id: str) -> str:
    return f"{_FOLDER}{hashlib.sha256(request_id.encode()).hexdigest()[:32]}"
