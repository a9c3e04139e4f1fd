"""By what a store knows a person: the id, which is called `id`, and further identifiers by their names."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from app.privacy.stores.store import Person

ID: Final = "id"
"""The name of the identifier that requests know the person by."""

LEAST: Final = 6
"""Characters of an identifier that is looked for inside of longer texts; shorter ones stand everywhere."""


def identifiers(person: Person) -> dict[str, str]:
    """Return every identifier of a person that is not empty, by name."""
    found = {**person.identifiers, ID: person.id}
    return {name: value for name, value in found.items() if value}


def texts(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value, the names of members aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def naming(values: Collection[str]) -> re.Pattern[str] | None:
    """Return what matches each of `values` as a whole word, capitals or not; None where none is long enough."""
    long = sorted((re.escape(each) for each in values if len(each) >= LEAST), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(long)})(?!\w)", re.IGNORECASE) if long else None
