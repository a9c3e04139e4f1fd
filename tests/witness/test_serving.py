import os
import signal
import socket
import threading

import pytest

from app import keys
from app.settings import Settings
from app.witness import serving
from app.witness.serving import WitnessError, application, prepare
from evidence.anchor_source import WitnessAnchor
from evidence.authority import post
from evidence.checkpoint import verify
from evidence.errors import ForkedLogError, InconsistentLogError, UnknownLogError, UntrustedLogError
from evidence.growth import Growth
from evidence.witness import AddCheckpoint, submit
from tests.evidence.growing import NOW, GrowingLog
from tests.evidence.logs import SIGNER, Signer
from tests.witness.running import RunningWitness

NAME = {"OMEGA_WITNESS_NAME": "witness.example/w1"}


@pytest.fixture
def settings(tmp_path):
    return Settings.from_environment(
        {"OMEGA_DATA": str(tmp_path / "node"), "OMEGA_WITNESS_NAME": "witness.example/w1", "OMEGA_WITNESS_PORT": "0"}
    )


def trusting(settings):
    prepare(settings)
    (settings.witness / "logs" / "a.vkey").write_bytes(SIGNER.key_file)


def test_what_a_witness_needs_is_made_once(settings):
    key = prepare(settings)
    assert key.name == "witness.example/w1"
    assert prepare(settings) == key
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in settings.witness.iterdir()}
    assert modes == {"heads.db": "0o600", "logs": "0o700", "witness.key": "0o600", "witness.vkey": "0o644"}
    assert settings.witness.stat().st_mode & 0o777 == 0o700


def test_a_start_that_was_cut_short_goes_on(settings):
    prepare(settings)
    for name in (keys.WITNESS_KEY, keys.WITNESS_VERIFIER_KEY):
        (settings.witness / name).unlink()
    prepare(settings)


def test_a_witness_that_forgot_does_not_use_its_key_again(settings):
    trusting(settings)
    (settings.witness / "heads.db").unlink()
    with pytest.raises(WitnessError, match="has forgotten what it saw"):
        prepare(settings)
    with pytest.raises(WitnessError, match="has forgotten what it saw"):
        application(settings)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.chmod(0o755), "must be 0700"),
        (lambda path: (path / "witness.key").chmod(0o644), "must be 0600"),
        (lambda path: (path / "witness.key").unlink(), "cannot be read"),
        (lambda path: (path / "witness.vkey").write_text("x"), "is not the verifier key of a witness"),
        (lambda path: (path / "witness.vkey").write_bytes(b"\xff"), "is not the verifier key of a witness"),
        (lambda path: (path / "heads.db").write_text("x"), "heads.db"),
    ],
    ids=["an open directory", "an open key", "a lost key", "no verifier key", "no text", "no memory"],
)
def test_what_cannot_be_trusted_stops_it(settings, damage, message):
    prepare(settings)
    damage(settings.witness)
    with pytest.raises(WitnessError, match=message):
        prepare(settings)


def test_the_keys_of_another_stop_it(settings, tmp_path):
    prepare(settings)
    other = prepare(Settings.from_environment({"OMEGA_DATA": str(tmp_path / "b"), "OMEGA_WITNESS_NAME": "w2"}))
    with pytest.raises(WitnessError, match=r"those of the witness `witness.+w1`, not of `w3`"):
        prepare(Settings.from_environment({"OMEGA_DATA": str(settings.data), "OMEGA_WITNESS_NAME": "w3"}))
    (settings.witness / "witness.vkey").write_text(str(other))
    with pytest.raises(WitnessError, match=r"is not the verifier key of `witness\.key` beside it"):
        prepare(settings)


def test_a_name_that_names_nobody(tmp_path):
    with pytest.raises(WitnessError, match="cannot name a witness"):
        prepare(Settings.from_environment({"OMEGA_DATA": str(tmp_path / "a"), "OMEGA_WITNESS_NAME": "a b"}))


def test_a_place_that_cannot_be_had(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WitnessError, match="cannot be used"):
        prepare(Settings.from_environment({"OMEGA_DATA": str(tmp_path / "file")}))


