"""Files of this package as text: of a directory, in the order of their names, each within a size.

Knows nothing of what they say; what cannot be read is raised as the error of whoever wants it.
"""

from pathlib import Path
from typing import Final

from frameworks.errors import FrameworksError

LARGEST: Final = 1 << 20
"""Bytes of a file."""


def texts(directory: Path, error: type[FrameworksError]) -> dict[str, str]:
    """Return the YAML files of a directory by their names.

    Raises:
        FrameworksError: `error`: one cannot be read, is too large or no UTF-8; the message begins with its name.
    """
    try:
        return {path.name: text(path, error) for path in sorted(directory.glob("*.yaml"))}
    except OSError as found:
        raise error(f"`{directory.name}`: {found.strerror}") from found


def text(path: Path, error: type[FrameworksError], largest: int = LARGEST) -> str:
    """Return what is in a file of at most `largest` bytes.

    Raises:
        FrameworksError: `error`: it is too large or no UTF-8.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise error(f"{path.name}: more than {largest} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise error(f"{path.name}: no UTF-8") from None


def one(path: Path, error: type[FrameworksError], largest: int = LARGEST) -> str:
    """Return what is in a file that somebody named.

    Raises:
        FrameworksError: `error`: it cannot be read, is too large or no UTF-8.
    """
    try:
        return text(path, error, largest)
    except OSError as found:
        raise error(f"`{path.name}`: {found.strerror}") from found
