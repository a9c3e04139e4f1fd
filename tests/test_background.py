"""A node that decides nothing: what it needs, and what it says of itself."""

import asyncio
import json
import os
import shutil
import signal
import sys
import threading
import time

import pytest

from app import background, indexing
from app.background import BackgroundPlane, main, prepare
from app.keys import KeyFileError
from app.settings import MetricsFor, Settings
from app.telemetry.publishing import Publisher
from tests.decision_plane.asking import body
from tests.node import decided, listening, node_environment, prepared, sealed, use


@pytest.fixture
def settings(tmp_path):
    """Return the settings of a node that shares a store with one that decides, and has its verifier key alone."""
    first = prepared(tmp_path)
    decided(first, body())
    sealed(first)
    environment = {"OMEGA_DATA": str(tmp_path / "other"), "OMEGA_STORE": first.store, "OMEGA_DRAIN_S": "0"}
    found = Settings.from_environment(environment)
    found.keys.mkdir(parents=True, mode=0o700)
    shutil.copy(first.keys / "log.vkey", found.keys / "log.vkey")
    return found


def ask(plane, path, method="GET", **scope):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.disconnect"}

    whole = {"type": "http", "method": method, "path": path, "headers": [], "client": ("127.0.0.1", 1), **scope}
    asyncio.run(plane(whole, receive, send))
    return sent[0]["status"], sent[1]["body"]


def ready(plane):
    status, answer = ask(plane, "/readyz")
    document = json.loads(answer)
    assert document["ready"] is (status == 200)
    return document


def test_it_needs_the_verifier_key_and_no_other(settings):
    prepare(settings)
    (settings.keys / "log.vkey").unlink()
    with pytest.raises(KeyFileError, match=r"log\.vkey"):
        prepare(settings)


def test_it_is_ready_while_the_index_comes_on(settings, monkeypatch):
    plane = BackgroundPlane(settings)
    assert ready(plane)["checks"] == {"index": False}
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _: stop.set() or stop.is_set())
    indexing.run(settings, stop)
    assert ready(plane) == {"ready": True, "draining": False, "checks": {"index": True}, "alarms": []}
    past = time.time() - 61
    os.utime(settings.data / "indexer.alive", (past, past))
    assert not ready(plane)["ready"]


def test_told_to_stop_it_is_not_ready(settings):
    plane = BackgroundPlane(settings)
    (settings.data / "indexer.alive").touch()
    plane.drain()
    assert ready(plane) == {"ready": False, "draining": True, "checks": {"index": True}, "alarms": []}


def test_it_shows_its_numbers_on_this_machine_alone(settings):
    plane = BackgroundPlane(settings)
    Publisher(settings.numbers, "indexer").publish()
    status, text = ask(plane, "/metrics")
    assert status == 200
    assert b'omega_published_timestamp_seconds{worker="indexer"}' in text
    assert ask(plane, "/metrics", client=("192.0.2.1", 1))[0] == 404
    object.__setattr__(settings, "metrics_for", MetricsFor.TOKEN)
    assert ask(BackgroundPlane(settings), "/metrics", headers=[(b"authorization", b"Bearer a")])[0] == 401


def test_it_answers_nothing_else(settings):
    plane = BackgroundPlane(settings)
    assert ask(plane, "/healthz") == (200, b'{"status":"ok"}')
    assert ask(plane, "/access/v1/evaluation", "POST")[0] == 404
    assert ask(plane, "/readyz", "DELETE")[0] == 405
    with pytest.raises(TypeError, match="no `websocket` here"):
        ask(plane, "/", type="websocket")


def test_the_process_ends_when_it_is_told_to(settings, tmp_path, monkeypatch):
    use(monkeypatch, node_environment(tmp_path, OMEGA_DATA=str(settings.data)))
    handler = signal.getsignal(signal.SIGHUP)
    monkeypatch.setattr(background, "end_with_parent", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["background", str(listening().detach()), "1"])
    real = background.HttpServer.startup

    async def told(server, sockets):
        await real(server, sockets)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(background.HttpServer, "startup", told)
    try:
        assert main() == 0
    finally:
        signal.signal(signal.SIGHUP, handler)
