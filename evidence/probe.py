"""What a store really refuses: everything is tried on a canary that must fail, and a level is what is left.

Believes no configuration. Knows no service: each store says itself what to try (`WormStore.attempts`).
What was refused was refused to the credentials of the probe, at one moment.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from evidence import form
from evidence.errors import (
    AlreadyWrittenError,
    AssuranceError,
    NotFoundError,
    RetainedError,
    ShadowedObjectError,
    StoreError,
)
from evidence.record import Draft
from evidence.store import Attempt, Canary, Level, WormStore

PREFIX: Final = "probe/"
_KEPT: Final = timedelta(minutes=2)
_OLD: Final = 16  # canaries looked at to be removed: a probe leaves one

MEANINGS: Final = {
    Level.L0: "nothing is kept for certain",
    Level.L1: "durable; its owner can change and remove objects, which the log then shows",
    Level.L1I: "durable, under a flag of the file system that held; who may clear it can change and remove objects",
    Level.L2: "locked; who may bypass governance can remove objects",
    Level.L3: "locked in mode COMPLIANCE; every attempt was refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt, and how it ended."""

    name: str
    refused: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assurance:
    """What was shown of a store."""

    time: str
    level: Level
    timestamped: bool
    witnessed: bool
    tried: tuple[Tried, ...]

    @property
    def label(self) -> str:
        """Return the level, and what stands beside the store: `L3+T+W`."""
        return self.level + "+T" * self.timestamped + "+W" * self.witnessed

    @property
    def accepted(self) -> tuple[str, ...]:
        """Return the names of the attempts that the store did not refuse."""
        return tuple(each.name for each in self.tried if not each.refused)

    def document(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            "time": self.time,
            "level": self.level.value,
            "label": self.label,
            "meaning": MEANINGS[self.level],
            "timestamped": self.timestamped,
            "witnessed": self.witnessed,
            "attempts": [{"attempt": each.name, "refused": each.refused, "said": each.said} for each in self.tried],
        }

    def draft(self) -> Draft:
        """Return the record of this probe."""
        body = {"level": self.level.value, "tried": len(self.tried), "accepted": list(self.accepted)}
        return Draft(type="storage.probe", tenant="system", body=body)

    def require(self, level: Level) -> None:
        """Return if the store was shown to be of `level` at least.

        Raises:
            AssuranceError: it was not.
        """
        if self.level.rank < level.rank:
            reason = f": it did not refuse to {', to '.join(self.accepted)}" if self.accepted else ""
            raise AssuranceError(f"the store is of level {self.level}, and {level} is required{reason}")


def probe(
    store: WormStore, now: datetime, nonce: str, *, timestamped: bool = False, witnessed: bool = False
) -> Assurance:
    """Try what `store` has to refuse; return what it is worth.

    Writes objects below `probe/`, kept for two minutes, and removes what earlier probes left if it may.

    Args:
        store: harmed only below `probe/`.
        now: the time, with a time zone.
        nonce: a text that no other probe has; letters and digits.
        timestamped: checkpoints are anchored in time by somebody else.
        witnessed: checkpoints are cosigned by somebody else.

    Raises:
        StoreError: the store could not be reached, takes no canary, or left open what it did.
    """
    tried, level = [], store.promised
    canaries = _canaries(now, nonce)
    canary: Canary | None = None
    for attempt in (*_own(store), *store.attempts()):
        if canary is None:
            canary = next(canaries)
            store.put(canary.key, canary.data, retain_until=canary.until)
        said = attempt.run(canary)
        if said is not None and not _stands(store, canary):
            said = None  # whatever the store says
        tried.append(Tried(name=attempt.name, refused=said is not None, said=said or "done"))
        if said is None:
            level = min(level, attempt.leaves, key=lambda each: each.rank)
            canary = None
    _remove_old(store, now)
    return Assurance(
        time=form.time_text(now), level=level, timestamped=timestamped, witnessed=witnessed, tried=tuple(tried)
    )


def _canaries(now: datetime, nonce: str) -> Iterator[Canary]:
    """Yield canaries, one for the start and one after each attempt that hurt one."""
    stamp = form.time_text(now)[:19].translate({ord("T"): "t", ord(":"): None, ord("-"): None})
    number = 0
    while True:
        key = f"{PREFIX}{stamp}-{nonce}-{number}"
        yield Canary(key=key, data=f"canary {nonce} {number}\n".encode(), now=now, until=now + _KEPT)
        number += 1


def _stands(store: WormStore, canary: Canary) -> bool:
    try:
        until = store.retained(canary.key)
        return until is not None and until >= canary.until and store.get(canary.key) == canary.data
    except (NotFoundError, ShadowedObjectError):
        return False


def _own(store: WormStore) -> tuple[Attempt, ...]:
    """Return what is tried through the store's own interface, whatever store it is."""

    def write_other_bytes(canary: Canary) -> str | None:
        return _refused(lambda: store.put(canary.key, b"other", retain_until=canary.until), AlreadyWrittenError)

    def shorten(canary: Canary) -> str | None:
        return _refused(lambda: store.retain(canary.key, canary.now), RetainedError)

    def expire(canary: Canary) -> str | None:
        return _refused(lambda: store.expire(canary.key, canary.now), RetainedError)

    return (
        Attempt(name="give the key other bytes", leaves=Level.L0, run=write_other_bytes),
        Attempt(name="keep for a shorter time", leaves=Level.L0, run=shorten),
        Attempt(name="let expire before the date", leaves=Level.L0, run=expire),
    )


def _refused(call: Callable[[], None], refusal: type[StoreError]) -> str | None:
    try:
        call()
    except refusal as error:
        return error.code
    return None


def _remove_old(store: WormStore, now: datetime) -> None:
    """Remove what earlier probes left. Who may not delete leaves it: it takes up room and does no harm."""
    with suppress(StoreError):
        for key in islice(store.keys(PREFIX), _OLD):
            with suppress(RetainedError, ShadowedObjectError):
                store.expire(key, now)
