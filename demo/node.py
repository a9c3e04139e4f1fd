"""The service under demonstration: started, killed and stopped by the ids of its own processes.

Knows processes and environments; what the service decides is none of its business.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_READY = 120.0  # seconds until it must serve: it admits the policies first
_GONE = 20.0  # seconds until it must have ended
_LOOK = 0.02  # seconds between two looks
_LOG_LINES = 12  # of the service's log, shown where it fails

# `omega serve`, except that the kernel kills it should the demo itself be killed.
_SERVE = """
import sys
from app.pdp.lifeline import end_with_parent
end_with_parent(int(sys.argv.pop(1)))
from app.cli import main
sys.exit(main())
"""
_ROLES = {
    b"app.server": "worker",
    b"app.sealing": "sealer",
    b"app.indexing": "indexer",
    b"app.pdp.zygote": "zygote",
}


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of the service."""

    id: int
    role: str


class Node:
    """One installation of the service in a directory of its own."""

    def __init__(self, data: Path, log: Path, environment: Mapping[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMEGA_", "AWS_"))}
        self.data = data
        self.url = ""
        self.environment = kept | {
            "OMEGA_DATA": str(data),
            "OMEGA_PORT": "0",
            "OMEGA_SEAL_AGE_MS": "200",
            "OMEGA_CHECKPOINT_MS": "400",
            "OMEGA_DRAIN_S": "0",
            "OMEGA_JOBS": "no",  # the demonstration counts what it put on record
            "OMEGA_MACHINE": "no",  # the comparison of the engines would take longer than the demonstration
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the service, and return once it decides and records at `url`.

        Raises:
            DemoError: it does not.
        """
        announced = self._log.with_suffix(".ready")
        with announced.open("wb") as out, self._log.open("ab") as log:
            process = self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-c", _SERVE, str(os.getpid()), "serve", "--json"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the demo, which stops the service in order
            )
        end = time.monotonic() + _READY
        while process.poll() is None and time.monotonic() < end:
            with suppress(ValueError):
                self.url = json.loads(announced.read_bytes())["url"]
                return
            time.sleep(_LOOK)
        raise DemoError(f"the service does not start; its log ends:\n{self._tail()}")

    def processes(self) -> list[Process]:
        """Return the processes of the service, the supervisor first."""
        if self._process is None:
            return []
        return [Process(id=self._process.pid, role="supervisor"), *_below(self._process.pid, "supervisor")]

    def kill(self) -> list[Process]:
        """End every process of the service with SIGKILL; return which they were.

        Raises:
            DemoError: one of them is still there.
        """
        found = self.processes()
        handles = []
        for process in found:
            with suppress(ProcessLookupError):
                handles.append(os.pidfd_open(process.id))
        try:
            for handle in handles:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            if self._process is not None:
                self._process.wait(_GONE)
            _await_end(handles)
        finally:
            for handle in handles:
                os.close(handle)
        self._process = None
        return found

    def stop(self) -> None:
        """Stop the service in order, if it runs; kill it if it does not obey."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_GONE)
            self._process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def _await_end(handles: Sequence[int]) -> None:
    """Return once the processes behind these handles have ended."""
    waiting = select.poll()
    for handle in handles:
        waiting.register(handle, select.POLLIN)
    alive, end = set(handles), time.monotonic() + _GONE
    while alive and time.monotonic() < end:
        for handle, _ in waiting.poll(1_000):
            waiting.unregister(handle)
            alive.discard(handle)
    if alive:
        raise DemoError("a process of the service outlived SIGKILL")


def _below(parent: int, role: str) -> Iterator[Process]:
    """Yield the processes that descend from one (proc(5))."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                child = int(stat.parent.name)
                named = _role(stat.with_name("cmdline").read_bytes(), role)
                yield Process(id=child, role=named)
                yield from _below(child, named)


def _role(command: bytes, parent: str) -> str:
    if parent == "zygote":
        return "evaluator"  # forked, so its command line is the zygote's
    return next((role for module, role in _ROLES.items() if module in command), "process")
