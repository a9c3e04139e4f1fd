"""A copy of a log in a folder, read as an auditor may: objects are files, and seals say which of them count.

Checks nothing of it: the verifiers do.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.checkpoint import parse_leaves
from evidence.note import Note
from evidence.record import leaf
from evidence.segment import Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One record: its bytes, and where they stand."""

    data: bytes
    file: Path

    @property
    def record(self) -> dict[str, Any]:
        """Return the members of the record."""
        members: dict[str, Any] = json.loads(self.data)
        return members

    @property
    def decision_id(self) -> str:
        """Return `<chain>-<seq>`."""
        return f"{self.record['chain']}-{self.record['seq']}"

    @property
    def leaf_hash(self) -> str:
        """Return what an answer calls the leaf hash of its record."""
        return leaf(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCopy:
    """A folder with the objects of a log of one chain."""

    folder: Path

    def seals(self) -> list[Path]:
        """Return the files of the seals, oldest first."""
        return sorted(self.folder.glob("chains/*/seals/*"))

    def lines(self) -> Iterator[Line]:
        """Yield every sealed record in order."""
        for file in self._sealed():
            yield from (Line(data=data, file=file) for data in file.read_bytes().split(b"\n")[:-1])

    def strays(self) -> list[Path]:
        """Return the segments that no seal names."""
        return sorted(set(self.folder.glob("chains/*/segments/*")) - set(self._sealed()))

    def _sealed(self) -> Iterator[Path]:
        for path in self.seals():
            seal = Seal.parse(Note.parse_stored(path.read_bytes()).text)
            if seal.count:
                yield self.folder / seal.object_key

    def cut_after(self, checkpoint: int) -> None:
        """Remove everything that came into the log after a checkpoint: seals, segments, leaves, later checkpoints."""
        kept = {
            (entry.chain, entry.segment)
            for number in range(checkpoint + 1)
            for entry in parse_leaves((self.folder / "log" / "leaves" / f"{number:012}.txt").read_bytes())
        }
        for path in self.folder.glob("chains/*/*/*"):
            if (path.parents[1].name, int(path.name[:12])) not in kept:
                path.unlink()
        for path in self.folder.glob("log/*/*"):
            if int(path.name[:12]) > checkpoint:
                path.unlink()

    def mentions(self, words: tuple[str, ...]) -> list[str]:
        """Return which of `words` stand anywhere in the copy, in clear text."""
        whole = b"\n".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())
        return [word for word in words if word.encode() in whole]
