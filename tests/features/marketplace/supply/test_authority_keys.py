"""The key files of the signing authority."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.features.marketplace.supply import authority_keys
from app.features.marketplace.supply.errors import AuthorityError
from tests.features.marketplace.supply.signing import NAME


@pytest.fixture
def directory(tmp_path):
    tmp_path.chmod(0o700)
    authority_keys.make(tmp_path, NAME)
    return tmp_path


def test_they_are_made_once(directory):
    one, other = authority_keys.load(directory), authority_keys.make(directory, NAME)
    assert one.certificate == other.certificate
    assert one.log.private_numbers() == other.log.private_numbers()
    assert "BEGIN" not in repr(one)


@pytest.mark.parametrize("name", ["market-ca.key", "market-ct.key", "market-log.key"])
def test_a_lost_key_is_not_replaced_in_silence(directory, name):
    (directory / name).unlink()
    for use in (authority_keys.load, lambda place: authority_keys.make(place, NAME)):
        with pytest.raises(AuthorityError, match=name):
            use(directory)


@pytest.mark.parametrize("name", ["market-ca.key", "market-ca.pem", "market-ct.key", "market-log.key"])
def test_a_file_that_others_can_read_is_refused(directory, name):
    (directory / name).chmod(0o644)
    with pytest.raises(AuthorityError, match=name):
        authority_keys.load(directory)


def test_a_file_that_is_no_key_is_refused(directory):
    (directory / "market-log.key").write_bytes(b"nothing")
    with pytest.raises(AuthorityError, match="no private key"):
        authority_keys.load(directory)


def test_a_key_on_another_curve_is_refused(directory):
    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "market-log.key").write_bytes(pem)
    with pytest.raises(AuthorityError, match="P-256"):
        authority_keys.load(directory)


def test_the_certificate_of_another_key_is_refused(directory, tmp_path):
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    authority_keys.make(other, NAME)
    (directory / "market-ca.key").write_bytes((other / "market-ca.key").read_bytes())
    with pytest.raises(AuthorityError, match="not the certificate"):
        authority_keys.load(directory)


def test_a_certificate_that_is_none_is_refused(directory):
    (directory / "market-ca.pem").write_bytes(b"nothing")
    with pytest.raises(AuthorityError, match="no certificate"):
        authority_keys.load(directory)


def test_where_nothing_can_be_made(tmp_path):
    with pytest.raises(AuthorityError, match="cannot be made"):
        authority_keys.make(tmp_path / "missing", NAME)
