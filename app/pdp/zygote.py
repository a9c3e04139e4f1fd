"""The process that loads a bundle once and forks evaluators from it: `python -m app.pdp.zygote`.

Owns loading, forking, the confinement of an evaluator and its loop. Knows nothing of deadlines or of who asks: a worker
kills what takes too long. It stays single-threaded and imports little, because evaluators are forked from it within
milliseconds and every page it touches is theirs.

Arguments: the worker's process id, the control socket's descriptor, the path of the bundle's snapshot, hex SHA-256 of
its bytes, the bytes of memory an evaluator may take beyond what it starts with. The worker has loaded the snapshot and
held it to its digest; the same bytes hold the same policies, and other bytes are refused, whatever they say. It
is a JSON object: `modules` (path to source), `data` (the text of a JSON object), `entries` (queries to try once before
the first fork), `digest`.
"""

import gc
import hashlib
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from app.pdp import frames
from app.pdp.engine import Engines
from app.pdp.errors import EngineError, EnginePanicError
from app.pdp.lifeline import end_with_parent


def main(arguments: Sequence[str]) -> None:
    """Serve one worker until it closes the control socket."""
    parent, descriptor, snapshot, fingerprint, memory = arguments
    end_with_parent(int(parent))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach whole groups, and a worker that drains still needs us
    with socket.socket(fileno=int(descriptor)) as control, suppress(ConnectionError):
        try:
            engines, digest = load(Path(snapshot), fingerprint)
        except (EngineError, OSError, ValueError, KeyError, TypeError) as error:
            control.send(frames.REFUSED + str(error).encode()[: frames.PACKET - 1])
            return
        gc.collect()
        gc.freeze()  # a collection in an evaluator must not copy the pages it shares with us
        control.send(frames.LOADED + digest.encode())
        while _fork(control, engines, int(memory)):
            pass


def load(snapshot: Path, fingerprint: str) -> tuple[Engines, str]:
    """Return engines that have answered every entry of the snapshot once, and the snapshot's digest.

    Raises:
        EngineError: a module does not parse, or an entry raises with an empty input.
        OSError, ValueError, KeyError, TypeError: the file is no snapshot, or not the one of this fingerprint.
    """
    data = snapshot.read_bytes()
    if hashlib.sha256(data).hexdigest() != fingerprint:
        raise ValueError(f"{snapshot.name}:1:1: is not what it was when it was found to be the bundle of its name")
    bundle = json.loads(data)
    return Engines(bundle["modules"], bundle["data"], bundle["entries"]), str(bundle["digest"])


def serve(engines: Engines, connection: socket.socket) -> None:
    """Answer requests in order until there are no more, or until the engine breaks down."""
    with connection.makefile("rb", buffering=1 << 16) as stream:
        while head := stream.read(frames.REQUEST.size):
            query, text = frames.REQUEST.unpack(head)
            try:
                result = engines.evaluate(stream.read(query).decode(), stream.read(text).decode()).encode()
            except EnginePanicError:
                return
            except EngineError:
                result = b""
            if len(result) > frames.RESULT:
                result = b""
            connection.sendall(frames.ANSWER.pack(len(result)) + result)


def _fork(control: socket.socket, engines: Engines, memory: int) -> bool:
    """Fork one evaluator when asked to; return whether there may be more to do."""
    message, descriptors, _, _ = socket.recv_fds(control, len(frames.FORK), 1)
    if not message:
        return False
    _reap()
    parent = os.getpid()
    with socket.socket(fileno=descriptors[0]) as connection:
        try:
            child = os.fork()
        except OSError:
            control.send(frames.REFUSED)
            return True
        if child == 0:
            control.close()
            _evaluate(parent, engines, connection, memory)
    process = os.pidfd_open(child)  # still ours even if it ended: only `_reap` frees its number
    socket.send_fds(control, [frames.LOADED], [process])
    os.close(process)
    return True


def _evaluate(parent: int, engines: Engines, connection: socket.socket, memory: int) -> NoReturn:
    """Be an evaluator. Whatever goes wrong ends the process: the worker knows what that means."""
    try:
        end_with_parent(parent)
        _confine(memory)
        connection.sendall(frames.READY)
        serve(engines, connection)
    finally:
        os._exit(0)


def _confine(memory: int) -> None:
    """Leave this process no room beyond `memory` bytes, no core dump, and no place to write what it has seen."""
    size = int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    os.close(nowhere)


def _reap() -> None:
    """Free the numbers of the evaluators that ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main(sys.argv[1:])
