"""The whole log read once: its decisions one by one, its erasures and holds, the payloads that records name.

Believes what is under a seal or in this node's journals. Whether anything was left out is for the verifier to say.
Blocking; it reads every segment, so it is for rare commands.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final

from app.privacy.erasure_replay import TYPES
from evidence import carrying, holding, journal
from evidence.errors import MalformedError
from evidence.reader import Reader
from evidence.record import Record, stamp

_DECISION: Final = b'"type":"decision"'
_PAYLOADS: Final = b'"payloads":['


def erasures(reader: Reader, journals: Path) -> list[Record]:
    """Return the records of erasures and holds, each once, in the order of their times.

    Raises:
        EvidenceError: the log does not hold, or the store does not answer.
    """
    marks = tuple(f'"type":"{name}"'.encode() for name in TYPES)
    found = {
        record.position.decision_id: record for record in _records(reader, journals, marks) if record.type in TYPES
    }
    return sorted(found.values(), key=lambda record: (record.time, record.chain, record.seq))


def named_payloads(reader: Reader, journals: Path, names: Collection[str]) -> frozenset[str]:
    """Return which of `names` a record names as the object of a payload.

    Raises:
        EvidenceError: the log does not hold, or the store does not answer.
    """
    wanted = frozenset(names)
    found = set()
    for record in _records(reader, journals, (_PAYLOADS,)):
        references = record.body.get("payloads")
        for each in references if isinstance(references, list) else ():
            if (name := _object(each)) in wanted:
                found.add(name)
    return frozenset(found)


def naming(reader: Reader, journals: Path, subject: str) -> Iterator[Record]:
    """Yield the records that name a pseudonym; some may come twice.

    Raises:
        EvidenceError: the log does not hold, or the store does not answer.
    """
    return _records(reader, journals, (subject.encode(),))


def naming_bytes(reader: Reader, journals: Path, text: str) -> Iterator[tuple[Record, bytes]]:
    """Yield the records in which an ASCII text stands, with their bytes; some may come twice.

    Raises:
        EvidenceError: the log does not hold, or the store does not answer.
    """
    for data in _all(reader, journals):
        for record in _parsed(data, (text.encode(),)):
            yield record, data


def decisions(reader: Reader, journals: Path) -> Iterator[tuple[Record, bytes]]:
    """Yield the records of decisions with their bytes, chain by chain; memory is that of a journal's file or a segment.

    Each comes once, but for those that are being carried over to another chain at this moment: they may come twice.

    Raises:
        EvidenceError: the log does not hold, or the store does not answer.
    """
    seen: dict[str, list[range]] = {}  # what came from journals: it may be in the store as well
    for directory in _chains(journals):
        lost = holding.abandoned(directory) in holding.LOST  # its numbers are another's in the store
        if lost and carrying.done(directory):
            continue  # what was its own is on another chain
        for data in _payloads(directory):
            if not lost:
                numbers = range(stamp(data[0])[0], stamp(data[-1])[0] + 1)
                seen.setdefault(directory.name, []).append(numbers)
            yield from _decisions(data)
    for segment in reader.segments():
        first = Record.parse(segment[0])
        known = seen.get(first.chain, ())
        fresh = enumerate(segment, first.seq)
        yield from _decisions(data for seq, data in fresh if not any(seq in each for each in known))


def _decisions(records: Iterable[bytes]) -> Iterator[tuple[Record, bytes]]:
    for data in records:
        for record in _parsed(data, (_DECISION,)):
            if record.type == "decision":
                yield record, data


def _object(reference: Any) -> Any:
    name = reference.get("object") if isinstance(reference, dict) else None
    return name if isinstance(name, str) else None


def _records(reader: Reader, journals: Path, marks: tuple[bytes, ...]) -> Iterator[Record]:
    """Yield the records whose bytes hold one of `marks`."""
    for data in _all(reader, journals):
        yield from _parsed(data, marks)


def _all(reader: Reader, journals: Path) -> Iterator[bytes]:
    """Yield the bytes of all records: the journals first, as what leaves them is in the store."""
    for directory in _chains(journals):
        yield from chain.from_iterable(_payloads(directory))
    for segment in reader.segments():
        yield from segment


def _chains(journals: Path) -> list[Path]:
    try:
        return holding.chains(journals)
    except OSError:
        return []


def _payloads(directory: Path) -> Iterator[list[bytes]]:
    """Yield the records of each file of a chain's journal that has any."""
    for path in journal.files(directory):
        with suppress(FileNotFoundError):  # it was sealed, and is not kept any more
            if found := [frame.payload for frame in journal.frames(path.read_bytes())]:
                yield found


def _parsed(data: bytes, marks: tuple[bytes, ...]) -> Iterator[Record]:
    if any(mark in data for mark in marks):
        with suppress(MalformedError):  # a person's text may look like anything, but what is no record says nothing
            yield Record.parse(data)
