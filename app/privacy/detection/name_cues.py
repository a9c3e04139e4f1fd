"""Names by what stands before them: a title, a greeting, `my name is`, the word of a field, a speaker's turn.

A model knows the names that it has read; these know where a name stands, whoever bears it. Knows no model.
"""

import re
from collections.abc import Iterator
from typing import Final

from app.privacy.detection.finding import Finding, Kind, Lane
from app.privacy.detection.name_spans import PARTICLES, WORD, is_company, is_inside_code, is_no_name
from app.privacy.detection.name_words import WORDS

_SCORE, _FIELD, _ACTS, _PLACED = 0.8, 0.75, 0.78, 0.87
_MOST_WORDS: Final = 4


def _any(*lists: str) -> str:
    """Return an expression for any word of lists, the longest first."""
    words = sorted({word for each in lists for word in WORDS[each]}, key=lambda word: (-len(word), word))
    return "(?:" + "|".join(re.escape(word).replace(r"\ ", "[ _.-]?") for word in words) + ")"


_TITLES: Final = rf"(?:{_any('titles')}\.?[ \u00a0]+)"
_CAPITALS: Final = r"[^\W\d_][\w'\u2019\-]{1,30}"
_FIELDS: Final = rf"(?:{_any('person_fields')}(?:[ _.-]?names?)?|{_any('fields')})"
_TITLE: Final = re.compile(rf"(?<!\w){_TITLES}{{1,2}}")
_GREETING: Final = re.compile(
    rf"(?:^|(?<=[\n.!?:>\"\u201c]))[ \t]{{0,8}}{_any('greetings')},?[ ]{_TITLES}?", re.MULTILINE
)
_SAID: Final = re.compile(rf"(?<!\w){_any('sayings', 'namings')}[ :]{{1,3}}{_TITLES}?", re.IGNORECASE)
_NAMED: Final = re.compile(rf"(?<!\w){_any('namings')}[ ]", re.IGNORECASE)
_FIELD_NAME: Final = re.compile(rf"(?<![^\W\d_]){_FIELDS}[\"']?[ ]?[:=][ ]?[\"']?(?=[^\W\d_])", re.IGNORECASE)
_CLOSING: Final = re.compile(rf"(?<!\w){_any('closings')},?[ ]{{0,4}}\n\s{{0,4}}", re.IGNORECASE)
_TURN: Final = re.compile(
    r"^[ \t]{0,8}(?P<when>\[[^\]\n]{1,32}\][ ]?)?(?=[^\W\d_]{1,32}[^\n:]{2,40}?(?: \([^)\n]{1,16}\))?[ ]?:[ ])",
    re.MULTILINE,
)
_ROLE: Final = re.compile(rf"(?<!\w){_any('roles')}[ ]", re.IGNORECASE)
_ACTING: Final = re.compile(
    rf"(?<![\w@./-])(?P<name>{_CAPITALS}(?: {_CAPITALS}){{0,3}}) (?:(?P<said>{_any('acts')})|{_any('beings')})(?!\w)"
)
_PLACE: Final = re.compile(
    rf"(?<!\w)(?:{_any('places')}(?:(?: le| am| el| on)? [0-9][0-9./-]{{3,16}})?(?: {_any('prepositions')})?"
    rf"|{_any('houses')} {_any('prepositions')}|{_any('place_fields')}[\"']?[ ]?[:=][ ]?[\"']?)"
    rf"(?: the| der| la)?[ ]?(?<![^\W\d_])(?P<place>{_CAPITALS}(?: {_CAPITALS})?)"
)
_NEVER: Final = frozenset("=_(@/")  # directly behind a word of a name
_JOINT: Final = re.compile(r"\. ?|, ?|[ \u00a0]")
_PLACED_BEFORE: Final = re.compile(
    rf"(?<!\w){_any('prepositions')}(?: the| der| la)? (?P<place>{_CAPITALS}) {_any('place_ends')}(?!\w)"
)
_HEADER: Final = re.compile(r"[\w .-]{1,32}(?:(?P<mark>[,;\t|])[\w .-]{1,32})+")
_FIELD_ONLY: Final = re.compile(rf"(?:{_FIELDS})", re.IGNORECASE)


