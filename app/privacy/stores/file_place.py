"""Where in files a person stands: whole files of theirs, entries of lists, lines, words of a text. Pure.

Owns how names are made of an id, and how one person is taken out of a file that is everybody's.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.files import PART
from app.privacy.stores.identifying import naming, texts

ERASED: Final = "[erased]"
"""What stands in a text where an identifier stood."""

_HOLE: Final = re.compile(r"\{([a-z][a-z0-9_]{0,31})\}")
_PATTERN: Final = re.compile(r"(?![/.])[A-Za-z0-9._@+=%*{}/-]{1,512}", re.ASCII)


class Form(StrEnum):
    """What a file is."""

    WHOLE = "whole"  # all of it is the person's
    JSON = "json"  # a list in it has an entry for each
    JSONL = "jsonl"  # a line for each
    TEXT = "text"  # persons are named in it


class Encoding(StrEnum):
    """How an identifier becomes a part of a name."""

    PLAIN = "plain"
    PERCENT = "percent"  # RFC 3986
    SHA256 = "sha256"  # in hex


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlace:
    """Some files of a place.

    Attributes:
        path: of the files: with `{id}`, or another identifier, of whole files; else with `*` within a part and `**`
            across parts. A path of whole files that ends in a slash means everything below.
        form: what they are.
        category: of data in them.
        encoding: of identifiers in `path`.
        within: JSON Pointer (RFC 6901) of the list, in a JSON document.
        identify: by JSON Pointer, which identifier stands there, in an entry or a line.
        rectify: by name of what a person may have changed, the pointer it stands at.
    """

    path: str
    form: Form
    category: str
    encoding: Encoding = Encoding.PLAIN
    within: str = ""
    identify: Mapping[str, str] = field(default_factory=dict)
    rectify: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what does not fit together.

        Raises:
            ValueError: it does not; the message says why.
        """
        if not _PATTERN.fullmatch(self.path) or ".." in self.path or "//" in self.path:
            raise ValueError(f"`{self.path}` is no path of files below a place")
        if (self.form is Form.WHOLE) != bool(_HOLE.search(self.path)) or (self.form is Form.WHOLE and "*" in self.path):
            raise ValueError(f"`{self.path}`: whole files have `{{id}}` or another identifier in it, others have none")
        if (self.form in {Form.JSON, Form.JSONL}) != bool(self.identify):
            raise ValueError(f"`{self.path}`: entries and lines say where in them the person stands, others do not")
        if not all(each.startswith("/") for each in (*self.identify, *self.rectify.values(), self.within or "/")):
            raise ValueError(f"`{self.path}`: a JSON pointer begins with /")

    @property
    def named_by(self) -> tuple[str, ...]:
        """Return the identifiers in the path."""
        return tuple(_HOLE.findall(self.path))

    def name(self, known: Mapping[str, str]) -> str | None:
        """Return the name of a person's whole files, or None where what it is made of is not known.

        Raises:
            UnsupportedError: an identifier cannot be a part of a name.
        """
        if not all(name in known for name in self.named_by):
            return None
        made = _HOLE.sub(lambda found: self._encoded(known[found[1]]), self.path)
        if not all(PART.fullmatch(part) for part in made.removesuffix("/").split("/")):
            raise UnsupportedError("what this place knows persons by cannot be the name of a file for this one")
        return made

    def matching(self) -> re.Pattern[str]:
        """Return what the names of these files match; a group is an identifier, as it is encoded."""
        made = ""
        for part in re.split(r"(\*\*|\*|\{[a-z][a-z0-9_]{0,31}\})", self.path):
            match part:
                case "**":
                    made += ".*"
                case "*":
                    made += "[^/]*"
                case _ if part.startswith("{"):
                    made += "([^/]+?)"
                case _:
                    made += re.escape(part)
        return re.compile(made + (".*" if made.endswith("/") else ""))

    @property
    def prefix(self) -> str:
        """Return what every name begins with, up to a slash."""
        head, slash, _ = re.split(r"[*{]", self.path)[0].rpartition("/")
        return head + slash

    def _encoded(self, value: str) -> str:
        match self.encoding:
            case Encoding.PLAIN:
                return value if "/" not in value else "/"
            case Encoding.PERCENT:
                return quote(value, safe="@+=", errors="surrogatepass")
            case Encoding.SHA256:
                return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A file taken apart: what of it is the person's, and what the file is without it.

    Attributes:
        mine: the entries, lines or sentences, as JSON values.
        without: the bytes of the file when the person is erased.
        changed: returns the bytes when values, by pointer, are put into each of `mine`, and how many changed.
    """

    mine: Sequence[Any]
    without: bytes
    changed: Callable[[Mapping[str, Any]], tuple[bytes, int]]


def parts(place: FilePlace, data: bytes, known: Mapping[str, str]) -> Parts:
    """Take a file of `place` apart for whoever has the identifiers `known`.

    Raises:
        StoreError: it is not what the place says.
    """
    try:
        text = data.decode()
        match place.form:
            case Form.TEXT:
                return _of_text(text, known)
            case Form.JSONL:
                return _of_lines(text, place, known)
            case Form.JSON | Form.WHOLE:
                return _of_list(text, place, known)
    except (ValueError, RecursionError) as error:
        raise StoreError("a file of a store is not of the form that was described") from error


def names_anybody(place: FilePlace, data: bytes, values: Sequence[str]) -> bool:
    """Tell whether one of `values` stands in a file, however it stands there."""
    pattern = naming(values)
    whole = {value.strip().casefold() for value in values}
    text = data.decode("utf-8", "replace")
    if pattern is not None and pattern.search(text):
        return True
    if place.form is Form.JSONL:
        said = texts([json.loads(line) for line in text.splitlines() if line.strip()])
    elif place.form is Form.JSON:
        said = texts(json.loads(text))
    else:
        return False
    return any(each.strip().casefold() in whole or (pattern is not None and pattern.search(each)) for each in said)


def identified(place: FilePlace, data: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and value of each identifier that stands in a file of entries or of lines."""
    if place.form is Form.JSONL:
        entries: list[Any] = [json.loads(line) for line in data.decode().splitlines() if line.strip()]
    elif place.form is Form.JSON:
        entries = _list(json.loads(data), place.within)
    else:
        return
    for entry in entries:
        for pointer, name in place.identify.items():
            if (value := _text(_at(entry, pointer))) is not None:
                yield name, value


