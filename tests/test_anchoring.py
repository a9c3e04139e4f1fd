"""The process that keeps the log anchored."""

import os
import signal
import sys
import threading
from datetime import timedelta

import pytest

from app import anchoring, keys
from app.anchoring import main, run, step
from app.rotation import Rotation
from evidence.anchor_source import cosignature_key
from evidence.authority import Answer
from evidence.chain import utc_now
from evidence.errors import AuthorityError, EvidenceError, UntrustedLogError
from evidence.key_history import Reason
from evidence.store import open_store
from tests.decision_plane.asking import body
from tests.evidence.authority import Authority
from tests.evidence.growing import WITNESS, FakeWitness
from tests.node import decided, node_environment, prepared, sealed, use


class Fake:
    """Stands for an anchorer: does what it is told, one thing at each step."""

    pause, lag = 0.001, 0.0

    def __init__(self, *outcomes):
        self.outcomes, self.overdue = list(outcomes), False

    def step(self):
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, Exception):
            self.overdue = outcome.args == ("overdue",)
            raise outcome
        self.overdue = False
        return outcome


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(anchoring, "_LOOK", 0.001)
    monkeypatch.setattr(anchoring, "_REPORT", 0.0)


@pytest.fixture
def anchored(tmp_path, monkeypatch):
    """Returns a way to run the process on a node, with these anchorers and until that."""
    settings = prepared(tmp_path, OMEGA_TSA_URL="http://127.0.0.1:1")

    def running(stopping, *anchorers):
        def keepers(_, stop):
            return [anchoring._Keeper(f"anchor {number}", each, stop) for number, each in enumerate(anchorers)]

        monkeypatch.setattr(anchoring, "keepers", keepers)
        return run(settings, stopping)

    running.settings = settings
    return running


def reported(settings):
    path = settings.data / "anchors.overdue"
    return path.read_text().splitlines() if path.exists() else None


def test_what_happened_is_said(caplog):
    caplog.set_level("INFO")
    fake = Fake("log/timestamps/000000000000.tsr", None, AuthorityError("away"), AuthorityError("overdue"), None)
    for _ in range(5):
        step("time stamps", fake)
    assert [record.getMessage() for record in caplog.records] == [
        "time stamps: anchored by log/timestamps/000000000000.tsr",
        "time stamps: not anchored: authority-unavailable: away",
        "time stamps: not anchored: authority-unavailable: overdue",
        "time stamps: overdue: the newest checkpoint waits for longer than two intervals",
    ]


@pytest.mark.usefixtures("quick")
def test_what_is_overdue_is_reported_while_the_others_go_on(anchored):
    late, other = Fake(*[AuthorityError("overdue")] * 100_000), Fake(*["key"] * 100_000)
    assert anchored(lambda: reported(anchored.settings) == ["anchor 0"], late, other) == 0
    assert len(other.outcomes) < 100_000


@pytest.mark.usefixtures("quick")
def test_an_authority_that_hangs_holds_up_nobody(anchored):
    asked, free = threading.Event(), threading.Event()

    class Hanging(Fake):
        def step(self):
            asked.set()
            free.wait(60)

    other = Fake()
    done = []
    other.step = lambda: done.append(1)
    assert anchored(lambda: asked.is_set() and len(done) > 3, Hanging(), other) == 0
    assert not free.is_set()
    free.set()


@pytest.mark.usefixtures("quick")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_ends_the_process_so_that_it_is_started_again(anchored):
    assert anchored(lambda: False, Fake(), Fake(ZeroDivisionError())) == 1


@pytest.mark.usefixtures("quick")
def test_a_report_is_made_anew_before_it_is_too_old(anchored):
    seen = []

    def stopping():
        path = anchored.settings.data / "anchors.overdue"
        if path.exists():
            seen.append(path.stat().st_mtime_ns)
        return len(set(seen)) > 2

    assert anchored(stopping, Fake()) == 0


@pytest.fixture
def node(tmp_path):
    """A sealed node with a time-stamp authority and a witness, neither of them on a wire."""
    stamping = Authority.make(tmp_path / "authority")
    settings = prepared(
        tmp_path,
        OMEGA_TSA_URL="http://tsa.example/",
        OMEGA_TSA_ROOTS=str(stamping.folder / "root.pem"),
        OMEGA_WITNESSES=f"{WITNESS.key}=http://w.example",
    )
    decided(settings, body())
    sealed(settings)
    return settings, stamping


