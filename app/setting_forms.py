"""The forms of settings as an operator writes them: words, numbers, places, lists.

Owns how a text becomes a value, and what is said of one that does not. Which settings there are, `app/settings.py` and
`app/portal_settings.py` know. A function raises `ValueError`, whose message says what is asked for; `Reader` adds which
setting it was.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from app import addresses
from app.regions import Region
from evidence import authority
from evidence.cosignature import WitnessKey
from evidence.errors import MalformedError
from evidence.store import Level

KEK_FILES: Final = "files"
"""The key-encryption key lies in files of the node."""

KMS: Final = "awskms://"
"""What a place begins with that is a region of AWS KMS."""

_T = TypeVar("_T")
_Word = TypeVar("_Word", bound=StrEnum)
_MOST_DAYS: Final = 36_500
_LONGEST_WORD: Final = 256
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_WITNESS: Final = re.compile(r"(\S+?\+[0-9a-f]{8}\+[A-Za-z0-9+/]+)=(\S+)")
_POSTGRESQL: Final = re.compile(r"postgresql(\+psycopg)?://[!-~]+")
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
_CLASS: Final = re.compile(r"([a-z0-9]{1,16})=([0-9]{1,5})")


class SettingsError(Exception):
    """A setting cannot be used; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A witness: its key, and the URL that it answers at."""

    key: WitnessKey
    url: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads settings from variables."""

    environment: Mapping[str, str]

    def value(self, name: str, default: str, parse: Callable[[str], _T]) -> _T:
        """Return what `parse` makes of a variable.

        Raises:
            SettingsError: it has not its form.
        """
        text = self.environment.get(name, default)
        try:
            return parse(text)
        except ValueError as error:
            raise SettingsError(f"{name} cannot be `{text}`: {error}") from error

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`.

        Raises:
            SettingsError: it is none.
        """

        def parse(text: str) -> int:
            if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
                raise ValueError(f"it is a whole number from {least} to {most}")
            return int(text)

        return self.value(name, str(default), parse)

    def database(self, name: str) -> str | None:
        """Return the URL of a PostgreSQL database; the error does not quote it, as it may hold a password.

        Raises:
            SettingsError: it is none.
        """
        text = self.environment.get(name)
        if text is not None and not _POSTGRESQL.fullmatch(text):
            raise SettingsError(f"{name} cannot be used: it is a URL such as postgresql://user@host/name")
        return text


def host(text: str) -> str:
    """Return an address to listen on."""
    if not text:  # it would mean every interface of the machine
        raise ValueError("it is the address to listen on")
    return text


def path(text: str) -> Path | None:
    """Return where a file is; empty is none."""
    return directory(text) if text else None


def word(text: str) -> str:
    """Return a text without spaces."""
    if not 0 < len(text) <= _LONGEST_WORD or not all("!" <= each <= "~" for each in text):
        raise ValueError("it is printable, without spaces")
    return text


def audience(text: str, issuers: Mapping[str, str | Path | None]) -> str:
    """Return for whom tokens of `issuers` have to be."""
    if issuers and not text:
        raise ValueError("where OMEGA_IDP_ISSUERS lists somebody, say for whom their tokens are")
    return addresses.audience(text)


def directory(text: str) -> Path:
    """Return where it is, whatever directory a process is in."""
    if not text:
        raise ValueError("it is a directory")
    return Path(text).absolute()


def store(text: str) -> str:
    """Return the URL of a store, or the path of a directory."""
    return text if _URL.match(text) else str(directory(text))


def yes(text: str) -> bool:
    """Return whether it is yes."""
    if text not in {"yes", "no"}:
        raise ValueError("it is yes or no")
    return text == "yes"


def level(text: str) -> Level | None:
    """Return a level of assurance; empty is none."""
    if text and text not in list(Level):
        raise ValueError(f"it is one of {', '.join(Level)}")
    return Level(text) if text else None


def one_of(words: type[_Word], text: str) -> _Word:
    """Return one of `words`."""
    if text not in list(words):
        raise ValueError(f"it is one of {', '.join(words)}")
    return words(text)


def exported(signal: str, environment: Mapping[str, str]) -> bool:
    """Return whether the variables of OpenTelemetry say where a signal goes; the rest of them its own library reads.

    OpenTelemetry, Environment Variable Specification: "General SDK Configuration", "Exporter Selection".
    """
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environment.get(f"OTEL_{signal}_EXPORTER", "otlp") != "otlp":
        return False
    return any(environment.get(f"OTEL_EXPORTER_OTLP_{which}ENDPOINT") for which in ("", f"{signal}_"))


def objects(text: str, log: str) -> str:
    """Return the place for objects, which is apart from the log: each would find what is not its own."""
    place = store(text)
    for inner, outer in ((place, log), (log, place)):
        if f"{inner}/".startswith(f"{outer.rstrip('/')}/"):
            raise ValueError("it is a place of its own, apart from OMEGA_STORE")
    return place


def region(text: str) -> Region | None:
    """Return a region."""
    if not text:
        return None
    return one_of(Region, text)


def regional(text: str, region: Region | None) -> Mapping[Region | None, str]:
    """Return the place of objects of each region, `region=place,region=place`; that of this node has to be there."""
    places: dict[Region | None, str] = {}
    for item in filter(None, text.split(",")):
        code, _, place = item.partition("=")
        if code not in set(Region) or Region(code) in places:
            raise ValueError("it is a list of region=place, such as EU=s3://eu-objects,US=s3://us-objects")
        places[Region(code)] = store(place)
    if places and region not in places:
        raise ValueError("it has no place for OMEGA_REGION")
    return places


def kek(text: str) -> str:
    """Return who keeps the key-encryption key."""
    if text != KEK_FILES and not (text.startswith(KMS) and _REGION.fullmatch(text.removeprefix(KMS))):
        raise ValueError("it is `files`, or `awskms://` and a region, such as awskms://eu-central-1")
    return text


def opa(text: str, search: str) -> Path | None:
    """Return where a program is, by its name on `search`, or by its own path; whether it runs shows when it does."""
    found = text if "/" in text else shutil.which(text, path=search)
    return Path(found).absolute() if found else None


def retention(text: str) -> Mapping[str, timedelta]:
    """Return the days of each class: `class=days,class=days`."""
    classes = {}
    for item in text.split(","):
        found = _CLASS.fullmatch(item)
        if found is None or not 0 < int(found[2]) <= _MOST_DAYS or found[1] in classes:
            raise ValueError("it is a list of class=days, such as std7y=2555,sec1y=365")
        classes[found[1]] = timedelta(days=int(found[2]))
    return classes


def url(text: str) -> str | None:
    """Return the URL of an authority; empty is none."""
    try:
        return authority.parse_url(text) if text else None
    except MalformedError as error:
        raise ValueError("it is a URL, such as https://tsa.example.org/tsr") from error


def witnesses(text: str) -> tuple[Witness, ...]:
    """Return witnesses: `verifier key=url`, white space between two."""
    found: dict[bytes, Witness] = {}
    for item in text.split():
        try:
            witness = _witness(item)
        except MalformedError as error:
            raise ValueError("it is a list of <verifier key of the witness>=<its URL>, with spaces between") from error
        if found.setdefault(witness.key.id, witness) is not witness:
            raise ValueError("two witnesses have one key id")
    return tuple(found.values())


def _witness(text: str) -> Witness:
    found = _WITNESS.fullmatch(text)
    if found is None:
        raise MalformedError("no verifier key and URL")
    return Witness(key=WitnessKey.parse(found[1]), url=authority.parse_url(found[2]))
