"""The files of the KEK: one for each generation, found under old names too, destroyed for good."""

import base64
import re
from pathlib import Path

import pytest

from app import keys
from app.kek_files import KekFiles
from app.keys import KeyFileError, ensure, load_keks

ORIGIN = "omega.example/log"


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "keys"
    ensure(path, ORIGIN)
    return path


@pytest.fixture
def files(directory):
    return KekFiles(directory)


def named(directory):
    return sorted(path.name for path in directory.iterdir() if "kek" in path.name)


def test_a_new_node_has_the_first_generation(directory, files):
    assert named(directory) == ["kek-000001.key"]
    assert files.load().keys() == files.traces() == {1}


def test_the_one_key_of_earlier_versions_is_the_first_generation(directory):
    before = load_keks(directory)
    (directory / "kek-000001.key").rename(directory / "kek.key")
    assert load_keks(directory) == before
    assert KekFiles(directory).traces() == {1}
    ensure(directory, ORIGIN)
    assert named(directory) == ["kek-000001.key"]
    assert load_keks(directory) == before


def test_an_old_name_beside_the_new_one_is_left_and_not_believed(directory):
    before = load_keks(directory)
    (directory / "kek.key").write_bytes(base64.b64encode(bytes(32)) + b"\n")
    ensure(directory, ORIGIN)
    assert load_keks(directory) == before
    KekFiles(directory).destroy(1)
    assert named(directory) == []


def test_a_generation_is_made_once(files):
    files.make(2)
    made = files.load()
    files.make(2)
    assert files.load() == made
    assert made.keys() == {1, 2}
    assert made[1] != made[2]


def test_what_is_destroyed_is_overwritten_and_gone_with_its_drafts(directory, files, monkeypatch):
    files.make(2)
    secrets = [(directory / name).read_bytes() for name in named(directory)]
    draft = directory / ".kek-000001.key.99.abcd"
    draft.write_bytes(secrets[0])
    (directory / "kek-000001.key").chmod(0o400)
    unlink, last = keys.Path.unlink, []

    def seen(path, **options):
        last.append(path.read_bytes())
        unlink(path, **options)

    monkeypatch.setattr(keys.Path, "unlink", seen)
    files.destroy(1)
    files.destroy(1)
    assert [bytes(len(secrets[0]))] * 2 == last
    assert named(directory) == ["kek-000002.key"]
    assert files.load().keys() == {2}


def test_half_destroyed_is_not_loaded_and_still_seen(directory, files):
    files.make(2)
    (directory / "kek-000001.key").rename(directory / ".kek-000001.key.destroyed")
    assert files.load().keys() == {2}
    assert files.traces() == {1, 2}
    files.destroy(1)
    assert files.traces() == {2}


def test_a_generation_that_others_could_read_is_refused(directory, files):
    files.make(2)
    (directory / "kek-000002.key").chmod(0o644)
    with pytest.raises(KeyFileError, match=re.escape("kek-000002.key` has mode 0644")):
        files.load()


def test_a_generation_that_is_destroyed_while_we_look_is_passed_over(files, monkeypatch):
    files.make(2)
    read = keys._load_secret

    def late(path):
        if path.name == "kek-000001.key":
            path.unlink()
        return read(path)

    monkeypatch.setattr(keys, "_load_secret", late)
    assert files.load().keys() == {2}


def test_one_rotation_keeps_another_out(files, directory):
    with files.exclusive(), pytest.raises(KeyFileError, match="under way"), KekFiles(directory).exclusive():
        pass
    with files.exclusive():
        pass


def test_a_directory_that_is_not_there_is_one_error(tmp_path):
    files = KekFiles(tmp_path / "nowhere")
    for use in (files.load, files.traces, lambda: files.make(1), lambda: files.destroy(1)):
        with pytest.raises(KeyFileError):
            use()
    with pytest.raises(KeyFileError), files.exclusive():
        pass


def test_nobody_reads_these_files_but_their_provider():
    root = Path(__file__).resolve().parents[1]
    found = [path for path in (root / "app").rglob("*.py") if "load_keks(" in path.read_text()]
    assert sorted(path.name for path in found) == ["kek_files.py", "keys.py"]
