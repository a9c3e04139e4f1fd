"""A person is erased, and the key-encryption key replaced, while the service decides; and no key gets out."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from app.cli import main
from tests.cli.shell import Shell
from tests.e2e.own_keys import OwnKeys, core_limits
from tests.e2e.service import Service
from tests.e2e.verified import verified
from tests.identity_provider import free_port
from tests.node import use
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


def refused(service, data, token):
    """Return what a request is told that gets no decision."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(f"{service.url}/access/v1/evaluation", data, headers)  # noqa: S310 - our service
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request, timeout=60):  # noqa: S310
        pass
    return caught.value.read().decode()


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


def test_a_person_is_erased_under_a_running_service_and_no_key_stands_but_in_its_file(tmp_path, monkeypatch, capsys):
    node = tmp_path / "node"
    port = free_port()
    more = {"OMEGA_PORTAL_URL": f"http://127.0.0.1:{port}", "OMEGA_PORTAL_PORT": port, "OMEGA_JOBS": "yes"}
    with Service(node, OMEGA_TSA_URL="http://127.0.0.1:1/tsr", **more) as service:
        small, large = ask(service), ask(service, note="x" * 25_000)
        payload = list((node / "objects").glob("request/*/*"))
        assert len(payload) == 1
        known = OwnKeys(service.settings)
        limits = core_limits(service._process.pid)
        rotated = service.omega("keys", "rotate-kek", "--json")
        assert json.loads(rotated.stdout)["wrapped"] >= 1  # hers, and those of jobs that have run by now
        known.look()
        said = [
            rotated.stdout,
            rotated.stderr,
            refused(service, b"{", service.token()),
            refused(service, b"{}", "none"),
        ]
        assert service.omega("decision", "replay", large).returncode == 0
        certificate = erase(service)
        after = ask(service)
        known.look()
        assert service.stop() == 0
    use(monkeypatch, {name: value for name, value in service.environment.items() if name.startswith("OMEGA_")})
    said += printed(service, Shell(main, capsys), {small: 4, large: 4, after: 0})
    known.look()
    log = verified(node / "store", node / "keys" / "log.vkey")
    refs = [log.records[each].body["subject"]["ref"] for each in (small, large, after)]
    assert refs[0] == refs[1] == certificate["subject"] != refs[2]
    assert certificate["payloads"] == 1
    assert not payload[0].exists()
    assert [log.records[certificate[each]].type for each in ("requested", "completed")] == [
        "erasure.requested",
        "erasure.completed",
    ]
    assert log.leaves[certificate["completed"]] == certificate["leaf"]
    kept = [path for path in node.rglob("*") if path.is_file() and path.parent.name != "bundles"]
    assert [path for path in kept if EXAMPLE["subject"]["id"].encode() in path.read_bytes()] == []
    assert known.kinds == {"generation", "k", "log.key", "lookup.key", "portal.key", "token.key"}
    assert {f"generation {number}" for number in (1, 2, 3)} <= known.keys.keys()
    own = {path for path in (node / "keys").iterdir() if path.suffix == ".key"}
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path not in own]
    assert {path.name: found for path in written if (found := known.found(path.read_bytes()))} == {}
    assert known.found("\n".join(said).encode()) == []
    assert all(known.found(path.read_bytes()) for path in own)  # so the search does find keys
    processes = {"cli", "sealing", "indexing", "server", "anchoring", "scheduling", "auditor_portal", "zygote"}
    assert processes <= {name.rpartition(".")[2] for name in limits}
    assert set(limits.values()) == {("0", "0")}


def printed(service, shell, replays):
    """Run commands on a node that rests, with its keys whole and damaged; return what they printed."""
    said = []

    def omega(*arguments):
        ended = shell(*arguments)
        said.append(ended.out + ended.errors)
        return ended.code

    assert {each: omega("decision", "replay", each, "--json") for each in replays} == replays
    *_, after = replays
    assert omega("decision", "export", "--with-inputs") == 0
    (kek,) = service.settings.keys.glob("kek-*.key")
    whole = kek.read_bytes()
    for broken in (whole[:-9], whole + whole):  # no key any more, and one with the key in it
        kek.write_bytes(broken)
        assert omega("decision", "replay", after) == 2
    kek.write_bytes(whole)
    assert omega("keys", "rotate-kek") == 0
    assert omega("keys", "list", "--json") == 0
    return said
