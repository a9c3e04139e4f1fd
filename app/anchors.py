"""The anchors of this node's log: who is asked, and which of them are overdue.

Makes them from the settings; `app.anchoring` keeps them, and leaves a file here that says what is overdue. An anchor
that is missing is an alarm, never a reason to decide nothing.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from app.settings import Settings, SettingsError
from evidence import timestamp
from evidence.anchor_source import Anchor, TimestampAnchor, WitnessAnchor
from evidence.errors import MalformedError
from evidence.growth import Growth
from evidence.store import WormStore

LATE = 30.0
"""Seconds after which a report is too old to be believed."""


def anchors(settings: Settings, store: WormStore, roots: Sequence[x509.Certificate]) -> list[Anchor]:
    """Return every anchor that is set, each to be used by one thread."""
    stamps = [TimestampAnchor(settings.tsa, roots)] if settings.tsa else []
    witnesses = [
        WitnessAnchor(each.url, each.key, Growth(store, memory=settings.data / f"growth-{each.key.id.hex()}.json"))
        for each in settings.witnesses
    ]
    return [*stamps, *witnesses]


def load_roots(settings: Settings) -> tuple[x509.Certificate, ...]:
    """Return the certificates that time stamps have to be below; none where none are set.

    Raises:
        SettingsError: the file cannot be read, or has none.
    """
    path = settings.tsa_roots
    if path is None:
        return ()
    try:
        with path.open("rb") as file:
            return timestamp.parse_roots(file.read(timestamp.MAX_ROOTS + 1))
    except OSError as error:
        raise SettingsError(f"OMEGA_TSA_ROOTS cannot be `{path}`: {error.strerror}") from error
    except MalformedError as error:
        raise SettingsError(f"OMEGA_TSA_ROOTS cannot be `{path}`: {error}") from error


def report(settings: Settings, overdue: Sequence[str]) -> None:
    """Say which anchors are overdue, by their names; to be said again before `LATE`.

    Raises:
        OSError: the disk does not take it.
    """
    path = _report(settings)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text("".join(f"{name}\n" for name in overdue), "utf-8")
    draft.replace(path)


def alarms(settings: Settings, now: float) -> tuple[str, ...]:
    """Return what is wrong with the anchors at `now` (Unix seconds), in words; nothing where none is set."""
    if not settings.anchored:
        return ()
    path = _report(settings)
    try:
        if now - path.stat().st_mtime > LATE:
            return ("nobody anchors the log",)
        return tuple(f"anchor overdue: {name}" for name in path.read_text("utf-8").splitlines())
    except (OSError, ValueError):
        return ("nobody anchors the log",)


def _report(settings: Settings) -> Path:
    return settings.data / "anchors.overdue"
