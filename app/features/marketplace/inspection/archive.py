"""Artifacts, opened safely: wheels, zip, sdists and tar. Each file is read once, in order, and nothing is written.

Owns which archives are opened at all, and the limits that keep it bounded: the whole, the number of files, each file,
what they are together, and how much larger than the archive they may be. Knows nothing of what is in a file.
"""

import gzip
import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from app.features.marketplace.inspection.errors import ArchiveError

MAX_ARTIFACT: Final = 32 << 20
"""Bytes of an artifact: `app.objects` keeps no more."""

MAX_FILES: Final = 10_000
MAX_FILE: Final = 32 << 20
MAX_TOTAL: Final = 128 << 20
_MAX_NAME: Final = 500
_CENTRAL: Final = b"PK\x01\x02"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 16
_ENCRYPTED: Final = 1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_BROKEN: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    KeyError,
    IndexError,
    AssertionError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of an archive: its path, as the archive says, and its bytes."""

    path: str
    data: bytes


def walk(artifact: bytes) -> Iterator[File]:
    """Yield each file of `artifact`; one at a time is in memory.

    Raises:
        ArchiveError: `too_large`, `too_many`, `bomb`, `slip` (a path that leads out), `link`, `special`, `twice` (two
            files of one path), `encrypted`, `no_archive`. What was yielded before must not be used then.
    """
    if len(artifact) > MAX_ARTIFACT:
        raise ArchiveError("too_large", f"{len(artifact)} bytes", f"at most {MAX_ARTIFACT} bytes")
    try:
        yield from _counted(_zipped(artifact) if artifact.startswith(_ZIP) else _tarred(artifact))
    except _BROKEN:
        raise ArchiveError(
            "no_archive", "a file that cannot be read to its end", "a wheel, an sdist, zip or tar"
        ) from None


def _counted(files: Iterator[File]) -> Iterator[File]:
    paths: set[str] = set()
    total = 0
    for file in files:
        folded = file.path.casefold()
        if folded in paths:
            raise ArchiveError("twice", "two files of one path", "each path once")
        paths.add(folded)
        total += len(file.data)
        if total > MAX_TOTAL:
            raise ArchiveError("bomb", f"more than {MAX_TOTAL} bytes unpacked", f"at most {MAX_TOTAL}")
        yield file
    if not paths:
        raise ArchiveError("no_archive", "no file in it", "a wheel, an sdist, zip or tar")


def _zipped(artifact: bytes) -> Iterator[File]:
    if artifact.count(_CENTRAL) > MAX_FILES:
        raise ArchiveError("too_many", f"more than {MAX_FILES} files", f"at most {MAX_FILES}")
    with zipfile.ZipFile(io.BytesIO(artifact)) as opened:
        listed = opened.infolist()
        if sum(each.file_size for each in listed) > MAX_TOTAL:
            raise ArchiveError("bomb", f"more than {MAX_TOTAL} bytes unpacked", f"at most {MAX_TOTAL}")
        for each in listed:
            _hold_path(each.filename)
            _hold_kind(each)
            if not each.is_dir():
                with opened.open(each) as stream:
                    yield File(path=each.filename, data=_read(stream))


def _hold_kind(each: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(each.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise ArchiveError("link", "a symbolic link", "files and directories")
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise ArchiveError("special", "something that is no file", "files and directories")
    if each.flag_bits & _ENCRYPTED or each.compress_type not in _METHODS:
        raise ArchiveError("encrypted", "a file that is encrypted, or packed in an unusual way", "deflate, or stored")


def _tarred(artifact: bytes) -> Iterator[File]:
    raw = io.BytesIO(artifact)
    plain: Any = _Bounded(gzip.GzipFile(fileobj=raw) if artifact.startswith(_GZIP) else raw)
    count = 0
    with tarfile.open(fileobj=plain, mode="r|") as opened:
        for each in opened:
            count += 1
            if count > MAX_FILES:
                raise ArchiveError("too_many", f"more than {MAX_FILES} files", f"at most {MAX_FILES}")
            _hold_path(each.name)
            _hold_type(each)
            if each.isreg() and (stream := opened.extractfile(each)) is not None:
                yield File(path=each.name, data=_read(stream))


def _hold_type(each: tarfile.TarInfo) -> None:
    if each.issym() or each.islnk():
        raise ArchiveError("link", "a link", "files and directories")
    if each.type not in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE} or each.sparse:
        raise ArchiveError("special", "something that is no file", "files and directories")
    if not 0 <= each.size <= MAX_FILE:
        raise ArchiveError("bomb", f"a file of more than {MAX_FILE} bytes", f"at most {MAX_FILE}")


def _hold_path(path: str) -> None:
    parts = path.rstrip("/").split("/")
    if len(path) > _MAX_NAME or not path.isprintable():
        raise ArchiveError("slip", "a path that is too long, or not printable", f"at most {_MAX_NAME} characters")
    plain = path in {".", "./"} or all(part not in {"", ".", ".."} for part in parts[path.startswith("./") :])
    if not plain or "\\" in path or _DRIVE.match(path):
        raise ArchiveError("slip", "a path that leads out of the archive", "paths below it")


def _read(stream: IO[bytes]) -> bytes:
    data = stream.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise ArchiveError("bomb", f"a file of more than {MAX_FILE} bytes", f"at most {MAX_FILE}")
    return data


class _Bounded:
    """A stream that ends in an error after `MAX_TOTAL` bytes and what headers may take."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._stream, self._left = stream, MAX_TOTAL + MAX_FILES * 4 * tarfile.BLOCKSIZE

    def read(self, size: int = _CHUNK) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ArchiveError("bomb", f"more than {MAX_TOTAL} bytes unpacked", f"at most {MAX_TOTAL}")
        return data