def find(text: str) -> Iterator[Finding]:
    """Yield persons by the cue before them; of a text of any length, in time that grows with it alone."""
    for cue in (_TITLE, _GREETING, _SAID, _CLOSING):
        for match in cue.finditer(text):
            yield from _name_at(text, match.end(), _SCORE)
    for match in _TURN.finditer(text):
        told = match["when"] is not None  # a single word before a colon is a heading, unless a time stands before it
        yield from (each for each in _name_at(text, match.end(), _SCORE) if told or " " in text[each.start : each.end])
    for match in _NAMED.finditer(text):
        yield from _name_at(text, match.end(), _SCORE, any_case=2)
    for match in _FIELD_NAME.finditer(text):
        yield from _name_at(text, match.end(), _FIELD, any_case=_MOST_WORDS if '"' in match[0] else 0)
    for match in _ROLE.finditer(text):
        yield from (each for each in _name_at(text, match.end(), _FIELD) if " " in text[each.start : each.end])
    yield from _acting(text)
    yield from _places(text)
    for match in _PLACED_BEFORE.finditer(text):
        if match["place"][0].isupper() and not is_no_name(match["place"]):
            yield _located(match.start("place"), match.end("place"))
    yield from _columns(text)


def _acting(text: str) -> Iterator[Finding]:
    """Yield persons by what they do: one capital word that says or calls, two that live somewhere."""
    for match in _ACTING.finditer(text):
        words = match["name"].split(" ")
        while words and (is_no_name(words[0]) or not words[0][0].isupper()):
            words.pop(0)
        named = all(word[0].isupper() or word in PARTICLES for word in words) and not any(map(is_no_name, words))
        if named and len(words) > (0 if match["said"] else 1):
            end = match.end("name")
            start = end - len(" ".join(words))
            yield Finding(start=start, end=end, kind=Kind.PERSON, score=_ACTS, lane=Lane.NAMES)


def _places(text: str) -> Iterator[Finding]:
    """Yield places by what is done there: people live in them, offices stand in them."""
    for match in _PLACE.finditer(text):
        words = match["place"].split(" ")
        words = words if all(word[0].isupper() and not is_no_name(word) for word in words) else words[:1]
        if words[0][0].isupper() and not is_no_name(words[0]):
            yield _located(match.start("place"), match.start("place") + len(" ".join(words)))


def _located(start: int, end: int) -> Finding:
    return Finding(start=start, end=end, kind=Kind.LOCATION, score=_PLACED, lane=Lane.NAMES)


def _name_at(text: str, place: int, score: float, *, any_case: int = 0) -> Iterator[Finding]:
    """Yield the name that begins at a place.

    Args:
        text: the whole.
        place: where it begins.
        score: of the finding.
        any_case: how many words may be in lower case.
    """
    start, end, words = place, place, 0
    while words < _MOST_WORDS and (match := WORD.match(text, place)):
        word, follows = match[0], text[match.end() : match.end() + 1]
        if word.lower() in PARTICLES and follows == " ":
            place = match.end() + 1
            continue
        any_case -= not word[0].isupper()
        if is_no_name(word) or any_case < 0 or follows in _NEVER or follows.isdigit():
            break
        end, words = match.end(), words + 1
        joint = _JOINT.match(text, end)
        if not joint or (joint[0][0] == "." and len(word) > 1) or (joint[0][0] == "," and (words > 1 or not any_case)):
            break
        place = joint.end()
    if end - start > 1 and not is_company(text, start, end) and not is_inside_code(text, start, end):
        yield Finding(start=start, end=end, kind=Kind.PERSON, score=score, lane=Lane.NAMES)


def _columns(text: str) -> Iterator[Finding]:
    """Yield what stands in the columns of names of a table with a header."""
    header = _HEADER.match(text)
    if not header or text[header.end() : header.end() + 1] not in {"\n", "\r"}:
        return
    mark = header["mark"]
    wanted = [place for place, name in enumerate(header[0].split(mark)) if _FIELD_ONLY.fullmatch(name.strip())]
    at = header.end()
    while wanted and (line := re.compile(r"\r?\n([^\r\n]+)").match(text, at)):
        at, start = line.end(), line.start(1)
        for place, cell in enumerate(line[1].split(mark)):
            if place in wanted and re.search(r"[^\W\d_]{2}", cell) and not re.search(r"[\d@]", cell):
                inner = cell.strip(" \"'")
                begin = start + cell.index(inner)
                yield Finding(start=begin, end=begin + len(inner), kind=Kind.PERSON, score=_FIELD, lane=Lane.NAMES)
            start += len(cell) + 1
