"""The files of the key-encryption key's generations: made, found, and destroyed so that nobody brings them back.

Knows files, not what is wrapped. A file system may keep old blocks (copy on write, flash), and so do backups.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from app.keys import OLD_KEK, KeyFileError, kek_name, load_keks, make_secret
from evidence.journal import sync_directory

_TRACE: Final = re.compile(r"\.?kek(?:-([0-9]{6}))?\.key(?:\..*)?")  # with drafts, and what is being destroyed


class KekFiles:
    """The generations in one directory of keys. Every method raises `KeyFileError` where the directory fails."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def load(self) -> dict[int, bytes]:
        """Return every generation that is whole; see `keys.load_keks`."""
        return load_keks(self._directory)

    def traces(self) -> frozenset[int]:
        """Return the generations of which there is anything, be it half destroyed."""
        with _translated():
            found = [_TRACE.fullmatch(path.name) for path in self._directory.iterdir()]
        return frozenset(int(each[1] or 1) for each in found if each)

    def make(self, generation: int) -> None:
        """Make a generation, unless it is there; durable once this returns."""
        with _translated():
            make_secret(self._directory / kek_name(generation))

    def destroy(self, generation: int) -> None:
        """Overwrite and remove a generation, with all that writing it may have left behind. Again does no harm."""
        names = (kek_name(generation), OLD_KEK) if generation == 1 else (kek_name(generation),)
        with _translated():
            for name in names:  # renamed first: what is half overwritten must not be loaded
                with suppress(FileNotFoundError):
                    (self._directory / name).rename(self._directory / f".{name}.destroyed")
            sync_directory(self._directory)
            for name in names:
                for path in self._directory.glob(f".{name}.*"):
                    _overwrite(path)
                    path.unlink()
            sync_directory(self._directory)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other rotations out.

        Raises:
            KeyFileError: one is under way.
        """
        with _translated():
            descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise KeyFileError("another rotation is under way") from None
        try:
            yield
        finally:
            os.close(descriptor)


def _overwrite(path: Path) -> None:
    path.chmod(0o600)
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.write(descriptor, bytes(os.fstat(descriptor).st_size))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyFileError(f"the files of the key-encryption key cannot be used: {error.strerror}") from error
