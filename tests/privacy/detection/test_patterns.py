import logging
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.privacy.detection import patterns
from app.privacy.detection.finding import Kind, Lane

BEGIN = "-----BEGIN RSA PRIVATE KEY-----"
WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"
HOSTILE = st.text(
    st.sampled_from("0123456789 .-/@:+()=_\"'\\\n\taAeEyYJZß\u0130\u0660\u00a0\U0001f600\ud800[]{}<>,;#%&*|$")
    | st.characters(),
    max_size=200,
)


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        pytest.param("pay 2221000000000009 now", Kind.CARD, "2221000000000009", id="a card of a new range"),
        pytest.param("pay 2720990000000007 now", Kind.CARD, "2720990000000007", id="the last of that range"),
        pytest.param("card 5555 5555 5555 4444 12/27", Kind.CARD, "5555 5555 5555 4444", id="a card before its date"),
        pytest.param("card 3782-822463-10005", Kind.CARD, "3782-822463-10005", id="a card of fifteen digits"),
        pytest.param("to NO93 8601 1117 947 is mine", Kind.IBAN, "NO93 8601 1117 947", id="an IBAN in groups"),
        pytest.param("(j.o'neil+x@mail.example.org).", Kind.EMAIL, "j.o'neil+x@mail.example.org", id="bracketed mail"),
        pytest.param("josé@bücher.example", Kind.EMAIL, "josé@bücher.example", id="mail beyond ASCII"),
        pytest.param("from 203.0.113.9:8080", Kind.IP, "203.0.113.9", id="an address with a port"),
        pytest.param("from 2001:db8::1 port 22", Kind.IP, "2001:db8::1", id="an IPv6 address"),
        pytest.param("lease to 00:1b:44:11:3a:b7", Kind.MAC, "00:1b:44:11:3a:b7", id="a device"),
        pytest.param("is 536-90-4399.", Kind.SSN, "536-90-4399", id="a number of social security by its form"),
        pytest.param("\u0130\u0130 SSN 536904399", Kind.SSN, "536904399", id="behind letters that grow in lower case"),
        pytest.param("SSN 536904399", Kind.SSN, "536904399", id="the same without marks, by its word"),
        pytest.param("born 12 March 1980", Kind.BIRTH_DATE, "12 March 1980", id="a birth date in words"),
        pytest.param("geboren am 3. Mai 1961", Kind.BIRTH_DATE, "3. Mai 1961", id="a German birth date in words"),
        pytest.param("né le 3 février 1961", Kind.BIRTH_DATE, "3 février 1961", id="a French birth date in words"),
        pytest.param("call (212) 736-5000 today", Kind.PHONE, "(212) 736-5000", id="a phone number by its form"),
        pytest.param("Tel. 020 7946 0958", Kind.PHONE, "020 7946 0958", id="a British phone number"),
        pytest.param("0044 20 7946 0958", Kind.PHONE, "0044 20 7946 0958", id="a phone number dialled from abroad"),
        pytest.param("PAN ABCPE1234F", Kind.TAX_ID, "ABCPE1234F", id="an Indian tax number"),
        pytest.param("CPF 111.444.777-35", Kind.TAX_ID, "111.444.777-35", id="a Brazilian tax number"),
        pytest.param("cpf: 11144477735", Kind.TAX_ID, "11144477735", id="the same without marks"),
        pytest.param("nif 123456789", Kind.TAX_ID, "123456789", id="a Portuguese tax number"),
        pytest.param("PPS number 1234567FA", Kind.NATIONAL_ID, "1234567FA", id="an Irish number"),
        pytest.param("rijksregister 85.07.30-033.28", Kind.NATIONAL_ID, "85.07.30-033.28", id="a Belgian number"),
        pytest.param("NIR 1 84 12 2A 451 025 97", Kind.NATIONAL_ID, "1 84 12 2A 451 025 97", id="a Corsican number"),
        pytest.param("aadhaar 2345 6789 0124", Kind.NATIONAL_ID, "2345 6789 0124", id="an Indian number"),
        pytest.param('password = "correct horse 9"', Kind.SECRET, "correct horse 9", id="a password in quotes"),
        pytest.param("PGPASSWORD=x7Kp2mQz psql", Kind.SECRET, "x7Kp2mQz", id="a password in the environment"),
        pytest.param("https://me:pa55word@host/", Kind.SECRET, "pa55word", id="a password in an address"),
        pytest.param("Bearer abc123def456ghi789", Kind.SECRET, "abc123def456ghi789", id="a bearer token"),
        pytest.param(f"{BEGIN}\nMIIabc", Kind.SECRET, f"{BEGIN}\nMIIabc", id="a key cut off"),
        pytest.param(WALLET, Kind.CRYPTO_ADDRESS, WALLET, id="a wallet"),
    ],
)  # fmt: skip
def test_what_is_personal_is_found(lane, text, kind, found):
    assert [(each.kind, text[each.start : each.end]) for each in lane.find(text)] == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("upgrade to version 10.4.3.2 today", id="a version"),
        pytest.param("Chrome/120.0.0.0 and v10.2.3.4", id="a browser"),
        pytest.param("error code 123-45-6780 was raised", id="the code of an error"),
        pytest.param("listening on 127.0.0.1, mask 255.255.255.0", id="this machine, and a mask"),
        pytest.param("at 2026-01-31T10:11:12Z on 2026-02-01", id="a time"),
        pytest.param("commit 4111111111111111abcdef", id="digits of a hash"),
        pytest.param("4444 4444 4444 4444 and 4111111111111112", id="cards that are none"),
        pytest.param("DE88370400440532013000", id="an IBAN with wrong check digits"),
        pytest.param("icon@2x.png a@b not.a..mail@x..y", id="what is no mail"),
        pytest.param("order 202401-31998 and invoice 030 1234567", id="numbers of orders"),
        pytest.param("password: ${PASSWORD} secret = get_secret() token: none", id="secrets that are none"),
        pytest.param("std::vector<int> a::b 12:30:45", id="code and times"),
        pytest.param("666-12-1234 000-12-1234 912-12-1234", id="numbers that nobody is given"),
        pytest.param("the account has 7 rows", id="an account without a number"),
        pytest.param("mac ff:ff:ff:ff:ff:ff", id="everybody on a wire"),
        pytest.param("999.1.2.3 1.2.3.4.5", id="what is no address"),
    ],
)
def test_what_only_looks_personal_is_not_found(lane, text):
    assert lane.find(text) == ()


