"""A real OpenID provider for tests: nanoidp, on a free port of 127.0.0.1, with a client and two people."""

import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

SECRET = "a-clients-secret"  # noqa: S105 - of a test
PASSWORD = "correct-horse"  # noqa: S105 - of a test

SETTINGS = """config_version: 1
server:
  host: "127.0.0.1"
  port: {port}
oauth:
  issuer: "http://127.0.0.1:{port}"
  audience: "omega"
  token_expiry_minutes: 5
  clients:
    - client_id: "omega"
      client_secret: "{secret}"
      redirect_uris: ["{redirect_uri}"]
"""

USERS = """config_version: 1
users:
  maria:
    password: "{password}"
    email: "maria@example.org"
    groups: ["omega-policy-authors", "staff"]
  paul:
    password: "{password}"
    email: "paul@example.org"
    groups: ["staff"]
"""


def free_port():
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        return there.getsockname()[1]


@contextmanager
def running(directory: Path, redirect_uri: str):
    """Run a provider with its files in `directory`; yield its issuer."""
    port = free_port()
    directory.mkdir()
    settings = SETTINGS.format(port=port, secret=SECRET, redirect_uri=redirect_uri)
    (directory / "settings.yaml").write_text(settings)
    (directory / "users.yaml").write_text(USERS.format(password=PASSWORD))
    command = [sys.executable, "-m", "nanoidp", "--config", str(directory), "--port", str(port)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=directory)
    try:
        _wait(f"http://127.0.0.1:{port}/.well-known/openid-configuration", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(url, process):
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - ours
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the provider does not start")
