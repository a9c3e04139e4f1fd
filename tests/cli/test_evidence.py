"""`omega evidence`: `python -m evidence` with this node's store and key."""

import pytest

from evidence.record import Record
from evidence.store import open_store
from tests.decision_plane.asking import body
from tests.node import decided, sealed


@pytest.fixture
def recorded(settings):
    """Return a decision in a verified log."""
    (found,) = decided(settings, body())
    sealed(settings)
    return found


@pytest.mark.usefixtures("recorded")
def test_the_nodes_log_verifies_without_further_words(omega):
    ended = omega("evidence", "verify")
    assert (ended.code, ended.errors) == (0, "")
    assert "checked      3 records in 1 segments" in ended.out
    assert omega("evidence", "verify", "--json").json["ok"] is True


def test_another_store_and_key_may_be_named(omega, recorded, settings, monkeypatch, tmp_path):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "elsewhere"))
    key = settings.keys / "log.vkey"
    assert omega("evidence", "verify", "--store", settings.store, "--key", key).code == 0
    shown = omega("evidence", "show", recorded.decision_id, "--store", settings.store, "--key", key, "--json")
    assert shown.json["record"]["type"] == "decision"


def test_a_proof_can_be_had_and_checked(omega, recorded, tmp_path):
    proof = tmp_path / "proof"
    proof.write_text(omega("evidence", "prove", recorded.decision_id).out)
    ended = omega("evidence", "check-proof", proof)
    assert ended.code == 0
    assert recorded.decision_id in ended.out


@pytest.mark.usefixtures("recorded")
def test_a_log_that_does_not_hold_is_a_no(omega, settings):
    (segment,) = settings.data.glob("store/chains/*/segments/*")
    segment.chmod(0o600)
    segment.write_bytes(segment.read_bytes().replace(b"allow", b"alloy"))
    ended = omega("evidence", "verify")
    assert (ended.code, ended.errors) == (1, "")
    assert "DOES NOT HOLD" in ended.out


@pytest.mark.usefixtures("recorded")
def test_what_is_no_id_is_one_line(omega):
    ended = omega("evidence", "show", "what")
    assert ended.code == 2
    assert ended.message.startswith("malformed: ")


def test_without_a_node_there_is_nothing_to_verify(omega, monkeypatch, tmp_path):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "nowhere"))
    ended = omega("evidence", "verify")
    assert ended.code == 2
    assert "log.vkey" in ended.message
    assert not (tmp_path / "nowhere").exists()


def test_a_hold_is_in_the_log_as_well_as_on_the_object(omega, recorded, settings):
    assert omega("evidence", "hold", recorded.decision_id, "on").code == 0
    sealed(settings)
    assert omega("evidence", "verify", "--json").json["checked"]["records"] == 6
    store = open_store(settings.store, read_only=True)
    segments = {key: store.get(key) for key in store.keys("chains/") if "/segments/" in key}
    (held,) = [key for key in segments if store.held(key)]
    (line,) = [line for data in segments.values() for line in data.splitlines() if b"legal_hold" in line]
    assert Record.parse(line).body == {"key": held, "on": True}


def test_the_nodes_store_is_probed(omega, settings):
    found = omega("evidence", "probe", "--json").json
    assert (found["store"], found["level"]) == (settings.store, "L1")
