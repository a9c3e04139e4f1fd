"""A list of requests as CSV: what auditors call a PBC list (RFC 4180). Read strictly, and as a whole or not at all.

Pure. Owns the columns and the limits. Every error names the line it is about, and quotes nothing of it.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from app.audits import entered
from app.audits.errors import AuditsError
from app.audits.request import Asked

COLUMNS: Final = ("reference", "title", "text", "control", "due")
"""The head that a list has to have."""

MAX_BYTES: Final = 128 << 10
MOST: Final = 500
"""Requests of one list."""

TEMPLATE: Final = (
    ",".join(COLUMNS)
    + "\r\nPBC-001,Changes of policies in the period,"
    + '"Every change, with who approved it and when",soc2/CC8.1,2026-12-15\r\n'
)
"""What a list looks like, with one request as an example."""

LONGEST: Final = {"reference": 32, "title": 200, "text": 4_000, "control": 64, "due": 10}
"""Characters of each text."""

_NEEDED: Final = frozenset({"reference", "title"})
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/ -]*", re.ASCII)
_CONTROL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/()-]*", re.ASCII)


class RequestListError(AuditsError):
    """This is no list of requests. `line` is the line of the text that is wrong, counted from 1; 0: the whole."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__("invalid", f"line {line}: {why}" if line else why)
        self.line = line


def parse(data: bytes) -> tuple[Asked, ...]:
    """Return the requests of a list, in its order.

    Raises:
        RequestListError: it is none; nothing of it counts.
    """
    if len(data) > MAX_BYTES:
        raise RequestListError(0, f"a list has at most {MAX_BYTES >> 10} KiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestListError(0, "a list is UTF-8") from None
    found: list[Asked] = []
    seen: dict[str, int] = {}
    for line, cells in _rows(text):
        if len(found) == MOST:
            raise RequestListError(line, f"a list has at most {MOST} requests")
        each = _request(line, cells)
        if each.reference in seen:
            raise RequestListError(line, f"`reference` is that of line {seen[each.reference]}")
        seen[each.reference] = line
        found.append(each)
    if not found:
        raise RequestListError(0, "a list has at least one request")
    return tuple(found)


def asked(values: dict[str, str]) -> Asked:
    """Return a request of which somebody filled in the parts that `COLUMNS` names; what is missing is empty.

    Raises:
        RequestListError: a part cannot be used.
    """
    return _request(0, [values.get(name, "") for name in COLUMNS])


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the head, each with the line it begins at; lines with nothing in them are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        head = next(reader, [])
        if tuple(cell.strip() for cell in head) != COLUMNS:
            raise RequestListError(1, f"the first line is `{','.join(COLUMNS)}`")
        begins = reader.line_num + 1
        for cells in reader:
            if cells and any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        raise RequestListError(begins, "this is no CSV: look for a quote that is not closed") from None


def _request(line: int, cells: list[str]) -> Asked:
    if len(cells) != len(COLUMNS):
        raise RequestListError(line, f"there are {len(cells)} cells, not {len(COLUMNS)}")
    read = {name: _text(line, name, cell) for name, cell in zip(COLUMNS, cells, strict=True)}
    for name, form in (("reference", _REFERENCE), ("control", _CONTROL)):
        if read[name] and not form.fullmatch(read[name]):
            raise RequestListError(line, f"`{name}` has a character that it cannot have")
    if read["due"]:
        _day(line, read["due"])
    return Asked(**read)


def _text(line: int, name: str, cell: str) -> str:
    try:
        return entered.text(name, cell, longest=LONGEST[name], lines=name == "text", needed=name in _NEEDED)
    except AuditsError as error:
        raise RequestListError(line, str(error)) from None


def _day(line: int, due: str) -> None:
    try:
        entered.day("due", due)
    except AuditsError:
        raise RequestListError(line, "`due` is a day such as 2026-12-31, or empty") from None
