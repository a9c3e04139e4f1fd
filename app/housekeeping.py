"""What has to go in time: payloads that nobody needs, segments whose time has passed. For jobs and for commands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from app import keys, log_scan
from app.objects import open_objects
from app.privacy.detached import Detached
from app.settings import Settings
from evidence import upkeep
from evidence.reader import Reader
from evidence.store import open_store

_OLD: Final = timedelta(hours=1)  # a request whose payload is older has its record, or never will


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How many payloads were deleted: because no record names them, because their time has ended."""

    unnamed: int
    expired: int


def sweep(settings: Settings, now: datetime) -> Swept:
    """Delete payloads that no record names, and those whose time has ended.

    Raises:
        KeyFileError, ObjectsError, EvidenceError: what is needed for that cannot be read; some may be gone by then.
    """
    detached = Detached(open_objects(settings.objects), tuple(settings.payloads))
    log = Reader(open_store(settings.store, read_only=True), keys.load_verifier(settings.keys))
    return Swept(
        unnamed=detached.sweep(now - _OLD, lambda names: log_scan.named_payloads(log, settings.journals, names)),
        expired=detached.expire(settings.payloads, now),
    )


def expire(settings: Settings, now: datetime) -> dict[str, int]:
    """Delete the segments whose time has passed and that are not held; return how many had which fate.

    Raises:
        KeyFileError, EvidenceError: the store or its key cannot be used.
    """
    if not _there(settings.store):
        return {}
    store = open_store(settings.store, immutable=settings.store_immutable)
    fates: dict[str, int] = {}
    for segment in upkeep.expire(store, keys.load_verifier(settings.keys), now, dry_run=False):
        fates[str(segment.fate)] = fates.get(str(segment.fate), 0) + 1
    return fates


def _there(store: str) -> bool:
    """Tell whether there is something: opened to write, a directory would be made."""
    return "://" in store or Path(store).is_dir()
