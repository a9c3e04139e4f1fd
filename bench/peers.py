"""Other decision points, run as their own documents say, asked the same: OPA's server and Cerbos.

Each keeps its decision log: OPA sends it to a sink in this process, Cerbos writes a file. A peer counts what of it is
there, which is how lost records are found. Programs are found on PATH, or at OMEGA_BENCH_OPA and OMEGA_BENCH_CERBOS.
"""

import gzip
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from app.pdp.bundle import Bundle

_HERE = Path(__file__).parent
_PATIENCE = 20.0  # seconds a server has to answer
_REPORTING = {"min_delay_seconds": 1, "max_delay_seconds": 2}  # of OPA's, which waits 300 to 600 otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A server that runs.

    Attributes:
        pid: its process; descendants count as well.
        bodies: what is posted, and where: by how many decisions one request asks for.
        recorded: counts decisions on record, after the server has ended.
    """

    name: str
    url: str
    pid: int
    bodies: dict[int, tuple[str, dict[str, Any]]]
    recorded: Callable[[], int]
    headers: dict[str, str]


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def program(name: str, variable: str) -> str | None:
    """Return where a peer's program is, or None."""
    return os.environ.get(variable) or shutil.which(name)


@contextmanager
def _running(command: list[str], scratch: Path, health: str) -> Iterator[int]:
    """Run a program until the end of the block; yield its process id once `health` answers 200."""
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=scratch, stdout=log, stderr=log)  # noqa: S603 - our own words
    try:
        end = time.monotonic() + _PATIENCE
        while True:
            with suppress(OSError), urllib.request.urlopen(health, timeout=1):  # noqa: S310 - of 127.0.0.1
                break
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{command[0]} does not answer:\n{(scratch / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


class _Sink(BaseHTTPRequestHandler):
    """Takes decision logs in (OPA, decision log service API) and counts the events."""

    events = 0

    def do_POST(self) -> None:
        """Count what is in one upload."""
        body = self.rfile.read(int(self.headers["content-length"]))
        _Sink.events += len(json.loads(gzip.decompress(body)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def opa(scratch: Path, bundle: Bundle, document: dict[str, Any], query: str) -> Iterator[Peer]:
    """Run OPA's server on the policies and data of `bundle`, its decision logs sent to a sink."""
    binary = program("opa", "OMEGA_BENCH_OPA") or ""
    for path, source in bundle.modules.items():
        (scratch / "policy" / path).parent.mkdir(parents=True, exist_ok=True)
        (scratch / "policy" / path).write_text(source)
    (scratch / "policy" / "data.json").write_text(bundle.data)
    _Sink.events = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Sink) as sink:
        Thread(target=sink.serve_forever, daemon=True).start()
        config = {
            "services": {"sink": {"url": f"http://127.0.0.1:{sink.server_port}"}},
            "decision_logs": {"service": "sink", "reporting": _REPORTING},
        }
        (scratch / "opa.json").write_text(json.dumps(config))
        url = f"http://127.0.0.1:{free_port()}"
        address = url.removeprefix("http://")
        options = ["--addr", address, "--config-file", "opa.json", "--log-level", "error", "--disable-telemetry"]
        with _running([binary, "run", "--server", *options, "policy"], scratch, f"{url}/health") as pid:
            path = "/v1/" + query.replace(".", "/")
            yield Peer(
                name="OPA, decision logs on",
                url=url,
                pid=pid,
                bodies={1: (path, {"input": document})},
                recorded=lambda: _Sink.events,
                headers={},
            )
        sink.shutdown()


@contextmanager
def cerbos(scratch: Path, document: dict[str, Any]) -> Iterator[Peer]:
    """Run Cerbos on its own version of the policy (bench/cerbos/), its audit log written to a file."""
    binary = program("cerbos", "OMEGA_BENCH_CERBOS") or ""
    shutil.copytree(_HERE / "cerbos", scratch / "policies")
    port = free_port()
    config = {
        "server": {"httpListenAddr": f"127.0.0.1:{port}", "grpcListenAddr": f"127.0.0.1:{free_port()}"},
        "storage": {"driver": "disk", "disk": {"directory": "policies"}},
        "telemetry": {"disabled": True},
        "audit": {
            "enabled": True,
            "accessLogsEnabled": False,
            "decisionLogsEnabled": True,
            "backend": "file",
            "file": {"path": str(scratch / "audit.log")},
        },
    }
    (scratch / "cerbos.json").write_text(json.dumps(config))
    url = f"http://127.0.0.1:{port}"

    def asked(count: int) -> dict[str, Any]:
        subject, resource = document["subject"], document["resource"]
        entity = {"kind": resource["type"], "id": resource["id"], "attr": resource["properties"]}
        return {
            "requestId": "r",
            "principal": {"id": subject["id"], "roles": [subject["type"]], "attr": subject["properties"]},
            "resources": [{"actions": [document["action"]["name"]], "resource": entity}] * count,
        }

    def recorded() -> int:
        lines = (scratch / "audit.log").read_text().splitlines()
        return sum('"log.kind":"decision"' in line for line in lines)

    command = [binary, "server", "--config", "cerbos.json", "--log-level", "error"]
    with _running(command, scratch, f"{url}/_cerbos/health") as pid:
        yield Peer(
            name="Cerbos, audit log on",
            url=url,
            pid=pid,
            bodies={count: ("/api/check/resources", asked(count)) for count in (1, 20)},
            recorded=recorded,
            headers={},
        )
