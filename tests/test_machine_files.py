"""What is kept beside a bundle about the virtual machine: for one engine, and until the bundle changes."""

import json

import pytest

from app import machine_files

DIGEST = "ab" * 32


def test_verdicts_come_back(tmp_path):
    machine_files.keep_verdicts(tmp_path, DIGEST, {"shop.sell": "", "shop.buy": "no"})
    assert machine_files.load_verdicts(tmp_path, DIGEST) == {"shop.sell": "", "shop.buy": "no"}
    assert machine_files.load_verdicts(tmp_path, "cd" * 32) is None


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "regorus-vm/0"},
        {"profile": 0},
        {"actions": []},
        {"actions": {"shop.sell": None}},
    ],
    ids=["another engine", "another list", "no actions", "no reason"],
)
def test_verdicts_of_another_engine_do_not_count(tmp_path, change):
    machine_files.keep_verdicts(tmp_path, DIGEST, {"shop.sell": ""})
    path = tmp_path / f"{DIGEST}.engines"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert machine_files.load_verdicts(tmp_path, DIGEST) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_damaged_verdicts_do_not_count(tmp_path, content):
    (tmp_path / f"{DIGEST}.engines").write_bytes(content)
    assert machine_files.load_verdicts(tmp_path, DIGEST) is None


def test_when_to_go_on_comes_back(tmp_path):
    unfinished = machine_files.Unfinished(times=3, again=7.5)
    assert machine_files.load_unfinished(tmp_path, DIGEST) == machine_files.Unfinished()
    machine_files.keep_unfinished(tmp_path, DIGEST, unfinished)
    assert machine_files.load_unfinished(tmp_path, DIGEST) == unfinished


@pytest.mark.parametrize("content", [b"", b"[]", b"[1]", b"[-1, 2.0]", b'["1", 2.0]', b"{}", b"\xff"])
def test_without_it_there_is_nothing_to_wait_for(tmp_path, content):
    (tmp_path / f"{DIGEST}.unfinished").write_bytes(content)
    assert machine_files.load_unfinished(tmp_path, DIGEST) == machine_files.Unfinished()


def test_what_is_distrusted_is_so_for_one_bundle(tmp_path):
    assert machine_files.distrusted(tmp_path, DIGEST) == set()
    machine_files.distrust(tmp_path, DIGEST, "shop.sell")
    machine_files.distrust(tmp_path, DIGEST, "shop.sell")
    (tmp_path / f"{DIGEST}.distrusted" / ".shop.buy.half").touch()
    assert machine_files.distrusted(tmp_path, DIGEST) == {"shop.sell"}
    assert machine_files.distrusted(tmp_path, "cd" * 32) == set()


def test_one_compares_at_a_time(tmp_path):
    with machine_files.comparing(tmp_path) as first, machine_files.comparing(tmp_path) as second:
        assert (first, second) == (True, False)
    with machine_files.comparing(tmp_path) as third:
        assert third
