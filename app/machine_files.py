"""What is kept beside a bundle about the engine's virtual machine: which actions it may decide, and which no more.

    bundles/<digest>.engines              the verdict on each action that was compared, never changed
    bundles/<digest>.unfinished           how often comparing came to no end, and when to go on with it
    bundles/<digest>.distrusted/<action>  an empty file for each action on which the engines differed in service

Owns these files. A verdict counts only for the engine and the profile it was made with. What is distrusted stays so
until the bundle changes: its digest is in the name.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.activation import replace_file
from app.pdp.fast_path import MACHINE_ENGINE
from app.pdp.machine_profile import VERSION

_MAX_VERDICTS: Final = 4 << 20
_MAX_UNFINISHED: Final = 100


def keep_verdicts(bundles: Path, digest: str, verdicts: Mapping[str, str]) -> None:
    """Keep why the interpreter decides each action, or nothing where the machine may.

    Raises:
        OSError: they cannot be written.
    """
    replace_file(_verdicts(bundles, digest), json.dumps(_made_with() | {"actions": dict(verdicts)}).encode())


def load_verdicts(bundles: Path, digest: str) -> Mapping[str, str] | None:
    """Return what `keep_verdicts` kept; None if nothing was, or by another engine or profile, or it is damaged."""
    try:
        with _verdicts(bundles, digest).open("rb") as file:
            value: Any = json.loads(file.read(_MAX_VERDICTS))
    except (OSError, ValueError):
        return None
    if not isinstance(value, dict) or {name: value.get(name) for name in _made_with()} != _made_with():
        return None
    actions = value.get("actions")
    return actions if isinstance(actions, dict) and all(isinstance(each, str) for each in actions.values()) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """Comparing came to no end `times` in a row; it goes on at `again`, in Unix seconds."""

    times: int = 0
    again: float = 0.0


def keep_unfinished(bundles: Path, digest: str, unfinished: Unfinished) -> None:
    """Keep when to go on.

    Raises:
        OSError: it cannot be written.
    """
    replace_file(_unfinished(bundles, digest), json.dumps([unfinished.times, unfinished.again]).encode())


def load_unfinished(bundles: Path, digest: str) -> Unfinished:
    """Return what `keep_unfinished` kept; without it, or where it is damaged, there is nothing to wait for."""
    try:
        with _unfinished(bundles, digest).open("rb") as file:
            value: Any = json.loads(file.read(_MAX_UNFINISHED))
    except (OSError, ValueError):
        return Unfinished()
    match value:
        case [int(times), float(again)] if times >= 0:
            return Unfinished(times=times, again=again)
    return Unfinished()


def distrust(bundles: Path, digest: str, action: str) -> None:
    """Have every worker, now and after a start, decide `action` by the interpreter.

    Raises:
        OSError: it cannot be written.
    """
    directory = _distrusted(bundles, digest)
    directory.mkdir(mode=0o700, exist_ok=True)
    replace_file(directory / action, b"")


def distrusted(bundles: Path, digest: str) -> frozenset[str]:
    """Return the actions that are distrusted under the bundle `digest`."""
    try:
        return frozenset(path.name for path in _distrusted(bundles, digest).iterdir() if not path.name.startswith("."))
    except OSError:
        return frozenset()


@contextmanager
def comparing(bundles: Path) -> Iterator[bool]:
    """Yield whether nobody else on this node compares the engines now; if so, nobody else will meanwhile."""
    descriptor = os.open(bundles / ".comparing", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except OSError:
            alone = False
        yield alone
    finally:
        os.close(descriptor)


def _made_with() -> dict[str, Any]:
    return {"engine": MACHINE_ENGINE, "profile": VERSION}


def _verdicts(bundles: Path, digest: str) -> Path:
    return bundles / f"{digest}.engines"


def _unfinished(bundles: Path, digest: str) -> Path:
    return bundles / f"{digest}.unfinished"


def _distrusted(bundles: Path, digest: str) -> Path:
    return bundles / f"{digest}.distrusted"
