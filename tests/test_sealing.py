"""The sealer process: it seals until it is told to stop, then what is left, and bears a store that is away."""

import signal
import sys

import pytest

from app import keys, sealing
from app.assurance import kept
from app.pdp.lifeline import HOPELESS
from app.sealing import main, new_sealer, run
from evidence.errors import FindingError, JournalError
from evidence.store import open_store
from evidence.verify import Verification
from tests.decision_plane.asking import body
from tests.node import decided, node_environment, prepared, use


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "_PAUSE", 0)
    monkeypatch.setattr(sealing, "_RETRY", 0)
    return prepared(tmp_path, OMEGA_SEAL_AGE_MS="3600000")


def report(settings):
    store = open_store(settings.store, read_only=True)
    return Verification(store, keys.load(settings.keys).log.verifier).run(None)


def rounds(*actions):
    """Return a `stopping` that does something before each round, and stops at the one after."""
    todo = list(actions)

    def stopping():
        if not todo:
            return True
        todo.pop(0)()
        return False

    return stopping


def away(settings):
    """Put a file where the store was; return it."""
    store = settings.data / "store"
    store.rename(settings.data / "elsewhere")
    store.touch()
    return store


def test_told_to_stop_it_seals_what_is_left(settings):
    decided(settings, body(), body(ripe=False))
    run(settings, lambda: True)
    assert report(settings).checked.records == 4
    assert report(settings).uncheckpointed_seals == 0


def test_until_then_it_waits_for_the_age_and_says_that_it_lives(settings):
    decided(settings, body())
    alive = settings.data / "sealer.alive"
    seen = []
    run(settings, rounds(lambda: seen.append(alive.exists()), lambda: seen.append(alive.exists())))
    assert seen == [False, True]
    assert report(settings).checked.segments == 1


def test_it_probes_the_store_once_and_not_when_it_stops(settings):
    run(settings, lambda: True)
    assert kept(settings) is None
    seen = []
    run(settings, rounds(lambda: seen.append(kept(settings)), lambda: seen.append(kept(settings))))
    assert seen[0] is None
    assert seen[1] == kept(settings)
    assert len(list(open_store(settings.store).keys("probe/"))) == 1


def test_a_store_that_comes_back_gets_what_it_missed(settings, caplog):
    decided(settings, body())
    store = away(settings)
    run(settings, rounds(lambda: None, store.unlink))
    assert "store does not take the log: store-unavailable" in caplog.text
    assert report(settings).checked.records == 6  # the probe of the store has a start of its own


def test_a_store_that_is_away_does_not_keep_it_from_stopping(settings):
    decided(settings, body())
    away(settings)
    run(settings, lambda: True)
    assert not (settings.data / "sealer.alive").exists()


def test_an_altered_store_ends_it(settings):
    decided(settings, body())
    run(settings, lambda: True)
    (checkpoint,) = settings.data.glob("store/log/checkpoints/*")
    (leaves,) = settings.data.glob("store/log/leaves/*")
    checkpoint.chmod(0o600)
    leaves.chmod(0o600)
    leaves.write_text(leaves.read_text().replace(" 0 ", " 1 "))
    (settings.data / "tree.json").unlink()  # with it, what it confirmed is not read again
    with pytest.raises(FindingError):
        new_sealer(settings)


@pytest.fixture
def process(monkeypatch):
    """Let `main` believe that this is its process, and take back what it sets."""
    monkeypatch.setattr(sealing, "end_with_parent", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["sealing", "1"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("process")
def test_a_signal_stops_it(settings, tmp_path, monkeypatch):
    use(monkeypatch, node_environment(tmp_path))
    decided(settings, body())
    steps = []
    real = sealing.run

    def told(found, stopping, line):
        steps.append(stopping())
        signal.raise_signal(signal.SIGTERM)
        steps.append(stopping())
        real(found, stopping, line)

    monkeypatch.setattr(sealing, "run", told)
    assert main() == 0
    assert steps == [False, True]
    assert report(settings).checked.records == 3


@pytest.mark.usefixtures("process")
@pytest.mark.parametrize(
    ("environment", "message"),
    [
        pytest.param({"OMEGA_SEAL_AGE_MS": "soon"}, "OMEGA_SEAL_AGE_MS cannot be `soon`", id="a setting"),
        pytest.param({}, "keys", id="no keys"),
    ],
)
def test_what_a_fresh_start_would_not_help_is_one_line(tmp_path, monkeypatch, caplog, environment, message):
    use(monkeypatch, node_environment(tmp_path, **environment))
    assert main() == HOPELESS
    assert said(caplog).startswith("sealer ends, and a person must look: ")
    assert message in said(caplog)


def said(caplog):
    """Return the one line that was logged."""
    (entry,) = caplog.records
    assert entry.exc_info is None
    return entry.getMessage()


@pytest.mark.usefixtures("process", "settings")
def test_a_store_below_what_is_required_ends_the_service(tmp_path, monkeypatch, caplog):
    use(monkeypatch, node_environment(tmp_path, OMEGA_REQUIRE="L3"))
    assert main() == HOPELESS
    (line,) = [entry.getMessage() for entry in caplog.records if entry.levelname == "ERROR"]
    assert line == "sealer ends, and a person must look: the store is of level L1, and L3 is required"


@pytest.mark.usefixtures("process", "settings")
def test_a_journal_that_cannot_be_read_now_may_be_read_later(tmp_path, monkeypatch, caplog):
    use(monkeypatch, node_environment(tmp_path))

    def fail(*_):
        raise JournalError("the disk does not answer")

    monkeypatch.setattr(sealing, "run", fail)
    assert main() == 1
    assert said(caplog) == "sealer ends: the disk does not answer"
