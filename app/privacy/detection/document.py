"""Personal data in a JSON document: every string, number and name of a member, by path, with what its field says.

All of a document is laid out as one sheet, a line for each value behind the words of its field: a detector sees
`customer iban: DE89...`, so that the field counts as context, and is asked once for many small values. Knows no kind of
personal data but by hints.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.privacy.detection.detector import Detector, disjoint
from app.privacy.detection.errors import DocumentError
from app.privacy.detection.finding import Finding, Lane
from app.privacy.detection.hints import HINTS, hinted, words

MOST_DEPTH: Final = 64
"""Objects and lists inside one another."""
MOST_VALUES: Final = 100_000
"""Strings, numbers and names."""
MOST_CHARACTERS: Final = 8_388_608
"""Of all of them."""
_SHEET: Final = 16_384  # characters that a detector sees at once
_MOST_INTEGER: Final = 10**64
_HINTED: Final = 0.88
_LEAST_LETTERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaf:
    """A string, or the decimal text of a number.

    Attributes:
        text: of it.
        path: RFC 6901.
        field: words of the names that lead to it; empty at the top.
        kind: what its field says that it holds whole.
        in_name: it is the name of the member.
    """

    text: str
    path: str
    field: str
    kind: str | None = None
    in_name: bool = False


def find_in(
    value: Any, detector: Detector, *, hints: Mapping[str, str] = HINTS, language: str = "en"
) -> tuple[Finding, ...]:
    """Return what stands in a JSON value: in its order, by path, sorted and disjoint in each string.

    Args:
        value: as `json.loads` gives it; a text is a JSON string, with the path "".
        detector: of either lane.
        hints: what fields hold whole, whatever their value looks like.
        language: of its texts.

    Raises:
        DocumentError: it is too deep or too large, or holds what JSON does not.
    """
    leaves: list[_Leaf] = []
    characters = 0
    for leaf in _leaves(value, "", (), hints, 0):
        leaves.append(leaf)
        characters += len(leaf.text) + len(leaf.field)
        if len(leaves) > MOST_VALUES or characters > MOST_CHARACTERS:
            raise DocumentError(f"a document has at most {MOST_VALUES} values and {MOST_CHARACTERS} characters")
    if isinstance(value, str):
        return detector.find(value, language=language)
    return tuple(each for sheet in _sheets(leaves) for each in _found(sheet, detector, language))


def _leaves(value: Any, path: str, fields: tuple[str, ...], hints: Mapping[str, str], depth: int) -> Iterator[_Leaf]:
    if depth > MOST_DEPTH:
        raise DocumentError(f"a document is at most {MOST_DEPTH} deep")
    match value:
        case str():
            yield _leaf(value, path, fields, hints)
        case bool() | None:
            return
        case int() | float():
            yield _leaf(_decimal(value), path, fields, {})
        case list() | tuple():
            for place, each in enumerate(value):
                yield from _leaves(each, f"{path}/{place}", fields, hints, depth + 1)
        case Mapping():
            for name, each in value.items():
                if not isinstance(name, str):
                    raise DocumentError("a member of a document has no text for its name")
                inside = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
                yield _Leaf(text=name, path=inside, field="", in_name=True)
                yield from _leaves(each, inside, (*fields, name), hints, depth + 1)
        case _:
            raise DocumentError("a document holds what JSON does not")


def _leaf(text: str, path: str, fields: tuple[str, ...], hints: Mapping[str, str]) -> _Leaf:
    around, own = (fields[-2] if len(fields) > 1 else ""), (fields[-1] if fields else "")
    kind = hinted(around, own, hints) if fields and sum(map(str.isalnum, text)) >= _LEAST_LETTERS else None
    return _Leaf(text=text, path=path, field=words(f"{around} {own}")[:128], kind=kind)


def _decimal(number: float) -> str:
    """Return a number as JSON writes it.

    Raises:
        DocumentError: it has more digits than any identifier.
    """
    if isinstance(number, int) and abs(number) >= _MOST_INTEGER:
        raise DocumentError("a document holds an integer of more than 64 digits")
    return repr(number)


def _sheets(leaves: list[_Leaf]) -> Iterator[list[_Leaf]]:
    """Yield values that are shown to a detector together."""
    sheet: list[_Leaf] = []
    size = 0
    for leaf in leaves:
        if sheet and size + len(leaf.text) > _SHEET:
            yield sheet
            sheet, size = [], 0
        sheet.append(leaf)
        size += len(leaf.text) + len(leaf.field) + 3
    if sheet:
        yield sheet


def _found(sheet: list[_Leaf], detector: Detector, language: str) -> Iterator[Finding]:
    """Yield the findings of a sheet, each cut to its value; what stands in the words of a field is none."""
    parts, starts, size = [], [], 0
    for leaf in sheet:
        before = f"{leaf.field}: " if leaf.field else ""
        parts.append(f"{before}{leaf.text}\n")
        starts.append(size + len(before))
        size += len(parts[-1])
    findings = deque(detector.find("".join(parts), language=language))
    for leaf, start in zip(sheet, starts, strict=True):
        for each in disjoint(_own(leaf, start, findings), leaf.text):
            yield replace(each, path=leaf.path, in_name=leaf.in_name)


def _own(leaf: _Leaf, start: int, findings: deque[Finding]) -> Iterator[Finding]:
    """Yield what stands in one value, and what its field says; take from `findings` what ends before the next."""
    end = start + len(leaf.text)
    while findings and findings[0].start < end:
        each = findings[0]
        if each.end > start and leaf.text:
            yield replace(each, start=max(each.start, start) - start, end=min(each.end, end) - start)
        if each.end > end:
            break
        findings.popleft()
    if leaf.kind:
        yield Finding(start=0, end=len(leaf.text), kind=leaf.kind, score=_HINTED, lane=Lane.PATTERNS)
