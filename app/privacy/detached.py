"""Detached payloads: sealed texts kept as deletable objects, because they are too large for a record or must go early.

Owns their keys, which carry class and pseudonym, so that a person's payloads are found without an index; and which of
them may go. A record names its payload, and is written after it. Blocking; knows neither requests nor records.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from app.objects import Objects
from app.privacy.errors import SealedBlockError
from app.privacy.sealed_block import MAX_PAYLOAD, SubjectKey, verify_reference

MAX_PAYLOADS: Final = 8
"""How many payloads a record may name."""

REQUESTS: Final = "request"
"""The class of requests; each class has its own retention."""

EXPORTS: Final = "export"
"""The class of what was made for a person to take along."""

_NAME: Final = re.compile(r"([a-z0-9]{1,16})/psn_[0-9a-f]{32}/[0-9a-f]{32}", re.ASCII)
_SUBJECT: Final = re.compile(r"psn_[0-9a-f]{32}", re.ASCII)
_BATCH: Final = 50_000


def verify_references(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the member `payloads` of a record's body: 1 to 8 references.

    Raises:
        SealedBlockError: it has another form.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PAYLOADS:
        raise SealedBlockError("payloads is not an array of 1 to 8 references")
    return tuple(verify_reference(each) for each in value)


class Detached:
    """The payloads in one place. Every method raises `ObjectsError` if that place fails; several threads may use it."""

    def __init__(
        self,
        objects: Objects,
        classes: Collection[str] = (),
        *,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Keep payloads of `classes`, of `REQUESTS` and of `EXPORTS` in `objects`, which may hold other things."""
        self._objects = objects
        self._classes = sorted({REQUESTS, EXPORTS, *classes})
        self._random = random

    def keep(self, key: SubjectKey, text: bytes, kind: str = REQUESTS) -> dict[str, Any]:
        """Return what a record says of `text`, which is durable by now as a payload of class `kind`.

        Raises:
            SealedBlockError: the key was destroyed meanwhile, or the text is larger than a payload may be.
        """
        name = f"{kind}/{key.subject}/{self._random(16).hex()}"
        reference, data = key.seal_payload(text, name=name, random=self._random)
        verify_reference(reference)
        self._objects.put(name, data)
        return reference

    def open(self, key: SubjectKey, reference: Mapping[str, Any]) -> bytes:
        """Return the text of a payload.

        Raises:
            ObjectGoneError: it was deleted.
            SealedBlockError: it is not what the record says.
        """
        return key.open_payload(reference, self._objects.get(reference["object"], limit=MAX_PAYLOAD))

    def delete(self, reference: Mapping[str, Any]) -> bool:
        """Delete the payload that a record names, and return whether there was one."""
        return self._objects.delete(reference["object"])

    def of(self, subject: str) -> list[str]:
        """Return the names of all payloads of a pseudonym."""
        if not _SUBJECT.fullmatch(subject):
            return []
        return [each.key for kind in self._classes for each in self._objects.list(f"{kind}/{subject}/")]

    def delete_of(self, subject: str) -> int:
        """Delete all payloads of a pseudonym, and return how many there were. Again does no harm."""
        return sum(self._objects.delete(name) for name in self.of(subject))

    def sweep(self, older_than: datetime, recorded: Callable[[Collection[str]], Collection[str]]) -> int:
        """Delete what was written before `older_than` and no record names, and return how much.

        `recorded` is asked with up to 50,000 names at a time, after they were listed, and returns those that a record
        names. Choose a time by which every record that was under way is written: an hour ago, or earlier.
        """
        old = (each.key for each in self._objects.list() if _NAME.fullmatch(each.key) and each.modified < older_than)
        removed = self._objects.tidy(older_than)
        for names in _batches(old):
            kept = frozenset(recorded(names))
            removed += sum(self._objects.delete(name) for name in names if name not in kept)
        return removed

    def expire(self, retention: Mapping[str, timedelta], now: datetime) -> int:
        """Delete the payloads whose class has ended its retention, and return how many. Their records stay."""
        ended = (
            each.key
            for each in self._objects.list()
            if (found := _NAME.fullmatch(each.key))
            and found[1] in retention
            and each.modified < now - retention[found[1]]
        )
        return sum(self._objects.delete(name) for names in _batches(ended) for name in names)


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    """Yield lists of names, each complete before anything of it is deleted."""
    while batch := list(islice(names, _BATCH)):
        yield batch
