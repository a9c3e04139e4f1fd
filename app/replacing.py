"""Workers that are to be replaced by their supervisor: one small file each, beside what workers say of themselves.

Whoever asks names the process that is to go, so that the one which has taken its place is left alone.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from app.settings import Settings

_FILE: Final = re.compile(r"worker-([0-9]{1,4})\.replace")
_PID: Final = re.compile(r"[0-9]{1,10}")


def ask(settings: Settings, worker: str, pid: int) -> None:
    """Ask for a fresh process in the place of `pid`, which is the one called `worker` (as `worker 0`).

    Raises:
        OSError: it cannot be asked for.
    """
    settings.status.mkdir(mode=0o700, exist_ok=True)
    path = settings.status / f"{worker.replace(' ', '-')}.replace"
    scratch = path.with_name(f".{path.name}")
    scratch.write_text(str(pid), "utf-8")
    scratch.replace(path)


def take(settings: Settings) -> Iterator[tuple[str, int]]:
    """Yield what is asked for, each once: the name of a worker, and the process that is to go."""
    try:
        paths = sorted(settings.status.iterdir())
    except OSError:
        return
    for path in paths:
        found = _FILE.fullmatch(path.name)
        if found is not None:
            with suppress(OSError):
                text = path.read_text("utf-8", "replace")[:16].strip()
                path.unlink()
                if _PID.fullmatch(text):
                    yield f"worker {found[1]}", int(text)
