"""`omega serve`, as far as it is a command: what it prints, and what it says when it cannot."""

import re
import shlex
from datetime import UTC, datetime

import pytest

from app import supervisor
from app.assurance import Watch
from app.cli import serve
from app.pdp.errors import BundleError
from app.supervisor import ServeError

URL = "http://127.0.0.1:8420"


@pytest.fixture
def ready(monkeypatch):
    """Have the service be ready at once, and end with the exit code that the test says."""

    served = []

    def serve_(settings, announce, planes):
        served.append((settings, planes))
        announce(URL)
        return settings.port

    monkeypatch.setattr(supervisor, "serve", serve_)
    return served


@pytest.mark.usefixtures("ready")
def test_as_json_it_says_where_it_is(omega, settings):
    ended = omega("serve", "--json")
    assert ended.code == 0
    assert ended.json == {"url": URL, "data": str(settings.data), "store": settings.store, "assurance": None}
    Watch(settings).run(datetime.now(UTC))
    assert omega("serve", "--json").json["assurance"] == "L1"


@pytest.mark.usefixtures("ready")
def test_it_says_what_the_store_is_worth(omega, settings):
    assert "\nstorage assurance not known yet\n" in omega("serve").out
    Watch(settings).run(datetime.now(UTC))
    assert "\nstorage assurance L1: durable; " in omega("serve").out


@pytest.mark.usefixtures("ready")
def test_the_exit_code_is_that_of_the_service(omega, settings, monkeypatch):
    monkeypatch.setenv("OMEGA_PORT", "1")
    assert omega("serve").code == 1
    assert settings.port == 0


def test_flags_say_more_than_the_environment(omega, ready, settings):
    assert omega("serve", "--host", "127.0.0.2", "--port", "0", "--workers", "3").code == 0
    ((served, planes),) = ready
    assert (served.host, served.port, served.workers) == ("127.0.0.2", 0, 3)
    assert served.data == settings.data
    assert planes == ["decision", "control", "background", "jobs", "portal"]


@pytest.mark.usefixtures("ready", "settings")
@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--port", "http", "OMEGA_PORT cannot be `http`"),
        ("--workers", "0", "OMEGA_WORKERS cannot be `0`"),
        ("--host", "", "OMEGA_HOST cannot be ``"),
    ],
)
def test_a_flag_has_the_form_of_its_setting(omega, flag, value, said):
    ended = omega("serve", flag, value)
    assert ended.code == 2
    assert ended.message.startswith(said)


@pytest.mark.usefixtures("settings")
def test_each_plane_runs_alone(omega, ready):
    assert f"says how on {URL}" in omega("serve", "--plane", "background").out
    assert f"omega decides on {URL}" in omega("serve", "--plane", "decision").out
    omega("serve", "--plane", "decision", "--plane", "background")
    assert [planes for _, planes in ready] == [["background"], ["decision"], ["decision", "background"]]


@pytest.mark.usefixtures("settings")
def test_jobs_are_run_beside_who_says_how_the_node_does(omega, ready):
    out = omega("serve", "--plane", "background", "--plane", "jobs").out
    assert "omega runs jobs, where this node leads" in out
    assert f"says how on {URL}" in out
    ended = omega("serve", "--plane", "jobs")
    assert (ended.code, len(ready)) == (2, 1)
    assert "beside `--plane background`" in ended.message


@pytest.mark.usefixtures("settings")
def test_it_says_where_the_portal_is(omega, ready, monkeypatch):
    assert "auditors" not in omega("serve").out
    assert "OMEGA_PORTAL_URL" in omega("serve", "--plane", "portal").message
    assert "beside `--plane background`" in omega("serve", "--plane", "jobs", "--plane", "portal").message
    assert len(ready) == 1
    monkeypatch.setenv("OMEGA_PORTAL_URL", "https://audit.example.org")
    said = "auditors find their engagements on https://audit.example.org/\n"
    assert said in omega("serve").out
    assert omega("serve", "--plane", "portal").out == said
    assert "auditors" not in omega("serve", "--plane", "decision").out


