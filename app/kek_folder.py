"""The directory in which generations of the key-encryption key lie as files, in the clear or wrapped.

Knows files, not what is in them. A file system may keep old blocks (copy on write, flash), and so do backups.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from app.keys import OLD_KEK, KeyFileError
from evidence.journal import sync_directory

_MOST: Final = 999_999


class KekFolder:
    """The files `kek-<generation>.<suffix>` of a directory. Every method raises `KeyFileError` where that fails.

    `kek.<suffix>` without a number is the first generation, as earlier versions wrote it.
    """

    def __init__(self, directory: Path, suffix: str) -> None:
        self._directory, self._suffix = directory, suffix
        self._whole = re.compile(rf"kek-([0-9]{{6}})\.{suffix}")
        self._trace = re.compile(rf"\.?kek(?:-([0-9]{{6}}))?\.{suffix}(?:\..*)?")  # with drafts, and what is going

    def path(self, generation: int) -> Path:
        """Return where a generation is, or would be."""
        if generation > _MOST:
            raise KeyFileError("there are too many generations of the key-encryption key")
        return self._directory / f"kek-{generation:06}.{self._suffix}"

    def whole(self) -> dict[int, Path]:
        """Return the files of generations that are neither being made nor being destroyed, in order."""
        with translated():
            found = [self._whole.fullmatch(path.name) for path in self._directory.iterdir()]
        return {number: self.path(number) for number in sorted(int(each[1]) for each in found if each)}

    def traces(self) -> frozenset[int]:
        """Return the generations of which there is anything, be it half destroyed."""
        with translated():
            found = [self._trace.fullmatch(path.name) for path in self._directory.iterdir()]
        return frozenset(int(each[1] or 1) for each in found if each)

    def withdraw(self, generation: int) -> list[Path]:
        """Have nobody load a generation any more; return what is left of it, half written drafts too. Durable."""
        names = [self.path(generation).name, *([OLD_KEK] if generation == 1 and self._suffix == "key" else [])]
        with translated():
            for name in names:  # renamed first: what is half overwritten must not be loaded
                with suppress(FileNotFoundError):
                    (self._directory / name).rename(self._directory / f".{name}.destroyed")
            sync_directory(self._directory)
            return [path for name in names for path in sorted(self._directory.glob(f".{name}.*"))]

    def wipe(self, generation: int) -> None:
        """Overwrite and remove what `withdraw` returns; durable."""
        with translated():
            for path in self.withdraw(generation):
                _overwrite(path)
                path.unlink()
            sync_directory(self._directory)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other rotations out.

        Raises:
            KeyFileError: one is under way.
        """
        with translated():
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
def translated() -> Iterator[None]:
    """Turn what a directory raises into `KeyFileError`."""
    try:
        yield
    except OSError as error:
        raise KeyFileError(f"the files of the key-encryption key cannot be used: {error.strerror}") from error
