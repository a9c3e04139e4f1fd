"""`omega evidence reindex`, `omega evidence verify --index`: the index built again, and held against the log."""

from contextlib import contextmanager

import pytest
from sqlalchemy import delete, update

from app.cli import evidence
from app.db import open_engine
from app.index.rows import DECISION
from tests.decision_plane.asking import body
from tests.node import decided, sealed


@pytest.fixture
def recorded(settings):
    """Return two decisions in the log."""
    found = decided(settings, body(), body(ripe=False))
    sealed(settings)
    return found


@pytest.fixture
def records(omega, recorded):
    """Return how many records the log has with them."""
    count = omega("evidence", "verify", "--json").json["checked"]["records"]
    assert count > len(recorded)
    return count


@pytest.fixture
def indexed(omega, recorded):
    assert omega("evidence", "reindex").code == 0
    return recorded


def write(settings, *statements):
    engine = open_engine(settings.index)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


def test_reindex_says_what_it_read(omega, records):
    ended = omega("evidence", "reindex")
    assert (ended.code, ended.errors) == (0, "")
    assert ended.out == f"indexed {records} records; 1 checkpoints read, 1 segments\n"
    assert omega("evidence", "reindex", "--json").json == {"checkpoints": 1, "segments": 1, "records": records}


@pytest.mark.usefixtures("recorded")
def test_whoever_waits_is_told_how_far_it_is(omega, monkeypatch):
    told = []

    @contextmanager
    def progress(_):
        yield lambda done, total: told.append((done, total))

    monkeypatch.setattr(evidence, "progress", progress)
    assert omega("evidence", "reindex").code == 0
    assert told == [(0, 1), (1, 1)]


@pytest.mark.usefixtures("indexed")
def test_an_index_that_holds(omega, records):
    ended = omega("evidence", "verify", "--index")
    assert (ended.code, ended.errors) == (0, "")
    assert "all holds" in ended.out
    assert ended.out.endswith(
        f"index        {records} records in 1 segments, 1 of 1 checkpoints\nthe index says what the log says\n"
    )
    assert omega("evidence", "verify", "--json", "--index").json["index"] == {
        "ok": True,
        "checkpoints": {"indexed": 1, "published": 1},
        "segments": 1,
        "records": records,
        "lies": [],
        "more": 0,
    }


def test_each_lie_is_a_line_with_code_and_place(omega, settings, indexed):
    allowed, denied = (recorded.decision_id for recorded in indexed)
    write(
        settings,
        update(DECISION).where(DECISION.c.seq == int(denied.rpartition("-")[2])).values(allow=True),
        delete(DECISION).where(DECISION.c.seq == int(allowed.rpartition("-")[2])),
    )
    ended = omega("evidence", "verify", "--index")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert f"decision {allowed}: missing-row" in lines
    assert f"decision {denied}: changed-column: `allow`" in lines
    assert lines[-1].startswith("THE INDEX LIES")
    found = omega("evidence", "verify", "--index", "--json")
    assert found.code == 1
    assert found.json["ok"] is True
    assert found.json["index"]["lies"] == [
        {"code": "missing-row", "where": f"decision {allowed}", "column": None},
        {"code": "changed-column", "where": f"decision {denied}", "column": "allow"},
    ]
    assert omega("evidence", "reindex").code == 0
    assert omega("evidence", "verify", "--index").code == 0


@pytest.mark.usefixtures("indexed")
def test_of_very_many_lies_the_first_are_named(omega, settings, records, monkeypatch):
    monkeypatch.setattr(evidence, "_SHOWN", 2)
    write(settings, delete(DECISION))
    ended = omega("evidence", "verify", "--index")
    assert ended.code == 1
    assert ended.out.count("missing-row") == 2
    assert f"and {records - 2} more\n" in ended.out
    assert omega("evidence", "verify", "--index", "--json").json["index"]["more"] == records - 2


@pytest.mark.usefixtures("indexed")
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["for people", "as JSON"])
def test_a_log_that_does_not_hold_is_found_first(omega, settings, more):
    (segment,) = settings.data.glob("store/chains/*/segments/*")
    segment.chmod(0o600)
    segment.write_bytes(segment.read_bytes().replace(b"allow", b"alloy"))
    write(settings, delete(DECISION))
    ended = omega("evidence", "verify", "--index", *more)
    assert ended.code == 1
    assert "wrong-segment" in ended.out
    assert "index" not in ended.out
    ended = omega("evidence", "reindex")
    assert ended.code == 1
    assert "wrong-segment" in ended.message


@pytest.mark.usefixtures("recorded")
def test_without_an_index_there_is_one_line(omega, settings):
    ended = omega("evidence", "verify", "--index", "--json")
    assert ended.code == 2
    assert "there is no index at" in ended.message
    assert not settings.index_file.exists()


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("command", [["reindex"], ["verify", "--index"]], ids=["reindex", "verify"])
def test_a_file_that_is_no_index_is_one_line(omega, settings, command):
    settings.index_file.write_bytes(b"no database" * 1_000)
    ended = omega("evidence", *command)
    assert ended.code == 2
    assert "the index cannot be used" in ended.message


def test_without_a_node_there_is_one_line(omega, settings):
    (settings.keys / "log.vkey").unlink()
    ended = omega("evidence", "reindex")
    assert ended.code == 2
    assert "log.vkey" in ended.message


@pytest.mark.usefixtures("indexed")
def test_a_store_that_does_not_answer_is_one_line(omega, settings):
    ended = omega("evidence", "verify", "--index", "--store", "ftp://nowhere")
    assert ended.code == 2
    (settings.data / "store").rename(settings.data / "elsewhere")
    (settings.data / "store").touch()
    ended = omega("evidence", "reindex")
    assert ended.code == 2
    assert ended.message.startswith("store-unavailable: ")


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("command", [["--help"], ["verify", "-h"]], ids=["of all", "of one"])
def test_the_help_says_what_concerns_the_index(omega, command):
    ended = omega("evidence", *command)
    assert ended.code == 0
    assert "verify --index  hold it against the log" in ended.out


@pytest.mark.usefixtures("settings")
def test_a_command_that_is_none_is_refused(omega):
    assert omega("evidence", "nothing").code == 2
