"""What a worker and its evaluators say to each other, and nothing about how either works.

A worker opens a stream socket to each evaluator. The evaluator first writes `READY`. Then the worker writes requests
and the evaluator answers them in order, each before it looks at the next; so whoever sees the stream end knows which
request was being evaluated: the first one without an answer.

    request  = REQUEST(length of query, length of input) query input    both UTF-8, the input is JSON
    answer   = ANSWER(length) result                                    empty: the evaluation failed

Only the loopback of one machine carries them, hence native byte order. Control messages between a worker and its
zygote are packets: the zygote says `LOADED` with the digest of its bundle or `REFUSED` with one line of reason; then
each `FORK`, which carries the evaluator's end of a socket pair, is answered by `LOADED` with a process descriptor, or
by `REFUSED`.
"""

import struct
from typing import Final

REQUEST: Final = struct.Struct("=HI")
ANSWER: Final = struct.Struct("=I")

READY: Final = b"!"
FORK: Final = b"f"
LOADED: Final = b"+"
REFUSED: Final = b"-"

PACKET: Final = 4096
"""Bytes a control message may have."""

RESULT: Final = 1 << 18
"""Bytes a result may have; a longer one counts as a failed evaluation."""


def request(query: str, text: bytes) -> bytes:
    """Return the frame that asks for `query` with the input `text`."""
    name = query.encode()
    return REQUEST.pack(len(name), len(text)) + name + text
