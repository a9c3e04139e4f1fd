"""Jobs that a person at the console wants to have run now: an empty file each, in a directory of the node."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_FOLDER: Final = "jobs.wanted"


def want(data: Path, name: str) -> None:
    """Ask for a run of the job `name`, whose name is one that is known.

    Raises:
        OSError: it cannot be asked for.
    """
    folder = data / _FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / name).touch(mode=0o600)


def wanted(data: Path) -> Iterator[str]:
    """Yield the names of what is asked for; they may be anything."""
    try:
        yield from sorted(path.name for path in (data / _FOLDER).iterdir())
    except OSError:
        return


def take(data: Path, name: str) -> None:
    """Say that it is being done."""
    (data / _FOLDER / name).unlink(missing_ok=True)
