"""Redaction in the real service, as docs/privacy.md shows it: by curl, from Python; and the job that finds names."""

import json
import re
import shlex
import subprocess
import time

import pytest

from omega_client import Client, Lane, NotPermittedError, State, Subject
from tests.pdp.evaluating import ROOT

pytestmark = pytest.mark.slow

ALICE = {"person": Subject(type="user", id="usr-4711"), "scope": "ticket-88", "region": "EU"}
NAMED = "Sarah Connor asked from sarah@example.com"


def blocks(language):
    page = (ROOT / "docs" / "privacy.md").read_text("utf-8")
    section = page.partition("## Redaction\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)


def by_curl(service, token):
    [command] = blocks("sh")
    command = command.replace("http://127.0.0.1:8420", service.url).replace("$TOKEN", token).replace("\\\n", "")
    said = subprocess.run(shlex.split(command), capture_output=True, check=True, timeout=60)
    return json.loads(said.stdout)


def from_python(service, token, directory):
    (directory / "studio.token").write_text(token)
    [program] = blocks("python")
    program = program.replace('"studio.token"', repr(str(directory / "studio.token")))
    defined = {}
    exec(program.replace("http://127.0.0.1:8420", service.url), defined)  # noqa: S102 - our own page
    with defined["client"]:
        return defined["redacted"]("usr-4711", "ticket-88", "bob@example.com, sarah@example.com")


def ready(client, document):
    """Return a document once its names were looked for."""
    until = time.monotonic() + 60
    while (found := client.privacy.document(document)).state is State.SEALED and time.monotonic() < until:
        time.sleep(0.3)
    return found


def test_services_redact_over_http_and_names_are_looked_for(serving, tmp_path):
    service = serving(OMEGA_NAMES="yes", OMEGA_JOBS="yes")
    token = service.token("studio")
    assert by_curl(service, token)["text"] == "Write to <EMAIL_1>"
    assert from_python(service, token, tmp_path) == "<EMAIL_2>, <EMAIL_1>"
    with Client(service.url, token) as client:
        sealed = client.privacy.redact(NAMED, purpose="support", **ALICE)
        assert sealed.state is State.SEALED
        assert ready(client, sealed.id).body == "<PERSON_1> asked from <EMAIL_1>"
        with pytest.raises(NotPermittedError, match="denied"):
            client.privacy.ask_for_document(sealed.id, purpose="support", region="EU")
        with pytest.raises(NotPermittedError):
            client.privacy.redact(NAMED, purpose="training", lane=Lane.PATTERNS, **ALICE)
    assert service.stop() == 0
    files = [each for each in service.settings.data.rglob("*") if each.is_file()]
    assert files
    found = [each.name for each in files if b"sarah@example.com" in each.read_bytes()]
    assert found == []
