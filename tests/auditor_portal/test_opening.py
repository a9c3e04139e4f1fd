"""The portal as its settings want it: what it makes, what it refuses to start without, how it says that it does."""

import os
import signal
import stat
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

import auditor_portal.__main__ as process
from app import keys
from app.audits.database import open_portal
from app.db import open_engine
from app.http_server import HttpServer
from app.pdp.errors import UnrecordedError
from app.settings import Settings
from auditor_portal import opening
from auditor_portal.opening import checks, opened
from evidence.errors import StoreError
from evidence.keys import VerifierKey
from tests.node import listening, use

NODE = "http://127.0.0.1:8420"
URL = "https://audit.example.org"


@pytest.fixture
def environment(tmp_path, migrated_portal):
    """The variables of a portal: its data has the log's verifier key and the tables of audits, and no other key."""
    data = tmp_path / "portal"
    (data / "keys").mkdir(mode=0o700, parents=True)
    (data / "keys" / "log.vkey").write_text(f"{VerifierKey(origin='omega.localhost/log', public_key=bytes(32))}\n")
    (data / "store").mkdir()
    (data / "portal.db").write_bytes(migrated_portal.read_bytes())
    return {"OMEGA_DATA": str(data), "OMEGA_PORTAL_URL": URL, "OMEGA_DRAIN_S": "0"}


@pytest.fixture
def settings(environment):
    return Settings.from_environment(environment)


def test_it_makes_its_own_secret_and_no_other(settings):
    for _ in range(2):
        with opened(settings, NODE) as portal:
            assert portal.flask.test_client().get("/nowhere").headers["strict-transport-security"]
    made = sorted(path.name for path in settings.keys.iterdir())
    assert [name for name in made if not name.startswith("saml")] == ["log.vkey", "portal.key"]
    assert stat.S_IMODE((settings.keys / "portal.key").stat().st_mode) == 0o600
    secret = keys.ensure_portal_key(settings.keys)
    assert (len(secret), keys.ensure_portal_key(settings.keys)) == (32, secret)


def test_it_reads_what_its_settings_name(settings):
    with opened(settings, NODE) as portal, portal.flask.app_context():
        assert opening.product.product().verifier.origin == "omega.localhost/log"


def test_it_asks_whom_its_settings_name_and_else_the_node_beside_it(environment, monkeypatch):
    asked = []
    monkeypatch.setattr(opening, "_decides", lambda url, _: asked.append(url))
    for more in ({}, {"OMEGA_DECISION_URL": "https://pdp.example.org"}):
        with opened(Settings.from_environment(environment | more), NODE) as portal:
            portal.checks()
    assert asked == [NODE, "https://pdp.example.org"]


def answering(monkeypatch, *statuses):
    """Have the node answer so, one after the other; None is no answer. Return what was asked."""
    asked, left = [], list(statuses)

    def get(url, **options):
        asked.append((url, options.get("headers")))
        status = left.pop(0)
        if status is None:
            raise httpx.ConnectError("refused")
        return httpx.Response(status)

    monkeypatch.setattr(httpx, "get", get)
    return asked


@pytest.mark.parametrize(
    ("statuses", "decides"),
    [((200, 404), True), ((503, 404), False), ((200, 401), False), ((None,), False), ((200, None), False)],
    ids=["ready", "not ready", "an unknown token", "away", "away meanwhile"],
)
def test_it_is_ready_where_somebody_decides_and_knows_its_token(settings, monkeypatch, statuses, decides):
    asked = answering(monkeypatch, *statuses)
    engine = open_portal(settings.audits)
    found = checks(NODE, lambda: "t", engine, lambda: None)
    engine.dispose()
    assert found == {"decisions": decides, "tables": True, "evidence": True}
    assert asked[0] == (f"{NODE}/readyz", None)
    assert asked[1:] in ([], [(f"{NODE}/v1/decisions/none", {"authorization": "Bearer t"})])


def test_it_is_not_ready_without_token_tables_or_evidence(tmp_path, monkeypatch):
    def no_token():
        raise UnrecordedError("no token")

    def no_store():
        raise StoreError("no store")

    answering(monkeypatch, 200)
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    engine.dispose()
    (tmp_path / "x.db").write_bytes(b"no database, whatever its name says")
    found = checks(NODE, no_token, engine, no_store)
    engine.dispose()
    assert found == {"decisions": False, "tables": False, "evidence": False}


def run(monkeypatch, environment, started):
    """Run the process here, and tell it to stop once it has `started`; return its exit code."""
    use(monkeypatch, environment)
    handler = signal.getsignal(signal.SIGHUP)
    monkeypatch.setattr(process, "end_with_parent", lambda _: None)
    real = HttpServer.startup

    async def told(server, sockets):
        await real(server, sockets)
        started.append(server)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(HttpServer, "startup", told)
    try:
        return process.main(["auditor_portal", str(listening().detach()), "1", NODE])
    finally:
        signal.signal(signal.SIGHUP, handler)


def test_the_process_serves_until_it_is_told_to_stop(environment, monkeypatch):
    started = []
    assert run(monkeypatch, environment, started) == 0
    assert len(started) == 1


def newer(environment):
    """Have the tables be those of another version of this software."""
    engine = open_portal(Settings.from_environment(environment).audits)
    with engine.begin() as connection:
        connection.execute(text("UPDATE portal_version SET version_num = '9999'"))
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given: given.update(OMEGA_PORTAL_PORT="x"), "OMEGA_PORTAL_PORT cannot be"),
        (lambda given: Path(given["OMEGA_DATA"], "keys").chmod(0o755), "it must be 0700"),
        (newer, "start a node first"),
    ],
    ids=["a setting", "keys open to others", "tables of a newer version"],
)
def test_the_process_says_in_one_line_why_it_does_not_serve(environment, monkeypatch, caplog, change, said):
    change(environment)
    started = []
    assert run(monkeypatch, environment, started) == 1
    assert said in caplog.text
    assert (started, len(caplog.records)) == ([], 1)
