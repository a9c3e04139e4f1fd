"""Other persons in what somebody gets of themselves: found in longer texts, and taken out (GDPR, article 15(4)).

A value that stands alone in a field of the person's own is theirs. What is found inside of a longer text, and is no
value of theirs, is taken for somebody else's; a name is theirs if each word of it is one of their own name.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from app.privacy.detection.detector import disjoint
from app.privacy.detection.finding import Finding, Kind
from app.privacy.detection.hints import words
from app.privacy.stores.identifying import identifiers, texts
from app.privacy.stores.store import Item, Person

OTHERS: Final = "[{} of somebody else]"
"""What stands where it stood, with the kind in it."""

_NOBODY: Final = Kind.LOCATION  # a place is no person
_WORD: Final = re.compile(r"[^\W\d_]+")
_NAMES: Final = frozenset(
    {
        *("name", "first name", "last name", "given name", "family name", "middle name", "full name", "surname"),
        *("forename", "maiden name", "display name", "legal name", "nickname", "firstname", "lastname", "fullname"),
        *(
            "vorname",
            "nachname",
            "familienname",
            "nombre",
            "apellido",
            "apellidos",
            "cognome",
            "voornaam",
            "achternaam",
        ),
    }
)  # of fields, in words: what stands there is the name of whom the thing is about


class Detector(Protocol):
    """Finds personal data in texts. `names` says whether it looks for names, too."""

    @property
    def names(self) -> bool:
        """Tell whether it looks for names of persons."""

    def find(self, text: str) -> tuple[Finding, ...]:
        """Return what it finds: sorted, not overlapping, offsets in code points. May raise `PrivacyError`."""

    def rest(self) -> None:
        """Let go of what it needs only while it is asked."""


class Patterns(Protocol):
    """See `app.privacy.detection.detector.Detector`."""

    def find(self, text: str, *, language: str = "en") -> tuple[Finding, ...]:
        """Return what it finds."""


class NoDetector:
    """Finds nothing."""

    names = False

    def find(self, text: str) -> tuple[Finding, ...]:  # noqa: ARG002 - the port's
        """See `Detector`."""
        return ()

    def rest(self) -> None:
        """See `Detector`."""


class PatternDetector:
    """Finds patterns; loaded when it is first asked: it takes seconds, and memory that others can use."""

    names = False

    def __init__(self, load: Callable[[], Patterns]) -> None:
        self._load = load
        self._loaded: Patterns | None = None

    def find(self, text: str) -> tuple[Finding, ...]:
        """See `Detector`."""
        self._loaded = self._loaded or self._load()
        return self._loaded.find(text)

    def rest(self) -> None:
        """See `Detector`."""


class Lane(Protocol):
    """A process that looks for names and patterns; see `app.privacy.redaction.names_lane.NamesLane`."""

    def find(self, body: Mapping[str, Any], language: str) -> tuple[Finding, ...]:
        """Return what stands in the one value of `body`; raises `NamesError`."""

    def close(self) -> None:
        """End it; it is started again when it is asked."""


class NameDetector:
    """Finds patterns and names, in every one of some languages: nobody says which one a text is in."""

    names = True

    def __init__(self, lane: Lane, languages: Sequence[str]) -> None:
        self._lane, self._languages = lane, languages

    def find(self, text: str) -> tuple[Finding, ...]:
        """See `Detector`; raises `NamesError`."""
        if _WORD.search(text) is None and not any(each.isdigit() for each in text):
            return ()
        return disjoint([each for one in self._languages for each in self._lane.find({"text": text}, one)], text)

    def rest(self) -> None:
        """See `Detector`."""
        self._lane.close()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Own:
    """What is the person's own, folded: `values`, and the `words` of their name."""

    values: frozenset[str]
    words: frozenset[str]

    def has(self, said: str, kind: str) -> bool:
        """Tell whether what was found is theirs."""
        if _folded(said) in self.values:
            return True
        found = {each.casefold() for each in _WORD.findall(said)}
        return kind == Kind.PERSON and bool(found) and found <= self.words


def own_values(person: Person, items: Iterable[Item]) -> Own:
    """Return what is the person's own: what they are known by, and what stands alone in a field."""
    mine = set(identifiers(person).values())
    names = set(mine)
    for each in items:
        mine.update(texts(each.content))
        names.update(_names(each.content))
    return Own(
        values=frozenset(_folded(value) for value in mine),
        words=frozenset(word.casefold() for value in names for word in _WORD.findall(value)),
    )


def _names(content: Any) -> Iterator[str]:
    """Yield what stands in fields that name whom the thing is about: at its top, as what is below is about others."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            if isinstance(value, str) and words(str(name)) in _NAMES:
                yield value


def without_others(item: Item, own: Own, detector: Detector) -> tuple[Item, int]:
    """Return an item in which nobody else is named, and how many places of it were taken out."""
    count = 0

    def cleared(value: Any) -> Any:
        nonlocal count
        if isinstance(value, str):
            made, found = _cleared(value, own, detector)
            count += found
            return made
        if isinstance(value, Mapping):
            return {str(name): cleared(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [cleared(each) for each in value]
        return value

    content = cleared(item.content)
    return Item(place=item.place, category=item.category, content=content), count


def _cleared(text: str, own: Own, detector: Detector) -> tuple[str, int]:
    made, at, count = "", 0, 0
    for each in detector.find(text):
        said = text[each.start : each.end]
        alone = each.start == 0 and each.end == len(text)
        if alone or each.kind == _NOBODY or own.has(said, each.kind):
            continue
        made += text[at : each.start] + OTHERS.format(each.kind.lower().replace("_", " "))
        at, count = each.end, count + 1
    return made + text[at:], count


def _folded(value: str) -> str:
    return " ".join(value.split()).casefold()
