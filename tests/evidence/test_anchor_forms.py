"""The form of anchors: both verifiers take the same bytes, and what authorities and witnesses really send."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verify_evidence
from evidence import cosignature, form, timestamp, timestamp_form
from evidence.cosignature import WitnessKey
from evidence.errors import AnchorError, MalformedError
from tests.evidence import logs
from tests.evidence.authority import Authority
from tests.evidence.logs import WITNESS

STAMP = logs.timestamp(b"the bytes of a checkpoint")
TEXT = "log.example/omega\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
LINE = WITNESS.cosignature(TEXT, 1_795_344_500)


def ours_of_stamp(data):
    try:
        found = timestamp_form.parse(data)
    except MalformedError:
        return None
    return found.imprint, found.time


def theirs_of_stamp(data):
    try:
        return verify_evidence.parse_timestamp(data)
    except verify_evidence.MalformedError:
        return None


def ours_of_line(data):
    try:
        found = cosignature.parse(data)
    except MalformedError:
        return None
    return found.name, found.key_id, found.seconds, found.signature


def theirs_of_line(data):
    try:
        return verify_evidence.parse_cosignature(data)
    except verify_evidence.MalformedError:
        return None


READERS = {"time stamp": (STAMP, ours_of_stamp, theirs_of_stamp), "cosignature": (LINE, ours_of_line, theirs_of_line)}


@pytest.mark.parametrize(("good", "ours", "theirs"), READERS.values(), ids=READERS)
def test_both_read_the_same(good, ours, theirs):
    assert ours(good) == theirs(good) != None  # noqa: E711 - both, and something


@pytest.mark.parametrize(("good", "ours", "theirs"), READERS.values(), ids=READERS)
def test_both_say_the_same_of_every_flipped_bit_and_every_cut(good, ours, theirs):
    for place, bit in itertools.product(range(len(good)), range(8)):
        data = good[:place] + bytes([good[place] ^ 1 << bit]) + good[place + 1 :]
        assert ours(data) == theirs(data), (place, bit)
    for place in range(len(good)):
        for data in (good[:place], good[place:], good[:place] + good[place + 1 :]):
            assert ours(data) == theirs(data), place


@pytest.mark.parametrize(("good", "ours", "theirs"), READERS.values(), ids=READERS)
@settings(deadline=None)
@given(data=st.data())
def test_both_say_the_same_of_any_bytes(good, ours, theirs, data):
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    damaged = good[:start] + data.draw(st.binary(max_size=16)) + good[end:]
    assert ours(damaged) == theirs(damaged)


def test_every_flipped_bit_of_a_cosignature_is_noticed_by_both():
    ours, theirs = WitnessKey.parse(WITNESS.witness_file.decode()), verify_evidence.parse_key(WITNESS.witness_file, 4)
    for place in range(len(LINE)):
        data = LINE[:place] + bytes([LINE[place] ^ 1]) + LINE[place + 1 :]
        with pytest.raises((AnchorError, MalformedError)):
            cosignature.verify(data, TEXT, ours)
        found = theirs_of_line(data)
        if found is None or (found[0], found[1]) != (theirs.origin, theirs.key_id):
            continue
        assert not theirs.holds(found[3], f"cosignature/v1\ntime {found[2]}\n{TEXT}".encode())


def test_beyond_64_kib_nothing_is_read():
    for data in (STAMP + bytes(1 << 16), bytes((1 << 16) + 1)):
        assert ours_of_stamp(data) is theirs_of_stamp(data) is None


@pytest.mark.slow
def test_the_form_of_what_an_authority_sends(tmp_path):
    authority = Authority.make(tmp_path / "a")
    for data in (b"", b"one", b"another" * 1000):
        answer = authority.answer(timestamp.request(data).der)
        found = timestamp.parse_timestamp(answer)
        read = timestamp_form.parse(answer)
        assert (read.imprint, read.time[:19]) == (found.imprint, form.time_text(found.time)[:19])
        assert theirs_of_stamp(answer) == (read.imprint, read.time)
    refused = authority.answer(b"nothing")
    assert ours_of_stamp(refused) is theirs_of_stamp(refused) is None
