"""What an installation says about detection, as data: recognisers, languages, regions, fields; one YAML file.

It is read strictly, and refused whole for one thing that it does not know. Knows no text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from app.privacy.detection import expression
from app.privacy.detection.checksums import CHECKS
from app.privacy.detection.errors import ExpressionError, RecogniserError
from app.privacy.detection.hints import words
from app.privacy.detection.recogniser import Recogniser
from frameworks import strict_yaml
from frameworks.errors import FrameworksError

MOST_BYTES: Final = 262_144
"""Of a file of recognisers."""
MOST_RECOGNISERS: Final = 256
"""In a file."""
_KIND: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_WORDS: Final = 128
_REGION: Final = re.compile(r"[A-Z]{2}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_MODEL: Final = re.compile(r"[a-z][a-z0-9_]{1,63}")
_MEMBERS: Final = frozenset({"recognisers", "languages", "phone_regions", "hints"})
_NEEDED: Final = frozenset({"name", "kind", "expression", "score"})
_KEYS: Final = _NEEDED | {"near_score", "context", "unless", "check", "languages", "ignore_case", "digits"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What a file says; what it does not say stays as it is.

    Attributes:
        recognisers: asked beside those that come with the service.
        languages: the model of each language, for the lane of names.
        phone_regions: ISO 3166-1 codes whose phone numbers are known without a country code.
        hints: the kind that a field of this name holds whole, beside those that are known; see `hints`.
    """

    recognisers: tuple[Recogniser, ...] = ()
    languages: Mapping[str, str] | None = None
    phone_regions: tuple[str, ...] | None = None
    hints: Mapping[str, str] = field(default_factory=dict)


def built_in() -> tuple[Recogniser, ...]:
    """Return the recognisers that come with the service."""
    return parse((files("app.privacy.detection") / "recognisers.yaml").read_bytes()).recognisers


def load(path: Path | None) -> Detection:
    """Return what a file says; nothing, where there is none.

    Raises:
        RecogniserError: the file cannot be read, or one thing in it cannot be used.
    """
    if path is None:
        return Detection()
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise RecogniserError(f"`{path}` cannot be read") from error
    return parse(data)


def parse(data: bytes) -> Detection:
    """Return what a document says.

    Raises:
        RecogniserError: it is no such document; the message names the recogniser and the member.
    """
    if len(data) > MOST_BYTES:
        raise RecogniserError(f"the file has more than {MOST_BYTES} bytes")
    try:
        value = strict_yaml.parse(data.decode())
    except (UnicodeDecodeError, FrameworksError, RecursionError) as error:
        raise RecogniserError("the file is no strict YAML in UTF-8") from error
    if not isinstance(value, dict) or not set(value) <= _MEMBERS:
        raise RecogniserError(f"the file has other members than {', '.join(sorted(_MEMBERS))}")
    given = value.get("recognisers", [])
    if not isinstance(given, list) or len(given) > MOST_RECOGNISERS:
        raise RecogniserError(f"`recognisers` is no list of at most {MOST_RECOGNISERS}")
    found = tuple(_recogniser(each, place) for place, each in enumerate(given, 1))
    if len({each.name for each in found}) != len(found):
        raise RecogniserError("two recognisers have the same name")
    regions = tuple(_map_or_list(value, "phone_regions", list, _REGION)) if "phone_regions" in value else None
    languages = _map_or_list(value, "languages", dict, _MODEL, _LANGUAGE) if "languages" in value else None
    hints = {words(name): kind for name, kind in _map_or_list(value, "hints", dict, _KIND).items()}
    return Detection(recognisers=found, languages=languages or None, phone_regions=regions, hints=hints)


def _map_or_list(
    value: dict[str, Any], member: str, form: type, each: re.Pattern[str], name: re.Pattern[str] | None = None
) -> Any:
    """Return a member that is a list or a map of texts of one form."""
    found = value.get(member, form())
    texts = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    right = isinstance(found, form) and all(isinstance(one, str) and each.fullmatch(one) for one in texts)
    if not right or (name and not all(map(name.fullmatch, found))):
        raise RecogniserError(f"`{member}` holds something else than {each.pattern}")
    return found


def _recogniser(value: Any, place: int) -> Recogniser:
    where = f"recogniser {place}"
    if not isinstance(value, dict) or not _NEEDED <= set(value) <= _KEYS:
        raise RecogniserError(f"{where} has to have name, kind, expression and score, and no other members than known")
    name, check = _text(value, "name", where, _NAME), value.get("check")
    where = f"recogniser `{name}`"
    if check is not None and (not isinstance(check, str) or check not in CHECKS):
        raise RecogniserError(f"{where}: `check` is none of {', '.join(sorted(CHECKS))}")
    score = _score(value, "score", where)
    try:
        found = expression.compiled(_text(value, "expression", where), ignore_case=_flag(value, "ignore_case", where))
    except ExpressionError as error:
        raise RecogniserError(f"{where}: `expression`: {error}") from error
    return Recogniser(
        name=name,
        kind=_text(value, "kind", where, _KIND),
        expression=found,
        score=score,
        near_score=_score(value, "near_score", where) if "near_score" in value else score,
        context=_words(value, "context", where),
        unless=_words(value, "unless", where),
        check=CHECKS[check] if check else None,
        languages=frozenset(_words(value, "languages", where)),
        digits=_flag(value, "digits", where),
    )


def _text(value: dict[str, Any], member: str, where: str, form: re.Pattern[str] | None = None) -> str:
    found = value[member]
    if not isinstance(found, str) or not found or (form and not form.fullmatch(found)):
        raise RecogniserError(f"{where}: `{member}` is not of the form {form.pattern if form else 'text'}")
    return found


def _score(value: dict[str, Any], member: str, where: str) -> float:
    found = value[member]
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise RecogniserError(f"{where}: `{member}` is no number from 0 to 1")
    return float(found)


def _flag(value: dict[str, Any], member: str, where: str) -> bool:
    found = value.get(member, False)
    if not isinstance(found, bool):
        raise RecogniserError(f"{where}: `{member}` is neither true nor false")
    return found


def _words(value: dict[str, Any], member: str, where: str) -> tuple[str, ...]:
    found = value.get(member, [])
    if not isinstance(found, list) or len(found) > _MOST_WORDS:
        raise RecogniserError(f"{where}: `{member}` is no list of at most {_MOST_WORDS} words")
    if not all(isinstance(each, str) and each and each == each.lower() for each in found):
        raise RecogniserError(f"{where}: `{member}` holds something else than words in lower case")
    return tuple(found)
