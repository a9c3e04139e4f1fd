"""All stores there are, by name: whoever looks for a person looks in each of them.

Knows no store in particular. What is built in and what an operator describes come together here.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from app.privacy.stores.errors import StoresFileError
from app.privacy.stores.store import PersonalStore


@runtime_checkable
class Keyed(Protocol):
    """A store elsewhere, which has to be told that a question is the same as before."""

    def keyed(self, key: str) -> PersonalStore:
        """Return the store that sends `key` with each question; the same key, and it is done once."""


@runtime_checkable
class Scannable(Protocol):
    """A store that can say by what it knows persons, so that those who were erased are found after a restore."""

    def identifiers(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the value of each identifier that stands there; some may come twice."""


class Registry:
    """The stores, each under its own name, in the order in which they are asked."""

    def __init__(self, stores: Iterable[PersonalStore]) -> None:
        """Hold `stores`.

        Raises:
            StoresFileError: two have the same name.
        """
        self._stores: dict[str, PersonalStore] = {}
        for each in stores:
            name = each.described.name
            if name in self._stores:
                raise StoresFileError(f"two stores are called `{name}`")
            self._stores[name] = each

    def all(self) -> tuple[PersonalStore, ...]:
        """Return every store."""
        return tuple(self._stores.values())

    def of(self, name: str) -> PersonalStore | None:
        """Return the store of this name, or None where there is none any more."""
        return self._stores.get(name)


def for_request(store: PersonalStore, key: str) -> PersonalStore:
    """Return `store` as one request asks it: with `key`, where that makes a difference."""
    return store.keyed(key) if isinstance(store, Keyed) else store
