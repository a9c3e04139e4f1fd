"""`omega witness key`, `omega witness serve`."""

import pytest

from app.cli import witness as command
from evidence.cosignature import WitnessKey
from evidence.keys import VerifierKey
from tests.node import use


@pytest.fixture
def directory(tmp_path, monkeypatch):
    use(monkeypatch, {"OMEGA_DATA": str(tmp_path / "node"), "OMEGA_WITNESS_NAME": "witness.example/w1"})
    return tmp_path / "node" / "witness"


def test_the_key_is_made_and_printed(omega, directory):
    first = omega("witness", "key")
    assert (first.code, first.errors) == (0, "")
    assert WitnessKey.parse(first.out).name == "witness.example/w1"
    assert omega("witness", "key", "--json").json == {"key": first.out.strip(), "name": "witness.example/w1"}
    assert (directory / "witness.key").stat().st_mode & 0o777 == 0o600


def test_without_a_log_nothing_is_served(omega, directory):
    ended = omega("witness", "serve")
    assert ended.code == 2
    assert "no log to witness: put its verifier key into" in ended.message
    (directory / "heads.db").unlink()
    ended = omega("witness", "key")
    assert ended.code == 2
    assert "has forgotten what it saw" in ended.message


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_it_says_where_it_answers(omega, directory, monkeypatch, options):
    monkeypatch.setattr(command.serving, "serve", lambda _, ready: ready("http://127.0.0.1:1"))
    ended = omega("witness", "serve", *options)
    assert ended.code == 0
    assert "http://127.0.0.1:1" in ended.out
    assert "witness.example/w1" in ended.out
    assert not directory.exists()


def test_the_key_of_a_witness_is_no_key_of_a_log(omega, directory):  # noqa: ARG001 - it sets the scene
    with pytest.raises(Exception, match="not an Ed25519 verifier key"):
        VerifierKey.parse(omega("witness", "key").out)
