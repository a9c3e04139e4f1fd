"""A store that forgets on exit: for tests and trials."""

from collections.abc import Iterator
from datetime import datetime

from evidence.errors import AlreadyWrittenError, NotFoundError, ObjectTooLargeError
from evidence.store import MAX_OBJECT, Attempt, Level, check_expired, check_key, check_longer, check_retention


class MemoryStore:
    """Keeps objects in a dict; several threads may use one. Durable as long as the process lives."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._held: set[str] = set()
        self.retained_until: dict[str, datetime] = {}
        """The date of each key, so that a test can see what was asked for."""

    def put(self, key: str, data: bytes, *, retain_until: datetime) -> None:
        """See `WormStore.put`."""
        check_key(key)
        check_retention(retain_until)
        if self._objects.setdefault(key, bytes(data)) != data:
            raise AlreadyWrittenError(key)
        self.retained_until[key] = max(retain_until, self.retained_until.get(key, retain_until))

    def get(self, key: str, *, limit: int = MAX_OBJECT) -> bytes:
        """See `WormStore.get`."""
        data = self._objects[self._known(key)]
        if len(data) > limit:
            raise ObjectTooLargeError(key)
        return data

    def keys(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """See `WormStore.keys`."""
        yield from sorted(key for key in list(self._objects) if key.startswith(prefix) and key > after)

    def retained(self, key: str) -> datetime | None:
        """See `WormStore.retained`."""
        return self.retained_until.get(self._known(key))

    def retain(self, key: str, until: datetime) -> None:
        """See `WormStore.retain`."""
        self.retained_until[key] = check_longer(key, until, self.retained(key))

    def held(self, key: str) -> bool:
        """See `WormStore.held`."""
        return self._known(key) in self._held

    def hold(self, key: str, *, on: bool) -> None:
        """See `WormStore.hold`."""
        (self._held.add if on else self._held.discard)(self._known(key))

    def expire(self, key: str, now: datetime) -> None:
        """See `WormStore.expire`."""
        check_expired(key, now, self.retained(key), self.held)
        del self._objects[key], self.retained_until[key]

    def attempts(self) -> Iterator[Attempt]:
        """See `WormStore.attempts`: there is no owner beside this process."""
        return iter(())

    @property
    def promised(self) -> Level:
        """See `WormStore.promised`."""
        return Level.L0

    def _known(self, key: str) -> str:
        if check_key(key) not in self._objects:
            raise NotFoundError(key)
        return key
