"""What a store holds of a log, sorted by kind: docs/evidence-format.md, section 8, step 1. And how it is read.

An object that is too large, gone or shadowed is a finding here; a store that does not answer stays an error.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from evidence.anchor_check import COSIGNATURE_KEY, TIMESTAMP_KEY
from evidence.checkpointer import CHECKPOINT_KEY, LEAVES_KEY
from evidence.errors import FindingError, MalformedError, NotFoundError, ObjectTooLargeError, ShadowedObjectError
from evidence.key_history import STATEMENT_KEY
from evidence.segment import SEAL_KEY, SEGMENT_KEY, Seal
from evidence.store import WormStore

PROBE: Final = "probe/"
_T = TypeVar("_T")


class AuditedStore:
    """A store of which nothing is believed."""

    def __init__(self, store: WormStore) -> None:
        self.store = store

    def read(self, key: str, limit: int, code: str) -> bytes:
        """Return the bytes at `key`.

        Raises:
            FindingError: `code`, where it is larger than `limit` or gone; `shadowed-object`.
            StoreError: the store does not answer.
        """
        try:
            return self.store.get(key, limit=limit)
        except ObjectTooLargeError as error:
            raise FindingError(code, key, "is larger than such an object can be") from error
        except NotFoundError as error:
            raise FindingError(code, key, "was listed and is gone") from error
        except ShadowedObjectError as error:
            raise FindingError("shadowed-object", key, "has several versions, or was deleted") from error

    def parsed(self, key: str, limit: int, parse: Callable[[bytes], _T], code: str) -> _T:
        """Return what the bytes at `key` say; `code` is the finding where they do not parse."""
        try:
            return parse(self.read(key, limit, code))
        except MalformedError as error:
            raise FindingError(code, key, str(error)) from error

    def arrived(self, key: str, limit: int) -> bool:
        """Return whether an object that was not listed is there by now: a living log grows while it is verified."""
        try:
            self.store.get(key, limit=limit)
        except NotFoundError:
            return False
        except (ObjectTooLargeError, ShadowedObjectError):
            return True
        return True


@dataclass(slots=True)
class ChainObjects:
    """What the store has of one chain, and where its walk stands.

    Attributes:
        leaves: by segment number, the seal hash and the place in the tree.
        epoch: of the last record that was read.
        unread: records behind that one which are expired, or were verified before.
    """

    seals: set[int] = field(default_factory=set)
    segments: set[tuple[int, str]] = field(default_factory=set)
    leaves: dict[int, tuple[str, int]] = field(default_factory=dict)
    first: Seal | None = None
    last: Seal | None = None
    epoch: int = 0
    unread: int = 0

    @property
    def highest(self) -> int:
        """Return the greatest number of a seal that is there, or that the tree holds; -1 if there is none."""
        return max(self.seals | self.leaves.keys(), default=-1)


@dataclass(slots=True)
class Inventory:
    """The keys of a log by kind."""

    chains: dict[str, ChainObjects] = field(default_factory=dict)
    batches: set[int] = field(default_factory=set)
    checkpoints: set[int] = field(default_factory=set)
    statements: set[int] = field(default_factory=set)
    anchors: list[str] = field(default_factory=list)
    total_seals: int = 0

    def chain(self, name: str) -> ChainObjects:
        """Return what there is of a chain."""
        return self.chains.setdefault(name, ChainObjects())

    def sort(self, store: WormStore) -> None:
        """Take in every key of `store`, but for those of its probe.

        Raises:
            FindingError: a key is none of a log's, or there is no seal.
            StoreError: the store cannot say.
        """
        for key in store.keys(""):
            if not key.startswith(PROBE) and not self._take(key):
                raise FindingError("unexpected-object", key, "no object of a log has such a key")
        if not self.total_seals:
            raise FindingError("empty-log", "chains/", "there is no seal")

    def _take(self, key: str) -> bool:
        if found := SEAL_KEY.fullmatch(key):
            self.chain(found[1]).seals.add(int(found[2]))
            self.total_seals += 1
        elif found := SEGMENT_KEY.fullmatch(key):
            self.chain(found[1]).segments.add((int(found[2]), found[3]))
        elif TIMESTAMP_KEY.fullmatch(key) or COSIGNATURE_KEY.fullmatch(key):
            self.anchors.append(key)
        else:
            kinds = (LEAVES_KEY, self.batches), (CHECKPOINT_KEY, self.checkpoints), (STATEMENT_KEY, self.statements)
            for form, numbers in kinds:
                if found := form.fullmatch(key):
                    numbers.add(int(found[1]))
                    return True
            return False
        return True
