"""Journals as a crash, or somebody, leaves them: torn at any byte, with a tail of anything, altered in the middle."""

import shutil

import pytest

from evidence import holding, journal
from evidence.errors import DamagedJournalError
from tests.faults import dying
from tests.faults.aftermath import aftermath
from tests.faults.life import Place, live
from tests.faults.sampling import SOME, spread

TAILS = {
    "nothing": b"",
    "zeros": bytes(4_096),
    "ones": b"\xff" * 400,
    "magic": journal.MAGIC,
    "the head of a frame, then zeros": journal.frame(b"x" * 50, 0)[:20] + bytes(500),
    "a frame of garbage": journal.frame(b"{", 0)[:-1] + b"}",
    "text": b"\n".join([b"{}"] * 30),
}


@pytest.fixture(scope="module")
def dead(tmp_path_factory):
    """A node that was killed as it had written a batch and not synced it."""
    folder = tmp_path_factory.mktemp("dead") / "node"
    live(folder)
    passed = dying.passages(shutil.copytree(folder, folder.with_name("dry")))
    last = passed["after the answer"]
    assert dying.dying(folder, "after the answer", last)
    assert dying.dying(folder, "before the sync", 2)
    return folder


def newest(folder):
    [chain] = holding.chains(Place(folder).journals)
    return journal.files(chain)[-1]


def ends(data):
    return [found.end for found in journal.frames(data)]


def acknowledged_until(data):
    """Return the offset in the newest file before which everything was synced, as its last frame says."""
    return max(found.durable for found in journal.frames(data))


def torn(dead, quick, tally, most):
    data = newest(dead).read_bytes()
    safe, end = acknowledged_until(data), ends(data)[-1]
    assert 0 < safe < end
    for offset in spread(end - safe, most):
        for tail in TAILS.values():
            folder = shutil.copytree(dead, quick / "node")
            newest(folder).write_bytes(data[: safe + offset - 1] + tail)
            tally("a torn tail", aftermath(folder, checked=offset % 2 == 0))
            shutil.rmtree(folder)


def test_a_torn_tail_loses_nothing(dead, quick, tally):
    torn(dead, quick, tally, 4)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_tail_torn_anywhere_loses_nothing(dead, quick, tally):
    torn(dead, quick, tally, 4 * SOME)


@pytest.mark.parametrize("most", [20, pytest.param(20 * SOME, marks=pytest.mark.slow)], ids=["few", "many"])
def test_what_was_acknowledged_and_altered_is_refused(dead, quick, tally, most):
    data = newest(dead).read_bytes()
    for place in spread(acknowledged_until(data), most):
        folder = shutil.copytree(dead, quick / "node")
        altered = bytearray(data)
        altered[place - 1] ^= 1 << place % 8
        newest(folder).write_bytes(altered)
        with pytest.raises(DamagedJournalError):
            live(folder)
        assert newest(folder).read_bytes() == altered
        newest(folder).write_bytes(data)  # a person has put back what was there
        tally("an altered journal is refused, and put back", aftermath(folder))
        shutil.rmtree(folder)
