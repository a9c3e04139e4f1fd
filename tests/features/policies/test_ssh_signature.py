"""SSH signatures: those of ssh-keygen are taken, and nothing else."""

import base64
import hashlib
import subprocess
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from app.features.policies.errors import SignatureError
from app.features.policies.git.ssh_signature import parse_key, verify_signature
from tests.features.policies.signing import ALICE, MALLORY, armored, strings

MESSAGE = b"tree 0\n\nchange\n"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("ed25519",), id="Ed25519"),
        pytest.param(("ecdsa", "-b", "256"), id="ECDSA on P-256"),
        pytest.param(("ecdsa", "-b", "384"), id="ECDSA on P-384"),
        pytest.param(("ecdsa", "-b", "521"), id="ECDSA on P-521"),
        pytest.param(("rsa", "-b", "2048"), id="RSA of 2048 bits"),
    ],
)
def test_what_ssh_keygen_signs_is_verified(words, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", *words, "-N", "", "-f", key], check=True)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", key]
    signature = subprocess.run(command, input=MESSAGE, capture_output=True, check=True).stdout
    found = verify_signature(signature, MESSAGE)
    listed = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, check=True, text=True).stdout
    assert found.fingerprint in listed
    assert found.blob == base64.b64decode(key.with_suffix(".pub").read_text().split()[1])
    with pytest.raises(SignatureError, match="not over this content"):
        verify_signature(signature, MESSAGE + b"x")


def made(  # noqa: PLR0913 - every field of a signature
    *, key=None, namespace=b"git", hash_name=b"sha512", signature=None, magic=b"SSHSIG\0\0\0\1", more=b"", inner=b""
):
    key = ALICE.blob if key is None else key
    digest = hashlib.sha512(MESSAGE).digest()
    signed = b"SSHSIG" + strings(namespace, b"", hash_name, digest)
    signature = strings(b"ssh-ed25519", ALICE.key.sign(signed)) if signature is None else signature
    return armored(magic + strings(key, namespace, b"", hash_name, signature + inner) + more)


def rsa_signature(algorithm, digest, bits=2048):
    private = rsa.generate_private_key(65537, bits)
    numbers = private.public_key().public_numbers()
    number = lambda n: n.to_bytes(n.bit_length() // 8 + 1, "big")  # noqa: E731
    blob = strings(b"ssh-rsa", number(numbers.e), number(numbers.n))
    signed = b"SSHSIG" + strings(b"git", b"", b"sha512", hashlib.sha512(MESSAGE).digest())
    value = strings(algorithm, private.sign(signed, padding.PKCS1v15(), digest))
    return made(key=blob, signature=value)


def test_the_tests_own_signature_is_good():
    assert verify_signature(made(), MESSAGE).blob == ALICE.blob
    assert verify_signature(ALICE.sign(MESSAGE, hash_name=b"sha256"), MESSAGE).type == "ssh-ed25519"
    assert verify_signature(rsa_signature(b"rsa-sha2-256", hashes.SHA256()), MESSAGE).type == "ssh-rsa"


SK = strings(b"sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:")
GOOD = made()


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        pytest.param(made(namespace=b"file"), "another namespace", id="made for a file"),
        pytest.param(made(namespace=b""), "another namespace", id="made for nothing"),
        pytest.param(made(hash_name=b"sha1"), "another hash", id="over SHA-1"),
        pytest.param(made(hash_name=b"sha256"), "not over this content", id="of another hash than it says"),
        pytest.param(made(magic=b"SSHSIG\0\0\0\2"), "version 1", id="of another version"),
        pytest.param(made(more=b"x"), "after its end", id="goes on after its end"),
        pytest.param(made(inner=b"x"), "after its end", id="goes on after the end of the inner one"),
        pytest.param(made(key=SK), "hardware tokens", id="by a hardware key"),
        pytest.param(made(key=ALICE.blob + b"x"), "after its end", id="with a key that goes on"),
        pytest.param(made(key=MALLORY.blob), "not over this content", id="with another's key"),
        pytest.param(made(key=strings(b"ssh-ed25519", b"short")), "none of its type", id="with half a key"),
        pytest.param(made(key=strings(b"ssh-dss", b"x")), "the key is none of", id="by DSA"),
        pytest.param(made(key=strings(b"ssh-ed25519-cert-v01@openssh.com")), "the key is none", id="by a certificate"),
        pytest.param(made(signature=strings(b"ssh-ed25519", bytes(63))), "another type", id="a byte too short"),
        pytest.param(made(signature=strings(b"ssh-rsa", bytes(64))), "another type", id="of another type than its key"),
        pytest.param(rsa_signature(b"ssh-rsa", hashes.SHA1()), "SHA-1 does not count", id="RSA with SHA-1"),  # noqa: S303
        pytest.param(rsa_signature(b"rsa-sha2-512", hashes.SHA512(), 1024), "2048 to 8192", id="RSA of 1024 bits"),
        pytest.param(GOOD.replace(b"-----END", b"*\n-----END"), "not base64", id="not base64"),
        pytest.param(GOOD[:-1], "none of SSH", id="without its last line feed"),
        pytest.param(b"x" + GOOD, "none of SSH", id="with something before it"),
        pytest.param(GOOD + b"x", "none of SSH", id="with something behind it"),
        pytest.param(b"-----BEGIN PGP SIGNATURE-----\n", "OpenPGP", id="of OpenPGP"),
        pytest.param(b"", "none of SSH", id="empty"),
        pytest.param(b"x" * 20_000, "at most", id="too large"),
        pytest.param(armored(b"SSHSIG\0\0\0\1\xff\xff\xff\xff"), "cut off", id="a length beyond the end"),
    ],
)
def test_what_is_no_good_signature_is_refused_with_its_reason(signature, why):
    with pytest.raises(SignatureError, match=why):
        verify_signature(signature, MESSAGE)


