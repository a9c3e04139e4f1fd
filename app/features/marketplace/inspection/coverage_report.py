"""How much of an artifact its tests run, recomputed from the lines of `coverage.xml` (Cobertura).

The rates that such a report states of itself are not read: whoever writes it can write there whatever they like.
"""

import io
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from app.features.marketplace.inspection.errors import CoverageError

MAX_BYTES: Final = 32 << 20
_MAX_DEPTH: Final = 32
_MAX_DIGITS: Final = 12
_HUNDREDTHS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Lines that tests ran, of all that can be run. `stated` is what the report says of itself, in percent."""

    covered: int
    lines: int
    stated: float | None

    @property
    def percent(self) -> float:
        """Return how many of 100 lines were run, rounded down to hundredths; nothing to run is nothing covered."""
        return self.covered * _HUNDREDTHS // self.lines / 100 if self.lines else 0.0

    @property
    def lies(self) -> bool:
        """Tell whether the report states at least a hundredth more of itself than its lines do."""
        return self.stated is not None and self.stated >= self.percent + 0.02


def parse_coverage(data: bytes) -> Coverage:
    """Return what the lines of a report say.

    A line of a class counts once, however often it is listed (a report lists it again with its method); it was run if
    any of them says so.

    Raises:
        CoverageError: it is no such report; `too_large`, `too_deep`, `not_xml`, `form`.
    """
    if len(data) > MAX_BYTES:
        raise CoverageError("too_large", f"{len(data)} bytes", f"at most {MAX_BYTES} bytes")
    reading = _Reading()
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=False):
            reading.take(event, element)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise CoverageError("not_xml", "no XML, or XML with entities", "a report of coverage as XML") from None
    if not reading.root:
        raise CoverageError("form", "XML of something else", "`<coverage>` with lines")
    lines = reading.lines
    return Coverage(covered=sum(lines.values()), lines=len(lines), stated=reading.stated)


class _Reading:
    """What has been read so far. `lines` says of each line of each file whether it was run."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, int], bool] = {}
        self.root = False
        self.stated: float | None = None
        self._open: list[Element] = []
        self._file = ""

    def take(self, event: str, element: Element) -> None:
        if event == "end":
            self._open.pop()
            element.clear()
            if self._open:
                self._open[-1].remove(element)
            return
        if len(self._open) >= _MAX_DEPTH:
            raise CoverageError("too_deep", f"nested deeper than {_MAX_DEPTH}", f"at most {_MAX_DEPTH}")
        self._open.append(element)
        match element.tag:
            case "coverage" if len(self._open) == 1:
                self.root, self.stated = True, _rate(element.get("line-rate"))
            case "class":
                self._file = element.get("filename", "")
            case "line":
                key = self._file, _number(element.get("number"))
                self.lines[key] = self.lines.get(key, False) or _number(element.get("hits")) > 0


def _number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise CoverageError("form", "a line without its number, or its hits", "`<line number hits>`")
    return int(text)


def _rate(text: str | None) -> float | None:
    try:
        stated = float(text or "")
    except ValueError:
        return None
    return round(stated * 100, 2) if 0 <= stated <= 1 else None
