"""`omega keys rotate-kek`."""

import asyncio

from app import decision_log
from app.privacy.rows import SUBJECT_KEY
from tests.decision_plane.asking import body
from tests.node import close_keys, decided, subject_keys
from tests.test_decision_log import Starting


def test_decisions_before_a_rotation_can_be_replayed_after_it(omega, settings, monkeypatch):
    monkeypatch.setattr(decision_log, "Evaluators", Starting)
    (recorded,) = decided(settings, body())
    ended = omega("keys", "rotate-kek")
    assert (ended.code, ended.errors) == (0, "")
    assert ended.out == "generation 2 is in force: 2 keys wrapped anew; destroyed: 1\n"
    assert omega("keys", "rotate-kek", "--json").json == {"generation": 3, "wrapped": 2, "destroyed": [2]}
    assert sorted(path.name for path in settings.keys.glob("*kek*")) == ["kek-000003.key"]
    assert omega("decision", "replay", recorded.decision_id).out.startswith(f"{recorded.decision_id}: reproduced")
    store = subject_keys(settings)
    assert asyncio.run(store.key("default", "grocer", "g-1")).subject
    close_keys(store)


def test_a_key_that_cannot_be_wrapped_anew_is_one_line(omega, settings):
    decided(settings, body())
    store = subject_keys(settings)
    with store._table.engine.begin() as connection:
        connection.execute(SUBJECT_KEY.update().values(wrapped=bytes(60)))
    close_keys(store)
    ended = omega("keys", "rotate-kek")
    assert (ended.code, ended.message) == (
        2,
        "key_store_unavailable: 2 subject keys cannot be unwrapped, so the old generations were kept",
    )
    assert {path.name for path in settings.keys.glob("kek*")} == {"kek-000001.key", "kek-000002.key"}


def test_without_a_node_nothing_is_made(omega, monkeypatch, tmp_path):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "nowhere"))
    ended = omega("keys", "rotate-kek")
    assert (ended.code, "cannot be read" in ended.message) == (2, True)
    assert not (tmp_path / "nowhere").exists()
