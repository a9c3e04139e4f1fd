"""A zip whose bytes follow from what is in it: no times, no owners, an order, and a list of hashes of all of it."""

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final, Self

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first date that a zip knows
_READABLE: Final = 0o100644 << 16
_LEVEL: Final = 1  # hashes are most of it, and give way to nothing
_CHUNK: Final = 1 << 20


class Archive:
    """Writes one zip, member after member; `hashes` has the SHA-256 of each, in hex."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self.hashes: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write the directory of the zip."""
        self._zip.close()

    def add(self, name: str, data: bytes) -> None:
        """Add a member."""
        self.stream(name, [data])

    def add_file(self, name: str, path: Path) -> None:
        """Add a member that has the content of a file, piece by piece."""
        with path.open("rb") as file:
            self.stream(name, iter(lambda: file.read(_CHUNK), b""))

    def stream(self, name: str, pieces: Iterable[bytes]) -> None:
        """Add a member that comes in pieces."""
        digest = hashlib.sha256()
        with self._zip.open(entry(name), "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                member.write(piece)
        self.hashes[name] = digest.hexdigest()

    def manifest(self) -> bytes:
        """Return the hashes of all members so far, as `sha256sum --check` reads them."""
        return "".join(f"{digest}  {name}\n" for name, digest in sorted(self.hashes.items())).encode()


def entry(name: str) -> zipfile.ZipInfo:
    """Return a member that has a name, and nothing that changes from one time to the next."""
    made = zipfile.ZipInfo(name, _EPOCH)
    made.compress_type = zipfile.ZIP_DEFLATED
    made.create_system = 3
    made.external_attr = _READABLE
    return made