@pytest.mark.usefixtures("ready")
def test_it_prints_what_to_paste(omega, settings, monkeypatch):
    monkeypatch.setattr(serve.shutil, "which", lambda *_, **__: "/usr/bin/omega")
    out = omega("serve").out
    places = f"OMEGA_DATA={settings.data} OMEGA_POLICIES={settings.policies} "
    assert f"curl -sS {URL}/access/v1/evaluation" in out
    assert f"$({places}omega token issue --subject marketplace)" in out
    assert f"  {places}omega evidence verify\n" in out
    assert f"  python3 verify_evidence.py verify {settings.store} --key {settings.keys}/log.vkey\n" in out


@pytest.mark.usefixtures("ready", "settings")
@pytest.mark.parametrize(
    ("url", "environment", "printed"),
    [
        (URL, {"OMEGA_PORT": "8420"}, ""),
        ("http://127.0.0.1:9516", {"OMEGA_PORT": "9516"}, "OMEGA_PUBLIC_URL=http://127.0.0.1:9516 "),
        (URL, {"OMEGA_PUBLIC_URL": "https://omega.example.org"}, "OMEGA_PUBLIC_URL=https://omega.example.org "),
        (URL, {"OMEGA_HOST": "0.0.0.0"}, ""),  # noqa: S104 - the command says what to set
    ],
    ids=["usual", "another port", "a public name", "every address"],
)
def test_the_login_link_that_can_be_pasted_leads_here(omega, monkeypatch, url, environment, printed):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(supervisor, "serve", lambda _settings, announce, _planes: announce(url) or 0)
    monkeypatch.setattr(serve.shutil, "which", lambda *_, **__: "/usr/bin/omega")
    (line,) = re.findall(".*officer login.*", omega("serve").out)
    assert line.startswith(f"  {printed}OMEGA_DATA=")


@pytest.mark.usefixtures("ready")
def test_what_it_prints_can_be_pasted_whatever_the_paths_are_called(omega, settings, monkeypatch, tmp_path):
    spaced = settings.data.rename(tmp_path / "a node's data")
    monkeypatch.setenv("OMEGA_DATA", str(spaced))
    (line,) = re.findall("python3 .*", omega("serve").out)
    assert shlex.split(line)[3:] == [str(spaced / "store"), "--key", str(spaced / "keys" / "log.vkey")]


@pytest.mark.usefixtures("ready", "settings")
def test_a_store_in_s3_is_copied_before_the_single_file_verifies_it(omega, monkeypatch):
    monkeypatch.setenv("OMEGA_STORE", "s3://bucket/log")
    out = omega("serve").out
    assert "OMEGA_STORE=s3://bucket/log " in out
    assert "copy the store to a directory" in out


@pytest.mark.usefixtures("ready", "settings")
@pytest.mark.parametrize(
    ("called", "printed"),
    [("{here}/.venv/bin/omega", ".venv/bin/omega"), ("/opt/omega/bin/omega", "/opt/omega/bin/omega")],
    ids=["below here", "elsewhere"],
)
def test_without_a_path_it_prints_how_it_was_called(omega, monkeypatch, tmp_path, called, printed):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(serve.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(serve.sys, "argv", [called.format(here=tmp_path)])
    assert f" {printed} evidence verify" in omega("serve").out


@pytest.mark.parametrize(
    "error", [ServeError("cannot listen"), BundleError("rego/a.rego:1:1: no")], ids=["no port", "no policies"]
)
@pytest.mark.usefixtures("settings")
def test_a_service_that_cannot_start_says_why_in_one_line(omega, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(supervisor, "serve", fail)
    ended = omega("serve")
    assert (ended.code, ended.message) == (2, str(error))
