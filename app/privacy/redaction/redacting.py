"""A text or a JSON document with its findings replaced, and the way back.

Owns which stretches are replaced where findings overlap, and how a document is walked. Handed what numbers tokens:
knows neither keys nor tables.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from app.privacy.detection.finding import Finding
from app.privacy.redaction.errors import RedactionError
from app.privacy.redaction.operators import Operator, Plan
from app.privacy.redaction.tokens import KIND, Token, assembled, restored, tokens_in

Value = tuple[str, str]
"""A kind and a value."""

Numbering = Callable[[Sequence[Value]], Mapping[Value, Token]]
"""Returns the token of each of these values."""

MOST_FINDINGS: Final = 20_000
"""How many of one document are replaced; who finds more has found nothing that is a document."""


_MARK: Final = "\0"  # before what is kept of a text that begins so itself
_NUMBER: Final = "\0#"  # before what is kept of a number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    start: int
    end: int
    kind: str
    rank: tuple[float, int]  # by which a kind prevails: score, then length


def redact(document: Any, findings: Iterable[Finding], plan: Plan, numbering: Numbering) -> Any:
    """Return `document`, a text or any value of JSON, with what was found in it replaced.

    A number in which something was found becomes a text; as a token, it is a number again once restored. In the name of
    a member, whatever is not kept gets a token, so that no two names become one.

    Raises:
        RedactionError: a finding lies nowhere in the document, or is of no kind, or there are too many.
    """
    cutting = _Cutting(findings, plan)
    wanted: dict[Value, None] = {}  # a set that keeps its order

    def look(place: _Place, value: Any) -> Any:
        wanted.update((each, None) for each in cutting.pieces(place, value) if isinstance(each, tuple))
        return value

    def put(place: _Place, value: Any) -> Any:
        pieces = cutting.pieces(place, value)
        if not isinstance(value, str) and pieces == [json.dumps(value)]:
            return value
        return assembled(tokens[each] if isinstance(each, tuple) else each for each in pieces)

    _walk(document, look)
    cutting.verify_used()
    tokens = numbering(list(wanted)) if wanted else {}
    return _walk(document, put)


def restore(document: Any, value: Callable[[Token], str | None]) -> Any:
    """Return `document` as it was before `redact`, where every value was kept or got a token."""

    def text(token: Token) -> str | None:
        known = value(token)
        return None if known is None else shown(known)

    def back(place: _Place, found: Any) -> Any:
        if not isinstance(found, str):
            return found
        known = None if place.in_name else _whole(found, value)
        return restored(found, text) if known is None else known

    return _walk(document, back)


def shown(value: str) -> str:
    """Return what a token stands for as people read it, given what is kept of it."""
    return value.removeprefix(_NUMBER) if value.startswith(_NUMBER) else value.removeprefix(_MARK)


def named_in(document: Any) -> frozenset[Token]:
    """Return the tokens that stand in a document."""
    found: set[Token] = set()

    def look(_: _Place, value: Any) -> Any:
        found.update(tokens_in(value) if isinstance(value, str) else ())
        return value

    _walk(document, look)
    return frozenset(found)


class _Place(NamedTuple):
    """A value of a document, or the name under which it stands."""

    path: str
    in_name: bool


def _walk(value: Any, change: Callable[[_Place, Any], Any], path: str = "") -> Any:
    """Return `value` with what `change` makes of every text, number and name of a member."""
    match value:
        case bool():
            return value
        case str() | int() | float():
            return change(_Place(path, in_name=False), value)
        case dict():
            inside = {name: f"{path}/{_pointed(name)}" for name in value}
            return {
                change(_Place(inside[name], in_name=True), name): _walk(each, change, inside[name])
                for name, each in value.items()
            }
        case list():
            return [_walk(each, change, f"{path}/{number}") for number, each in enumerate(value)]
    return value


def _whole(text: str, value: Callable[[Token], str | None]) -> int | float | None:
    """Return the number that a token stands for, where it is all of a text."""
    try:
        known = value(Token.parse(text))
    except ValueError:
        return None
    number: int | float | None = json.loads(known[2:]) if known is not None and known.startswith(_NUMBER) else None
    return number


def _pointed(name: str) -> str:
    """Return the name of a member as it stands in a pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


class _Cutting:
    """Cuts texts where something was found."""

    def __init__(self, findings: Iterable[Finding], plan: Plan) -> None:
        self._plan, self._found, self._used = plan, dict[_Place, list[Finding]](), set[_Place]()
        for number, each in enumerate(findings):
            if number >= MOST_FINDINGS:
                raise RedactionError(f"more than {MOST_FINDINGS} findings in one document")
            self._found.setdefault(_Place(each.path, each.in_name), []).append(each)

    def pieces(self, place: _Place, value: Any) -> list[str | Value]:
        """Return the pieces of a text or a number: as they are, or as what a token is to stand for."""
        findings = self._found.get(place, ())
        text = value if isinstance(value, str) else json.dumps(value)
        self._used.add(place)
        spans = _spans(findings, len(text), self._plan)
        if not isinstance(value, str) and spans:
            best = max(spans, key=lambda one: one.rank)
            return [self._piece(best.kind, text, f"{_NUMBER}{text}")]
        pieces: list[str | Value] = []
        at = 0
        for span in spans:
            found = text[span.start : span.end]
            kept = f"{_MARK}{found}" if found.startswith(_MARK) else found
            pieces += [
                text[at : span.start],
                (span.kind, kept) if place.in_name else self._piece(span.kind, found, kept),
            ]
            at = span.end
        return [*pieces, text[at:]]

    def verify_used(self) -> None:
        """Return if everything that was found lies in the document.

        Raises:
            RedactionError: something does not.
        """
        if self._found.keys() - self._used:
            raise RedactionError("a finding lies at no text of the document")

    def _piece(self, kind: str, found: str, kept: str) -> str | Value:
        replacement = self._plan.replacement(kind, found)
        return (kind, kept) if replacement is None else replacement


def _spans(findings: Iterable[Finding], length: int, plan: Plan) -> list[_Span]:
    """Return what is to be replaced, in order and apart: findings that overlap become one, of the kind that prevails.

    What is kept hides nothing that lies across it.
    """
    found: list[_Span] = []
    for each in sorted(findings, key=lambda finding: (finding.start, -finding.end)):
        if not (0 <= each.start < each.end <= length and KIND.fullmatch(each.kind)):
            raise RedactionError("a finding lies nowhere in its text, or is of no kind")
        if plan.operator(each.kind) is Operator.KEEP:
            continue
        span = _Span(start=each.start, end=each.end, kind=str(each.kind), rank=(each.score, each.end - each.start))
        if found and span.start < found[-1].end:
            last = found.pop()
            first = max(last, span, key=lambda one: one.rank)
            span = _Span(start=last.start, end=max(last.end, span.end), kind=first.kind, rank=first.rank)
        found.append(span)
    return found
