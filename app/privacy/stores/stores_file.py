"""The stores that an operator describes, in a YAML file: read strictly, and every error says on which line.

Owns the form of the file; docs/privacy.md has an example. Opens nothing that it names.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.alert_targets import post_url
from app.objects import Objects, ObjectsError, open_objects
from app.privacy.stores.errors import StoresFileError
from app.privacy.stores.file_place import Encoding, FilePlace, Form
from app.privacy.stores.file_store import FileStore
from app.privacy.stores.files import DirectoryFiles, ObjectFiles
from app.privacy.stores.http_store import HttpStore, Remote
from app.privacy.stores.sql_database import ForeignDatabase, url_in
from app.privacy.stores.sql_store import SqlStore
from app.privacy.stores.store import Described, PersonalStore
from app.privacy.stores.table import Erasing, Table
from frameworks import strict_yaml
from frameworks.errors import YamlError

MOST: Final = 256 << 10
"""Bytes of the file."""

_NAME: Final = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_REGIONS: Final = frozenset({"US", "EU", "UK", "APAC", ""})
_COMMON: Final = frozenset(
    {
        *("name", "title", "purposes", "categories", "subjects", "recipients", "region", "retention", "security"),
        *("tenant", "form"),
    }
)
_FORMS: Final[Mapping[str, frozenset[str]]] = {
    "sql": frozenset({"database", "tables", "kinds"}),
    "files": frozenset({"directory", "places"}),
    "objects": frozenset({"url", "prefix", "places"}),
    "http": frozenset({"url", "secret", "sends"}),
}
_TABLE: Final = frozenset({"table", "schema", "identify", "columns", "erase", "keep", "rectify", "kind"})
_PLACE: Final = frozenset({"path", "form", "category", "encoding", "within", "identify", "rectify"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stores are made with: the key of keyed hashes, the clock (Unix seconds), and how objects are opened."""

    key: bytes
    clock: Callable[[], float] = time.time
    objects: Callable[[str], Objects] = open_objects


