"""`omega market authority`."""

import stat

import pytest
from sigstore.models import TrustedRoot

NAME = "https://omega.example/marketplace"


@pytest.fixture
def keys(settings):
    settings.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings.keys


def test_it_makes_keys_that_nobody_else_reads_and_prints_the_root_that_verifiers_read(omega, keys, tmp_path):
    assert omega("market", "authority", "init", "--name", NAME).code == 0
    files = sorted(path for path in keys.iterdir() if path.name.startswith("market-"))
    assert [path.name for path in files] == ["market-ca.key", "market-ca.pem", "market-ct.key", "market-log.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    before = [path.read_bytes() for path in files]
    printed = omega("market", "authority", "root")
    (tmp_path / "root.json").write_text(printed.out)
    assert len(TrustedRoot.from_file(str(tmp_path / "root.json")).get_fulcio_certs()) == 1
    assert printed.json["certificateAuthorities"][0]["uri"] == NAME
    assert omega("market", "authority", "init", "--name", NAME).code == 0
    assert [path.read_bytes() for path in files] == before


def test_another_name_is_refused(omega, keys):
    assert keys.exists()
    assert omega("market", "authority", "init", "--name", NAME).code == 0
    ended = omega("market", "authority", "init", "--name", "https://other.example")
    assert (ended.code, NAME in ended.message) == (2, True)


@pytest.mark.parametrize("name", ["omega.example", "https://omega.example/" + "x" * 64, "https://omega example"])
def test_a_name_that_is_no_url_is_refused(omega, keys, name):
    ended = omega("market", "authority", "init", "--name", name)
    assert (ended.code, "named by a URL" in ended.message, list(keys.glob("market-*"))) == (2, True, [])


@pytest.mark.usefixtures("keys")
def test_without_an_authority_there_is_no_root(omega):
    ended = omega("market", "authority", "root")
    assert (ended.code, "omega market authority init" in ended.message) == (2, True)
