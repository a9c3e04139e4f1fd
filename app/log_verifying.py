"""The log verified by the node itself, day by day: what came since the last time, and that nothing before it changed.

Owns what is verified, and the checkpoint that the node keeps beside its store: who rewrites the store does not rewrite
that. It spares no auditor a verification of their own: a node that lies could lie here. Knows no schedule.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from app import keys
from app.settings import Settings
from evidence import form
from evidence.checkpointer import checkpoint_key
from evidence.errors import FindingError
from evidence.note import MAX_NOTE
from evidence.store import WormStore, open_store
from evidence.verify import Asked, Verification

VERIFIED: Final = "log.verified"
"""The type of the record that says so."""

_KEPT: Final = "verified.note"
_EMPTY: Final = "empty-log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What verifying showed.

    Attributes:
        since: how many leaves the checkpoint has up to which segments were read before; 0: all are read.
        tree_size: how many leaves the newest checkpoint has that was checked.
        segments: how many were read and found good; likewise `records`.
        finding: code and place of the first thing that is wrong, or None.
    """

    since: int
    tree_size: int
    segments: int
    records: int
    finding: tuple[str, str] | None

    def document(self) -> dict[str, Any]:
        """Return it as the body of a record."""
        found = None if self.finding is None else {"code": self.finding[0], "where": self.finding[1]}
        return {
            "ok": self.finding is None,
            "since": self.since,
            "tree_size": self.tree_size,
            "segments": self.segments,
            "records": self.records,
            "finding": found,
        }


def verify(settings: Settings, now: datetime) -> Verified:
    """Verify what came since the last time, or, where no checkpoint is kept here, the whole log.

    Raises:
        KeyFileError, EvidenceError: the key or the store cannot be read, so nothing is known.
    """
    store, kept = open_store(settings.store, read_only=True), settings.data / _KEPT
    since = kept.read_bytes()[:MAX_NOTE] if kept.exists() else None
    asked = Asked(since=since, at=form.time_text(now))
    verification = Verification(store, keys.load_verifier(settings.keys), asked)
    found = None
    try:
        verification.run()
    except FindingError as error:
        if error.code != _EMPTY or since is not None:  # a log that was there and is not
            found = error.code, error.where
    report = verification.report
    if found is None and report.checked.checkpoints:
        _keep(kept, _note(store, report.checked.checkpoints - 1))
    return Verified(
        since=report.since.tree_size if report.since else 0,
        tree_size=report.up_to.tree_size,
        segments=report.checked.segments,
        records=report.checked.records,
        finding=found,
    )


def _note(store: WormStore, number: int) -> bytes:
    return store.get(checkpoint_key(number), limit=MAX_NOTE)


def _keep(path: Path, data: bytes) -> None:
    """Put a checkpoint in the place of the last one, whole or not at all."""
    beside = path.with_suffix(".new")
    beside.write_bytes(data)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(path)
