"""Files and folders looked through for personal data: where they stand, never what they are.

Knows neither who asks nor how it is shown.
"""

import csv
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from app.privacy.detection import placed_json
from app.privacy.detection.detector import Detector
from app.privacy.detection.document import find_in
from app.privacy.detection.errors import DocumentError
from app.privacy.detection.finding import Finding
from app.privacy.detection.hints import HINTS

MOST_BYTES: Final = 67_108_864
"""Of a file; a larger one is not looked at, and said to be."""
_PIECE: Final = 16_384  # characters of a text that a detector sees at once
_ROWS: Final = 64  # of a table
_HEAD: Final = 8_192  # bytes by which a file is known to be binary
_LINES: Final = frozenset({".jsonl", ".ndjson"})
_TABLES: Final = frozenset({".csv", ".tsv"})
_MARKS: Final = ",;\t|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a finding stands in a file.

    Attributes:
        line: from 1.
        column: from 1, in characters.
        length: in characters.
        kind: of the finding.
        score: 0 to 1.
        lane: which detector found it.
    """

    line: int
    column: int
    length: int
    kind: str
    score: float
    lane: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What became of one file.

    Attributes:
        path: of it.
        places: sorted.
        skipped: why it was not looked at: `binary`, `too large`, `unreadable`, `no file` (a pipe, a socket, a device);
            empty where it was.
    """

    path: Path
    places: tuple[Place, ...] = ()
    skipped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Looks through files.

    Attributes:
        detector: of either lane, or both.
        language: of the texts.
        hints: what fields hold; see `hints`.
    """

    detector: Detector
    language: str = "en"
    hints: Mapping[str, str] = field(default_factory=lambda: HINTS)

    def look(self, path: Path) -> Looked:
        """Return what stands in a file, or why nobody knows."""
        try:
            if path.exists() and not path.is_file():
                return Looked(path=path, skipped="no file")  # whoever opens a pipe waits for somebody to write
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError:
            return Looked(path=path, skipped="unreadable")
        if len(data) > MOST_BYTES:
            return Looked(path=path, skipped="too large")
        text = _decoded(data)
        if text is None:
            return Looked(path=path, skipped="binary")
        starts = [0, *(match.end() for match in re.finditer("\n", text))]
        found = sorted(self._found(text, path.suffix.lower()), key=lambda each: each.start)
        return Looked(path=path, places=tuple(_placed(each, starts) for each in found))

    def _found(self, text: str, suffix: str) -> Iterator[Finding]:
        """Yield the findings of a file, with offsets in all of it."""
        if suffix in _LINES:
            for start, line in _lines(text):
                yield from _moved(self._json(line) or self._text(line), start)
        elif suffix in _TABLES:
            yield from self._table(text)
        else:
            whole = self._json(text) if suffix == ".json" or text[:1] in "[{" else None
            yield from self._text(text) if whole is None else whole

    def _text(self, text: str) -> Iterator[Finding]:
        start = 0
        while start < len(text):
            end = start + _PIECE
            end = max(text.rfind("\n", start, end) + 1, text.rfind(" ", start, end) + 1) if end < len(text) else end
            end = end if end > start else start + _PIECE
            yield from _moved(self.detector.find(text[start:end], language=self.language), start)
            start = end

    def _json(self, text: str) -> list[Finding] | None:
        """Return the findings of a JSON text, or nothing where it is none, or too large a one."""
        try:
            value = json.loads(text)
            found = find_in(value, self.detector, hints=self.hints, language=self.language)
        except (ValueError, RecursionError, DocumentError):
            return None
        at = placed_json.places(text)
        return [_in_json(each, at, text) for each in found]

    def _table(self, text: str) -> Iterator[Finding]:
        """Yield the findings of a table: its header says what its columns hold."""
        lines = _lines(text)
        first = next(lines, (0, ""))[1]
        mark = max(_MARKS, key=first.count)
        header = [name for _, name in _cells(first, mark)]
        yield from self._text(first)
        rows: list[list[tuple[int, str]]] = []
        for start, line in lines:
            rows.append([(start + at, cell) for at, cell in _cells(line, mark)])
            if len(rows) == _ROWS:
                yield from self._rows(header, rows)
                rows = []
        yield from self._rows(header, rows)

    def _rows(self, header: list[str], rows: list[list[tuple[int, str]]]) -> Iterator[Finding]:
        names = [header[at] if at < len(header) else "" for at in range(max(map(len, rows), default=0))]
        for column, name in enumerate(names):
            cells = [row[column] if column < len(row) else (0, "") for row in rows]
            value: Any = {name: [cell for _, cell in cells]}
            for each in find_in(value, self.detector, hints=self.hints, language=self.language):
                if not each.in_name:
                    start = cells[int(each.path.rpartition("/")[2])][0]
                    yield replace(each, start=start + each.start, end=start + each.end)


def files_in(path: Path) -> Iterator[Path]:
    """Yield what is in a folder and below, sorted, or the path itself; links are not followed."""
    if not path.is_dir():
        yield path
        return
    for each in sorted(path.iterdir()):
        if not each.is_symlink():
            yield from files_in(each)


def _decoded(data: bytes) -> str | None:
    """Return the text of a file, or nothing for binary: UTF-8, UTF-16 with a mark, else a byte a character."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:_HEAD]:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"[^\r\n]++", text):
        yield match.start(), match[0]


def _cells(line: str, mark: str) -> Iterator[tuple[int, str]]:
    """Yield the cells of a line of a table, each with its place."""
    try:
        row = next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        row = line.split(mark)
    at = 0
    for cell in row:
        found = line.find(cell, at)
        at = found if found >= 0 else at
        yield at, cell
        at += len(cell)


def _in_json(found: Finding, at: Mapping[tuple[str, bool], int], text: str) -> Finding:
    """Return a finding with its place in the JSON text."""
    begin = placed_json.offset_in(text, at.get((found.path, found.in_name), 0), found.start)
    return replace(found, start=begin, end=placed_json.offset_in(text, begin, found.end - found.start))


def _moved(findings: Any, by: int) -> Iterator[Finding]:
    for each in findings:
        yield replace(each, start=each.start + by, end=each.end + by)


def _placed(found: Finding, starts: list[int]) -> Place:
    line = bisect_right(starts, found.start)
    return Place(
        line=line,
        column=found.start - starts[line - 1] + 1,
        length=found.end - found.start,
        kind=str(found.kind),
        score=round(found.score, 2),
        lane=str(found.lane),
    )
