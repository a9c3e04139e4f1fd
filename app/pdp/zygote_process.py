"""A worker's hold on its zygote: start it, have it fork, notice its end.

Knows the control messages and nothing of requests. Nothing here waits on the loop; only starting the process takes the
loop's thread for the milliseconds that fork and exec need, because the kernel ties the life of the zygote to the thread
that starts it.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from app.pdp import frames
from app.pdp.errors import BundleError, EvaluatorsGoneError

START: Final = 30.0
"""Seconds a zygote may take to load a bundle; admission has seen it load in milliseconds."""

FORK: Final = 5.0
"""Seconds an evaluator may take to get ready."""

_ROOT: Final = Path(__file__).parents[2]

Reply = tuple[bytes, list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked:
    """A fresh evaluator: the worker's end of its stream, and a process descriptor (a number could be reused).

    Whoever holds it closes both.
    """

    connection: socket.socket
    process: int


class ZygoteProcess:
    """One running zygote, or one that has ended (`lost`)."""

    def __init__(self, snapshot: Path, fingerprint: str, memory: int, on_lost: Callable[[], None]) -> None:
        """Start the process; `start` is the way to get one that is ready."""
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._replies: deque[asyncio.Future[Reply]] = deque()
        self.digest = ""
        self.lost = False
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, ExitStack() as undo:
            undo.callback(self._control.close)
            control = theirs.fileno()
            arguments = [os.getpid(), control, snapshot.absolute(), fingerprint, memory]
            self._process = subprocess.Popen(  # noqa: S603  our own module, by our own interpreter
                [sys.executable, "-m", "app.pdp.zygote", *map(str, arguments)],
                pass_fds=[control],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            undo.pop_all()
        self._control.settimeout(0)
        self._loop.add_reader(self._control, self._receive)

    @classmethod
    async def start(cls, snapshot: Path, fingerprint: str, memory: int, on_lost: Callable[[], None]) -> Self:
        """Return a zygote that has loaded `snapshot`, whose evaluators get `memory` bytes each.

        `fingerprint` is what `Bundle.fingerprint` says of the bundle that it has to be.

        `on_lost` is called once, on the loop, if the process ends before `stop`.

        Raises:
            BundleError: the snapshot cannot be loaded or is another one, or an entry raises.
            EvaluatorsGoneError: the process does not start, ends, or is not ready in time.
        """
        try:
            zygote = cls(snapshot, fingerprint, memory, on_lost)
        except OSError as error:
            raise EvaluatorsGoneError("the zygote does not start") from error
        with ExitStack() as undo:
            undo.callback(zygote.stop)
            message, _ = await zygote._reply(START)
            if message[:1] != frames.LOADED:
                raise BundleError(message[1:].decode(errors="replace"))
            zygote.digest = message[1:].decode()
            undo.pop_all()
        return zygote

    async def fork(self) -> Forked:
        """Return a fresh evaluator that is confined and waits for requests.

        Raises:
            EvaluatorsGoneError: the zygote has ended, or cannot fork.
        """
        with ExitStack() as undo:
            try:
                ours, theirs = socket.socketpair()
                undo.callback(ours.close)
                ours.settimeout(0)
                with theirs:
                    socket.send_fds(self._control, [frames.FORK], [theirs.fileno()])
                _, descriptors = await self._reply(FORK)
                for process in descriptors:
                    undo.callback(os.close, process)
                async with asyncio.timeout(FORK):
                    greeting = await self._loop.sock_recv(ours, len(frames.READY))
            except OSError as error:  # a time-out is one
                raise EvaluatorsGoneError("the zygote does not fork") from error
            if not (descriptors and greeting):
                raise EvaluatorsGoneError("an evaluator ended before it was ready")
            undo.pop_all()
            return Forked(connection=ours, process=descriptors[0])

    def stop(self) -> None:
        """End the process and everything it forked."""
        if self.lost:
            return
        self.lost = True
        self._loop.remove_reader(self._control)
        self._control.close()
        self._process.kill()
        self._process.wait()  # microseconds: it has no say in this
        for reply in self._replies:
            if not reply.done():
                reply.set_exception(EvaluatorsGoneError("the zygote has ended"))
        self._replies.clear()

    async def _reply(self, seconds: float) -> Reply:
        reply: asyncio.Future[Reply] = self._loop.create_future()
        self._replies.append(reply)
        try:
            async with asyncio.timeout(seconds):
                return await reply
        except TimeoutError:
            raise EvaluatorsGoneError("the zygote does not answer") from None

    def _receive(self) -> None:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, frames.PACKET, 1)
        except OSError:  # it ended before it read what we sent
            message, descriptors = b"", []
        if not message:
            self.stop()
            self._on_lost()
            return
        reply = self._replies.popleft()
        if not reply.done():
            reply.set_result((message, descriptors))
            return
        for descriptor in descriptors:  # nobody waits any more
            os.close(descriptor)
