"""What a directory's policies were put in force by: a statement that this node's key signed, or none."""

import json

import pytest

from app import activation, keys, statement
from app.settings import Settings
from app.statement import StatementError, verify_stated
from tests.pdp.shop import stocked

DIGEST = "d" * 64


@pytest.fixture
def settings(tmp_path):
    made = Settings.from_environment({"OMEGA_DATA": str(tmp_path / "node")})
    made.bundles.mkdir(parents=True)
    keys.ensure(made.keys, made.origin)
    return made


def test_what_is_stated_is_believed(settings):
    statement.state(DIGEST, settings)
    assert verify_stated(settings) == DIGEST


def test_what_is_put_in_force_is_stated(settings, tmp_path):
    bundle = stocked(tmp_path / "policies")
    statement.put_in_force(bundle, settings)
    assert verify_stated(settings) == activation.active(settings.bundles).stem == bundle.digest


def test_a_node_without_keys_states_nothing(tmp_path):
    fresh = Settings.from_environment({"OMEGA_DATA": str(tmp_path / "fresh")})
    fresh.bundles.mkdir(parents=True)
    bundle = stocked(tmp_path / "policies")
    statement.put_in_force(bundle, fresh)
    assert activation.active(fresh.bundles).stem == bundle.digest
    with pytest.raises(StatementError, match="nothing states"):
        verify_stated(fresh)


def stated(settings, **changes):
    statement.state(DIGEST, settings)
    path = settings.bundles / "stated"
    return json.dumps(json.loads(path.read_text()) | changes)


FORGED = {
    "of another bundle": lambda settings: stated(settings, bundle="e" * 64),
    "signed with nothing": lambda settings: stated(settings, signature=""),
    "no base64": lambda settings: stated(settings, signature="!"),
    "no digest": lambda settings: stated(settings, bundle="../x"),
    "a number": lambda settings: stated(settings, bundle=7),
    "no object": lambda _: "[]",
    "no JSON": lambda _: "x",
    "too large": lambda settings: stated(settings) + " " * 5_000,
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_what_the_key_did_not_sign_is_not_believed(settings, forged):
    (settings.bundles / "stated").write_text(forged(settings))
    with pytest.raises(StatementError):
        verify_stated(settings)


def test_the_statement_of_another_node(settings, tmp_path):
    other = Settings.from_environment({"OMEGA_DATA": str(tmp_path / "other")})
    other.bundles.mkdir(parents=True)
    keys.ensure(other.keys, other.origin)
    (settings.bundles / "stated").write_text(stated(other))
    with pytest.raises(StatementError, match="not signed"):
        verify_stated(settings)
