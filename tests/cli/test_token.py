"""`omega token issue`."""

import time

import pytest

from app import keys
from app.identity import OwnTokens, Verifier


def named(settings, text):
    verifier = Verifier(OwnTokens(keys.load(settings.keys).token.public_key(), issuer=settings.origin))
    return verifier.verify(text, time.time())


def test_a_token_names_caller_and_tenant(omega, settings):
    ended = omega("token", "issue", "--subject", "marketplace", "--tenant", "acme")
    assert (ended.code, ended.errors) == (0, "")
    caller = named(settings, ended.out.strip())
    assert (caller.subject, caller.tenant) == ("marketplace", "acme")


def test_as_json_it_stands_beside_what_it_says(omega, settings):
    ended = omega("token", "issue", "--subject", "marketplace", "--json")
    assert ended.json.keys() == {"token", "subject", "tenant"}
    assert named(settings, ended.json["token"]).tenant == ended.json["tenant"] == "default"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--subject", "Market Place"], "is no name of a service", id="a name the log does not take"),
        pytest.param(["--subject", "a", "--tenant", ""], "is no tenant", id="no tenant"),
        pytest.param(["--subject", "a", "--lifetime", "0"], "seconds, not `0`", id="no lifetime"),
        pytest.param(["--subject", "a", "--lifetime", "99999999999"], "a token lives", id="for ever"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_a_claim_that_cannot_be_is_one_line(omega, arguments, message):
    ended = omega("token", "issue", *arguments)
    assert ended.code == 2
    assert message in ended.message


@pytest.mark.parametrize(
    "arguments", [[], ["--subject"], ["--subject", "a", "--lifetime", "long"]], ids=["none", "half", "no number"]
)
def test_arguments_that_cannot_be_read_are_refused(omega, arguments):
    assert omega("token", "issue", *arguments).code == 2


def test_without_keys_there_is_no_token(omega, monkeypatch, tmp_path):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "nowhere"))
    ended = omega("token", "issue", "--subject", "a")
    assert ended.code == 2
    assert "cannot be read" in ended.message
