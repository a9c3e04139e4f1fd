import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.keys import KeyFileError
from app.witness.cosigning import Witness, load_logs
from app.witness.heads import Heads, HeadsError
from evidence import cosignature
from evidence.errors import (
    ForkedLogError,
    InconsistentLogError,
    MalformedError,
    UnknownLogError,
    UntrustedLogError,
    WitnessConflictError,
)
from evidence.growth import Growth
from evidence.note import Note
from evidence.witness import AddCheckpoint
from tests.evidence.growing import NOW, WITNESS, GrowingLog, verifier
from tests.evidence.logs import Signer

OTHER_DAY = NOW.replace(day=25)
STRANGER = Signer(origin="stranger.example/log")


@pytest.fixture
def grown():
    return GrowingLog(3, 4, 5)


@pytest.fixture
def path(tmp_path):
    Heads.create(tmp_path / "heads.db")
    return tmp_path / "heads.db"


def witness(path, grown):
    return Witness(WITNESS, {grown.key.origin: (grown.key,)}, Heads(path), lambda: NOW)


def request(grown, number, old_size, proof=None):
    """The request to cosign checkpoint `number`, with the right proof unless another is given."""
    note = grown.store.get(f"log/checkpoints/{number:012}.note")
    size = int(note.split(b"\n")[1])
    proof = Growth(grown.store).prove(old_size, size) if proof is None and old_size <= size else proof or ()
    return AddCheckpoint(old_size=old_size, proof=proof, note=note).format()


def seen(path, grown):
    return Heads(path).read(grown.key.origin).size


def refused(path):
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT code, note FROM refused").fetchall()
    connection.close()
    return rows


def test_a_log_that_grows_is_cosigned_step_by_step(path, grown):
    for number, old_size, size in ((0, 0, 3), (1, 3, 7), (2, 7, 12)):
        body = request(grown, number, old_size)
        line = witness(path, grown).add_checkpoint(body)
        text = Note.parse(AddCheckpoint.parse(body).note).text
        assert cosignature.verify(line, text, WITNESS.key) == NOW
        assert seen(path, grown) == size


def test_the_same_checkpoint_is_cosigned_again(path, grown):
    first = witness(path, grown)
    first.add_checkpoint(request(grown, 1, 0))
    assert first.add_checkpoint(request(grown, 1, 7)) == first.add_checkpoint(request(grown, 1, 7))
    assert seen(path, grown) == 7


def test_a_rollback_is_refused_whatever_it_says_it_continues(path, grown):
    asked = witness(path, grown)
    asked.add_checkpoint(request(grown, 2, 0))
    for old_size in (0, 3):
        with pytest.raises(WitnessConflictError) as raised:
            asked.add_checkpoint(request(grown, 0, old_size))
        assert raised.value.size == 12
    with pytest.raises(MalformedError):
        asked.add_checkpoint(request(grown, 0, 12))
    assert (seen(path, grown), refused(path)) == (12, [])


def test_a_fork_is_refused_and_kept_as_proof(path, grown, caplog):
    asked = witness(path, grown)
    asked.add_checkpoint(request(grown, 1, 0))
    fork = GrowingLog(7, 5, start=OTHER_DAY)
    with pytest.raises(ForkedLogError):
        asked.add_checkpoint(request(fork, 0, 7))
    with pytest.raises(InconsistentLogError):
        asked.add_checkpoint(request(fork, 1, 7))
    assert seen(path, grown) == 7
    notes = [fork.store.get(f"log/checkpoints/{number:012}.note") for number in (0, 1)]
    assert refused(path) == [("forked-log", notes[0]), ("inconsistent-log", notes[1])]
    assert "forked-log" in caplog.text
    asked.add_checkpoint(request(grown, 2, 7))


def test_who_is_not_known_or_not_trusted(path, grown):
    with pytest.raises(UnknownLogError):
        witness(path, grown).add_checkpoint(request(GrowingLog(3, signer=STRANGER), 0, 0))
    with pytest.raises(UntrustedLogError):
        witness(path, grown).add_checkpoint(request(GrowingLog(3, signer=Signer(seed=b"\x08" * 32)), 0, 0))
    assert (seen(path, grown), refused(path)) == (0, [])


@pytest.mark.parametrize(
    "body",
    [b"", b"old 0\n\n", b"old 0\n\nno note", b"old 0\n\ntext\n\n\xe2\x80\x94 a AAAAAAAA\n"],
    ids=["empty", "no checkpoint", "no note", "a note that is no checkpoint"],
)
def test_what_is_no_request(path, grown, body):
    with pytest.raises(MalformedError):
        witness(path, grown).add_checkpoint(body)


def test_of_two_histories_at_once_one_is_cosigned(path, grown):
    bodies = [request(GrowingLog(3, start=NOW.replace(day=day)), 0, 0) for day in range(1, 17)]

    def submit(body):
        try:
            return witness(path, grown).add_checkpoint(body)
        except (WitnessConflictError, ForkedLogError):
            return None

    with ThreadPoolExecutor(8) as pool:
        lines = list(pool.map(submit, bodies))
    assert sum(line is not None for line in lines) == 1
    assert seen(path, grown) == 3


class Overtaken(Heads):
    """Another process puts its head there after this one has looked."""

    def advance(self, seen, head, note):
        super().advance(seen, head, note)
        return super().advance(seen, head, note)


def test_a_process_that_was_overtaken_says_what_stands_there(path, grown):
    asked = Witness(WITNESS, {grown.key.origin: (grown.key,)}, Overtaken(path), lambda: NOW)
    with pytest.raises(WitnessConflictError) as raised:
        asked.add_checkpoint(request(grown, 0, 0))
    assert raised.value.size == 3


def test_nothing_is_cosigned_that_is_not_on_disk(path, grown):
    asked = witness(path, grown)
    path.unlink()
    with pytest.raises(HeadsError):
        asked.add_checkpoint(request(grown, 0, 0))


def test_logs_are_read_from_a_directory(tmp_path):
    keys = [Signer(), Signer(seed=b"\x08" * 32), STRANGER]
    for number, signer in enumerate(keys):
        (tmp_path / f"{number}.vkey").write_bytes(signer.key_file)
    (tmp_path / "readme").write_text("nothing")
    assert load_logs(tmp_path) == {
        "log.example/omega": (verifier(keys[0]), verifier(keys[1])),
        "stranger.example/log": (verifier(STRANGER),),
    }


def test_logs_that_cannot_be_read(tmp_path):
    with pytest.raises(KeyFileError, match="no log to witness"):
        load_logs(tmp_path)
    (tmp_path / "a.vkey").write_text(str(WITNESS.key))
    with pytest.raises(KeyFileError, match="is not the verifier key of a log"):
        load_logs(tmp_path)
    (tmp_path / "a.vkey").unlink()
    (tmp_path / "b.vkey").mkdir()
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_logs(tmp_path)