def load(path: Path, context: Context) -> tuple[PersonalStore, ...]:
    """Return the stores that the file at `path` describes.

    Raises:
        StoresFileError: it cannot be read, or says something else; the message names the line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        raise StoresFileError(f"`{path.name}` cannot be read: {error.strerror}") from error
    return parse(data, path.name, context)


def parse(data: bytes, name: str, context: Context) -> tuple[PersonalStore, ...]:
    """Return the stores that the bytes of a file called `name` describe; raises as `load`."""
    if len(data) > MOST:
        raise StoresFileError(f"`{name}` has more than {MOST} bytes")
    try:
        value, places = strict_yaml.parse_placed(data.decode())
    except UnicodeDecodeError as error:
        raise StoresFileError(f"`{name}` is not UTF-8") from error
    except YamlError as error:
        raise StoresFileError(f"{name}:{error.line}: {error.why}") from None
    try:
        return _Reader(context).stores(value)
    except _RefusedError as error:
        at = error.path
        while at and at not in places:
            at = at[:-1]
        line = f":{places[at][0]}" if at in places else ""
        raise StoresFileError(f"{name}{line}: {error}") from None


class _RefusedError(Exception):
    """Something at `path` is not as it has to be."""

    def __init__(self, path: tuple[str | int, ...], why: str) -> None:
        super().__init__(why)
        self.path = path


class _Reader:
    """Turns the values of the file into stores."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def stores(self, value: Any) -> tuple[PersonalStore, ...]:
        document = _mapping(value, (), frozenset({"stores"}))
        entries = _list(document.get("stores"), ("stores",))
        found = [self._store(each, ("stores", number)) for number, each in enumerate(entries)]
        names: set[str] = set()
        for number, store in enumerate(found):
            if store.described.name in names:
                raise _RefusedError(("stores", number), f"two stores are called `{store.described.name}`")
            names.add(store.described.name)
        return tuple(found)

    def _store(self, value: Any, at: tuple[str | int, ...]) -> PersonalStore:
        form = value.get("form") if isinstance(value, Mapping) else None
        if not isinstance(form, str) or form not in _FORMS:
            raise _RefusedError(at, f"`form` is one of: {', '.join(_FORMS)}")
        said = _mapping(value, at, _COMMON | _FORMS[form])
        described = _described(said, at)
        tenant = _text(said, "tenant", at, "default", form=_TENANT)
        match form:
            case "sql":
                return self._sql(said, at, described, tenant)
            case "files":
                directory = _path(said, "directory", at)
                return FileStore(described, _places(said, at), DirectoryFiles(directory), tenant=tenant)
            case "objects":
                return self._objects(said, at, described, tenant)
            case _:
                return self._http(said, at, described, tenant)

    def _sql(self, said: Mapping[str, Any], at: tuple[str | int, ...], described: Described, tenant: str) -> SqlStore:
        database = ForeignDatabase(url_in(_path(said, "database", at)))
        entries = _list(said.get("tables"), (*at, "tables"))
        tables = tuple(_table(each, (*at, "tables", number)) for number, each in enumerate(entries))
        kinds = _texts(said, "kinds", at, empty=True) if "kinds" in said else []
        return SqlStore(described, tables, database, tenant=tenant, key=self._context.key, kinds=kinds)

    def _objects(
        self, said: Mapping[str, Any], at: tuple[str | int, ...], described: Described, tenant: str
    ) -> FileStore:
        places = _places(said, at)
        if any(each.form is not Form.WHOLE for each in places):
            raise _RefusedError((*at, "places"), "objects are the person's as a whole, or not at all")
        prefix = _text(said, "prefix", at, "")
        if prefix and not prefix.endswith("/"):
            raise _RefusedError((*at, "prefix"), "`prefix` ends in a slash")
        try:
            objects = self._context.objects(_text(said, "url", at))
        except ObjectsError as error:
            raise _RefusedError((*at, "url"), "`url` is no place of objects") from error
        return FileStore(described, places, ObjectFiles(objects, prefix), tenant=tenant)

    def _http(self, said: Mapping[str, Any], at: tuple[str | int, ...], described: Described, tenant: str) -> HttpStore:
        try:
            url = post_url(_text(said, "url", at))
        except ValueError as error:
            raise _RefusedError((*at, "url"), f"`url`: {error}") from error
        if "?" in url:
            raise _RefusedError((*at, "url"), "`url` has no question mark")
        sends = tuple(_texts(said, "sends", at, form=_IDENTIFIER))
        remote = Remote(url=url, secret=_path(said, "secret", at), sends=sends, tenant=tenant)
        return HttpStore(said=described, remote=remote, clock=self._context.clock)


def _described(said: Mapping[str, Any], at: tuple[str | int, ...]) -> Described:
    region = _text(said, "region", at, "")
    if region not in _REGIONS:
        raise _RefusedError((*at, "region"), "`region` is one of: US, EU, UK, APAC")
    return Described(
        name=_text(said, "name", at, form=_NAME),
        title=_text(said, "title", at),
        purposes=tuple(_texts(said, "purposes", at)),
        categories=tuple(_texts(said, "categories", at)),
        subjects=tuple(_texts(said, "subjects", at)),
        recipients=tuple(_texts(said, "recipients", at, empty=True)),
        region=region,
        retention=_text(said, "retention", at),
        security=_text(said, "security", at),
    )


def _table(value: Any, at: tuple[str | int, ...]) -> Table:
    said = _mapping(value, at, _TABLE)
    try:
        return Table(
            name=_text(said, "table", at),
            schema=_text(said, "schema", at, "") or None,
            identify=_pairs(said, "identify", at, form=_IDENTIFIER),
            columns=_pairs(said, "columns", at),
            erase=_one_of(Erasing, said, "erase", at),
            keep=_text(said, "keep", at, ""),
            rectify=_pairs(said, "rectify", at),
            kind=_text(said, "kind", at, "") or None,
        )
    except ValueError as error:
        raise _RefusedError(at, str(error)) from error


