"""Where a chain stands: its newest seal in the store, and whether a journal is the one that was sealed."""

from pathlib import Path
from typing import Final

from evidence import holding, journal, note, record, segment
from evidence.errors import FindingError, JournalError, NotFoundError, StoreError
from evidence.holding import Reason
from evidence.key_history import KeyHistory
from evidence.keys import VerifierKey
from evidence.note import Note
from evidence.segment import SEAL_KEY, Seal
from evidence.store import WormStore

_PAGE: Final = 1_000  # keys of one listing


def continued(directory: Path, seal: Seal | None) -> bool:
    """Return whether a journal is the one whose records `seal` sealed, and not, say, an older copy of it.

    Raises:
        DamagedJournalError: it was altered, which no copy is.
        JournalError: the disk does not say.
    """
    if seal is None or seal.first_seq + seal.count == 0:
        return True
    try:
        return record.leaf(journal.find(directory, seal.first_seq + seal.count - 1)) == seal.head
    except NotFoundError:
        return False


def check_continued(store: WormStore, journals: Path, key: VerifierKey) -> None:
    """Have no writer continue a chain whose journal is not the one that was sealed. For a node that starts.

    Where the store does not answer, no chain is continued: the writers begin new ones.

    Raises:
        EvidenceError: the store holds something else than this log.
        JournalError: the disk does not let us.
    """
    history: KeyHistory | None = None
    away = False  # then nobody need be asked again
    try:
        for directory in holding.chains(journals):
            if holding.abandoned(directory) is None and journal.files(directory):
                same = True
                try:
                    if not away:
                        history = history or KeyHistory.load(store, key)
                        same = continued(directory, last_seal(store, directory.name, history))
                except StoreError:
                    away = True
                if away or not same:
                    holding.abandon(directory, Reason.UNCHECKED if away else Reason.RESTORED)
    except OSError as error:
        raise JournalError(f"journal cannot be checked: {error.strerror}") from error


def last_seal(store: WormStore, chain: str, history: KeyHistory, known: int = 0) -> Seal | None:
    """Return the newest seal of `chain` in the store, checked to be ours. The first `known` are known to be there."""
    known = _at_least(store, chain, history, known)
    after = segment.seal_key(chain, known - 1) if known else ""
    keys = [key for key in store.keys(f"chains/{chain}/seals/", after=after) if SEAL_KEY.fullmatch(key)]
    if known + len(keys) == 0:
        return None
    newest = keys[-1] if keys else after
    seal = seal_at(store, chain, history, known + len(keys) - 1)
    if seal is None or newest != seal.key:
        raise FindingError("seal-gap", newest, "is not the seal that its place among the others says")
    return seal


def _at_least(store: WormStore, chain: str, history: KeyHistory, known: int) -> int:
    """Return a number of seals that are there, such that little more than a page of them is left to list."""
    step = _PAGE
    while seal_at(store, chain, history, known + step - 1):
        known, step = known + step, step * 2
    while step > _PAGE:
        step //= 2
        if seal_at(store, chain, history, known + step - 1):
            known += step
    return known


def seal_at(store: WormStore, chain: str, history: KeyHistory, number: int) -> Seal | None:
    """Return seal `number` of `chain`, checked to be ours and in its place, or None where there is none."""
    place = segment.seal_key(chain, number)
    try:
        seal = Seal.parse(history.verify(Note.parse_stored(store.get(place, limit=note.MAX_NOTE))))
    except NotFoundError:
        return None
    if seal.key != place:
        raise FindingError("misplaced-seal", place, "is of another chain or number")
    return seal
