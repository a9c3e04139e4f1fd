"""How the processes of a node stand: what each says of itself in a small file, and what one reads there.

Whoever says something says it again soon, and is believed as long as its process lives. A file that a dead process left
behind is known by its process number and the time that process began. Nothing here is needed to decide or to record.
"""

import json
import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app import anchors, assurance
from app.settings import Settings

_LOG = logging.getLogger(__name__)
_MOST = 1 << 20  # bytes of a file
_SILENT = 10.0  # seconds after which a process that lives is taken to hang
_BEGAN = 18  # of the fields behind the state in /proc/<pid>/stat, counted from 0: when the process began

SERVICE: Final = "service"
"""The name under which the supervisor speaks; workers are `worker-<number>`."""

JOBS: Final = "jobs"
"""The name under which the process speaks that runs jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a process said of itself `age` seconds ago, and whether it `lives`."""

    document: Mapping[str, Any]
    age: float
    lives: bool

    @property
    def speaks(self) -> bool:
        """Return whether it may be believed that this still holds."""
        return self.lives and self.age <= _SILENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a node stands: `lacking` says in words what keeps it from being ready."""

    lacking: tuple[str, ...]
    alarms: tuple[str, ...]
    service: Mapping[str, Any]
    processes: tuple[Mapping[str, Any], ...]
    workers: tuple[Mapping[str, Any], ...]
    sealer: float | None
    anchored: tuple[str, ...]
    assurance: Mapping[str, str] | None
    jobs: Mapping[str, Any] | None = None

    @property
    def ready(self) -> bool:
        """Return whether every worker decides and records."""
        return not self.lacking

    def document(self) -> dict[str, Any]:
        """Return this as JSON values; times are seconds."""
        return {
            "ready": self.ready,
            "lacking": list(self.lacking),
            "alarms": list(self.alarms),
            "service": dict(self.service),
            "processes": list(map(dict, self.processes)),
            "workers": list(map(dict, self.workers)),
            "sealer": {"silent": self.sealer},
            "anchors": list(self.anchored),
            "assurance": self.assurance,
            "jobs": None if self.jobs is None else dict(self.jobs),
        }


def say(settings: Settings, name: str, document: Mapping[str, Any]) -> None:
    """Say how this process stands; what it said before is gone. A disk that does not take it is told in the log."""
    pid = os.getpid()
    value = {**document, "pid": pid, "began": _began(pid), "time": time.time()}
    path = settings.status / f"{name}.json"
    scratch = path.with_name(f".{name}.{pid}")
    try:
        settings.status.mkdir(mode=0o700, exist_ok=True)
        scratch.write_text(json.dumps(value), "utf-8")
        scratch.replace(path)
    except OSError as error:
        _LOG.warning("cannot say how %s stands: %s", name, error.strerror)


def forget(settings: Settings) -> None:
    """Remove what processes of an earlier start have said."""
    for path in settings.status.glob("*"):
        with suppress(OSError):
            path.unlink()


def look(settings: Settings, now: float) -> Status | None:
    """Return how the node stands at `now` (Unix seconds), None where no service runs on its data directory."""
    service = _heard(settings, SERVICE, now)
    if service is None or not service.lives:
        return None
    found = {number: _heard(settings, f"worker-{number}", now) for number in _numbers(service)}
    workers = {number: each for number, each in found.items() if each is not None}
    store = assurance.kept(settings)
    tenants = {name for each in workers.values() for name, digest in each.document["tenants"].items() if not digest}
    return Status(
        lacking=tuple(what for number, each in found.items() for what in _lacking(number, each)),
        alarms=(
            *anchors.alarms(settings, now),
            *(f"no policies of tenant {name} in force" for name in sorted(tenants)),
        ),
        service={"pid": service.document["pid"], "url": service.document["url"], "up": _up(service.document, now)},
        processes=tuple(
            {"name": each["name"], "pid": each["pid"], "starts": each["starts"], "up": _up(each, now)}
            for each in service.document["processes"]
            if _began(each["pid"]) is not None
        ),
        workers=tuple(_worker(each, now) for each in workers.values() if each.lives),
        sealer=_silence(settings, now),
        anchored=(*(["time stamps"] if settings.tsa else []), *(each.key.name for each in settings.witnesses)),
        assurance=None if store is None else store.document(),
        jobs=jobs(settings, now),
    )


def workers(settings: Settings, now: float) -> Mapping[str, Said | None] | None:
    """Return what each worker of this node said last, by its name; None where no service runs here."""
    service = _heard(settings, SERVICE, now)
    if service is None or not service.lives:
        return None
    return {f"worker {number}": _heard(settings, f"worker-{number}", now) for number in _numbers(service)}


def _numbers(service: Said) -> range:
    return range(int(service.document["workers"]))


def jobs(settings: Settings, now: float) -> Mapping[str, Any] | None:
    """Return what the process that runs jobs says of them; None where there is none."""
    said = _heard(settings, JOBS, now)
    if said is None or not said.lives:
        return None
    names = ("node", "leads", "jobs", "denied", "runs", "alerts")
    return {name: said.document[name] for name in names if name in said.document}


def _lacking(number: int, said: Said | None) -> list[str]:
    if said is None or not said.lives:
        return [f"worker {number} does not run"]
    if not said.speaks:
        return [f"worker {number} has said nothing for {said.age:.0f} seconds"]
    return [f"worker {number}: {check}" for check, holds in said.document["checks"].items() if not holds]


def _worker(said: Said, now: float) -> dict[str, Any]:
    names = ("number", "pid", "bundle", "revision", "engine", "tenants", "checks", "chains")
    return {name: said.document[name] for name in names} | {"up": _up(said.document, now), "age": round(said.age, 1)}


def _up(document: Mapping[str, Any], now: float) -> int:
    return max(0, int(now - document["since"]))


def _silence(settings: Settings, now: float) -> float | None:
    """Return for how many seconds the sealer has not finished a round; None where it never did."""
    try:
        return round(max(0.0, now - (settings.data / "sealer.alive").stat().st_mtime), 1)
    except OSError:
        return None


def _heard(settings: Settings, name: str, now: float) -> Said | None:
    """Return what a process said last; None where there is nothing, or nothing that can be read."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        with (settings.status / f"{name}.json").open("rb") as file:
            value = json.loads(file.read(_MOST))
        began = _began(value["pid"])
        lives = began is not None and began == value["began"]
        return Said(document=value, age=max(0.0, now - value["time"]), lives=lives)
    return None


def _began(pid: int) -> int | None:
    """Return when a process began, in ticks since the machine did; None if it has ended."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in {"Z", "X"} else int(fields[_BEGAN])