def _places(said: Mapping[str, Any], at: tuple[str | int, ...]) -> tuple[FilePlace, ...]:
    entries = _list(said.get("places"), (*at, "places"))
    return tuple(_place(each, (*at, "places", number)) for number, each in enumerate(entries))


def _place(value: Any, at: tuple[str | int, ...]) -> FilePlace:
    said = _mapping(value, at, _PLACE)
    try:
        return FilePlace(
            path=_text(said, "path", at),
            form=_one_of(Form, said, "form", at),
            category=_text(said, "category", at),
            encoding=_one_of(Encoding, said, "encoding", at, Encoding.PLAIN),
            within=_text(said, "within", at, ""),
            identify=_pairs(said, "identify", at, form=_IDENTIFIER),
            rectify=_pairs(said, "rectify", at),
        )
    except ValueError as error:
        raise _RefusedError(at, str(error)) from error


def _mapping(value: Any, at: tuple[str | int, ...], names: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _RefusedError(at, f"this is a mapping with: {', '.join(sorted(names))}")
    if unknown := sorted(str(name) for name in value if name not in names):
        raise _RefusedError((*at, unknown[0]), f"`{unknown[0]}` is none of: {', '.join(sorted(names))}")
    return value


def _list(value: Any, at: tuple[str | int, ...]) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise _RefusedError(at, f"`{at[-1]}` is a list of one or more")
    return value


def _text(
    said: Mapping[str, Any],
    name: str,
    at: tuple[str | int, ...],
    otherwise: str | None = None,
    *,
    form: re.Pattern[str] | None = None,
) -> str:
    value = said.get(name, otherwise)
    if not isinstance(value, str) or (not value and otherwise is None):
        raise _RefusedError((*at, name), f"`{name}` is a text")
    if form is not None and not form.fullmatch(value):
        raise _RefusedError((*at, name), f"`{name}` has the form {form.pattern}")
    return value


def _texts(
    said: Mapping[str, Any],
    name: str,
    at: tuple[str | int, ...],
    *,
    empty: bool = False,
    form: re.Pattern[str] | None = None,
) -> list[str]:
    value = said.get(name)
    if not isinstance(value, list) or not (value or empty) or not all(isinstance(each, str) and each for each in value):
        raise _RefusedError((*at, name), f"`{name}` is a list of texts")
    if form is not None and not all(form.fullmatch(each) for each in value):
        raise _RefusedError((*at, name), f"`{name}`: each has the form {form.pattern}")
    return value


def _pairs(
    said: Mapping[str, Any], name: str, at: tuple[str | int, ...], *, form: re.Pattern[str] | None = None
) -> dict[str, str]:
    value = said.get(name, {})
    if not isinstance(value, Mapping) or not all(isinstance(each, str) and each for each in value.values()):
        raise _RefusedError((*at, name), f"`{name}` is a mapping of names to names")
    if form is not None and not all(form.fullmatch(each) for each in value.values()):
        raise _RefusedError((*at, name), f"`{name}`: an identifier has the form {form.pattern}")
    return dict(value)


def _path(said: Mapping[str, Any], name: str, at: tuple[str | int, ...]) -> Path:
    text = _text(said, name, at)
    if not text.startswith("/"):
        raise _RefusedError((*at, name), f"`{name}` is a path that begins with /")
    return Path(text)


def _one_of(kinds: Any, said: Mapping[str, Any], name: str, at: tuple[str | int, ...], otherwise: Any = None) -> Any:
    try:
        return kinds(said.get(name, otherwise))
    except ValueError:
        raise _RefusedError((*at, name), f"`{name}` is one of: {', '.join(each.value for each in kinds)}") from None
