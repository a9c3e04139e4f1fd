"""What all commands print alike."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

UNUSABLE = 2
NO_SERVICE = 3


class CommandError(Exception):
    """The command ends with this line and this exit code."""

    def __init__(self, message: str, code: int = UNUSABLE) -> None:
        super().__init__(message)
        self.code = code


def print_json(value: Any) -> None:
    """Print one JSON document, at once: whoever reads it may wait for it while the command runs on."""
    print(json.dumps(value, ensure_ascii=False, indent=2), flush=True)


def print_rows(rows: list[tuple[str, ...]]) -> None:
    """Print rows in columns as wide as they need."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def counted(number: int, what: str) -> str:
    """Return a number of things in words: `1 worker`, `2 workers`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def refused(error: Exception, *, as_json: bool) -> int:
    """Say why policies are not admitted, and return the exit code.

    Raises:
        CommandError: unless it is said as JSON.
    """
    if as_json:
        print_json({"ok": False, "error": str(error)})
        return 1
    raise CommandError(str(error), 1)


def note(text: str) -> None:
    """Say something that is not the answer."""
    print(text, file=sys.stderr)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told how many of how many are done; a terminal shows a bar, anything else nothing."""
    from rich.console import Console  # noqa: PLC0415 - only who waits for a bar waits for its library
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def printable(text: str) -> str:
    """Return `text` with whatever a terminal might obey written out: callers choose some of it."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
