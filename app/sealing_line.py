"""What workers and the sealer of a node tell each other: which chain is in a hurry, and how far each is in the store.

Datagrams on a socket pair that the supervisor makes for each worker, so that nobody else can speak on it, and either
end may be started again. Any of them may be lost: a worker asks again, and the sealer answers what holds by then.
"""

import asyncio
import select
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress

from evidence import form
from evidence.errors import MalformedError

_LARGEST = 64  # bytes of a message
_HURRY, _ASK = "now", "ask"


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a line: a worker's, the sealer's."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for end in ends:
        end.settimeout(0)  # neither side ever waits for the other
    return ends


class WorkerEnd:
    """A worker's end. Belongs to the event loop that makes it; owns the socket."""

    def __init__(self, end: socket.socket, told: Callable[[str, int], None]) -> None:
        """Have `told(chain, next_seq)` called for each chain the sealer speaks of: what is before is in the store."""
        self._end, self._told = end, told
        end.settimeout(0)
        asyncio.get_running_loop().add_reader(end, self._receive)

    def ask(self, chain: str, *, hurry: bool) -> None:
        """Ask how far `chain` is in the store; `hurry`: have it sealed now."""
        _send(self._end, f"{_HURRY if hurry else _ASK} {chain}")

    def close(self) -> None:
        """Hear nothing more."""
        asyncio.get_running_loop().remove_reader(self._end)
        self._end.close()

    def _receive(self) -> None:
        while (words := _received(self._end)) is not None:
            if len(words) == 2 and words[1].isdigit():  # noqa: PLR2004 - chain, number
                self._told(words[0], int(words[1]))


class SealerEnd:
    """The sealer's ends of all lines of a node."""

    def __init__(self, ends: Iterable[socket.socket]) -> None:
        self._ends = list(ends)
        self._asking: dict[str, socket.socket] = {}  # who asked for a chain last
        for end in self._ends:
            end.settimeout(0)

    def wait(self, seconds: float) -> tuple[set[str], set[str]]:
        """Return the chains that are in a hurry and those asked for, as soon as there are some, or after `seconds`."""
        hurried: set[str] = set()
        asked: set[str] = set()
        ready, _, _ = select.select(self._ends, [], [], seconds)
        for end in ready:
            while (words := _received(end)) is not None:
                with suppress(MalformedError, ValueError):
                    verb, chain = words
                    self._asking[form.chain(chain)] = end
                    (hurried if verb == _HURRY else asked).add(chain)
        return hurried, asked

    def tell(self, chain: str, next_seq: int) -> None:
        """Say that of `chain` everything before `next_seq` is in the store, to the worker that asked for it."""
        if (end := self._asking.get(chain)) is not None:
            _send(end, f"{chain} {next_seq}")


def _send(end: socket.socket, message: str) -> None:
    with suppress(OSError):  # full, because the other end is away: it will ask again
        end.send(message.encode("ascii"))


def _received(end: socket.socket) -> list[str] | None:
    try:
        return end.recv(_LARGEST).decode("ascii", "replace").split(" ")
    except OSError:  # nothing more for now
        return None
