"""Files and objects that hold persons, as a store: whole ones are deleted, others go on without the person."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.file_place import Encoding, FilePlace, Form, identified, names_anybody, parts
from app.privacy.stores.files import Files
from app.privacy.stores.identifying import identifiers
from app.privacy.stores.store import Described, Item, Person


class FileStore:
    """The files of one place. See `PersonalStore`. Where somebody else writes meanwhile, it has to be asked again."""

    def __init__(self, described: Described, places: tuple[FilePlace, ...], files: Files, *, tenant: str) -> None:
        """Hold `places` of `files`; persons of other tenants than `tenant` have nothing here."""
        self._described, self._places, self._files, self._tenant = described, places, files, tenant

    @property
    def described(self) -> Described:
        """See `PersonalStore`."""
        return self._described

    def find(self, person: Person) -> int:
        """See `PersonalStore`."""
        return sum(1 for _ in self.export(person))

    def export(self, person: Person) -> Iterator[Item]:
        """See `PersonalStore`."""
        known = self._known(person)
        for place in self._places:
            if place.form is Form.WHOLE:
                for name in self._own(place, known):
                    yield Item(place=name, category=place.category, content=_content(self._files.read(name) or b""))
                continue
            for name, data in self._read(place):
                for number, entry in enumerate(parts(place, data, known).mine, 1):
                    yield Item(place=f"{name}#{number}", category=place.category, content=entry)

    def rectify(self, person: Person, changes: Mapping[str, Any]) -> int:
        """See `PersonalStore`."""
        names = {name for place in self._places for name in place.rectify}
        if not names:
            raise UnsupportedError("what stands in these files is kept as it came, and is not changed")
        if not changes.keys() & names:
            raise UnsupportedError("nothing of what is to be changed stands in this place")
        known, count = self._known(person), 0
        for place in self._places:
            values = {place.rectify[name]: value for name, value in changes.items() if name in place.rectify}
            for name, data in self._read(place) if values else ():
                made, changed = parts(place, data, known).changed(values)
                if changed:
                    self._replace(name, data, made)
                    count += changed
        return count

    def erase(self, person: Person) -> int:
        """See `PersonalStore`."""
        known, gone = self._known(person), 0
        for place in self._places:
            if place.form is Form.WHOLE:
                gone += sum(self._files.delete(name) for name in self._own(place, known))
                continue
            for name, data in self._read(place):
                if (taken := parts(place, data, known)).mine:
                    self._replace(name, data, taken.without)
                    gone += len(taken.mine)
        return gone

    def verify(self, person: Person) -> tuple[str, ...]:
        """See `PersonalStore`: reads every file there is, and looks for each identifier in all of it."""
        known = self._known(person)
        left = []
        for place in self._places if known else ():
            if place.form is Form.WHOLE:
                left += list(self._own(place, known))
            else:
                left += [name for name, data in self._read(place) if _names(place, data, list(known.values()))]
        return tuple(left)

    def identifiers(self) -> Iterator[tuple[str, str]]:
        """See `Scannable`. Of names that are hashed, nobody can say whose they are."""
        for place in self._places:
            if place.form is Form.WHOLE and place.encoding is not Encoding.SHA256:
                pattern = place.matching()
                for name in self._files.names(place.prefix):
                    if found := pattern.fullmatch(name):
                        yield from zip(place.named_by, map(unquote, found.groups()), strict=True)
            for name, data in self._read(place) if place.identify else ():
                try:
                    yield from identified(place, data)
                except ValueError as error:
                    raise StoreError(f"`{name}` is not of the form that was described") from error

    def _known(self, person: Person) -> dict[str, str]:
        return identifiers(person) if person.tenant == self._tenant else {}

    def _own(self, place: FilePlace, known: Mapping[str, str]) -> Iterator[str]:
        """Yield the names of the person's whole files."""
        name = place.name(known)
        if name is None:
            return
        if name.endswith("/"):
            yield from list(self._files.names(name))
        elif self._files.read(name) is not None:
            yield name

    def _read(self, place: FilePlace) -> Iterator[tuple[str, bytes]]:
        pattern = place.matching()
        for name in list(self._files.names(place.prefix)):
            if pattern.fullmatch(name) and (data := self._files.read(name)) is not None:
                yield name, data

    def _replace(self, name: str, before: bytes, after: bytes) -> None:
        """Replace a file unless somebody wrote it meanwhile."""
        if self._files.read(name) != before:
            raise StoreError("a file of a store is being written: ask again")
        self._files.replace(name, after)


def _names(place: FilePlace, data: bytes, values: list[str]) -> bool:
    try:
        return names_anybody(place, data, values)
    except (ValueError, RecursionError):
        return True  # nobody can say what stands there


def _content(data: bytes) -> Any:
    """Return a whole file as a JSON value: its document, its text, or its bytes in base64."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
