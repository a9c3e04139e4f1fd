import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.witness import heads
from app.witness.heads import Heads, HeadsError
from evidence.checkpoint import Checkpoint
from evidence.witness import nothing_seen

ORIGIN = "log.example/omega"
NOTHING = nothing_seen(ORIGIN)


def head(size, *, origin=ORIGIN, byte=1):
    return Checkpoint(origin=origin, size=size, root=bytes([byte]) * 32)


@pytest.fixture
def path(tmp_path):
    Heads.create(tmp_path / "heads.db")
    return tmp_path / "heads.db"


def test_nothing_is_seen_at_first(path):
    assert Heads(path).read(ORIGIN) == NOTHING
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["heads.db"]


def test_a_head_is_there_for_whoever_opens_the_file_next(path):
    assert Heads(path).advance(NOTHING, head(3), b"note")
    assert Heads(path).read(ORIGIN) == head(3)
    assert Heads(path).advance(head(3), head(9), b"note")
    assert Heads(path).read(ORIGIN) == head(9)
    assert Heads(path).read("another") == nothing_seen("another")


@pytest.mark.parametrize("seen", [NOTHING, head(3), head(12)], ids=["nothing", "an earlier one", "a later one"])
def test_only_the_head_that_stands_there_is_replaced(path, seen):
    known = Heads(path)
    known.advance(NOTHING, head(9), b"note")
    assert not known.advance(seen, head(20), b"note")
    assert known.read(ORIGIN) == head(9)


def test_a_head_that_was_never_seen_is_not_replaced(path):
    assert not Heads(path).advance(head(3), head(9), b"note")
    assert Heads(path).read(ORIGIN) == NOTHING


def test_of_many_at_once_one_wins(path):
    def advance(byte):
        return Heads(path).advance(NOTHING, head(byte, byte=byte), b"note")

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(advance, range(1, 33)))
    assert won.count(True) == 1
    assert Heads(path).read(ORIGIN) == head(won.index(True) + 1, byte=won.index(True) + 1)


def test_each_statement_is_synced_with_its_directory(path):
    connection = heads._connect(path)
    assert connection.execute("PRAGMA synchronous").fetchone() == (3,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()


def test_what_was_refused_is_kept_within_a_limit(path, monkeypatch):
    monkeypatch.setattr(heads, "_REFUSED", 3)
    known = Heads(path)
    for note in (b"a", b"b", b"b", b"c", b"d"):
        known.keep_refused(ORIGIN, "forked-log", note, "now")
    known.keep_refused(ORIGIN, "inconsistent-log", b"e", "now")
    known.keep_refused("another", "forked-log", b"a", "now")
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT origin, note FROM refused ORDER BY origin, note").fetchall() == [
        ("another", b"a"),
        *[(ORIGIN, note) for note in (b"a", b"b", b"c", b"e")],
    ]
    connection.close()


def test_a_memory_that_is_gone_is_not_begun_anew(tmp_path):
    with pytest.raises(HeadsError, match="is gone"):
        Heads(tmp_path / "heads.db")


def test_another_that_was_faster_is_left_alone(path):
    Heads(path).advance(NOTHING, head(3), b"note")
    assert Heads.create(path).read(ORIGIN) == head(3)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100], ids=["empty", "nonsense"])
def test_what_is_no_memory(tmp_path, content):
    (tmp_path / "heads.db").write_bytes(content)
    with pytest.raises(HeadsError):
        Heads(tmp_path / "heads.db")


def test_a_disk_that_does_not_take_it(tmp_path, path):
    with pytest.raises(HeadsError, match="cannot be made"):
        Heads.create(tmp_path / "nowhere" / "heads.db")
    known = Heads(path)
    path.unlink()
    with pytest.raises(HeadsError):
        known.advance(NOTHING, head(3), b"note")
    assert not path.exists()