def test_every_authority_is_kept_on_the_log_of_the_node(node):
    settings, stamping = node
    stamps, cosigned = anchoring.keepers(settings, threading.Event())
    assert (stamps.name, cosigned.name) == ("time stamps", "witness witness.example/w1")

    def post(_, data, **__):
        return Answer(status=200, content_type="", body=stamping.answer(data))

    stamps._anchorer._anchor._post = post
    cosigned._anchorer._anchor._post = FakeWitness(keys.load_verifier(settings.keys))
    for keeper in (stamps, cosigned):
        step(keeper.name, keeper._anchorer)
        assert not keeper.overdue
    store = open_store(settings.store, read_only=True)
    note = store.get("log/checkpoints/000000000000.note")
    assert stamping.check(store.get("log/timestamps/000000000000.tsr"), note).returncode == 0
    assert list(store.keys("log/cosignatures/")) == [cosignature_key(0, WITNESS.key)]


def test_after_a_rotation_old_and_new_checkpoints_are_the_logs(node):
    settings, _ = node
    witness = FakeWitness(keys.load_verifier(settings.keys))
    (_, cosigned) = anchoring.keepers(settings, threading.Event())
    cosigned._anchorer._anchor._post = witness
    rotation = Rotation(
        directory=settings.keys,
        store=open_store(settings.store),
        retention=timedelta(days=1),
        clock=utc_now,
        record=[].append,
    )
    rotation.run(Reason.ROTATED)
    assert cosigned._anchorer.step() == cosignature_key(0, WITNESS.key)
    decided(settings, body())
    sealed(settings)
    (_, again) = anchoring.keepers(settings, threading.Event())
    again._anchorer._anchor._post = witness
    again._anchorer._interval = 0.0
    with pytest.raises(UntrustedLogError):
        again._anchorer.step()
    witness.keys = (*witness.keys, keys.load_verifier(settings.keys))
    assert again._anchorer.step() == cosignature_key(1, WITNESS.key)


def test_what_stops_the_process_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(sys, "argv", ["anchoring", "1"])
    monkeypatch.setattr(anchoring, "end_with_parent", lambda _: None)
    use(monkeypatch, node_environment(tmp_path, OMEGA_TSA_URL="nowhere"))
    assert main() == 1
    assert "OMEGA_TSA_URL cannot be `nowhere`" in caplog.text
    use(monkeypatch, node_environment(tmp_path, OMEGA_TSA_URL="http://tsa.example", OMEGA_TSA_ROOTS="nowhere"))
    assert main() == 1
    assert "log.vkey` cannot be read" in caplog.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_stops(tmp_path, monkeypatch, number):
    monkeypatch.setattr(sys, "argv", ["anchoring", "1"])
    monkeypatch.setattr(anchoring, "end_with_parent", lambda _: None)
    environment = node_environment(tmp_path, OMEGA_TSA_URL="http://tsa.example")
    prepared(tmp_path, OMEGA_TSA_URL="http://tsa.example")
    use(monkeypatch, environment)
    monkeypatch.setattr(anchoring, "keepers", lambda *_: os.kill(os.getpid(), number) or [])
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert main() == 0
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_the_last_checkpoint_of_the_key_before_is_anchored_too(tmp_path):
    settings = prepared(tmp_path, OMEGA_TSA_URL="http://127.0.0.1:1")
    decided(settings, body())
    sealed(settings)
    store = open_store(settings.store)
    signed = store.get("log/checkpoints/000000000000.note")
    rotation = Rotation(
        directory=settings.keys, store=store, retention=timedelta(days=1), clock=utc_now, record=lambda _: None
    )
    rotation.run(Reason.ROTATED)
    assert anchoring._verified(store, keys.load_verifier(settings.keys), signed).size == 1
    with pytest.raises(EvidenceError):
        anchoring._verified(store, keys.load_verifier(settings.keys), signed.replace(b"\n1\n", b"\n2\n"))
