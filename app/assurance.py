"""What the store was shown to be worth: probed at start and daily, kept in one small file of the data directory.

A probe that cannot be made says nothing. The last one stands, with its time, and another is made soon.
"""

import json
import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.settings import Settings
from evidence.errors import AssuranceError, StoreError
from evidence.probe import MEANINGS, Assurance, Tried, probe
from evidence.store import Level, open_store
from evidence.upkeep import Record

_LOG = logging.getLogger(__name__)
_ANCHORS = ("log/timestamps/", "log/cosignatures/")  # what the node wrote there it had checked
_DAY = timedelta(days=1)
_SOON = timedelta(minutes=10)
_MOST = 65_536  # bytes of the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The last probe of this node's store: what was tried of it, and how that ended."""

    level: Level
    label: str
    time: datetime
    tried: tuple[Tried, ...] = ()

    @property
    def meaning(self) -> str:
        """Return in words what the level says."""
        return MEANINGS[self.level]

    def document(self) -> dict[str, str]:
        """Return this as JSON values."""
        return {"level": self.label, "time": self.time.isoformat().replace("+00:00", "Z")}


class Watch:
    """Probes the store when it is time. For one process that looks often."""

    def __init__(self, settings: Settings, *, record: Record | None = None) -> None:
        """Make it due a day after the last probe of this store, at once if there is none.

        Args:
            settings: say which store, and what is required of it.
            record: puts the record of a probe into the log; None leaves it out.
        """
        self._settings, self._record = settings, record
        last = kept(settings)
        self._next = None if last is None else last.time + _DAY

    def due(self, now: datetime) -> bool:
        """Return whether it is time. Also where the clock went back so far that the last probe lies ahead."""
        return self._next is None or not self._next - _DAY - _SOON <= now < self._next

    def run(self, now: datetime) -> None:
        """Probe, and keep what was shown. A store that does not answer is probed again soon.

        Raises:
            AssuranceError: the store was shown to be worth less than is required.
            JournalError: the record cannot be written.
        """
        self._next = now + _SOON
        try:
            found = _probe(self._settings, now)
        except StoreError as error:
            _LOG.warning("store cannot be probed: %s: %s", error.code, error)
            return
        except OSError as error:
            _LOG.warning("what the probe showed cannot be kept: %s", error.strerror)
            return
        self._next = now + _DAY
        if self._record is not None:
            self._record(found.draft())
        if self._settings.require is not None:
            found.require(self._settings.require)


def at_start(settings: Settings, now: datetime) -> None:
    """Probe if a level is required; otherwise forget the last probe, so that the service makes one.

    Where the store cannot be reached, a probe of the last day will do.

    Raises:
        AssuranceError: the store is not known to be worth what is required.
        OSError: what was shown cannot be kept.
    """
    if settings.require is None:
        _file(settings).unlink(missing_ok=True)
        return
    try:
        _probe(settings, now).require(settings.require)
    except StoreError as error:
        last = kept(settings)
        if last is None or not now - _DAY < last.time <= now or last.level.rank < settings.require.rank:
            raise AssuranceError(f"{settings.require} is required, and the store cannot be probed: {error}") from error
        _LOG.warning("store cannot be probed, and was %s at %s: %s", last.label, last.time.isoformat(), error)


def kept(settings: Settings) -> Kept | None:
    """Return the last probe of this node's store, None if there is none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        with _file(settings).open("rb") as file:
            value = json.loads(file.read(_MOST))
        if value["store"] == settings.store:
            time = datetime.fromisoformat(value["time"])
            if time.utcoffset() is not None:
                tried = tuple(map(_tried, value["attempts"]))
                return Kept(level=Level(value["level"]), label=str(value["label"]), time=time, tried=tried)
    return None


def _tried(value: Any) -> Tried:
    return Tried(name=str(value["attempt"]), refused=value["refused"] is True, said=str(value["said"]))


def _probe(settings: Settings, now: datetime) -> Assurance:
    store = open_store(settings.store, immutable=settings.store_immutable)
    stamped, cosigned = (any(store.keys(prefix)) for prefix in _ANCHORS)
    found = probe(store, now, secrets.token_hex(8), timestamped=stamped, witnessed=cosigned)
    level = _LOG.warning if found.accepted else _LOG.info
    level("storage assurance %s: %s", found.label, MEANINGS[found.level])
    for name in found.accepted:
        _LOG.warning("the store did not refuse to %s", name)
    _write(_file(settings), json.dumps({"store": settings.store, **found.document()}, indent=2).encode() + b"\n")
    return found


def _file(settings: Settings) -> Path:
    return settings.data / "assurance.json"


def _write(path: Path, data: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(data)
    draft.replace(path)
