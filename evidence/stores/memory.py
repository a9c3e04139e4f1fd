"""A store that forgets on exit: for tests and trials."""

from collections.abc import Iterator
from datetime import datetime

from evidence.errors import AlreadyWrittenError, NotFoundError, ObjectTooLargeError
from evidence.store import MAX_OBJECT, check_key, check_retention


class MemoryStore:
    """Keeps objects in a dict; several threads may use one. Durable as long as the process lives."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
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
        data = self._objects.get(check_key(key))
        if data is None:
            raise NotFoundError(key)
        if len(data) > limit:
            raise ObjectTooLargeError(key)
        return data

    def keys(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """See `WormStore.keys`."""
        yield from sorted(key for key in list(self._objects) if key.startswith(prefix) and key > after)
