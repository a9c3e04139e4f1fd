"""The whole log read once for what few records say: its erasures and holds, and the payloads that records name.

Believes what is under a seal or in this node's journals. Whether anything was left out is for the verifier to say.
Blocking; it reads every segment, so it is for rare commands.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from app.privacy.erasure_replay import TYPES
from evidence import holding, journal
from evidence.errors import MalformedError
from evidence.reader import Reader
from evidence.record import Record

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


def _object(reference: Any) -> Any:
    name = reference.get("object") if isinstance(reference, dict) else None
    return name if isinstance(name, str) else None


def _records(reader: Reader, journals: Path, marks: tuple[bytes, ...]) -> Iterator[Record]:
    """Yield the records whose bytes hold one of `marks`: the journals first, as what leaves them is in the store."""
    for data in _journalled(journals):
        yield from _parsed(data, marks)
    for segment in reader.segments():
        for data in segment:
            yield from _parsed(data, marks)


def _journalled(journals: Path) -> Iterator[bytes]:
    try:
        chains = holding.chains(journals)
    except OSError:
        return
    for chain in chains:
        for path in journal.files(chain):
            with suppress(FileNotFoundError):  # it was sealed, and is not kept any more
                for frame in journal.frames(path.read_bytes()):
                    yield frame.payload


def _parsed(data: bytes, marks: tuple[bytes, ...]) -> Iterator[Record]:
    if any(mark in data for mark in marks):
        with suppress(MalformedError):  # a person's text may look like anything, but what is no record says nothing
            yield Record.parse(data)
