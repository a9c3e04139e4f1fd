import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from evidence import timestamp
from evidence.errors import AnchorError, MalformedError
from tests.evidence.authority import Authority

DATA = b"the bytes of a checkpoint"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority.make(tmp_path_factory.mktemp("authority") / "a")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Authority.make(tmp_path_factory.mktemp("authority") / "b")


@pytest.fixture(scope="module")
def roots(authority):
    return timestamp.parse_roots(authority.root)


@pytest.fixture(scope="module")
def request_made():
    return timestamp.request(DATA)


@pytest.fixture(scope="module")
def answer(authority, request_made):
    return authority.answer(request_made.der)


def test_a_time_stamp_says_when(answer, roots, request_made):
    stamped = timestamp.verify_timestamp(answer, DATA, roots, nonce=request_made.nonce)
    assert stamped.tzinfo == UTC
    assert abs(datetime.now(UTC) - stamped) < timedelta(minutes=5)
    assert timestamp.verify_timestamp(answer, DATA, roots) == stamped


def test_openssl_agrees(authority, answer):
    assert authority.check(answer, DATA).returncode == 0
    assert authority.check(answer, DATA + b"!").returncode != 0


def test_two_requests_have_two_nonces():
    assert timestamp.request(DATA).nonce != timestamp.request(DATA).nonce


def test_other_data(answer, roots):
    with pytest.raises(AnchorError, match="other data"):
        timestamp.verify_timestamp(answer, DATA + b"!", roots)


def test_another_nonce(answer, roots, request_made):
    with pytest.raises(AnchorError, match="another request"):
        timestamp.verify_timestamp(answer, DATA, roots, nonce=request_made.nonce + 1)


def test_another_root(answer, other):
    with pytest.raises(AnchorError, match="below the given roots"):
        timestamp.verify_timestamp(answer, DATA, timestamp.parse_roots(other.root))


def test_one_of_several_roots(answer, authority, other):
    roots = timestamp.parse_roots(other.root + authority.root)
    assert len(roots) == 2
    timestamp.verify_timestamp(answer, DATA, roots)


def test_without_roots_nobody_is_trusted(answer):
    with pytest.raises(AnchorError):
        timestamp.verify_timestamp(answer, DATA, ())


def test_a_certificate_that_is_not_made_for_time_stamps(tmp_path):
    authority = Authority.make(tmp_path / "a")
    answer = authority.answer(timestamp.request(DATA).der)
    configuration = authority.folder / "ca.cnf"
    configuration.write_text(configuration.read_text().replace("timeStamping", "serverAuth"))
    authority.certify("server.pem")
    good, wrong = (
        x509.load_pem_x509_certificate((authority.folder / name).read_bytes()).public_bytes(Encoding.DER)
        for name in ("stamper.pem", "server.pem")
    )
    assert len(good) == len(wrong)  # so that lengths around it still hold
    swapped = answer.replace(good, wrong)
    assert swapped != answer
    with pytest.raises(AnchorError) as raised:
        timestamp.verify_timestamp(swapped, DATA, timestamp.parse_roots(authority.root))
    assert "unsuitable certificate purpose" in str(raised.value.__cause__)


def test_a_refusal_is_no_time_stamp(authority):
    with pytest.raises(MalformedError, match="granted"):
        timestamp.parse_timestamp(authority.answer(b"not a request"))


def test_a_time_stamp_over_another_hash(authority, roots):
    wanted = TimestampRequestBuilder(data=DATA, hash_algorithm=HashAlgorithm.SHA512).build()
    answer = authority.answer(wanted.as_bytes())
    with pytest.raises(MalformedError, match="SHA-256"):
        timestamp.verify_timestamp(answer, DATA, roots)


def test_too_large(answer):
    with pytest.raises(MalformedError, match="larger"):
        timestamp.parse_timestamp(answer + bytes(timestamp.MAX_TIMESTAMP))


def test_a_changed_bit_is_refused_or_changes_nothing(answer, roots):
    stamped = timestamp.verify_timestamp(answer, DATA, roots)
    survived = 0
    for position in range(len(answer)):
        changed = bytearray(answer)
        changed[position] ^= 1 << position % 8
        with suppress(MalformedError, AnchorError):
            assert timestamp.verify_timestamp(bytes(changed), DATA, roots) == stamped
            survived += 1
    assert survived < len(answer) // 20  # what a container says twice


@settings(deadline=None)  # a busy machine
@given(st.binary(max_size=200))
def test_no_bytes_raise_another_error(data):
    with suppress(MalformedError):
        timestamp.parse_timestamp(data)


@settings(deadline=None)  # a busy machine
@given(data=st.data())
def test_no_damage_raises_another_error(answer, roots, data):
    start = data.draw(st.integers(0, len(answer)))
    end = data.draw(st.integers(start, min(len(answer), start + 8)))
    changed = answer[:start] + data.draw(st.binary(max_size=8)) + answer[end:]
    with suppress(MalformedError, AnchorError):
        timestamp.verify_timestamp(changed, DATA, roots)


@pytest.mark.parametrize(
    "pem",
    [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b" " * (1 << 20) + b" "],
)
def test_roots_that_are_none(pem):
    with pytest.raises(MalformedError):
        timestamp.parse_roots(pem)


def test_the_library_is_loaded_where_it_is_used_alone():
    program = "import sys, evidence.timestamp, evidence.__main__; print('rfc3161_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
