"""The text of a standard that its holder has a licence for: in a file of theirs, shown beside our summary.

Owns the form of that file and its bounds. No such text is in this package, and none is kept.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from frameworks import files
from frameworks.catalog import Catalog
from frameworks.errors import LicensedTextError, YamlError
from frameworks.members import Members
from frameworks.strict_yaml import parse as parse_yaml

LARGEST: Final = 4 << 20
"""Bytes of a file."""

LONGEST: Final = 20_000
"""Characters of the text of one item."""


def load(path: Path, catalog: Catalog) -> Mapping[str, str]:
    """Return the texts of a file by item of `catalog`; items without one are not there.

    Raises:
        LicensedTextError: it cannot be read, or has no such texts.
    """
    return parse(path.name, files.one(path, LicensedTextError, LARGEST), catalog)


def parse(file: str, text: str, catalog: Catalog) -> Mapping[str, str]:
    """Return the texts in `text`, the content of `file`, by item of `catalog`.

    Raises:
        LicensedTextError: it has none, or those of another framework, or of an item that is none.
    """
    try:
        document = parse_yaml(text)
    except YamlError as error:
        raise LicensedTextError(f"{file}:{error}") from None
    read = Members(file, document, {"framework", "texts"}, LicensedTextError)
    if (framework := read.text("framework")) != catalog.id:
        raise LicensedTextError(f"{file}: texts of `{framework}`, and not of `{catalog.id}`")
    texts = Members(f"{file}: texts", read.document.get("texts"), catalog.items.keys(), LicensedTextError)
    return MappingProxyType({name: _text(texts, name, value) for name, value in texts.document.items()})


def _text(read: Members, name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST or not value.replace("\n", "").isprintable():
        raise read.wrong(name, f"is a text of at most {LONGEST} characters")
    return value.strip("\n")
