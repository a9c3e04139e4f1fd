"""What may be done to objects that stand: hold them, keep them longer, let segments go whose time has passed.

Only segments go. Their seals stay, so that roots, counts and links still verify. Nothing is deleted that the
store itself still keeps.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evidence import form, note
from evidence.errors import FindingError, MalformedError, NotFoundError, RetainedError
from evidence.key_history import KeyHistory
from evidence.keys import VerifierKey
from evidence.note import Note
from evidence.reader import Reader
from evidence.record import Draft, Position
from evidence.segment import SEGMENT_KEY, Seal, seal_key
from evidence.store import WormStore

_SEGMENT = re.compile(r"([0-9a-f]{20})/([0-9]{1,12})")

Record = Callable[[Draft], object]
"""Puts a record into the log, or raises: no evidence, no action."""


class Fate(StrEnum):
    """What became of a segment whose time has passed."""

    EXPIRED = "expired"
    HELD = "held"
    """It is under a legal hold."""
    KEPT = "kept"
    """The store keeps it longer than its seal asked for, or knows no date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """One segment whose time has passed."""

    key: str
    retain_until: str
    records: int
    fate: Fate


def expire(store: WormStore, key: VerifierKey, now: datetime, *, dry_run: bool) -> Iterator[Expiry]:
    """Delete the segments whose seal's `retain_until` has passed by `now`; yield what became of each.

    Goes through each chain in order, up to the first segment whose time has not passed: one that was sealed
    for a shorter time behind it waits for it.

    Raises:
        FindingError: a seal is not what the log says it is; nothing of its chain goes from there on.
        StoreError: the store does not answer, or does not let these credentials delete.
    """
    for seal in _due(store, key, form.time_text(now)):
        fate = _fate(store, seal.object_key, now)
        if fate is Fate.EXPIRED and not dry_run:
            try:
                store.expire(seal.object_key, now)
            except RetainedError:  # held since we looked
                fate = Fate.KEPT
        yield Expiry(key=seal.object_key, retain_until=seal.retain_until, records=seal.count, fate=fate)


def hold(store: WormStore, key: str, record: Record, *, on: bool) -> bool:
    """Put the object at `key` under a legal hold, or lift the hold; return whether that changed anything.

    Recorded first. If the store then fails, the log says what was asked for and `WormStore.held` what is.

    Raises:
        EvidenceError: it cannot be recorded, or the store does not do it.
    """
    if store.held(key) is on:
        return False
    record(Draft(type="legal_hold", tenant="system", body={"key": key, "on": on}))
    store.hold(key, on=on)
    return True


def retain(store: WormStore, key: str, until: datetime, record: Record) -> None:
    """Keep the object at `key` until `until`. Recorded first, as with `hold`.

    Raises:
        RetainedError: it is kept longer already; nothing was recorded.
        EvidenceError: it cannot be recorded, or the store does not do it.
    """
    kept = store.retained(key)
    if kept is None or until <= kept:
        raise RetainedError(f"`{key}` is kept longer already: {form.time_text(kept) if kept else 'no date is known'}")
    record(Draft(type="retention.extended", tenant="system", body={"key": key, "until": form.time_text(until)}))
    store.retain(key, until)


def object_key(store: WormStore, key: VerifierKey, name: str) -> str:
    """Return the key of the object that `name` means: a key, `<chain>/<segment>`, or the segment of a decision id.

    Raises:
        NotFoundError: the log has no such segment or record.
        EvidenceError: the log does not hold there, or the store does not answer.
    """
    if found := _SEGMENT.fullmatch(name):
        return _seal(store, KeyHistory.load(store, key), seal_key(found[1], int(found[2]))).object_key
    try:
        position = Position.parse(name)
    except MalformedError:
        return name
    return Reader(store, key).locate(position).seal.object_key


def _fate(store: WormStore, key: str, now: datetime) -> Fate:
    if store.held(key):
        return Fate.HELD
    kept = store.retained(key)
    return Fate.KEPT if kept is None or kept > now else Fate.EXPIRED


def _due(store: WormStore, key: VerifierKey, now: str) -> Iterator[Seal]:
    history = KeyHistory.load(store, key)
    for chain in _chains(store):
        for found in store.keys(f"chains/{chain}/segments/"):
            if (match := SEGMENT_KEY.fullmatch(found)) is None:
                continue
            try:
                seal = _seal(store, history, seal_key(chain, int(match[2])))
            except NotFoundError:
                continue  # a stray, which proves nothing and has no time
            if seal.retain_until > now:
                break
            if seal.object_key == found:
                yield seal


def _chains(store: WormStore) -> Iterator[str]:
    """Yield each chain, hopping over what is in it."""
    after = ""
    while (found := next(store.keys("chains/", after), None)) is not None:
        chain = found.split("/")[1]
        yield chain
        after = f"chains/{chain}0"  # the character behind the slash


def _seal(store: WormStore, history: KeyHistory, place: str) -> Seal:
    data = store.get(place, limit=note.MAX_NOTE)
    try:
        seal = Seal.parse(history.verify(Note.parse_stored(data)))
    except MalformedError as error:
        raise FindingError("malformed-seal", place, str(error)) from error
    if (seal.key, seal.log) != (place, history.origin):
        raise FindingError("misplaced-seal", place, "is of another log, chain or number")
    return seal
