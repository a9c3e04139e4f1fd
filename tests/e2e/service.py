"""The real service for a test: started by its command on a scratch directory, watched and killed through /proc."""

import json
import os
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from app.cli import token
from app.settings import Settings
from tests.pdp.evaluating import ROOT, children

_PATIENCE = 60_000  # milliseconds a process has to end
_LIFETIME = 86_400  # seconds a token lives


class Role(StrEnum):
    """What a process of the service does."""

    SUPERVISOR = "supervisor"
    SEALER = "sealer"
    INDEXER = "indexer"
    WORKER = "worker"
    ZYGOTE = "zygote"
    EVALUATOR = "evaluator"


class Service:
    """One node. As a context it is started, and killed at the end if the test has not stopped it."""

    def __init__(self, data: Path, planes: Iterable[str] = (), **settings: object) -> None:
        quick = {"OMEGA_PORT": 0, "OMEGA_SEAL_AGE_MS": 200, "OMEGA_CHECKPOINT_MS": 500, "OMEGA_DRAIN_S": 0}
        quick["OMEGA_DATA"] = data
        quick["OMEGA_MACHINE"] = "no"  # or each service would compare engines beside its test
        quick["OMEGA_JOBS"] = "no"  # what they put on record would stand between what a test puts there
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OMEGA_")}
        self.environment = inherited | {name: str(value) for name, value in (quick | settings).items()}
        self.settings = Settings.from_environment(self.environment)
        self.url = ""
        self._planes = [argument for plane in planes for argument in ("--plane", plane)]
        self._process: subprocess.Popen[str] | None = None
        self._log = data.with_name(f"{data.name}.log")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill(*self.all())
            self._forget()

    def begin(self) -> None:
        """Start it, and wait for nothing."""
        self._share_admissions()
        command = [sys.executable, "-m", "app.cli", "serve", "--json", *self._planes]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env=self.environment, cwd=ROOT, text=True
            )

    def _share_admissions(self) -> None:
        """Have this node know what other nodes of the run have admitted, and them what this one has: it takes long."""
        if (shared := os.environ.get("OMEGA_TESTS_ADMITTED")) is None:
            return
        self.settings.bundles.mkdir(mode=0o700, parents=True, exist_ok=True)
        for source, target in ((self.settings.bundles, Path(shared)), (Path(shared), self.settings.bundles)):
            for mark in source.glob("*.admitted"):
                (target / mark.name).write_bytes(mark.read_bytes())

    def start(self) -> Self:
        """Return once it decides and records."""
        self.begin()
        said = ""
        for line in self._process.stdout:
            said += line
            if line == "}\n":
                break
        assert said, f"the service does not start: {self.log[-2_000:]}"
        self.url = json.loads(said)["url"]
        self._share_admissions()
        return self

    def stop(self) -> int:
        """End it as an operator would; return the exit code once every process has ended."""
        watched = [_opened(pid) for pid in self.all()]
        self._process.terminate()
        code = self._process.wait(60)
        _wait(watched)
        self._forget()
        return code

    def wait(self) -> int:
        """Return the exit code of a service that ends by itself."""
        code = self._process.wait(60)
        self._forget()
        return code

    def crash(self, *, head_alone: bool) -> None:
        """Kill every process; or the supervisor alone, which has to take the others with it."""
        everybody = self.all()
        if head_alone:
            watched = [_opened(pid) for pid in everybody]
            os.kill(self._process.pid, signal.SIGKILL)
            _wait(watched)
        else:
            self.kill(*everybody)
        self._process.wait(60)
        self._forget()

    def kill(self, *processes: int) -> None:
        """Kill processes, and return once they have ended."""
        watched = [_opened(pid) for pid in processes]
        for descriptor in watched:
            if descriptor is not None:
                with suppress(ProcessLookupError):  # it went with its parent
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        _wait(watched)

    def all(self) -> list[int]:
        """Return every process, parents first."""
        return [pid for pids in self.processes().values() for pid in pids]

    def processes(self) -> dict[Role, list[int]]:
        """Return the living processes by what they do."""
        head = self._process.pid
        found: dict[Role, list[int]] = {Role.SUPERVISOR: [head]} | {role: [] for role in Role if role != "supervisor"}
        for child in children(head):
            if b"app.sealing" in _command(child):
                found[Role.SEALER].append(child)
            elif b"app.indexing" in _command(child):
                found[Role.INDEXER].append(child)
            elif b"app.server" in _command(child):
                found[Role.WORKER].append(child)
        zygotes = [child for worker in found[Role.WORKER] for child in children(worker)]
        found[Role.ZYGOTE] = [pid for pid in zygotes if b"app.pdp.zygote" in _command(pid)]
        found[Role.EVALUATOR] = [child for zygote in found[Role.ZYGOTE] for child in children(zygote)]
        return found

    def token(self, subject: str = "marketplace", tenant: str = "default") -> str:
        """Return a token of this node."""
        return token.issue(self.settings, subject, tenant, _LIFETIME)

    def get(self, path: str, **headers: str) -> Any:
        """Return the JSON document at `path`, whatever the status."""
        request = urllib.request.Request(self.url + path, headers=headers)  # noqa: S310 - our own service
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)

    def omega(self, *arguments: object, **more: object) -> "subprocess.CompletedProcess[str]":
        """Run a command beside the service."""
        command = [sys.executable, "-m", "app.cli", *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment | more, cwd=ROOT, check=False, timeout=180
        )

    @property
    def log(self) -> str:
        """Return what it has logged."""
        return self._log.read_text()

    def _forget(self) -> None:
        self._process.stdout.close()
        self._process.wait()
        self._process = None


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _opened(pid: int) -> int | None:
    """Return a descriptor of a process, whose number could be reused; None if it has ended."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _wait(descriptors: Iterable[int | None]) -> None:
    """Return once all these processes have ended."""
    for descriptor in descriptors:
        if descriptor is not None:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            ended = poll.poll(_PATIENCE)
            os.close(descriptor)
            assert ended, "a process does not end"
