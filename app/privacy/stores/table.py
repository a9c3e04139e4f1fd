"""What a table says of persons, described as data: which columns know them, what the others hold, how one is erased.

Owns the form of the description. Every name in it is an identifier of SQL, so that none can be a statement.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)


class Erasing(StrEnum):
    """What becomes of a row when its person is erased."""

    DELETE = "delete"  # it goes
    EMPTY = "empty"  # it stays, and what it said of the person is NULL
    HMAC = "hmac"  # as empty, and what knew the person is a keyed hash: rows that belong together still do
    KEEP = "keep"  # nothing: a law or another right keeps it


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table.

    Attributes:
        name: of the table.
        schema: it stands in, where the database has several.
        identify: by column, the name of the identifier that stands there: `id`, or one of `Person.identifiers`. A row
            is the person's if one of these columns holds theirs.
        columns: by column, the category of data that it holds.
        erase: what becomes of the person's rows.
        keep: why they are kept, in plain words, where they are.
        rectify: by name of what a person may have changed, the column it stands in.
        kind: the column with the kind of person, where persons of several kinds are in the table.
    """

    name: str
    schema: str | None = None
    identify: Mapping[str, str]
    columns: Mapping[str, str]
    erase: Erasing
    keep: str = ""
    rectify: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no identifier.

        Raises:
            ValueError: a name is none; the message says which.
        """
        single = tuple(name for name in (self.schema, self.kind) if name is not None)
        for name in (self.name, *single, *self.identify, *self.columns, *self.rectify.values()):
            if not _NAME.fullmatch(name):
                raise ValueError(f"`{name}` is no name of a table or a column: write letters, digits and `_`")
        if not self.identify:
            raise ValueError(f"`{self.name}` says of no column that it knows a person")
        if self.erase is Erasing.KEEP and not self.keep:
            raise ValueError(f"`{self.name}` is kept, and nobody says why")

    @property
    def shown(self) -> tuple[str, ...]:
        """Return every column that holds something of the person, each once."""
        return tuple(dict.fromkeys([*self.identify, *self.columns]))
