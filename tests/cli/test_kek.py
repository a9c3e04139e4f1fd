"""`omega keys rotate-kek`."""

import asyncio
import os

import pytest

from app import decision_log
from app.privacy.errors import KeyStoreError
from app.privacy.rows import SUBJECT_KEY
from app.settings import Settings
from tests.decision_plane.asking import body
from tests.kms import REGION
from tests.node import close_keys, decided, subject_keys
from tests.privacy.keyring import Clock
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


def test_a_node_comes_to_kms_by_a_rotation_and_rotates_there(omega, settings, monkeypatch, kms):
    monkeypatch.setattr(decision_log, "Evaluators", Starting)
    (recorded,) = decided(settings, body())
    monkeypatch.setenv("OMEGA_KEK", f"awskms://{REGION}")
    assert omega("decision", "replay", recorded.decision_id).out.startswith(f"{recorded.decision_id}: reproduced")
    assert kms.operations() == []
    for generation in (2, 3):
        ended = omega("keys", "rotate-kek", "--json")
        assert ended.json == {"generation": generation, "wrapped": 2, "destroyed": [generation - 1]}
        assert [path.name for path in settings.keys.glob("*kek*")] == [f"kek-{generation:06}.kms"]
        assert omega("decision", "replay", recorded.decision_id).out.startswith(f"{recorded.decision_id}: reproduced")
    assert kms.operations().count("ScheduleKeyDeletion") == 1
    kms.failing["Decrypt"] = (400, "AccessDeniedException")
    assert (omega("decision", "replay", recorded.decision_id).code, omega("keys", "rotate-kek").message) == (
        2,
        "key_store_unavailable: the key-encryption key cannot be loaded: KMS refuses: AccessDeniedException",
    )
    kms.failing["CreateKey"] = (400, "AccessDeniedException")
    kms.failing["DescribeKey"] = (400, "AccessDeniedException")
    assert omega("keys", "rotate-kek").message.startswith("key_store_unavailable")
    kms.failing.pop("Decrypt")
    assert omega("keys", "rotate-kek").message == "KMS refuses: AccessDeniedException"
    kms.failing.clear()
    assert omega("keys", "rotate-kek", "--json").json == {"generation": 4, "wrapped": 0, "destroyed": [3]}


def test_while_kms_is_away_nobody_is_decided_about_and_then_again(settings, monkeypatch, kms, omega):
    monkeypatch.setenv("OMEGA_KEK", f"awskms://{REGION}")
    assert omega("keys", "rotate-kek").code == 0
    settings = Settings.from_environment(os.environ)
    kms.asked.clear()
    kms.failing["Decrypt"] = (400, "KeyUnavailableException")
    monkeypatch.setattr("app.kek_kms._ATTEMPTS", 1)
    store = subject_keys(settings)
    clock = store._keks._clock = Clock()

    async def ask():
        return await store.key("default", "grocer", "g-1")

    for _ in range(3):
        with pytest.raises(KeyStoreError, match="KMS asks for patience: KeyUnavailableException"):
            asyncio.run(ask())
    assert kms.operations().count("Decrypt") == 1
    kms.failing.clear()
    clock.now += 1
    assert asyncio.run(ask()).subject
    close_keys(store)
