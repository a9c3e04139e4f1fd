"""What the store was last shown to be worth: kept, probed again in time, and required."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import assurance
from app.assurance import Watch, at_start, kept
from app.settings import Settings
from evidence.errors import AssuranceError, StoreError
from evidence.store import Level
from evidence.stores.local import LocalStore

NOW = datetime(2026, 11, 22, 10, 46, 23, 123456, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def node(tmp_path):
    """Return a way to make settings of one node."""

    def settings(**more):
        return Settings.from_environment({"OMEGA_DATA": str(tmp_path), **more})

    return settings


@pytest.fixture
def away(monkeypatch):
    """Return a way to have the store go away."""

    def go(error=None):
        def fail(*_, **__):
            raise error or StoreError("it does not answer")

        monkeypatch.setattr(assurance, "probe", fail)

    return go


def test_nothing_is_known_before_the_first_probe(node):
    assert kept(node()) is None
    assert Watch(node()).due(NOW)


def test_a_probe_is_kept_until_the_next(node):
    settings = node()
    watch = Watch(settings)
    watch.run(NOW)
    found = kept(settings)
    assert (found.level, found.label, found.time) == (Level.L1, "L1", NOW)
    assert found.meaning.startswith("durable")
    assert [(each.refused, each.name) for each in found.tried] == [
        (True, "give the key other bytes"),
        (True, "keep for a shorter time"),
        (True, "let expire before the date"),
    ]
    assert found.document() == {"level": "L1", "time": "2026-11-22T10:46:23.123456Z"}
    written = json.loads((settings.data / "assurance.json").read_bytes())
    assert written["store"] == settings.store
    assert len(written["attempts"]) == 3
    assert [path.name for path in settings.data.iterdir()].count("assurance.draft") == 0


def test_a_store_is_probed_daily_also_by_a_process_that_was_started_again(node):
    watch = Watch(node())
    watch.run(NOW)
    for each in (watch, Watch(node())):
        assert not each.due(NOW)
        assert not each.due(NOW + DAY - timedelta(seconds=1))
        assert each.due(NOW + DAY)
        assert each.due(NOW - timedelta(hours=1)), "the clock went back"


def test_another_store_is_probed_at_once(node, tmp_path):
    Watch(node()).run(NOW)
    other = node(OMEGA_STORE=str(tmp_path / "other"))
    assert kept(other) is None
    assert Watch(other).due(NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "\xff",
        '{"store": STORE}',
        '{"store": STORE, "time": "soon", "level": "L1", "label": "L1"}',
        '{"store": STORE, "time": 1, "level": "L1", "label": "L1"}',
        '{"store": STORE, "time": "2026-11-22", "level": "L1", "label": "L1"}',
        '{"store": STORE, "time": "2026-11-22T10:46:23Z", "level": "L9", "label": "L9"}',
        '{"store": STORE, "time": "2026-11-22T10:46:23Z", "level": "L1", "label": "L1", "attempts": ["all"]}',
    ],
)
def test_a_file_that_says_nothing_is_none(node, text):
    settings = node()
    (settings.data / "assurance.json").write_text(text.replace("STORE", json.dumps(settings.store)), "latin-1")
    assert kept(settings) is None


def test_a_store_that_does_not_answer_is_asked_again_soon(node, away, caplog):
    settings = node()
    watch = Watch(settings)
    watch.run(NOW)
    away()
    watch.run(NOW + DAY)
    assert "store cannot be probed: store-unavailable: it does not answer" in caplog.text
    assert kept(settings).time == NOW
    assert not watch.due(NOW + DAY + timedelta(minutes=9))
    assert watch.due(NOW + DAY + timedelta(minutes=10))


def test_a_disk_that_does_not_take_it_ends_nothing(node, caplog):
    settings = node()
    (settings.data / "assurance.draft").mkdir()
    Watch(settings).run(NOW)
    assert "what the probe showed cannot be kept: Is a directory" in caplog.text


def test_a_probe_can_be_recorded(node):
    said = []
    Watch(node(), record=said.append).run(NOW)
    assert [(draft.type, draft.body["level"]) for draft in said] == [("storage.probe", "L1")]


def test_less_than_required_is_an_error_and_is_recorded_first(node):
    said = []
    with pytest.raises(AssuranceError, match="of level L1, and L3 is required"):
        Watch(node(OMEGA_REQUIRE="L3"), record=said.append).run(NOW)
    assert len(said) == 1
    Watch(node(OMEGA_REQUIRE="L1")).run(NOW)


def test_what_is_not_refused_is_said(node, monkeypatch, caplog):
    monkeypatch.setattr(LocalStore, "retain", lambda *_: None)
    with caplog.at_level(logging.INFO):
        Watch(node()).run(NOW)
    assert "storage assurance L0: nothing is kept for certain" in caplog.text
    assert "the store did not refuse to keep for a shorter time" in caplog.text


# At start


def test_where_nothing_is_required_the_last_probe_is_forgotten(node):
    Watch(node()).run(NOW)
    at_start(node(), NOW)
    assert kept(node()) is None
    at_start(node(), NOW)


def test_what_is_required_is_shown_at_start(node):
    at_start(node(OMEGA_REQUIRE="L1"), NOW)
    assert kept(node()).time == NOW
    with pytest.raises(AssuranceError):
        at_start(node(OMEGA_REQUIRE="L1i"), NOW)


def test_while_the_store_is_away_the_last_day_counts(node, away, caplog):
    settings = node(OMEGA_REQUIRE="L1")
    at_start(settings, NOW)
    away()
    at_start(settings, NOW + DAY / 2)
    assert "store cannot be probed, and was L1 at 2026-11-22T10:46:23" in caplog.text
    for now in (NOW + DAY, NOW - timedelta(hours=1)):
        with pytest.raises(AssuranceError, match="L1 is required, and the store cannot be probed: it does not answer"):
            at_start(settings, now)
    with pytest.raises(AssuranceError):
        at_start(node(OMEGA_REQUIRE="L3"), NOW)


def test_a_store_that_was_never_probed_is_not_believed(node, away):
    away()
    with pytest.raises(AssuranceError, match="cannot be probed"):
        at_start(node(OMEGA_REQUIRE="L1"), NOW)


@pytest.mark.parametrize(
    ("keys", "label"),
    [
        (["log/timestamps/000000000003.tsr"], "L1+T"),
        (["log/cosignatures/000000000003-0a1b2c3d.txt"], "L1+W"),
        (["log/timestamps/000000000003.tsr", "log/cosignatures/000000000003-0a1b2c3d.txt"], "L1+T+W"),
    ],
)
def test_what_others_vouched_for_is_said(node, keys, label):
    settings = node()
    for key in keys:
        LocalStore(Path(settings.store)).put(key, b"", retain_until=NOW + DAY)
    Watch(settings).run(NOW)
    assert kept(settings).label == label
