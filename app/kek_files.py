"""The key-encryption key's generations as files: made, found, and destroyed so that nobody brings them back.

The provider that needs nothing else. Whoever copies the directory has the keys.
"""

from contextlib import AbstractContextManager
from pathlib import Path

from app.kek_folder import KekFolder, translated
from app.keys import load_keks, make_secret


class KekFiles:
    """See `KekProvider`. Every method raises `KeyFileError` where the directory fails."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._folder = directory, KekFolder(directory, "key")

    def load(self) -> dict[int, bytes]:
        """Return every generation that is whole; see `keys.load_keks`."""
        return load_keks(self._directory)

    def traces(self) -> frozenset[int]:
        """Return the generations of which there is anything, be it half destroyed."""
        return self._folder.traces()

    def make(self, generation: int) -> None:
        """Make a generation, unless it is there; durable once this returns."""
        with translated():
            make_secret(self._folder.path(generation))

    def destroy(self, generation: int) -> None:
        """Overwrite and remove a generation, with all that writing it may have left behind. Again does no harm."""
        self._folder.wipe(generation)

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other rotations out; see `KekFolder.exclusive`."""
        return self._folder.exclusive()
