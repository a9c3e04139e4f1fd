"""`omega privacy scan`."""

import json
import os

import pytest

from app.cli import privacy
from app.privacy.detection import scanning

DOCUMENT = """{
  "customer": {"name": "Okonkwo Chidi", "note": "caf\\u00e9 \\ud83d\\ude00 jane@example.org"},
  "max@example.org": [4111111111111111, true, null, "b"]
}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.json").write_text(DOCUMENT)
    (tmp_path / "b.csv").write_text('id,email,account_number\n1,"a@example.org",12345678\n2,b@example.org,22345678,x\n')
    (tmp_path / "c.jsonl").write_text('{"a": "call 212-736-5000"}\nplain c@example.org\n')
    (tmp_path / "d.log").write_text("line\n" * 5000 + "from d@example.org\n")
    (tmp_path / "e.bin").write_bytes(b"\0\1")
    (tmp_path / "f.txt").write_bytes("Müller f@example.org".encode("latin-1"))
    (tmp_path / "g.txt").write_text("g@example.org", encoding="utf-16")
    (tmp_path / "h.txt").symlink_to(tmp_path / "f.txt")
    return tmp_path


def test_places_are_said_and_never_values(omega, folder):
    ended = omega("privacy", "scan", str(folder))
    assert ended.code == 1
    assert [line.removeprefix(f"{folder}/") for line in ended.out.splitlines()] == [
        "b.csv:2:4  EMAIL  0.98",
        "b.csv:2:19  BANK_ACCOUNT  0.86",
        "b.csv:3:3  EMAIL  0.98",
        "b.csv:3:17  BANK_ACCOUNT  0.86",
        "below/a.json:2:25  PERSON  0.88",
        "below/a.json:2:73  EMAIL  0.98",
        "below/a.json:3:4  EMAIL  0.98",
        "below/a.json:3:23  CARD  0.95",
        "c.jsonl:1:13  PHONE  0.90",
        "c.jsonl:2:7  EMAIL  0.98",
        "d.log:5001:6  EMAIL  0.98",
        "f.txt:1:8  EMAIL  0.98",
        "g.txt:1:1  EMAIL  0.98",
        "13 findings in 6 files; BANK_ACCOUNT 2; CARD 1; EMAIL 8; PERSON 1; PHONE 1",
    ]
    assert ended.errors == f"omega: {folder}/e.bin: binary, not looked at\n"
    assert "example.org" not in ended.out
    assert "Okonkwo" not in ended.out


def test_the_same_as_json(omega, folder):
    told = omega("privacy", "scan", str(folder / "below"), "--json").json
    assert told["findings"][0] == {
        "file": str(folder / "below" / "a.json"),
        "line": 2,
        "column": 25,
        "length": 13,
        "kind": "PERSON",
        "score": 0.88,
        "lane": "patterns",
    }
    assert (told["counts"], told["files"], told["skipped"]) == ({"CARD": 1, "EMAIL": 2, "PERSON": 1}, 1, [])
    assert "example.org" not in json.dumps(told)


def test_nothing_found_is_a_yes_only_where_all_was_looked_at(omega, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("nothing here")
    assert omega("privacy", "scan", str(tmp_path)).code == 0
    monkeypatch.setattr(scanning, "MOST_BYTES", 4)
    ended = omega("privacy", "scan", str(tmp_path))
    assert (ended.code, ended.out) == (2, "0 findings in 0 files\n")
    assert "too large" in ended.errors


def test_a_file_that_goes_away_is_said(tmp_path):
    assert scanning.Scan(detector=None).look(tmp_path / "gone").skipped == "unreadable"


def test_a_pipe_is_named_and_nobody_waits_for_it(omega, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.txt").write_text("nothing")
    ended = omega("privacy", "scan", str(tmp_path))
    assert ended.code == 2
    assert f"{tmp_path / 'pipe'}: no file, not looked at" in ended.errors
    assert omega("privacy", "scan", str(tmp_path / "pipe")).code == 2


@pytest.mark.parametrize(("tag", "code"), [("de", 0), ("pt-BR", 0), ("german", 2), ("", 2), ("de_DE", 2)])
def test_a_language_has_a_tag(omega, tmp_path, tag, code):
    (tmp_path / "a.txt").write_text("nothing")
    assert omega("privacy", "scan", str(tmp_path), "--language", tag).code == code


def test_what_cannot_be_used_is_one_line(omega, tmp_path):
    assert omega("privacy", "scan", str(tmp_path / "none")).code == 2
    (tmp_path / "own.yaml").write_text("recognisers: [1]")
    ended = omega("privacy", "scan", str(tmp_path), "--recognisers", str(tmp_path / "own.yaml"))
    assert (ended.code, ended.errors.count("\n")) == (2, 1)


def test_an_installations_recognisers_are_asked(omega, tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_text(
        "recognisers: [{name: staff, kind: STAFF_ID, expression: 'E[0-9]{6}', score: 0.9}]\nhints: {badge: BADGE}\n"
    )
    (tmp_path / "a.json").write_text('{"by": "E123456", "badge": "yellow"}')
    ended = omega("privacy", "scan", str(tmp_path / "a.json"), "--recognisers", str(tmp_path / "own.yaml"))
    assert "STAFF_ID 1" in ended.out
    assert "BADGE 1" in ended.out
    monkeypatch.setenv("OMEGA_DETECTION", str(tmp_path / "own.yaml"))
    assert omega("privacy", "scan", str(tmp_path / "a.json")).out == ended.out


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        pytest.param("a.json", "[" * 100 + "]" * 100 + " a@example.org", 1, id="JSON that is none"),
        pytest.param("a.json", "[" * 70 + '"a@example.org"' + "]" * 70, 1, id="a deep document"),
        pytest.param("a.json", '{"a": 1e999, "b": "a@example.org"}', 1, id="a number beyond all"),
        pytest.param("a.json", '"a@example.org"', 1, id="a string"),
        pytest.param("a.csv", "", 0, id="an empty table"),
        pytest.param("a.csv", "name\n" + "a@example.org\n" * 70, 70, id="a table of one column"),
        pytest.param("a.csv", 'a,b\n"x""y",a@example.org\n', 1, id="quotes in quotes"),
        pytest.param("a.csv", "a,b\n" + "x" * 140_000 + ",a@example.org\n", 1, id="a cell longer than tables have"),
        pytest.param("a.txt", "x" * 40_000 + " a@example.org", 1, id="a long line"),
        pytest.param("a.txt", "", 0, id="an empty file"),
    ],
)
def test_odd_files_are_looked_through(lane, tmp_path, name, text, count):
    (tmp_path / name).write_text(text)
    looked = scanning.Scan(detector=lane).look(tmp_path / name)
    assert len(looked.places) == count
    lines = text.split("\n")
    for place in looked.places:
        assert lines[place.line - 1][place.column - 1 :].startswith("a@example.org")


@pytest.mark.slow
def test_names_are_looked_for_where_they_are_asked_for(omega, tmp_path):
    (tmp_path / "a.txt").write_text("Dear Maria Holloway,\n")
    assert omega("privacy", "scan", str(tmp_path)).code == 0
    assert "PERSON 1" in omega("privacy", "scan", str(tmp_path), "--names").out


@pytest.fixture(scope="module")
def lane():
    return privacy._detector(privacy.Detection(), names=False)