@settings(max_examples=150, deadline=None)
@given(HOSTILE, st.sampled_from(["en", "de-AT", "", "xx"]))
def test_any_text_is_looked_through(lane, text, language):
    found = lane.find(text, language=language)
    edges = [edge for each in found for edge in (each.start, each.end)]
    assert edges == sorted(edges)
    assert all(0 <= each.start < each.end <= len(text) and 0 < each.score <= 1 for each in found)
    assert {each.lane for each in found} <= {Lane.PATTERNS}


def test_phones_of_other_regions_are_known_where_they_are_named():
    text = "ring 03-1234-5678 now"
    assert patterns.load(phone_regions=["US"]).find(text) == ()
    assert [each.kind for each in patterns.load(phone_regions=["JP"]).find(text)] == [Kind.PHONE]


def test_nothing_that_was_looked_at_is_logged(lane, caplog):
    with caplog.at_level(logging.DEBUG):
        lane.find("IBAN GB00 XXXX 1234 5678 9012 34, dni 12345678Z, jane@example.org")
    assert not caplog.records


ALONE = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("a socket was opened")
socket.socket.__init__ = refuse
socket.create_connection = socket.getaddrinfo = refuse
import app.privacy, app.privacy.detection, app.privacy.detection.document, app.privacy.detection.patterns
import app.privacy.detection.names, app.privacy.detection.scanning
assert not {"presidio_analyzer", "spacy", "phonenumbers"} & set(sys.modules)
from app.privacy.detection import patterns
found = patterns.load().find("jane@example.co.uk, +44 20 7946 0958, http://x.example.org, 4111 1111 1111 1111")
assert [each.kind for each in found] == ["EMAIL", "PHONE", "CARD"], found
from app.privacy.detection import names
assert [each.kind for each in names.load().find("Dear Maria Holloway,")] == ["PERSON"]
"""


@pytest.mark.slow
def test_no_socket_is_opened_and_nothing_heavy_imported_before_it_is_needed():
    run = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
