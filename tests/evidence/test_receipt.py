"""Receipts: issued for records on disk, read back by both verifiers, and no byte of them can change."""

import itertools
import json
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verify_evidence
from evidence import receipt
from evidence.errors import MalformedError, SignatureError
from evidence.key_history import KeyHistory
from evidence.note import Note
from evidence.receipt import MAX_RECEIPT, Receipt, issue
from evidence.record import Position
from evidence.writer import Appended
from tests.evidence.sealing import KEY, Clock

NOW = Clock()()
HISTORY = KeyHistory(keys=(KEY.verifier,))
FILE_KEY = verify_evidence.parse_key(str(KEY.verifier).encode())


def appended(number, chain="0" * 20):
    return [Appended(position=Position(chain=chain, seq=seq), leaf=f"{seq:064x}") for seq in range(number)]


ISSUED = issue(appended(2), KEY, NOW)


@dataclass
class Acknowledged:
    position: Position
    leaf: str


def test_a_receipt_says_what_was_taken_in():
    found = Receipt.verify(ISSUED, HISTORY)
    assert (found.log, found.issued_at) == (KEY.origin, "2026-11-22T10:46:23.123456Z")
    assert [(each.position, each.leaf) for each in found.records] == [
        (each.position, each.leaf) for each in appended(2)
    ]
    text = Note.parse(ISSUED).text
    assert list(json.loads(text)) == ["issued_at", "log", "records", "type", "v"]
    assert verify_evidence.parse_receipt(ISSUED)[0]["records"] == json.loads(text)["records"]


def test_whatever_has_a_position_and_a_hash_can_be_receipted():
    [one] = Receipt.verify(
        issue([Acknowledged(position=Position(chain="a" * 20, seq=7), leaf="ab" * 32)], KEY, NOW), HISTORY
    ).records
    assert one.position.decision_id == "a" * 20 + "-7"


def test_the_largest_receipt_is_within_its_limit():
    most = [Appended(position=Position(chain="f" * 20, seq=2**53 - 1 - number), leaf="f" * 64) for number in range(256)]
    data = issue(most, KEY, NOW)
    assert 16_384 < len(data) <= MAX_RECEIPT
    assert len(Receipt.verify(data, HISTORY).records) == 256
    assert len(verify_evidence.parse_receipt(data)[0]["records"]) == 256


@pytest.mark.parametrize("number", [0, 257])
def test_a_receipt_is_for_1_to_256_records(number):
    with pytest.raises(MalformedError):
        issue(appended(number), KEY, NOW)


EVERY_BIT = pytest.param(range(8), marks=pytest.mark.slow, id="every bit of every byte")


@pytest.mark.parametrize("bits", [pytest.param([0], id="one bit of every byte"), EVERY_BIT])
def test_every_changed_byte_is_noticed_by_both(bits):
    for place, bit in itertools.product(range(len(ISSUED)), bits):
        data = bytearray(ISSUED)
        data[place] ^= 1 << bit
        with pytest.raises((MalformedError, SignatureError)):
            Receipt.verify(bytes(data), HISTORY)
        if place % 9 == bit:  # the file's signature check takes milliseconds
            with pytest.raises((verify_evidence.MalformedError, verify_evidence.FindingError)):
                check_with_file(bytes(data))


def check_with_file(data):
    _, text, signatures = verify_evidence.parse_receipt(data)
    verify_evidence.History(FILE_KEY).check_receipt(text, signatures, "")


def both_parse(data):
    """Whether each verifier takes the bytes for a receipt."""
    verdicts = [True, True]
    try:
        Receipt.parse(data)
    except MalformedError:
        verdicts[0] = False
    try:
        verify_evidence.parse_receipt(data)
    except verify_evidence.MalformedError:
        verdicts[1] = False
    return verdicts


@settings(deadline=None)
@given(st.data())
def test_both_take_the_same_bytes_for_a_receipt(data):
    start = data.draw(st.integers(0, len(ISSUED)))
    end = data.draw(st.integers(start, min(len(ISSUED), start + 8)))
    ours, theirs = both_parse(ISSUED[:start] + data.draw(st.binary(max_size=8)) + ISSUED[end:])
    assert ours == theirs


# ---- Files of receipts


def test_a_file_holds_one_receipt_as_it_is():
    assert receipt.parse_file(ISSUED) == (ISSUED,)
    assert verify_evidence.split_receipts(ISSUED) == [ISSUED]


@pytest.mark.parametrize("end", ["", "\n"], ids=["without the last newline", "with it"])
def test_or_a_string_on_each_line(end):
    lines = "\n".join([json.dumps(ISSUED.decode()), json.dumps("x\ny")]) + end
    assert receipt.parse_file(lines.encode()) == (ISSUED, b"x\ny")
    assert verify_evidence.split_receipts(lines.encode()) == [ISSUED, b"x\ny"]


LINES = {
    "half a string": b'"abc',
    "a number behind a string": b'"a"\n1\n',
    "an empty line": b'"a"\n\n"b"\n',
    "half a surrogate pair": b'"\\ud83d"',
    "no UTF-8": b'"\xff"',
    "nesting without end": b'"a"\n' + b"[" * 100_000,
}


@pytest.mark.parametrize("data", LINES.values(), ids=LINES)
def test_lines_that_are_no_strings_are_unusable(data):
    with pytest.raises(MalformedError):
        receipt.parse_file(data)
    with pytest.raises((verify_evidence.MalformedError, ValueError, RecursionError)):
        verify_evidence.split_receipts(data)


@given(st.binary(max_size=40))
def test_no_file_raises_another_error(data):
    with suppress(MalformedError):
        receipt.parse_file(b'"' + data)
