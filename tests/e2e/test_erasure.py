"""A person is erased, and the key-encryption key replaced, while the service decides."""

import json
import subprocess
import sys
import urllib.request

import pytest

from tests.e2e.service import Service
from tests.e2e.verified import verified
from tests.pdp.evaluating import ROOT

pytestmark = pytest.mark.slow

EXAMPLE = json.loads((ROOT / "examples" / "publish.json").read_text())


def ask(service, **context):
    """Return the id of the decision on the example."""
    data = json.dumps({**EXAMPLE, "context": {**EXAMPLE.get("context", {}), **context}}).encode()
    headers = {"authorization": f"Bearer {service.token()}", "content-type": "application/json"}
    request = urllib.request.Request(f"{service.url}/access/v1/evaluation", data, headers)  # noqa: S310 - our service
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)["context"]["decision_id"]


def erase(service):
    arguments = [
        "subject",
        "erase",
        "--type",
        EXAMPLE["subject"]["type"],
        "--id",
        "-",
        "--ground",
        "objection",
        "--json",
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        input=EXAMPLE["subject"]["id"],
        capture_output=True,
        text=True,
        env=service.environment,
        cwd=ROOT,
        check=True,
        timeout=60,
    )
    return json.loads(ended.stdout)


def test_a_person_is_erased_under_a_running_service(tmp_path):
    with Service(tmp_path / "node") as service:
        small, large = ask(service), ask(service, note="x" * 25_000)
        payload = list((tmp_path / "node" / "objects").glob("request/*/*"))
        assert len(payload) == 1
        rotated = service.omega("keys", "rotate-kek", "--json")
        assert json.loads(rotated.stdout)["wrapped"] == 1
        assert service.omega("decision", "replay", large).returncode == 0
        certificate = erase(service)
        after = ask(service)
        assert service.omega("decision", "replay", small).returncode == 4
        assert service.omega("decision", "replay", large).returncode == 4
        assert service.omega("decision", "replay", after).returncode == 0
        assert service.stop() == 0
        log = verified(tmp_path / "node" / "store", tmp_path / "node" / "keys" / "log.vkey")
    refs = [log.records[each].body["subject"]["ref"] for each in (small, large, after)]
    assert refs[0] == refs[1] == certificate["subject"] != refs[2]
    assert certificate["payloads"] == 1
    assert not payload[0].exists()
    assert [log.records[certificate[each]].type for each in ("requested", "completed")] == [
        "erasure.requested",
        "erasure.completed",
    ]
    assert log.leaves[certificate["completed"]] == certificate["leaf"]
    kept = [path for path in (tmp_path / "node").rglob("*") if path.is_file() and path.parent.name != "bundles"]
    assert [path for path in kept if EXAMPLE["subject"]["id"].encode() in path.read_bytes()] == []
