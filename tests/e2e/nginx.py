"""Debian's nginx for a test, as docs/proxies.md configures it, and a service behind it that counts who came through."""

import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.pdp.evaluating import ROOT

PROGRAM = ROOT / ".venv" / "nginx" / "usr" / "sbin" / "nginx"
USERS = {"usr-31": "first", "usr-32": "second"}
_PATIENCE = 30.0  # seconds until it listens
_DIRECTORIES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Backend(ThreadingHTTPServer):
    """A service that says yes to whatever reaches it, and keeps what reached it: method, path, headers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reached: list[tuple[str, str, dict[str, str]]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Backend

    def do_GET(self) -> None:
        self.server.reached.append(
            (self.command, self.path, {name.lower(): text for name, text in self.headers.items()})
        )
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - its name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_backend() -> Iterator[Backend]:
    """Serve on a free port."""
    with Backend() as backend:
        thread = threading.Thread(target=backend.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield backend
        finally:
            backend.shutdown()
            thread.join()


def documented() -> list[str]:
    """Return the nginx configuration of the page, block by block."""
    page = (ROOT / "docs" / "proxies.md").read_text("utf-8")
    return re.findall(r"^```nginx\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)


@contextmanager
def running_nginx(directory: Path, *, service: str, backend: int, token: str) -> Iterator[int]:
    """Run nginx on a free port of 127.0.0.1, which is yielded; it ends with the test."""
    directory.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    table, locations = documented()
    # Over plain HTTP, as a test has it; in life TLS ends here.
    locations = locations.replace("$scheme", "https").replace("http://127.0.0.1:8420", service)
    locations = locations.replace("<token>", token).replace("http://backend", f"http://127.0.0.1:{backend}")
    temporary = "".join(f"{name}_temp_path {directory}/{name};\n" for name in _DIRECTORIES)
    (directory / "users").write_text("".join(f"{name}:{{PLAIN}}{password}\n" for name, password in USERS.items()))
    (directory / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {directory}/pid;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{table}\n"
        f"server {{\nlisten 127.0.0.1:{port};\nserver_name portal.example.com;\n{locations}}}\n}}\n"
    )
    command = [PROGRAM, "-p", directory, "-c", directory / "nginx.conf", "-e", directory / "log"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        _wait(process, port, directory / "log")
        yield port
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Return once it takes connections."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"nginx does not start: {log.read_text()[-2_000:] if log.exists() else ''}")
