"""The portal's token: read again when it changes, or issued for a short while by a node that has the key."""

import os
import time

import pytest

from app import keys
from app.identity import OwnTokens, Verifier
from app.pdp.errors import UnrecordedError
from app.settings import Settings
from auditor_portal.token_source import LIFETIME, FromFile, Issued, token_source
from tests.features.serving import Clock

ORIGIN = "omega.localhost/log"


@pytest.fixture
def directory(tmp_path):
    keys.ensure(tmp_path / "keys", ORIGIN)
    return tmp_path / "keys"


def test_a_file_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "token"
    path.write_text("first.token\n")
    source = FromFile(path)
    assert source() == source() == "first.token"
    (tmp_path / "new").write_text("second.token")
    os.replace(tmp_path / "new", path)  # noqa: PTH105 - as whoever renews it would
    assert source() == "second.token"


@pytest.mark.parametrize(
    "content", [None, b"", b"two tokens", b"\xff", b"a" * 5_000], ids=["none", "empty", "two", "no text", "too long"]
)
def test_a_file_without_a_token_permits_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(UnrecordedError, match="holds no token"):
        FromFile(tmp_path / "token")()


def test_a_node_issues_one_for_the_portal_and_another_before_it_ends(directory):
    clock = Clock()
    source = Issued(directory, ORIGIN, clock)
    first = source()
    who = Verifier(OwnTokens(keys.load(directory).token.public_key(), issuer=ORIGIN)).verify(first, clock())
    assert (who.subject, who.tenant) == ("portal", "default")
    clock.seconds += LIFETIME - 61
    assert source() == first
    clock.seconds += 2
    assert source() != first


def test_without_a_key_nothing_is_permitted(tmp_path):
    with pytest.raises(UnrecordedError, match="OMEGA_PORTAL_TOKEN_FILE"):
        Issued(tmp_path, ORIGIN, time.time)()


@pytest.mark.usefixtures("directory")
def test_settings_say_where_it_comes_from(tmp_path):
    (tmp_path / "token").write_text("t")
    named = {"OMEGA_DATA": str(tmp_path)}
    apart = named | {"OMEGA_PORTAL_TOKEN_FILE": str(tmp_path / "token")}
    assert token_source(Settings.from_environment(apart), time.time)() == "t"
    assert token_source(Settings.from_environment(named), time.time)().count(".") == 2