def ecdsa(change=strings, curve=b"nistp256", name=b"ecdsa-sha2-nistp256", point=lambda p: p):
    private = ec.derive_private_key(7, ec.SECP256R1())
    public = private.public_key().public_numbers()
    raw = b"\4" + public.x.to_bytes(32, "big") + public.y.to_bytes(32, "big")
    signed = b"SSHSIG" + strings(b"git", b"", b"sha512", hashlib.sha512(MESSAGE).digest())
    r, s = decode_dss_signature(private.sign(signed, ec.ECDSA(hashes.SHA256())))
    parts = [n.to_bytes(n.bit_length() // 8 + 1, "big") for n in (r, s)]
    return made(key=strings(name, curve, point(raw)), signature=strings(b"ecdsa-sha2-nistp256", change(*parts)))


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        pytest.param(ecdsa(lambda r, s: strings(b"\0" + r, s)), "its one form", id="a number with a zero too much"),
        pytest.param(ecdsa(lambda r, s: strings(b"\x80" + r, s)), "its one form", id="a negative number"),
        pytest.param(ecdsa(lambda _, s: strings(b"", s)), "its one form", id="no number"),
        pytest.param(ecdsa(lambda r, s: strings(r, s, s)), "after its end", id="three numbers"),
        pytest.param(ecdsa(curve=b"nistp384"), "two curves", id="another curve in the key"),
        pytest.param(ecdsa(point=lambda p: b"\2" + p[1:33]), "none of its type", id="a compressed point"),
        pytest.param(ecdsa(point=lambda p: p[:-1] + b"\0"), "none of its type", id="no point of the curve"),
    ],
)
def test_ecdsa_has_one_form(signature, why):
    assert verify_signature(ecdsa(), MESSAGE).type == "ecdsa-sha2-nistp256"
    with pytest.raises(SignatureError, match=why):
        verify_signature(signature, MESSAGE)


def test_an_ecdsa_key_signs_as_what_it_is():
    signature = ecdsa()
    blob = base64.b64decode(b"".join(signature.splitlines()[1:-1]))
    other = blob.replace(strings(b"ecdsa-sha2-nistp256") + b"\0\0\0", strings(b"ecdsa-sha2-nistp384") + b"\0\0\0")
    at = blob.rindex(b"ecdsa-sha2-nistp256")
    other = blob[:at] + b"ecdsa-sha2-nistp384" + blob[at + 19 :]
    with pytest.raises(SignatureError, match="another type"):
        verify_signature(armored(other), MESSAGE)


@given(st.binary(max_size=300))
def test_bytes_are_a_signature_or_refused(data):
    for given_ in (data, armored(data), armored(b"SSHSIG\0\0\0\1" + data)):
        with pytest.raises(SignatureError):
            verify_signature(given_, MESSAGE)


@given(st.sampled_from([GOOD, ecdsa()]), st.integers(0, 400), st.integers(0, 255))
def test_a_changed_byte_leaves_no_good_signature_of_another_content(signature, at, byte):
    changed = bytearray(signature)
    changed[at % len(changed)] = byte
    with pytest.raises(SignatureError):
        verify_signature(bytes(changed), MESSAGE + b"x")


@given(st.binary(max_size=200))
def test_bytes_are_a_key_or_refused(data):
    with suppress(SignatureError):
        assert parse_key(data).blob == data
