import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import journal
from evidence.errors import DamagedJournalError, JournalError, NotFoundError

PAYLOADS = [f'"{number}"'.encode() * (number + 1) for number in range(6)]


def written(*batches):
    """A file as the writer leaves it: every frame of a batch says what was durable before the batch."""
    data = b""
    for batch in batches:
        data += b"".join(journal.frame(payload, len(data)) for payload in batch)
    return data


WHOLE = written(PAYLOADS[:2], PAYLOADS[2:4], PAYLOADS[4:])
ENDS = [found.end for found in journal.frames(WHOLE)]


@pytest.fixture
def chain(tmp_path):
    directory = tmp_path / "019ab0000000deadbeef"
    directory.mkdir()
    return directory


def put(chain, data, first_seq=0):
    (chain / journal.file_name(first_seq)).write_bytes(data)


def test_frames_are_read_back():
    assert [found.payload for found in journal.frames(WHOLE)] == PAYLOADS


@pytest.mark.parametrize("piece", [1, 7, 16, 40, 1 << 20])
@pytest.mark.parametrize("tail", [b"", b"\0" * 200_000, b"garbage" * 30_000, WHOLE[:20], b"x" + WHOLE])
def test_frames_are_read_piece_by_piece(chain, piece, tail):
    put(chain, WHOLE + tail)
    piece = max(piece, len(tail) // 10)  # a long tail in few pieces
    found = [*journal.stream(chain / journal.file_name(0), piece=piece)]
    assert found == [each.payload for each in journal.frames(WHOLE + tail)]


def test_of_a_file_that_holds_no_frames_little_is_read(chain, monkeypatch):
    monkeypatch.setattr(journal, "MAX_RECORD", 100)
    put(chain, WHOLE + b"\0" * 10_000)
    read = []
    monkeypatch.setattr(journal, "frames", lambda data: read.append(len(data)) or iter(()))
    assert [*journal.stream(chain / journal.file_name(0), piece=50)] == []
    assert read == [50, 100, 150]


@pytest.mark.parametrize("size", range(len(WHOLE)))
def test_a_file_torn_anywhere_keeps_every_whole_frame(chain, size):
    put(chain, WHOLE[:size])
    recovered = journal.recover(chain)
    whole = [end for end in ENDS if end <= size]
    assert recovered.last == (PAYLOADS[len(whole) - 1] if whole else None)
    torn = WHOLE[whole[-1] if whole else 0 : size]
    assert recovered.dropped_bytes == len(torn.rstrip(b"\0"))
    assert (chain / journal.file_name(0)).stat().st_size == (whole[-1] if whole else 0)
    assert journal.recover(chain).dropped_bytes == 0


@pytest.mark.parametrize("tail", [b"\xff" * 40, journal.MAGIC, journal.MAGIC + b"\0" * 60 + b"x", WHOLE[3:20]])
def test_a_tail_of_garbage_is_torn_off(chain, tail):
    put(chain, WHOLE + tail)
    assert journal.recover(chain).dropped_bytes == len(tail)


@pytest.mark.parametrize("position", range(ENDS[3]))
def test_a_change_in_what_was_acknowledged_is_refused(chain, position):
    damaged = bytearray(WHOLE)
    damaged[position] ^= 1
    put(chain, bytes(damaged))
    with pytest.raises(DamagedJournalError):
        journal.recover(chain)
    assert (chain / journal.file_name(0)).read_bytes() == bytes(damaged)


def test_a_hole_in_the_last_batch_is_a_torn_write(chain):
    """After a power cut later pages may be there without earlier ones; nothing of that batch was acknowledged."""
    damaged = bytearray(WHOLE)
    damaged[ENDS[3] + 2] ^= 1
    put(chain, bytes(damaged))
    assert journal.recover(chain).last == PAYLOADS[3]


def test_damage_in_an_older_file_is_refused(chain):
    put(chain, WHOLE[:-1])
    put(chain, b"", first_seq=6)
    with pytest.raises(DamagedJournalError):
        journal.recover(chain)


def test_an_empty_newest_file_is_passed_over(chain):
    put(chain, WHOLE)
    put(chain, b"", first_seq=6)
    assert journal.recover(chain).last == PAYLOADS[-1]


def test_an_empty_file_that_is_not_the_first_shows_a_loss(chain):
    put(chain, b"", first_seq=6)
    with pytest.raises(DamagedJournalError, match="lost"):
        journal.recover(chain)


def test_nothing_is_recovered_from_nothing(chain):
    assert journal.recover(chain).last is None


def test_a_directory_that_is_gone_is_a_journal_error(tmp_path):
    with pytest.raises(JournalError):
        journal.recover(tmp_path / "none")


def test_no_seeded_flip_makes_a_wrong_frame():
    choices = random.Random(7)
    for _ in range(2_000):
        damaged = bytearray(WHOLE)
        damaged[choices.randrange(len(WHOLE))] ^= 1 << choices.randrange(8)
        for found in journal.frames(bytes(damaged)):
            assert found.payload in PAYLOADS


@given(st.binary(max_size=120), st.integers(0, 20))
def test_reading_garbage_never_fails(data, offset):
    assert list(journal.frames(data, offset)) is not None
    journal.altered_behind(data, offset)


def test_one_process_at_a_time(chain):
    held = journal.try_lock(chain)
    assert held is not None
    assert journal.try_lock(chain) is None
    os.close(held)
    again = journal.try_lock(chain)
    assert again is not None
    os.close(again)


def test_a_short_write_is_gone_on_with(monkeypatch):
    taken = {}

    def half(_, data, offset):
        size = max(1, len(data) // 2)
        taken[offset] = bytes(data[:size])
        return size

    monkeypatch.setattr(os, "pwrite", half)
    journal.write_all(3, b"0123456789", 100)
    assert b"".join(taken[offset] for offset in sorted(taken)) == b"0123456789"
    assert min(taken) == 100
    assert len(taken) > 1


def test_space_set_aside_means_nothing(chain):
    put(chain, WHOLE + bytes(5_000))
    assert journal.recover(chain).dropped_bytes == 0
    assert (chain / journal.file_name(0)).stat().st_size == len(WHOLE)


def test_a_torn_write_into_space_set_aside_is_cut_off(chain):
    put(chain, WHOLE[:-3] + bytes(5_000))
    recovered = journal.recover(chain)
    assert recovered.last == PAYLOADS[-2]
    assert recovered.dropped_bytes == len(WHOLE) - 3 - ENDS[-2]


def test_space_set_aside_in_an_older_file_means_nothing(chain):
    put(chain, WHOLE + bytes(100))
    put(chain, bytes(100), first_seq=6)
    assert journal.recover(chain).last == PAYLOADS[-1]


RECORD = b'{"body":{},"seq":%d,"tenant":"a","time":"2026-11-22T10:46:23.123456Z","type":"a","v":1}'


def test_finds_a_record_by_its_number(chain):
    put(chain, written([RECORD % 0, RECORD % 1]))
    put(chain, written([RECORD % 2]), first_seq=2)
    assert journal.find(chain, 1) == RECORD % 1
    assert journal.find(chain, 2) == RECORD % 2
    for missing in (chain, chain.with_name("none")):
        with pytest.raises(NotFoundError):
            journal.find(missing, 3)
