"""The journal of one chain on local disk: frames, files, and what a crash leaves of them.

docs/evidence-format.md, section 5. A frame that was acknowledged was synced before; recovery never
drops such a frame, and says so when somebody else did.
"""

import fcntl
import hashlib
import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from evidence.errors import DamagedJournalError, JournalError, NotFoundError
from evidence.record import MAX_RECORD, stamp

MAGIC = b"\xffEVJ"
MAX_FILE = 64 << 20  # bytes, after which a new file begins
SET_ASIDE = 8 << 20  # bytes: a sync of space that the file has already need not wait for the file system's own journal
HEADER = struct.Struct(">4sIII")
_SUMMED = struct.Struct(">4sII")  # what the checksum covers beside the payload
_FILE = re.compile(r"[0-9]{20}\.evj")


def frame(payload: bytes, durable: int) -> bytes:
    """Return the frame of `payload`; `durable` bytes of its file are known to be synced."""
    summed = _SUMMED.pack(MAGIC, len(payload), durable)
    return b"%b%b%b" % (summed, zlib.crc32(payload, zlib.crc32(summed)).to_bytes(4, "big"), payload)


class Frame(NamedTuple):
    """One valid frame: its payload, where it ends, and what was durable when it was written."""

    payload: bytes
    end: int
    durable: int


def read_frame(data: bytes, offset: int) -> Frame | None:
    """Return the frame that starts at `offset`, or None where no valid one does."""
    if len(data) - offset < HEADER.size:
        return None
    magic, length, durable, checksum = HEADER.unpack_from(data, offset)
    start = offset + HEADER.size
    if magic != MAGIC or not 0 < length <= MAX_RECORD or len(data) - start < length:
        return None
    payload = data[start : start + length]
    if zlib.crc32(payload, zlib.crc32(data[offset : offset + _SUMMED.size])) != checksum:
        return None
    return Frame(payload, start + length, durable)


def frames(data: bytes, offset: int = 0) -> Iterator[Frame]:
    """Yield the longest valid run of frames from `offset`."""
    while (found := read_frame(data, offset)) is not None:
        yield found
        offset = found.end


def stream(path: Path, *, piece: int = 1 << 20) -> Iterator[bytes]:
    """Yield the payloads of the longest valid run of frames in a file, of which never more than a piece is held.

    Raises:
        OSError: the disk does not let us.
    """
    with path.open("rb") as file:
        data = b""
        while more := file.read(piece):
            data, end = data + more, 0
            for found in frames(data):
                yield found.payload
                end = found.end
            data = data[end:]
            if len(data) >= HEADER.size + MAX_RECORD:
                return  # the longest frame would fit, and none begins here


def altered_behind(data: bytes, damage: int) -> bool:
    """Return whether a valid frame behind `damage` says that the damaged place had been synced."""
    at = data.find(MAGIC, damage)
    while at >= 0:
        found = read_frame(data, at)
        if found is not None and found.durable > damage:
            return True
        at = data.find(MAGIC, at + 1)
    return False


def files(directory: Path) -> list[Path]:
    """Return the journal files of a chain, oldest first."""
    return sorted(path for path in directory.iterdir() if _FILE.fullmatch(path.name))


def file_name(first_seq: int) -> str:
    """Return the name of the file whose first record is `first_seq`."""
    return f"{first_seq:020}.evj"


def first_seq(path: Path) -> int:
    """Return the number that `file_name` put into a name."""
    return int(path.name.removesuffix(".evj"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What a chain's journal holds: its last record, how many came before, and what was torn off."""

    last: bytes | None
    dropped_bytes: int
    dropped_sha256: str


def recover(directory: Path) -> Recovered:
    """Cut a torn write off the newest file, and return what stands.

    Raises:
        DamagedJournalError: something acknowledged was altered; nothing was changed.
        JournalError: the disk does not let us.
    """
    try:
        return _recover(directory)
    except OSError as error:
        raise JournalError(f"journal of chain {directory.name} cannot be read: {error.strerror}") from error


def _recover(directory: Path) -> Recovered:
    dropped = b""
    paths = files(directory)
    for path in reversed(paths):  # the newest may be empty; what is older than the last record, the sealer reads
        last, end, data = (
            None,
            0,
            path.read_bytes().rstrip(b"\0"),
        )  # space set aside, or what a torn write left of itself
        for found in frames(data):
            last, end = found.payload, found.end
        if end < len(data):
            if path != paths[-1] or altered_behind(data, end):
                raise DamagedJournalError(f"journal {path.name} of chain {directory.name} is altered at byte {end}")
            dropped = data[end:]
        _cut(path, end)
        if last is not None:
            break
    else:
        if paths and first_seq(paths[0]):
            raise DamagedJournalError(f"journal of chain {directory.name} has lost what came before {paths[0].name}")
        last = None
    return Recovered(last=last, dropped_bytes=len(dropped), dropped_sha256=hashlib.sha256(dropped).hexdigest())


def _cut(path: Path, size: int) -> None:
    """Give back what lies beyond `size`; nothing is synced where there is nothing."""
    if path.stat().st_size == size:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def try_lock(directory: Path) -> int | None:
    """Return a descriptor that holds the chain until it is closed, or None where another process holds it."""
    descriptor = os.open(directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of `data`: a nearly full disk takes a part without an error, and only then says so."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def find(directory: Path, seq: int) -> bytes:
    """Return the record number `seq` of the chain whose journal is `directory`.

    Raises:
        NotFoundError: it is not there (any more, or yet).
        DamagedJournalError: the file was altered before it.
        JournalError: the disk does not say.
    """
    try:
        paths = [path for path in files(directory) if first_seq(path) <= seq]
        data = paths[-1].read_bytes() if paths else b""
        newest = bool(paths) and paths[-1] == files(directory)[-1]
    except FileNotFoundError:  # no such chain here, or a file that was just discarded
        data, newest = b"", True
    except OSError as error:
        raise JournalError(f"journal of chain {directory.name} cannot be read: {error.strerror}") from error
    for payload in payloads(directory.name, data, newest=newest):
        if stamp(payload)[0] == seq:
            return payload
    raise NotFoundError(f"no record {directory.name}-{seq}")


def payloads(chain: str, data: bytes, *, newest: bool) -> Iterator[bytes]:
    """Yield the records in `data`, a journal file of `chain`, which is the `newest` or has others behind it.

    Raises:
        DamagedJournalError: after those before it, something that was durable was altered.
    """
    end = 0
    for found in frames(data):
        yield found.payload
        end = found.end
    if data[end:].strip(b"\0") and (not newest or altered_behind(data, end)):
        raise DamagedJournalError(f"journal of chain {chain} is altered at byte {end} of a file")
