"""What is shipped for other machines, as far as it can be held without them: it names what there is, and agrees."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from app.settings import Settings
from app.telemetry.catalogue import METRICS, Kind

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "docker" / "Dockerfile").read_text()
UNITS = sorted(DEPLOY.glob("systemd/*.service"))
ENDING = 20 + 20 + 20  # seconds that workers, sealer and indexer have beside the time to drain


def compose():
    return yaml.safe_load((DEPLOY / "docker" / "compose.yaml").read_text())


def settings_of(environment):
    """Return the settings that these variables make; all of them have to be known."""
    declared = "".join((ROOT / "app" / name).read_text() for name in ("settings.py", "portal_settings.py"))
    known = set(re.findall(r'"(OMEGA_[A-Z_]+)"', declared))
    ours = {name: value for name, value in environment.items() if name.startswith("OMEGA_")}
    assert ours.keys() <= known
    return Settings.from_environment(ours)


def image_environment():
    block = re.search(r"^ENV (.*?[^\\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)[1].replace("\\\n", " ")
    return dict(pair.split("=", 1) for pair in block.split())


def unit(path):
    """Return the lines of a unit as {name: values}."""
    found = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_image_is_made_of_what_there_is():
    sources = [
        word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    ]
    assert len(sources) > 5
    assert [each for each in sources if not (ROOT / each).exists()] == []
    allowed = {
        line[1:] for line in (DEPLOY / "docker" / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert allowed == set(sources)


def test_the_image_installs_by_hash_and_does_not_run_as_root():
    (locked,) = re.findall(r"pip install .*-r (\S+)", DOCKERFILE)
    assert "--require-hashes" in DOCKERFILE
    assert "--hash=sha256:" in (ROOT / locked).read_text()
    users = re.findall(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)
    assert users
    assert "0" not in users
    assert f"--uid {users[0]}" in DOCKERFILE


def test_what_the_server_installs_is_what_the_tests_had():
    def pins(name):
        return set(re.findall(r"^[a-z0-9.-]+(?:\[[a-z]+\])?==\S+", (ROOT / name).read_text(), re.MULTILINE))

    ours = pins("requirements-server.lock")
    assert ours <= pins("requirements-test.lock")
    assert pins("requirements.lock") <= ours
    assert {each.partition("==")[0] for each in ours} >= {"psycopg", "opentelemetry-sdk"}


def test_the_image_agrees_with_itself():
    settings = settings_of(image_environment())
    assert f"EXPOSE {settings.port}" in DOCKERFILE
    assert f"VOLUME {settings.data}" in DOCKERFILE
    assert "/healthz" in DOCKERFILE
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE
    assert not re.search(r"(PASSWORD|SECRET|TOKEN)[A-Z_]*=", DOCKERFILE)


def test_the_composition_agrees_with_the_image():
    services = compose()["services"]
    ours = services["omega"]
    settings = settings_of(
        image_environment() | ours["environment"] | {"OMEGA_DATABASE": "postgresql://omega@database/omega"}
    )
    portal = settings.portal.port
    assert ours["ports"] == [f"127.0.0.1:{port}:{port}" for port in (settings.port, portal)]
    (volume,) = ours["volumes"]
    assert volume == f"omega:{settings.data}"
    assert int(ours["stop_grace_period"].removesuffix("s")) > settings.drain + ENDING
    assert ours["ulimits"]["nofile"] == 65_536
    build = ours["build"]
    assert (DEPLOY / "docker" / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "docker" / "Dockerfile"


def test_the_portal_of_the_composition_has_what_it_needs_and_nothing_of_the_node():
    services = compose()["services"]
    given = image_environment() | services["portal"]["environment"]
    assert "OMEGA_DATABASE" not in given
    settings = settings_of(given | {"OMEGA_PORTAL_URL": "http://127.0.0.1:8430"})
    assert settings.portal.url
    assert settings.portal.database.startswith("postgresql://omega_portal:")
    assert settings.store == services["omega"]["environment"]["OMEGA_STORE"]
    assert settings.portal.decision_url == f"http://127.0.0.1:{image_port()}"
    assert settings.portal.token.is_relative_to(settings.data)
    assert services["portal"]["command"] == ["serve", "--plane", "portal"]
    assert services["portal"]["network_mode"] == "service:omega"
    assert services["portal"]["volumes"] == [f"portal:{settings.data}"]
    assert int(services["portal"]["stop_grace_period"].removesuffix("s")) > settings.drain + ENDING


def image_port():
    return settings_of(image_environment()).port


def test_the_composition_names_what_it_has():
    whole = compose()
    for name, service in whole["services"].items():
        assert service.get("depends_on", {}).keys() <= whole["services"].keys(), name
        assert re.search(r":[0-9]", service["image"]), f"{name} has no version"
        for other, wanted in service.get("depends_on", {}).items():
            healthy = wanted["condition"] == "service_healthy"
            assert not healthy or "healthcheck" in whole["services"][other], other
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in whole["volumes"], name
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or value.startswith("${"), variable
    hosts = re.findall(
        r"(?:@|//)([a-z0-9]+)(?:/omega|:8333)$",
        "\n".join(whole["services"]["omega"]["environment"].values()),
        re.MULTILINE,
    )
    assert set(hosts) == {"database", "s3"}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_gives_the_service_what_it_needs(path):
    found = unit(path)
    environment = dict(pair.split("=", 1) for line in found["Environment"] for pair in line.split())
    settings = settings_of(environment)
    assert f"/var/lib/{found['StateDirectory'][0]}" == str(settings.data)
    assert int(found["TimeoutStopSec"][0]) > settings.drain + ENDING
    assert found["LimitNOFILE"] == ["65536"]
    assert found["User"] != ["root"]
    assert (found["NoNewPrivileges"], found["ProtectSystem"]) == (["yes"], ["strict"])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_knows_every_line_of_a_unit(path, tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("UNITS ARE NOT CHECKED: systemd-analyze is not installed")
    text = path.read_text().replace("/opt/omega/.venv/bin/omega", sys.executable)
    copy = tmp_path / path.name
    copy.write_text(text.replace("file:///opt/omega/docs/operating.md", "https://example.org/"))
    done = subprocess.run(
        [analyze, "verify", "--man=no", copy],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    assert [line for line in done.stderr.splitlines() if path.name in line] == []


def policy():
    return json.loads((DEPLOY / "s3" / "portal-read-only.json").read_text())["Statement"]


def test_the_portals_policy_reads_and_does_nothing_else():
    actions = [action for statement in policy() for action in statement["Action"]]
    assert all(re.fullmatch(r"s3:(Get|List)[A-Za-z]+", action) for action in actions)
    assert {statement["Effect"] for statement in policy()} == {"Allow"}


@pytest.mark.slow
def test_reading_a_log_on_s3_needs_no_more_than_the_portals_policy(s3_store, reopen_s3):
    """The names of the calls are not those of the rights: a list of versions needs ListBucketVersions."""
    s3_store.put("chains/a/1", b"x", retain_until=datetime.now(UTC) + timedelta(days=1))
    asked, reading = set(), reopen_s3()
    reading._client.meta.events.register("before-call.s3", lambda model, **_: asked.add(model.name))
    assert reading.get("chains/a/1") == b"x"
    assert list(reading.keys()) == ["chains/a/1"]
    needs = {"GetObject": {"s3:GetObject", "s3:GetObjectVersion"}, "ListObjectVersions": {"s3:ListBucketVersions"}}
    assert asked == needs.keys()
    assert set().union(*needs.values()) <= {action for statement in policy() for action in statement["Action"]}


def test_alerts_ask_for_metrics_and_labels_that_there_are():
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"][0]["rules"]
    names = {metric.name for metric in METRICS}
    names |= {f"{metric.name}_bucket" for metric in METRICS if metric.kind is Kind.HISTOGRAM}
    labels = {label for metric in METRICS for label in metric.labels} | {"worker", "instance", "le"}
    assert len({rule["alert"] for rule in rules}) == len(rules) > 8
    for rule in rules:
        assert set(re.findall(r"omega_[a-z_]+", rule["expr"])) <= names, rule["alert"]
        asked = re.findall(r"([a-z_]+)=~?\"", rule["expr"]) + re.findall(r"by \(([^)]*)\)", rule["expr"])
        assert {word for each in asked for word in re.split(r",\s*", each)} <= labels, rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"warning", "critical"}
