"""The list of who may sign commits."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.policies.errors import SignatureError, SignersError
from app.features.policies.git.allowed_signers import format_signer, parse_allowed_signers, parse_public_key
from app.features.policies.git.ssh_signature import parse_key
from tests.features.policies.signing import ALICE, BOB


def parsed(text):
    return parse_allowed_signers(text.encode())


def of(text, who=ALICE):
    return parsed(text).of(parse_key(who.blob))


def test_a_line_says_whose_key_it_is():
    text = f"# signers\n\n{ALICE.line()}{BOB.line('')}"
    assert [each.principal for each in of(text)] == ["alice@example.org"]
    assert [each.principal for each in of(text, BOB)] == ["bob@example.org"]
    assert of("", BOB) == ()


def test_dates_are_bounds_that_count_themselves():
    [signer] = of(ALICE.line('valid-after="20260101Z",valid-before="20261231235959Z" '))
    at = lambda *parts: datetime(*parts, tzinfo=UTC)  # noqa: E731
    assert not signer.valid_at(at(2025, 12, 31, 23, 59, 59))
    assert signer.valid_at(at(2026, 1, 1))
    assert signer.valid_at(at(2026, 12, 31, 23, 59, 59))
    assert not signer.valid_at(at(2027, 1, 1))
    [minutes] = of(ALICE.line('valid-before="202606301200Z" '))
    assert minutes.valid_before == at(2026, 6, 30, 12, 0)
    assert minutes.valid_at(at(1999, 1, 1))


def test_a_key_may_have_two_spans_of_one_person():
    text = ALICE.line('valid-before="20260101Z" ') + ALICE.line('valid-after="20260601Z" ')
    assert len(of(text)) == 2


def test_a_line_for_other_namespaces_does_not_count():
    assert of(ALICE.line('namespaces="file" ')) == ()
    assert len(of(ALICE.line('namespaces="file,git" '))) == 1


def test_what_is_written_is_read():
    key = parse_public_key(f"{ALICE.public} laptop")
    assert format_signer(ALICE.email, key) == ALICE.line()
    assert len(of(format_signer(ALICE.email, key))) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("x\n", ":1: a line is", id="a word"),
        pytest.param(f"\n* {ALICE.public}\n", ":2: a principal is one", id="everybody"),
        pytest.param(f"a@b,c@d {ALICE.public}\n", "a principal is one", id="two persons"),
        pytest.param(f"!a@b {ALICE.public}\n", "a principal is one", id="a negation"),
        pytest.param(ALICE.line("cert-authority "), "certificate authorities", id="an authority"),
        pytest.param(ALICE.line('Cert-Authority,namespaces="git" '), "certificate authorities", id="in capitals"),
        pytest.param(ALICE.line('verify-required="x" '), "options are", id="another option"),
        pytest.param(ALICE.line("namespaces "), "options are", id="no value"),
        pytest.param(ALICE.line('namespaces="git",namespaces="git" '), "options are", id="an option twice"),
        pytest.param(ALICE.line('namespaces="*" '), "without patterns", id="a pattern of namespaces"),
        pytest.param(ALICE.line('valid-before="20261231" '), "a time in UTC", id="a time without zone"),
        pytest.param(ALICE.line('valid-before="20261331Z" '), "a time in UTC", id="a thirteenth month"),
        pytest.param(ALICE.line('valid-after="20270101Z",valid-before="20260101Z" '), "later than", id="never"),
        pytest.param(ALICE.line() + BOB.line().replace(BOB.public, ALICE.public), "another's already", id="shared key"),
        pytest.param("a@b ssh-ed25519 AAAA\n", "cut off", id="half a key"),
        pytest.param("a@b ssh-ed25519 AAA\n", "its base64", id="no base64"),
        pytest.param(f"a@b ssh-rsa {ALICE.public.split()[1]}\n", "another type than it says", id="another type"),
        pytest.param("\u00e4@b x\n", "not ASCII", id="not ASCII"),
        pytest.param("#" * (1 << 21), "at most", id="too large"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text, why):
    with pytest.raises(SignersError, match=why):
        parsed(text)


def test_more_lines_than_anybody_reviews_are_refused():
    with pytest.raises(SignersError, match="too many lines"):
        parsed("#\n" * 5_000 + ALICE.line())


def test_a_principal_that_cannot_stand_in_a_line_is_not_written():
    with pytest.raises(SignersError):
        format_signer("a b", parse_key(ALICE.blob))


@given(st.text(max_size=200) | st.builds(lambda options: ALICE.line(f"{options} "), st.text(max_size=40)))
def test_text_is_a_list_or_refused(text):
    with suppress(SignersError):
        parsed(text)


@given(st.text(max_size=80))
def test_text_is_a_public_key_or_refused(text):
    with pytest.raises(SignatureError):
        parse_public_key(text)
