"""`verify_evidence.py`, the command line: what it prints, and that nothing ends in a traceback."""

import itertools
import json
import os
import subprocess
import sys
import types

import pytest

import verify_evidence
from tests.evidence import logs
from tests.evidence.lies import sample
from verify_evidence import main, parse_key, verify_store

KEY = parse_key(logs.SIGNER.key_file)


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = sample()
    (tmp_path / "key").write_bytes(log.signer.key_file)
    (tmp_path / "kept").write_bytes(log.objects["log/checkpoints/000000000000.note"])
    (tmp_path / "proof").write_bytes(log.proof(log.chains[0], 1))
    (tmp_path / "witness").write_bytes(logs.WITNESS.witness_file)
    (tmp_path / "half").write_text('"')
    lines = [log.receipt((log.chains[0], seq)).decode() for seq in (0, 4)]
    (tmp_path / "receipts").write_text("".join(json.dumps(line) + "\n" for line in lines))
    logs.write(log.objects, tmp_path / "store")
    return tmp_path


def run(paths, *arguments):
    """Run the file alone: no environment, no installed packages."""
    file = verify_evidence.__file__
    done = subprocess.run(
        [sys.executable, "-I", "-S", file, *arguments], cwd=paths, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_the_command_needs_the_standard_library_alone(paths):
    code, out, err = run(paths, "verify", "store", "--key", "key", "--checkpoint", "kept")
    assert (code, err) == (0, "")
    assert "chains 2, seals 6, segments 4, records 12, checkpoints 2" in out
    assert "seals under no checkpoint: 2" in out
    assert "all holds" in out


def call(capfd, *arguments):
    code = main(list(arguments))
    out, err = capfd.readouterr()
    return code, out, err


@pytest.mark.usefixtures("paths")
def test_text_says_when_nothing_was_kept_from_earlier(capfd):
    assert "no --checkpoint was given" in call(capfd, "verify", "store", "--key", "key")[1]


def test_text_names_the_first_thing_wrong(paths, capfd):
    (paths / "store" / "x\n\x1b[2J").write_bytes(b"")
    code, out, err = call(capfd, "verify", "store", "--key", "key")
    assert (code, err) == (1, "")
    assert "unexpected-object at x\\n\\x1b[2J\n" in out


@pytest.mark.usefixtures("paths")
def test_text_of_a_proof(capfd):
    code, out, err = call(capfd, "check-proof", "proof", "--key", "key")
    assert (code, err) == (0, "")
    assert "-1, decision, taken in 2026-11-22T10:46:" in out


@pytest.mark.parametrize("command", [["verify", "store"], ["check-proof", "proof"]], ids=" ".join)
@pytest.mark.usefixtures("paths")
def test_json_report(command, capfd):
    code, out, _ = call(capfd, *command, "--key", "key", "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)


def test_json_report_of_a_finding(paths, capfd):
    os.truncate(paths / "proof", 100)
    code, out, _ = call(capfd, "check-proof", "proof", "--key", "key", "--json")
    assert (code, json.loads(out)["finding"]["code"]) == (1, "malformed-proof")


UNUSABLE = {
    "no command": [],
    "no key": ["verify", "store"],
    "no store": ["verify", "nowhere", "--key", "key"],
    "a store that is a file": ["verify", "key", "--key", "key"],
    "no key file": ["verify", "store", "--key", "nokey"],
    "a key file that is a directory": ["verify", "store", "--key", "store"],
    "a key file that is a checkpoint": ["verify", "store", "--key", "kept"],
    "no earlier checkpoint": ["verify", "store", "--key", "key", "--checkpoint", "nothing"],
    "no proof": ["check-proof", "nothing", "--key", "key"],
    "a time that is none": ["verify", "store", "--key", "key", "--at", "noon"],
    "no certificates": ["verify", "store", "--key", "key", "--tsa", "nothing"],
    "a witness's key that is the log's": ["verify", "store", "--key", "key", "--witness", "key"],
    "no receipts": ["verify", "store", "--key", "key", "--receipts", "nothing"],
    "receipts that are none": ["verify", "store", "--key", "key", "--receipts", "half"],
    "a log's key that is a witness's": ["verify", "store", "--key", "witness"],
    "an unknown option": ["verify", "store", "--key", "key", "--fast\n"],
}


@pytest.mark.parametrize("arguments", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.usefixtures("paths")
def test_unusable_input_is_one_line_and_no_finding(arguments, capfd):
    code, out, err = call(capfd, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "Traceback" not in err


@pytest.mark.usefixtures("paths")
def test_an_object_that_cannot_be_read_is_no_finding(capfd, monkeypatch):
    monkeypatch.setattr(verify_evidence, "read", _unreadable_seals)
    code, out, err = call(capfd, "verify", "store", "--key", "key")
    assert (code, out) == (2, "")
    assert "input/output error" in err


def _unreadable_seals(path, limit):
    if "seals" in path.parts:
        raise OSError(5, "input/output error")
    return path.read_bytes()[: limit + 1]


def test_tells_its_progress_on_a_terminal(paths, monkeypatch):
    written = []
    terminal = types.SimpleNamespace(isatty=lambda: True, write=written.append, flush=lambda: None)
    monkeypatch.setattr(verify_evidence.sys, "stderr", terminal)
    monkeypatch.setattr(verify_evidence.time, "monotonic", itertools.count(step=2).__next__)
    assert verify_store(paths / "store", KEY, None)["ok"]
    assert "3 of 6 seals, 6 records\r" in written


def test_everything_brought_along_is_told(paths, capfd):
    log = sample()
    log.cosign(1)
    log.stamp(0)
    log.chains[0].append(orphan_of={"chain": "0" * 20, "leaf": "0" * 64, "seq": 0})
    log.chains[0].seal()
    log.publish()
    log.rotate(logs.SECOND_SIGNER)
    log.expire(log.chains[1].segment_key(0))
    root = logs.write(log.objects, paths / "more")
    arguments = ["--witness", "witness", "--receipts", "receipts", "--at", "2090-01-01"]
    code, out, _ = call(capfd, "verify", str(root), "--key", "key", *arguments)
    assert code == 0
    assert f"key          {logs.SECOND_SIGNER.key_id.hex()} from leaf 7" in out
    assert "time stamp   2026-11-22T10:47:00.250000Z of the tree of 2 seals, by whom was not checked" in out
    assert "cosigned     2026-11-22T10:48:20.000000Z the tree of 4 seals by witness.example/w1\n" in out
    assert "receipts     records 2, carried 0, expired 0" in out
    assert "carried over 1 records" in out
    assert "expired      1 segments" in out
    assert "which was not checked" in call(capfd, "verify", str(root), "--key", "key", "--at", "2090-01-01")[1]
