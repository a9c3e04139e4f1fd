"""The indexer process: it follows the store until it is told to stop, and bears whatever is away."""

import signal
import sys
import threading

import pytest
from sqlalchemy import delete, func, select

from app import indexing
from app.db import open_engine
from app.index.errors import IndexUnavailableError
from app.index.indexer import Indexer
from app.index.rows import CHECKPOINT, DECISION
from app.indexing import main, opened_index, run
from app.settings import Settings
from tests.decision_plane.asking import body
from tests.node import decided, node_environment, prepared, sealed, use


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(indexing, "_PAUSE", 0.001)
    monkeypatch.setattr(indexing, "_FIRST_RETRY", 0.001)
    monkeypatch.setattr(indexing, "_LONGEST_RETRY", 0.002)
    return prepared(tmp_path)


def indexed(settings):
    """Return how many decisions the index has."""
    with opened_index(settings) as engine, engine.begin() as connection:
        return connection.execute(select(func.count()).where(DECISION.c.type == "decision")).scalar_one()


class Turns(threading.Event):
    """A stop that does something before each round, and is set after the last."""

    def __init__(self, *actions):
        super().__init__()
        self.todo = list(actions)

    def wait(self, _seconds):
        if not self.todo:
            self.set()
        else:
            self.todo.pop(0)()
        return self.is_set()


def stopped():
    found = threading.Event()
    found.set()
    return found


def test_told_to_stop_it_reads_what_the_sealer_left(settings):
    decided(settings, body(), body(ripe=False))
    sealed(settings)
    run(settings, stopped())
    assert indexed(settings) == 2


def test_until_then_it_reads_what_comes(settings):
    seen = []

    def more():
        decided(settings, body())
        sealed(settings)

    run(settings, Turns(more, lambda: seen.append(indexed(settings))))
    assert seen == [1]


def test_time_for_the_last_round_is_short(settings, monkeypatch):
    monkeypatch.setattr(indexing, "_LAST", 0.0)
    decided(settings, body())
    sealed(settings)
    run(settings, stopped())
    assert indexed(settings) == 0


def test_a_store_that_is_away_is_said_once_and_its_return_too(settings, caplog):
    caplog.set_level("INFO")
    decided(settings, body())
    sealed(settings)
    store = settings.data / "store"
    elsewhere = settings.data / "elsewhere"
    store.rename(elsewhere)
    store.touch()

    def back():
        store.unlink()
        elsewhere.rename(store)

    run(settings, Turns(lambda: None, lambda: None, back, lambda: None))
    said = [entry.getMessage() for entry in caplog.records if entry.name == "app.indexing"]
    assert [line.partition(":")[0] for line in said] == ["the index waits", "the index goes on"]
    assert indexed(settings) == 1


def test_a_database_that_is_away_is_tried_again(settings, caplog):
    decided(settings, body())
    sealed(settings)
    settings.index_file.write_bytes(b"no database" * 1_000)
    run(settings, Turns(lambda: None, settings.index_file.unlink, lambda: None))
    assert caplog.text.count("the index waits: the index cannot be used") == 1
    assert indexed(settings) == 1


@pytest.mark.parametrize("lost", [["keys", "log.vkey"], ["index.db", "more"]], ids=["no key", "no place for the file"])
def test_what_it_cannot_do_without_is_waited_for(settings, caplog, lost):
    path = settings.data.joinpath(*lost)
    path.unlink(missing_ok=True)
    if lost[0] == "index.db":
        path.mkdir(parents=True)
    run(settings, Turns(lambda: None))
    assert caplog.text.count("the index waits") == 1


def test_whoever_only_looks_makes_no_file(settings):
    with pytest.raises(IndexUnavailableError, match="there is no index at `"), opened_index(settings):
        pass
    assert not settings.index_file.exists()


def test_without_a_driver_it_says_what_to_install(tmp_path, monkeypatch):
    settings = Settings.from_environment(node_environment(tmp_path, OMEGA_DATABASE="postgresql://host/name"))
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(IndexUnavailableError, match="install the extra"), opened_index(settings):
        pass


@pytest.mark.slow
def test_a_server_that_comes_back_goes_on_where_it_was(tmp_path, monkeypatch, postgresql, postgresql_url, caplog):
    monkeypatch.setattr(indexing, "_PAUSE", 0.001)
    monkeypatch.setattr(indexing, "_FIRST_RETRY", 0.001)
    settings = prepared(tmp_path, OMEGA_DATABASE=postgresql_url)
    decided(settings, body())
    sealed(settings)
    run(settings, Turns(postgresql.stop, lambda: None, postgresql.start, lambda: None))
    assert "the index waits: the index cannot be used: OperationalError" in caplog.text
    assert indexed(settings) == 1
    assert list(tmp_path.glob("node/*.db")) == []


@pytest.fixture
def process(monkeypatch):
    """Let `main` believe that this is its process, and take back what it sets."""
    monkeypatch.setattr(indexing, "end_with_parent", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["indexing", "1"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("process")
def test_a_signal_stops_it(settings, tmp_path, monkeypatch):
    use(monkeypatch, node_environment(tmp_path))
    decided(settings, body())
    sealed(settings)
    real = Indexer.catch_up

    def told(indexer, going_on):
        signal.raise_signal(signal.SIGTERM)
        return real(indexer, going_on)

    monkeypatch.setattr(Indexer, "catch_up", told)
    assert main() == 0
    assert indexed(settings) == 1


@pytest.mark.usefixtures("process")
def test_a_setting_that_has_not_its_form_is_one_line(tmp_path, monkeypatch, caplog):
    use(monkeypatch, node_environment(tmp_path, OMEGA_INDEX_DAYS="soon"))
    assert main() == 1
    assert [entry.getMessage().partition(":")[0] for entry in caplog.records] == ["indexer ends"]


def test_an_index_that_was_taken_back_in_time_catches_up(settings):
    decided(settings, body())
    sealed(settings)
    decided(settings, body())
    sealed(settings)
    run(settings, stopped())
    engine = open_engine(settings.index)
    with engine.begin() as connection:
        connection.execute(delete(CHECKPOINT).where(CHECKPOINT.c.number == 1))
    engine.dispose()
    run(settings, stopped())
    assert indexed(settings) == 2