def test_keys_that_cannot_be_made(settings, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keys, "_make", full)
    with pytest.raises(WitnessError, match="No space left on device"):
        prepare(settings)


def test_a_log_that_is_unknown_stops_it(settings):
    prepare(settings)
    with pytest.raises(WitnessError, match="no log to witness"):
        application(settings)


def test_a_port_that_is_taken(settings):
    trusting(settings)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        again = Settings.from_environment({"OMEGA_DATA": str(settings.data), "OMEGA_WITNESS_PORT": port} | NAME)
        with pytest.raises(WitnessError, match="Address already in use"):
            serving.serve(again, lambda _: None)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_answers_until_it_is_told_to_stop(settings, host):
    trusting(settings)
    grown, lines = GrowingLog(3), []
    there = Settings.from_environment(
        {"OMEGA_DATA": str(settings.data), "OMEGA_WITNESS_PORT": "0", "OMEGA_WITNESS_HOST": host} | NAME
    )

    def asking(url):
        def ask():
            try:
                if host == "127.0.0.1":
                    anchor = WitnessAnchor(url, keys.load_witness(there.witness).key, Growth(grown.store))
                    note = grown.store.get("log/checkpoints/000000000000.note")
                    lines.append(anchor.obtain(note, verify(note, grown.key)))
                else:
                    assert url.startswith("http://[::1]:")
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=ask).start()

    serving.serve(there, asking)
    assert len(lines) == (host == "127.0.0.1")


# The process


def newest(grown):
    note = grown.store.get(f"log/checkpoints/{grown.log.batches - 1:012}.note")
    return note, verify(note, grown.key)


def cosigned(running, grown):
    anchor = WitnessAnchor(running.url, running.key, Growth(grown.store))
    note, head = newest(grown)
    return anchor.verify(anchor.obtain(note, head), note, head)


@pytest.mark.slow
def test_a_witness_as_a_process(tmp_path):
    grown = GrowingLog(3)
    running = RunningWitness(tmp_path / "node", grown.key)
    with running:
        first = cosigned(running, grown)
        grown.grow(4)
        assert cosigned(running, grown) >= first
        fork = GrowingLog(7, 5, start=NOW.replace(day=25))
        with pytest.raises(InconsistentLogError):
            cosigned(running, fork)
        with pytest.raises(ForkedLogError):
            cosigned(running, GrowingLog(7, start=NOW.replace(day=25)))
        with pytest.raises(UnknownLogError):
            cosigned(running, GrowingLog(3, signer=Signer(origin="stranger.example/log")))
        with pytest.raises(UntrustedLogError):
            cosigned(running, GrowingLog(3, signer=Signer(seed=b"\x08" * 32)))
        assert running.end() == 0
    assert "forked-log" in running.log.read_text()


@pytest.mark.slow
def test_a_witness_that_is_killed_forgets_nothing(tmp_path):
    grown, other = GrowingLog(3, 4, 5), GrowingLog(3, 4, 5, start=NOW.replace(day=25))
    running = RunningWitness(tmp_path / "node", grown.key)
    for _ in range(3):
        with running:
            cosigned(running, grown)
            running.end(signal.SIGKILL)
        with running:
            with pytest.raises(ForkedLogError):
                cosigned(running, other)
            grown.grow(2)
            other.grow(2)


@pytest.mark.slow
def test_of_many_histories_at_once_one_is_cosigned(tmp_path):
    forks = [GrowingLog(3, start=NOW.replace(day=day)) for day in range(1, 13)]
    with RunningWitness(tmp_path / "node", forks[0].key) as running:
        lines, barrier = [], threading.Barrier(len(forks))

        def ask(grown):
            request = AddCheckpoint(old_size=0, proof=(), note=newest(grown)[0])
            barrier.wait(30)
            try:
                lines.append(submit(request, running.url, running.key, post))
            except Exception as error:  # noqa: BLE001 - compared below
                lines.append(type(error).__name__)

        threads = [threading.Thread(target=ask, args=(grown,)) for grown in forks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert lines.count("WitnessConflictError") == len(forks) - 1
    assert len([line for line in lines if isinstance(line, bytes)]) == 1
