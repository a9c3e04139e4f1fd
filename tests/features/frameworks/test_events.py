"""What the index says happened, and the log of a node as the job meets it."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from app import schema
from app.db import open_engine
from app.features.frameworks import machine
from app.features.frameworks.events import IndexEvents
from app.features.frameworks.machine import NodeMachine, UntestableError
from app.index.rows import DECISION
from app.settings import Settings
from frameworks.testing import Period
from tests.features.frameworks.testing_run import CHAIN, NOW


def entry(seq, at, **more):
    time = (NOW - at).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    return {"chain": CHAIN, "seq": seq, "segment": 0, "time": time, "tenant": "default", "type": "decision"} | more


def test_the_newest_of_each_kind_of_the_last_hour(sqlite_url):
    engine = open_engine(sqlite_url)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    minute = timedelta(minutes=1)
    glass = {"action": "policies.break_glass", "allow": True}
    with engine.begin() as connection:
        for values in (
            entry(0, 90 * minute, **glass),
            entry(1, 50 * minute, **glass),
            entry(2, 40 * minute, **glass),
            entry(3, 10 * minute, action="policies.break_glass", allow=False),
            entry(4, 10 * minute, action="policies.view", allow=True),
            entry(5, 30 * minute, type="policy.activated", tenant="system"),
        ):
            connection.execute(insert(DECISION).values(**values))
    found = IndexEvents(engine, "default").since(NOW)
    assert [(each.type, each.action, NOW - each.at) for each in found] == [
        ("policy.activated", None, 30 * minute),
        ("decision", "policies.break_glass", 40 * minute),
    ]


def test_without_an_index_nothing_is_known_to_have_happened(sqlite_url):
    assert IndexEvents(open_engine(sqlite_url), "default").since(NOW) == ()


def test_a_log_that_cannot_be_read_is_said_so(tmp_path):
    node = NodeMachine(Settings.from_environment({"OMEGA_DATA": str(tmp_path)}))
    with pytest.raises(UntestableError):
        node.began()
    with pytest.raises(UntestableError):
        node.results([], Period(start=NOW - timedelta(hours=1), end=NOW), NOW)


class Seals:
    """A reader of two chains and of a third whose first segment says nothing."""

    def seals(self):
        return [("a", 0), ("a", 1), ("b", 0), ("c", 0)]

    def seal(self, chain, number):
        assert number == 0
        return {"a": Seal("2026-11-22T14:00:00.000000Z"), "b": Seal("2026-11-20T14:00:00.000000Z"), "c": Seal(None)}[
            chain
        ]


class Seal:
    def __init__(self, min_time):
        self.min_time = min_time


def test_a_log_began_with_its_first_record(tmp_path, monkeypatch):
    class Log:
        reader = Seals()

    monkeypatch.setattr(machine, "log_of", lambda _: Log)
    monkeypatch.setattr(machine, "run", lambda *_, **__: ["a result"])
    node = NodeMachine(Settings.from_environment({"OMEGA_DATA": str(tmp_path)}))
    assert node.began() == NOW - timedelta(days=2)
    assert node.results([], Period(start=NOW - timedelta(hours=1), end=NOW), NOW) == ["a result"]
    monkeypatch.setattr(Log, "reader", type("Empty", (), {"seals": lambda _: []})())
    assert node.began() is None
