"""How a span that may be a name is put right: cut at what no name holds, joined, and found again elsewhere in the text.

Knows neither models nor cues.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from app.privacy.detection.finding import Finding, Kind, Lane
from app.privacy.detection.name_words import WORDS

WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")
"""A word, with the apostrophes and hyphens of names."""
PARTICLES: Final = WORDS["particles"]
"""Words of lower case inside names."""
_COMPANY: Final = WORDS["companies"]
_NO_NAME: Final = WORDS["no_names"]
_LETTERS: Final = re.compile(r"[^\W\d_]{3,}")
_LOUD: Final = re.compile(r"(?<!\w)[^\W\d_a-z]{2,32}(?:[ '\u2019\-]{1,2}[^\W\d_a-z]{2,32}){1,3}(?!\w)")
_NEXT: Final = re.compile(rf"[ \u00a0]((?:(?:{'|'.join(sorted(PARTICLES))}) ){{0,3}}[^\W\d_][\w'\u2019\-]*)")
_LAST: Final = re.compile(r"([^\W\d_][\w'\u2019\-]*)[ \u00a0]\Z")
_LEAST_AGAIN: Final = 3
_LEAST_LINE: Final = 4
_MOST_WORDS: Final = 5


def is_like_person(text: str) -> bool:
    """Say whether a span that is called something else has the form of a person's name: two to four capital words."""
    found = WORD.findall(text)
    plain = [word for word in found if word.lower() not in PARTICLES]
    return (
        2 <= len(plain) <= 4  # noqa: PLR2004
        and all(word[0].isupper() and not (word.isupper() and len(word) < _LEAST_LINE) for word in plain)
        and not any(word.lower() in _COMPANY or word.lower() in _NO_NAME for word in plain)
        and not re.search(r"[^\w\s'\u2019.\-]|\d|_", text)
    )


def is_no_name(word: str) -> bool:
    """Say whether a word is one of texts, logs and forms, not of names."""
    return word.lower() in _NO_NAME


def is_company(text: str, start: int, end: int) -> bool:
    """Say whether the last word of a span, or the next, makes it a company or an institution."""
    said = [*WORD.findall(text[start:end])[-1:], *WORD.findall(text[end + 1 : end + 33])[:1]]
    behind = said[:1] if text[end : end + 1] != " " else said
    return any(word.lower() in _COMPANY for word in behind)


def cleaned(text: str, start: int, end: int, kind: str) -> Iterator[tuple[int, int]]:
    """Yield what of a span is a name: cut at lines and marks, without words of no name at its ends."""
    for part in re.finditer(r"[^\n\r\t\"“”„«»<>{}\[\]()|;:=@/\\_,]+", text[start:end]):
        words = list(WORD.finditer(part[0]))
        while words and (is_no_name(words[0][0]) or not (words[0][0][0].isupper() or words[0][0] in PARTICLES)):
            words.pop(0)
        while words and not _may_end(words[-1][0]):
            words.pop()
        if not words or re.search(r"\d", part[0][words[0].start() : words[-1].end()]):
            continue
        begin, stop = start + part.start() + words[0].start(), start + part.start() + words[-1].end()
        if kind == Kind.PERSON:
            begin, stop = widened(text, begin, stop)
            if is_company(text, begin, stop):
                continue
        if is_inside_code(text, begin, stop):
            continue
        if stop - begin > 1:
            yield begin, stop


def is_inside_code(text: str, start: int, end: int) -> bool:
    """Say whether a span is a part of something longer that is no word: an address, a key, a number with letters."""
    before, behind = text[max(0, start - 1) : start], text[end : end + 2]
    return (
        before.isdigit()
        or (before != "" and before in "_@#$")
        or behind[:1].isdigit()
        or (behind != "" and behind[0] in "_@")
        or (len(behind) > 1 and behind[0] in ".+" and behind[1].isalnum())
    )


def widened(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a person's name with the capital words and particles directly beside it."""
    for _ in range(_MOST_WORDS):
        more = _NEXT.match(text, end)
        if not more or not _is_name_word(more[1].rpartition(" ")[2]):
            break
        end = more.end()
    for _ in range(_MOST_WORDS):
        less = _LAST.search(text, max(0, start - 40), start)
        if not less or not _is_name_word(less[1]):
            break
        start -= len(less[0])
    return start, end


def joined(findings: Iterable[Finding], text: str) -> list[Finding]:
    """Return findings with those of one kind that overlap made one."""
    done: list[Finding] = []
    for each in sorted(findings, key=lambda one: (one.kind, one.start, -one.end)):
        last = done[-1] if done else None
        if last and last.kind == each.kind and (each.start <= last.end or text[last.end : each.start] == " "):
            done[-1] = Finding(
                start=last.start,
                end=max(last.end, each.end),
                kind=each.kind,
                score=max(last.score, each.score),
                lane=each.lane,
            )
        else:
            done.append(each)
    return done


def repeated(findings: Iterable[Finding], text: str, *, score: float) -> list[Finding]:
    """Return findings of a text, and each word of a person's name wherever else it stands as written."""
    found = list(findings)
    words = {
        word
        for each in found
        if each.kind == Kind.PERSON and each.score >= score
        for word in WORD.findall(text[each.start : each.end])
        if len(word) >= _LEAST_AGAIN and word[0].isupper() and not is_no_name(word)
    }
    words -= {match[0].capitalize() for match in WORD.finditer(text) if match[0].islower()}  # a word that begins a line
    again = (match.span() for match in WORD.finditer(text) if match[0] in words) if words else ()
    found += (Finding(start=start, end=end, kind=Kind.PERSON, score=score, lane=Lane.NAMES) for start, end in again)
    return found


def recased(text: str) -> str:
    """Return a text with names all in capitals written as names are: models know few in capitals.

    A name in capitals is two words of them and more; a single one is an abbreviation, or shouted.
    """
    return _LOUD.sub(_proper_names, text)


def _proper_names(run: re.Match[str]) -> str:
    loud = run[0].isupper() and max(map(len, WORD.findall(run[0]))) >= _LEAST_LINE
    return _LETTERS.sub(_proper, run[0]) if loud else run[0]


def _proper(word: re.Match[str]) -> str:
    return word[0][0] + _small(word[0][1:])


def _small(text: str) -> str:
    """Return a text in lower case, as long as it was."""
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)


def _may_end(word: str) -> bool:
    """Say whether a name may end with this word: a capital one, no short one all in capitals."""
    return word[0].isupper() and not is_no_name(word) and not (word.isupper() and len(word) < _LEAST_LINE)


def _is_name_word(word: str) -> bool:
    return word[0].isupper() and not is_no_name(word) and not word.isupper() and not re.search(r"[\d_]", word)