def _of_text(text: str, known: Mapping[str, str]) -> Parts:
    pattern = naming(list(known.values()))
    mine = [line for line in text.splitlines() if pattern is not None and pattern.search(line)]
    without = pattern.sub(ERASED, text) if pattern is not None else text

    def changed(values: Mapping[str, Any]) -> tuple[bytes, int]:
        raise UnsupportedError(f"a text says nothing that has a name and could be changed ({len(values)} values)")

    return Parts(mine=mine, without=without.encode(), changed=changed)


def _of_lines(text: str, place: FilePlace, known: Mapping[str, str]) -> Parts:
    lines = text.splitlines(keepends=True)
    entries = [json.loads(line) if line.strip() else None for line in lines]
    mine = [_is(entry, place, known) for entry in entries]

    def changed(values: Mapping[str, Any]) -> tuple[bytes, int]:
        count, made = 0, ""
        for line, entry, own in zip(lines, entries, mine, strict=True):
            altered = own and _put(entry, values)
            count += altered
            made += json.dumps(entry, ensure_ascii=False) + "\n" if altered else line
        return made.encode(), count

    kept = "".join(line for line, own in zip(lines, mine, strict=True) if not own)
    shown = [entry for entry, own in zip(entries, mine, strict=True) if own]
    return Parts(mine=shown, without=kept.encode(), changed=changed)


def _of_list(text: str, place: FilePlace, known: Mapping[str, str]) -> Parts:
    document = json.loads(text)
    entries = _list(document, place.within)
    mine = [entry for entry in entries if _is(entry, place, known)]
    kept = [entry for entry in entries if not _is(entry, place, known)]

    def changed(values: Mapping[str, Any]) -> tuple[bytes, int]:
        count = sum([_put(entry, values) for entry in mine])
        return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n", count

    before = list(entries)
    entries[:] = kept
    without = json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
    entries[:] = before
    return Parts(mine=mine, without=without, changed=changed)


def _is(entry: Any, place: FilePlace, known: Mapping[str, str]) -> bool:
    return any(name in known and _text(_at(entry, at)) == known[name] for at, name in place.identify.items())


def _text(value: Any) -> str | None:
    """Return a value as an identifier: text, or a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value)


def _list(document: Any, pointer: str) -> list[Any]:
    found = _at(document, pointer)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ValueError("no list")  # noqa: TRY004 - of the file, not of our code
    return found


def _at(value: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer, or None."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def _put(entry: Any, values: Mapping[str, Any]) -> bool:
    """Put values at their pointers where something stands already; return whether anything is another than before."""
    altered = False
    for pointer, value in values.items():
        above, _, last = pointer.rpartition("/")
        holder, name = _at(entry, above), last.replace("~1", "/").replace("~0", "~")
        if isinstance(holder, dict) and name in holder and holder[name] != value:
            holder[name], altered = value, True
    return altered
