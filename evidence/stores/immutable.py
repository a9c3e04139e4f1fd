"""The immutable flag of a file (linux/fs.h), and what a probe tries against it."""

import fcntl
import os
import secrets
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from evidence.stores.folders import NEW, opened

_GET_FLAGS: Final = 0x80086601
_SET_FLAGS: Final = 0x40086602
_IMMUTABLE: Final = 0x10

Change = Callable[[Path], object]


def set_flag(file: int, *, on: bool) -> None:
    """Set or clear the flag of an open file."""
    flags = bytearray(8)  # declared as long, and the kernel reads and writes an int
    fcntl.ioctl(file, _GET_FLAGS, flags)
    (value,) = struct.unpack_from("i", flags)
    struct.pack_into("i", flags, 0, value | _IMMUTABLE if on else value & ~_IMMUTABLE)
    fcntl.ioctl(file, _SET_FLAGS, flags)


def try_flag(folder: int) -> None:
    """Set and clear the flag on a draft, so that a store that cannot do it fails at once."""
    draft = secrets.token_hex(16)
    with opened(draft, NEW, folder) as file:
        try:
            set_flag(file, on=True)
            set_flag(file, on=False)
        finally:
            os.unlink(draft, dir_fd=folder)


def attempt(change: Change, file: Path) -> str | None:
    """Return in what words the system refused `change` of `file`, None if it did it."""
    try:
        change(file)
    except PermissionError as error:
        return str(error.strerror)
    return None


def _write(file: Path) -> None:
    file.chmod(0o600)
    with file.open("r+b") as opened_file:
        opened_file.write(b"something else")


def _rename(file: Path) -> None:
    moved = file.rename(file.with_name(f"{file.name}-moved"))
    with suppress(OSError):
        moved.rename(file)


def _open_for_writing(file: Path) -> None:
    os.close(os.open(file, os.O_WRONLY))


CHANGES: Final[tuple[tuple[str, Change], ...]] = (
    ("open the file for writing", _open_for_writing),
    ("change its mode and write", _write),
    ("truncate the file", lambda file: os.truncate(file, 0)),
    ("rename the file", _rename),
    ("remove the file", Path.unlink),
)
"""Name, and what is done to a file. Run by its owner; as root, the first is not a matter of its mode."""
