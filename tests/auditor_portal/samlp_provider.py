"""A third identity provider for tests, which encrypts what it asserts: npm's samlp, on a free port of 127.0.0.1.

Where it is not installed, tests that need it are skipped, and say so; in CI they fail. `make .venv/samlp` installs it.
"""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.audits.provider_metadata import parse_metadata
from auditor_portal.saml.keys import new_key
from tests.auditor_portal.nano_provider import form_of
from tests.identity_provider import free_port

MODULES = Path(__file__).parents[2] / ".venv" / "samlp" / "node_modules"
PROGRAM = Path(__file__).parent / "samlp" / "provider.js"


def node():
    """Return where Node is; the test is skipped, or fails in CI, where it or samlp is nowhere."""
    found = shutil.which("node")
    if found is None or not (MODULES / "samlp").is_dir():
        said = "NO ENCRYPTED ASSERTION OF A REAL PROVIDER IS READ: run `make .venv/samlp`"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)
    return found


@contextmanager
def running(directory: Path, ours):
    """Run a provider with its files in `directory`, a new one, for the portal `ours`; yield its `IdentityProvider`."""
    program, port, own = node(), free_port(), new_key("samlp", time.time())
    directory.mkdir()
    portal = ours.keys.current.certificate
    files = {
        "idp.key": own.private_pem,
        "idp.pem": own.certificate_pem,
        "portal.pem": ours.keys.current.certificate_pem,
        "portal.pub": portal.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    }
    for name, text in files.items():
        (directory / name).write_text(text)
    command = [program, str(PROGRAM), str(port), str(directory), ours.entity_id, ours.acs_url]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"NODE_PATH": str(MODULES)})
    try:
        yield parse_metadata(_metadata(port, process, directory))
    finally:
        process.terminate()
        process.wait(20)


def answer(url):
    """Return the form that a browser brings back which is sent to `url`."""
    return form_of(httpx.get(url, timeout=20).raise_for_status().text)


def _metadata(port, process, directory):
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/metadata", timeout=5).raise_for_status().text
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the provider does not start: " + (directory / "log").read_text()[-2_000:])
