"""Codes of authenticators: the vectors of RFC 6238, what counts when, and how long somebody waits."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audits import totp
from app.audits.totp import CodeRefusedError, SecretError, Tries

SECRET = b"12345678901234567890"
KEY = bytes(32)
NOW = 59.0


# RFC 6238, appendix B, for SHA-1: the last six of the eight digits there
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(seconds, code):
    assert totp.code(SECRET, seconds // 30) == code
    assert totp.verify_code(SECRET, code, now=seconds, used=0) == seconds // 30


# RFC 4226, appendix D
@pytest.mark.parametrize(
    ("step", "code"),
    list(enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871"])),
)
def test_the_codes_of_a_counter_are_those_of_its_rfc(step, code):
    assert totp.code(SECRET, step) == code


@pytest.mark.parametrize(("off", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)], ids=str)
def test_a_clock_may_be_one_step_off(off, taken):
    step = 1_000
    given_code = totp.code(SECRET, step + off)
    if taken:
        assert totp.verify_code(SECRET, given_code, now=step * 30 + 7, used=0) == step + off
    else:
        with pytest.raises(CodeRefusedError):
            totp.verify_code(SECRET, given_code, now=step * 30 + 7, used=0)


def test_a_step_counts_once_and_none_before_it_counts_any_more():
    now = 1_000 * 30
    for step, used in ((1_000, 1_000), (999, 1_000), (999, 999), (1_001, 1_001)):
        with pytest.raises(CodeRefusedError):
            totp.verify_code(SECRET, totp.code(SECRET, step), now=now, used=used)
    assert totp.verify_code(SECRET, totp.code(SECRET, 1_001), now=now, used=1_000) == 1_001


def test_of_two_steps_with_one_code_the_one_that_is_not_used_counts(monkeypatch):
    monkeypatch.setattr(totp, "code", lambda _secret, step: "111111" if step >= 999 else "000000")
    assert totp.verify_code(SECRET, "111111", now=30_000, used=999) == 1_000


def test_at_the_beginning_of_time_there_is_no_step_before():
    assert totp.verify_code(SECRET, totp.code(SECRET, 1), now=0, used=0) == 1


@given(st.text(max_size=40))
def test_no_text_leads_to_another_error(text):
    right = {totp.code(SECRET, step) for step in (0, 1, 2)}
    if text in right:
        assert totp.verify_code(SECRET, text, now=NOW, used=-1) in {0, 1, 2}
    else:
        with pytest.raises(CodeRefusedError):
            totp.verify_code(SECRET, text, now=NOW, used=-1)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 900), (6, 1_800), (7, 3_600), (11, 57_600), (12, 86_400), (60, 86_400), (10**9, 86_400)],
    ids=str,
)
def test_five_wrong_codes_and_then_longer_and_longer_waits(failures, seconds):
    tries = Tries(failures=failures, last=1_000)
    assert tries.wait(1_000) == seconds
    assert tries.wait(1_000 + seconds) == 0
    assert tries.wait(1_000 + seconds - 1) == (1 if seconds else 0)


def test_a_clock_that_went_back_keeps_nobody_waiting_for_longer():
    assert Tries(failures=5, last=10**9).wait(0) == 900


def test_an_authenticator_reads_the_link():
    url = urlsplit(totp.link(SECRET, issuer="Omega audits", account="firm/maria@example.org"))
    asked = parse_qs(url.query)
    assert (url.scheme, url.netloc, url.path) == ("otpauth", "totp", "/Omega%20audits:firm%2Fmaria%40example.org")
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105 - the vector of the RFC
    assert asked == {"secret": [secret], "issuer": ["Omega audits"], "digits": ["6"], "period": ["30"]}
    assert totp.spelled(SECRET).split() == [secret[place : place + 4] for place in range(0, 32, 4)]


def test_what_is_kept_is_good_for_its_auditor_under_its_key_alone():
    kept = totp.seal(SECRET, key=KEY, auditor="firm/maria", random=bytes)
    assert totp.unseal(kept, key=KEY, auditor="firm/maria") == SECRET
    for changed in (
        {"auditor": "firm/paul"},
        {"key": bytes([1] * 32)},
        {"kept": "none at all"},
        {"kept": ""},
        {"kept": kept[:-8] + "AAAAAAA="},
    ):
        with pytest.raises(SecretError):
            totp.unseal(**({"kept": kept, "key": KEY, "auditor": "firm/maria"} | changed))
