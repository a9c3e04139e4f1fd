"""The rows of populations as CSV on disk, one file for all tests with the same query, while a log is read once.

Owns the form of such a file, and what is read out of it again without keeping it in memory.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final, Self

from app.csv_table import defused
from frameworks.control_test import ControlTest
from frameworks.testing import Row

HEAD: Final = ("position", "time", "leaf", "type", "tenant", "action", "allow")

_BUFFER: Final = 1 << 16  # bytes of each file
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*").fullmatch
_ALLOW: Final[dict[Any, str]] = {True: "yes", False: "no"}


class Spill:
    """Takes the rows of populations; a context manager, which closes the files."""

    def __init__(self, directory: Path, tests: Iterable[ControlTest]) -> None:
        """Make files in `directory` for the populations of `tests`."""
        self.directory = directory
        self._files: dict[str, IO[str]] = {}  # by the test that writes
        self.names: dict[str, str] = {}  # of files, by test
        self._open = ExitStack()
        queries: dict[str, str] = {}
        for test in tests:
            query = test.id if test.population is None else test.population.query  # what is stated is asked by test
            if query not in queries:
                queries[query] = f"{test.id.replace('/', '.')}.csv"
                self._files[test.id] = self._opened(queries[query])
            self.names[test.id] = queries[query]

    def _opened(self, name: str) -> IO[str]:
        file = (self.directory / name).open("w", buffering=_BUFFER, encoding="utf-8", newline="")
        self._open.enter_context(file)
        file.write(",".join(HEAD) + "\r\n")
        return file

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        self.close()

    def close(self) -> None:
        """Have everything in the files; nothing is taken after this."""
        self._open.close()

    def take(self, test: str, row: Row) -> None:
        """Write a row of the population of a test."""
        if (file := self._files.get(test)) is None:
            return  # another test writes the same rows
        document = row.document
        body = document.get("body")
        action, allow = "", ""
        if isinstance(body, dict):
            action = _text(body.get("action"))
            result = body.get("result")
            allow = _ALLOW.get(result.get("allow"), "") if isinstance(result, dict) else ""
        kind, tenant = _text(document.get("type")), document.get("tenant", "")
        file.write(f"{row.chain}-{row.seq},{row.time},{row.leaf},{kind},{tenant},{action},{allow}\r\n")

    def flush(self) -> None:
        """Have everything that was taken in the files."""
        for file in self._files.values():
            file.flush()

    def path(self, test: str) -> Path:
        """Return the file with the population of a test."""
        return self.directory / self.names[test]


def rows(path: Path) -> Iterator[tuple[str, str]]:
    """Yield position and time of the rows of a file, in the order in which they were taken: by chain and number."""
    with path.open(encoding="utf-8", newline="") as file:
        next(file)
        for line in file:
            position, time, _ = line.split(",", 2)
            yield position, time


def _text(value: object) -> str:
    """Return a cell: quoted where it has to be, and no formula."""
    if not isinstance(value, str):
        return ""
    return value if _PLAIN(value) else _quoted(defused(value))


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if any(each in value for each in ',"\r\n') else value
