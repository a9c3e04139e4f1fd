"""`omega keys`."""

import os

import pytest

from app import keys, supervisor
from evidence.key_history import KeyHistory
from evidence.keys import VerifierKey
from evidence.store import open_store
from tests.decision_plane.asking import body
from tests.node import decided, sealed


@pytest.fixture
def used(settings):
    decided(settings, body())
    sealed(settings)
    return settings


def pinned(settings):
    return keys.load(settings.keys).log.verifier


def test_the_key_is_replaced_and_the_line_for_auditors_printed(omega, used):
    before = pinned(used)
    ended = omega("keys", "rotate")
    assert (ended.code, ended.errors) == (0, "")
    after = VerifierKey.parse(ended.out.splitlines()[-1])
    assert after == pinned(used) != before
    assert KeyHistory.load(open_store(used.store), before).keys == (before, after)
    sealed(used)
    store = open_store(used.store)
    segments = [store.get(key) for key in store.keys("chains/") if "/segments/" in key]
    assert [b'"type":"key.rotated"' in each and str(after).encode() in each for each in segments] == [False, True]
    assert omega("evidence", "verify", "--json").json["keys"][1]["id"] == after.id.hex()


def test_the_list_says_which_key_signed_what(omega, used):
    before = pinned(used)
    omega("keys", "rotate", "--compromised")
    ended = omega("keys", "list")
    assert ended.code == 0
    head, first, second = ended.out.splitlines()
    assert head.startswith("key ")
    assert first.startswith(f"{before.id.hex()}  0 ")
    assert second.startswith(f"{pinned(used).id.hex()}  1 ")
    assert "compromised" in second


def test_both_speak_json(omega, used):
    before = pinned(used)
    rotated = omega("keys", "rotate", "--json").json
    assert rotated == {"log": used.origin, "key": str(pinned(used)), "number": 1}
    listed = omega("keys", "list", "--json").json
    assert [(row["id"], row["own"], row["from_leaf"]) for row in listed["keys"]] == [
        (before.id.hex(), False, 0),
        (pinned(used).id.hex(), True, 1),
    ]


def test_a_node_with_an_old_key_is_told_so(omega, used):
    old = {path.name: path.read_bytes() for path in used.keys.iterdir() if path.name.startswith("log.")}
    omega("keys", "rotate")
    for name, content in old.items():
        (used.keys / name).write_bytes(content)
    listed = omega("keys", "list")
    assert listed.code == 1
    assert "must not seal" in listed.out
    ended = omega("keys", "rotate")
    assert ended.code == 2
    assert "copy `log.key`" in ended.message


def test_while_the_service_runs_nothing_is_done(omega, used):
    before = pinned(used)
    lock = supervisor.hold(used.data)
    try:
        ended = omega("keys", "rotate")
    finally:
        os.close(lock)
    assert ended.code == 2
    assert "another service runs" in ended.message
    assert pinned(used) == before


def test_a_store_that_is_away_is_exit_code_3(omega, used):
    (used.data / "store").rename(used.data / "elsewhere")
    (used.data / "store").touch()
    for command in ("list", "rotate"):
        assert omega("keys", command).code == 3


def test_without_keys_there_is_nothing_to_list(omega, monkeypatch, tmp_path):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "nowhere"))
    for command in ("list", "rotate"):
        ended = omega("keys", command)
        assert ended.code == 2
        assert "cannot be read" in ended.message
