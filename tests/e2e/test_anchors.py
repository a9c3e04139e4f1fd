"""Two deployments that witness each other, and an authority that stamps both: what is in the stores, and what fails."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app import keys
from app.settings import Settings
from evidence import timestamp
from evidence.errors import NotFoundError
from evidence.store import open_store
from tests.e2e.load import Load
from tests.evidence.authority import Authority
from tests.evidence.c2sp import checkpoint, open_note
from tests.pdp.evaluating import ROOT
from tests.witness.running import RunningWitness

pytestmark = pytest.mark.slow

PATIENCE = 60  # seconds


class Stamping(BaseHTTPRequestHandler):
    """An RFC 3161 authority over HTTP; while it hangs it takes questions and answers none."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.set()
        self.server.free.wait(PATIENCE)
        with self.server.lock:
            answer = self.server.authority.answer(body)
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@contextmanager
def stamping(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stamping)
    server.authority, server.lock = Authority.make(folder), threading.Lock()
    server.asked, server.free = threading.Event(), threading.Event()
    server.free.set()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.free.set()
        server.shutdown()
        thread.join()
        server.server_close()


def until(condition):
    """Return what `condition` returns once it is something."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, "it does not come to pass"
        time.sleep(0.05)
    return found


def verifier(data, origin):
    """The verifier key of a log that does not run yet."""
    settings = Settings.from_environment({"OMEGA_DATA": str(data), "OMEGA_ORIGIN": origin})
    settings.data.mkdir(mode=0o700)
    keys.ensure(settings.keys, origin)
    return keys.load_verifier(settings.keys)


def newest(store, prefix):
    """The newest object under a prefix, with the number of the checkpoint it is for."""
    found = sorted(store.keys(prefix))
    return (int(found[-1].split("/")[-1][:12]), store.get(found[-1])) if found else None


async def decided(service, count):
    async with Load(service.url, service.token()) as load:
        await load.more(count)


def note(store, number):
    return store.get(f"log/checkpoints/{number:012}.note")


def grown_and_cosigned(service, store):
    """Decide until a witness has cosigned three times, so that the tree grew between."""
    for _ in range(3):
        before = newest(store, "log/cosignatures/")
        asyncio.run(decided(service, 20))
        until(lambda before=before: newest(store, "log/cosignatures/") not in (None, before))


def stamped(store, authority):
    """Have the newest time stamp verified by both of those who can."""
    number, stamp = until(lambda: newest(store, "log/timestamps/"))
    timestamp.verify_timestamp(stamp, note(store, number), timestamp.parse_roots(authority.root))
    assert authority.check(stamp, note(store, number)).returncode == 0


def everybody_agrees(service, data, authority, witness):
    """Have the whole log verified by both verifiers, who are told whom to trust."""
    trusted = data.with_name(f"{data.name}.witness.vkey")
    trusted.write_text(f"{witness}\n")
    trust = ["--tsa", str(authority.folder / "root.pem"), "--witness", str(trusted), "--json"]
    ours = service.omega("evidence", "verify", *trust)
    script = [sys.executable, "verify_evidence.py", "verify", str(data / "store"), "--key", str(data / "keys/log.vkey")]
    alone = subprocess.run([*script, *trust], capture_output=True, text=True, cwd=ROOT, check=False, timeout=60)
    assert (ours.returncode, alone.returncode) == (0, 0), ours.stdout + ours.stderr + alone.stdout + alone.stderr
    said = json.loads(ours.stdout)
    assert said["timestamped"]["verified"]
    assert said["cosigned"]["verified"]
    assert said["cosigned"]["witnesses"] == [witness.name]


def test_two_logs_witness_each_other(tmp_path, serving):
    logs = {name: verifier(tmp_path / name, f"{name}.example/log") for name in ("a", "b")}
    witnesses = {
        name: RunningWitness(tmp_path / f"w{name}", *logs.values(), name=f"{name}.example/witness") for name in logs
    }
    with stamping(tmp_path / "tsa") as tsa, witnesses["a"], witnesses["b"]:
        services = {}
        for name, other in (("a", "b"), ("b", "a")):
            services[name] = serving(
                name,
                OMEGA_ORIGIN=f"{name}.example/log",
                OMEGA_TSA_URL=f"http://127.0.0.1:{tsa.server_port}/",
                OMEGA_TSA_ROOTS=tsa.authority.folder / "root.pem",
                OMEGA_WITNESSES=f"{witnesses[other].key}={witnesses[other].url}",
                OMEGA_ANCHOR_S=1,
            )
        for name, other in (("a", "b"), ("b", "a")):
            store = open_store(str(tmp_path / name / "store"), read_only=True)
            grown_and_cosigned(services[name], store)
            number, line = newest(store, "log/cosignatures/")
            opened = open_note(note(store, number) + line, str(logs[name]), str(witnesses[other].key))
            assert opened.signed.keys() == {f"{name}.example/log", f"{other}.example/witness"}
            assert checkpoint(opened.text)[1] > 1
            with tsa.lock:
                stamped(store, tsa.authority)
            assert services[name].get("/readyz")["alarms"] == []
            assert services[name].stop() == 0
            everybody_agrees(services[name], tmp_path / name, tsa.authority, witnesses[other].key)


def test_an_authority_that_hangs_delays_nothing_and_is_an_alarm(tmp_path, serving):
    with stamping(tmp_path / "tsa") as tsa:
        tsa.free.clear()
        service = serving("node", OMEGA_TSA_URL=f"http://127.0.0.1:{tsa.server_port}/", OMEGA_ANCHOR_S=1)
        assert tsa.asked.wait(PATIENCE)
        asyncio.run(decided(service, 200))
        store = open_store(str(tmp_path / "node" / "store"), read_only=True)
        sealed = until(lambda: newest(store, "log/checkpoints/"))
        until(lambda: newest(store, "log/checkpoints/")[0] > sealed[0] or asyncio.run(decided(service, 5)))
        until(lambda: service.get("/readyz")["alarms"] == ["anchor overdue: time stamps"])
        assert service.get("/readyz")["ready"]
        with pytest.raises(NotFoundError):
            store.get("log/timestamps/000000000000.tsr")
        tsa.free.set()
        asyncio.run(decided(service, 5))
        until(lambda: service.get("/readyz")["alarms"] == [])
        assert newest(store, "log/timestamps/") is not None
        assert service.stop() == 0
    assert "time stamps: overdue" in service.log
