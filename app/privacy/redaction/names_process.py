"""A process that looks through documents for names and identifiers: `python -m app.privacy.redaction.names_process`.

It has a language model and the document before it, and nothing else: no key, no database, nothing of the environment.
One frame comes in for each document, one goes out; its end of standard input is its end. Its errors say nothing, as
they could quote a document.
"""

import json
import os
import resource
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from app.privacy.detection.document import find_in
from app.privacy.detection.errors import DetectionError
from app.privacy.detection.finding import Finding, Lane
from app.privacy.detection.hints import HINTS

_OWN: Final = 2  # where in the arguments
READY: Final = b'"ready"'
"""The first frame that comes out: everything is loaded."""

LARGEST: Final = 8 << 20
"""Bytes of a frame."""

_HEAD: Final = struct.Struct(">I")


class FrameError(Exception):
    """What came is no frame: whoever sent it has ended, or sends something else."""


def send(stream: IO[bytes], text: bytes) -> None:
    """Write one frame."""
    stream.write(_HEAD.pack(len(text)) + text)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Return the next frame.

    Raises:
        FrameError: none came, or one that is too large.
    """
    head = stream.read(_HEAD.size)
    if len(head) != _HEAD.size:
        raise FrameError("there is no frame")
    (size,) = _HEAD.unpack(head)
    if size > LARGEST or len(text := stream.read(size)) != size:
        raise FrameError("the frame is not whole, or too large")
    return text


def findings_in(answer: bytes) -> tuple[Finding, ...]:
    """Return the findings that a frame holds.

    Raises:
        FrameError: it holds none.
    """
    try:
        return tuple(Finding(**(each | {"lane": Lane(each["lane"])})) for each in json.loads(answer))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise FrameError("the frame holds no findings") from None


def answered(question: bytes, lanes: tuple[Any, ...], hints: Mapping[str, str] = HINTS) -> bytes:
    """Return the frame that answers a document: what each detector of `lanes` finds, or null where none can look."""
    asked = json.loads(question)
    try:
        found = [
            {
                "start": each.start,
                "end": each.end,
                "kind": str(each.kind),
                "score": each.score,
                "lane": each.lane.value,
                "path": each.path,
                "in_name": each.in_name,
            }
            for value in asked["body"].values()
            for detector in lanes
            for each in find_in(value, detector, hints=hints, language=asked["language"])
        ]
    except DetectionError:
        return b"null"
    return json.dumps(found).encode()


def confine(memory: int) -> None:
    """Take no more than `memory` bytes, and leave no core: it would hold documents."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """Answer until nobody asks any more: `... names_process <bytes of memory> [<file of recognisers>]`."""
    confine(int(sys.argv[1]))
    incoming = sys.stdin.buffer
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as outgoing:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nothing a library prints becomes a frame
        from app.privacy.detection import names, patterns, recogniser_file  # noqa: PLC0415 - once memory is limited

        own = recogniser_file.load(Path(sys.argv[2]) if len(sys.argv) > _OWN else None)
        lanes = (
            patterns.load(own.recognisers, phone_regions=own.phone_regions),
            names.load(own.languages or names.MODELS),
        )
        send(outgoing, READY)
        while True:
            try:
                question = receive(incoming)
            except FrameError:
                return 0
            send(outgoing, answered(question, lanes, {**HINTS, **own.hints}))


if __name__ == "__main__":
    sys.exit(main())
