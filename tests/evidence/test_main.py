import json
import sys

import pytest

from evidence import __main__ as command
from evidence import report_text
from evidence.cosignature import WitnessSigner
from evidence.note import Note
from evidence.reader import Reader
from evidence.receipt import Entry, issue
from evidence.record import Position, leaf
from evidence.report import Report, Timestamped
from evidence.storage_commands import Node
from evidence.stores.local import LocalStore
from tests.evidence import sealing
from tests.evidence.sealing import KEY, Clock

WITNESS = WitnessSigner(name="witness.example/w1", private_key=KEY.private_key)


@pytest.fixture
def log(tmp_path):
    """A sealed log on disk: its store, its key file, a kept checkpoint, and the ids of its records."""
    node = sealing.Node(tmp_path / "journal", store=LocalStore(tmp_path / "store"), count=3)
    ids = node.append("a", "b", "c", "d")
    node.step(flush=True)
    ids += node.append("not under a checkpoint")
    node.step()
    node.clock.forward(3)
    node.step()
    (tmp_path / "key").write_text(f"{KEY.verifier}\n")
    kept = tmp_path / "checkpoint"
    kept.write_bytes(node.store.get("log/checkpoints/000000000000.note"))
    return tmp_path, ids


def run(log, name, *arguments, store=True):
    path = log[0]
    given = [name, *([str(path / "store")] if store else []), *arguments, "--key", str(path / "key")]
    return command.main(given)


def test_a_good_log_holds(log, capsys):
    assert run(log, "verify") == 0
    said = capsys.readouterr().out
    assert "7 records" in said
    assert "only an earlier --checkpoint can show" in said


def test_with_an_earlier_checkpoint_nothing_is_left_open(log, capsys):
    assert run(log, "verify", "--checkpoint", str(log[0] / "checkpoint")) == 0
    assert capsys.readouterr().out.endswith("all holds\n")


def test_a_finding_is_named_with_its_place(log, capsys):
    [victim] = (log[0] / "store").glob("chains/*/seals/000000000001.note")
    victim.unlink()
    assert run(log, "verify") == 1
    assert "DOES NOT HOLD" in (said := capsys.readouterr().out)
    assert "seal-gap" in said
    assert run(log, "verify", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["finding"]["where"].endswith("000000000001.note")
    assert report["checked"]["seals"] == 1


def test_a_record_is_shown(log, capsys):
    assert run(log, "show", log[1][1]) == 0
    assert json.loads(capsys.readouterr().out)["body"] == {"text": "b"}
    assert run(log, "show", log[1][1], "--json") == 0
    assert json.loads(capsys.readouterr().out)["seal"].endswith(".note")


def test_a_record_is_proved_and_the_proof_is_checked(log, capsys):
    assert run(log, "prove", log[1][2]) == 0
    file = log[0] / "proof"
    file.write_text(capsys.readouterr().out)
    assert run(log, "check-proof", str(file), store=False) == 0
    assert log[1][2] in capsys.readouterr().out
    assert run(log, "check-proof", str(file), "--json", store=False) == 0
    assert json.loads(capsys.readouterr().out)["ok"]
    assert run(log, "prove", log[1][2], "--json") == 0
    assert json.loads(capsys.readouterr().out)["proof"] == file.read_text()


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_proof_that_does_not_hold_is_a_no(log, capsys, options):
    run(log, "prove", log[1][0])
    text = capsys.readouterr().out.replace("index 0", "index 1")
    (log[0] / "proof").write_text(text)
    assert run(log, "check-proof", str(log[0] / "proof"), *options, store=False) == 1
    assert "bad-proof" in capsys.readouterr().out


def test_an_altered_segment_is_not_shown(log, capsys):
    segment = min((log[0] / "store").glob("chains/*/segments/*"))
    data = segment.read_bytes()
    segment.chmod(0o644)
    segment.write_bytes(data.replace(b'"a"', b'"z"'))
    assert run(log, "show", log[1][0]) == 1
    assert "wrong-root" in capsys.readouterr().err


def test_a_key_cannot_speak_to_the_terminal(log, capsys):
    stray = log[0] / "store" / "zz\rall holds\x1b[K"
    stray.write_bytes(b"")
    assert run(log, "verify") == 1
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\r" not in said


UNUSABLE = {
    "an id that is none": ("show", "nonsense"),
    "a record that is not there": ("show", "00000000000000000000-1"),
    "a record beyond the end": ("show", "{chain}-99"),
    "a proof that cannot be yet": ("prove", "{last}"),
    "a checkpoint file that is not there": ("verify", "--checkpoint", "nowhere"),
    "a checkpoint file that is too large": ("verify", "--checkpoint", "{large}"),
}


@pytest.mark.parametrize("arguments", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_input_is_one_line_and_exit_code_2(log, capsys, arguments):
    large = log[0] / "large"
    large.write_bytes(b"x" * 20_000)
    words = {"chain": log[1][0].split("-")[0], "last": log[1][-1], "large": large}
    assert run(log, *[word.format(**words) for word in arguments[:1]], *[w.format(**words) for w in arguments[1:]]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1


def test_a_key_that_is_none_is_unusable(log, capsys):
    (log[0] / "key").write_bytes(b"\xff")
    assert run(log, "verify") == 2
    assert "malformed" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_unusable(log):
    assert command.main(["verify", str(log[0] / "nowhere"), "--key", str(log[0] / "key")]) == 2
    assert not (log[0] / "nowhere").exists()


def test_store_and_key_may_be_given_by_the_product(log):
    node = Node(store=str(log[0] / "store"), key=log[0] / "key", record=lambda _: None)
    assert command.main(["verify"], program="omega evidence", node=node) == 0


def test_a_terminal_sees_how_far_it_is(log, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run(log, "verify") == 0
    assert "3/3 seals" in capsys.readouterr().err


# ---- What an auditor may bring along


def options_for(log):
    """Files an auditor would have: a witness's key, certificates, receipts of two records in both forms."""
    path = log[0]
    (path / "witness").write_text(f"{WITNESS.key}\n")
    found = [Position.parse(each) for each in log[1][:2]]
    leaves = {each: leaf(Reader(LocalStore(path / "store"), KEY.verifier).locate(each).record) for each in found}
    one, other = (issue([Entry(position=each, leaf=leaves[each])], KEY, Clock()()) for each in found)
    (path / "one").write_bytes(one)
    (path / "lines").write_text("\n".join(json.dumps(each.decode()) for each in (one, other)) + "\n")
    missing = Entry(position=Position(chain=found[0].chain, seq=99), leaf="ab" * 32)
    (path / "missing").write_bytes(issue([missing], KEY, Clock()()))
    checkpoint = Note.parse(LocalStore(path / "store").get("log/checkpoints/000000000000.note")).text
    line = WITNESS.sign(checkpoint, Clock()())
    LocalStore(path / "store").put(
        f"log/cosignatures/000000000000-{WITNESS.key.id.hex()}.txt", line, retain_until=Clock()()
    )
    return path


def test_everything_brought_along_is_told(log, capsys):
    path = options_for(log)
    receipts = ["--receipts", str(path / "one"), "--receipts", str(path / "lines")]
    assert run(log, "verify", *receipts, "--witness", str(path / "witness"), "--jobs", "1") == 0
    said = capsys.readouterr().out
    assert "receipts     3 records are there, 0 carried over, 0 expired" in said
    assert "cosigned     2026-11-22T10:46:23.000000Z, the tree of 2 seals, by witness.example/w1\n" in said
    assert run(log, "verify") == 0
    assert "which was not checked: no --witness was given" in capsys.readouterr().out


def test_a_missing_receipt_is_a_no(log, capsys):
    path = options_for(log)
    assert run(log, "verify", "--receipts", str(path / "missing")) == 1
    assert "missing-receipt" in capsys.readouterr().out


def test_since_says_what_was_not_read(log, capsys):
    assert run(log, "verify", "--since", str(log[0] / "checkpoint")) == 0
    assert "not read     2 segments under --since, a tree of 2 seals" in capsys.readouterr().out


@pytest.mark.parametrize("at", ["2099-01-01", "2099-01-01T00:00:00.000000Z"])
def test_expired_segments_are_told(log, capsys, at):
    for segment in (log[0] / "store").glob("chains/*/segments/000000000000-*"):
        segment.unlink()
    assert run(log, "verify") == 1
    capsys.readouterr()
    assert run(log, "verify", "--at", at) == 0
    assert "expired      1 segments, whose seals hold" in capsys.readouterr().out


def test_other_things_that_not_every_log_has_are_told():
    report = Report(log="x", orphans=2)
    report.timestamped = Timestamped(checkpoint=1, tree_size=3, time="T", verified=False)
    report.keys = [
        {"id": "aa", "from_leaf": 0, "reason": None},
        {"id": "bb", "from_leaf": 3, "reason": "rotated"},
    ]
    told = list(report_text.told(report))
    assert told == [
        "keys         aa from leaf 0 (first), bb from leaf 3 (rotated)",
        "time stamp   T, of the tree of 3 seals, by whom was not checked: no --tsa was given",
        "carried over 2 records, from chains that could not go on",
    ]
    report.timestamped = Timestamped(checkpoint=1, tree_size=3, time="T", verified=True)
    assert list(report_text.told(report))[1] == "time stamp   T, of the tree of 3 seals"


BROUGHT = {
    "no time": ["--at", "yesterday"],
    "no processes": ["--jobs", "0"],
    "certificates that are none": ["--tsa", "{key}"],
    "a witness's key that is the log's": ["--witness", "{key}"],
    "receipts that are not there": ["--receipts", "nowhere"],
    "lines that are no receipts": ["--receipts", "{half}"],
    "a checkpoint that is not there": ["--since", "nowhere"],
}


@pytest.mark.parametrize("arguments", BROUGHT.values(), ids=BROUGHT)
def test_what_is_brought_along_and_unusable_is_one_line(log, capsys, arguments):
    (log[0] / "half").write_text('"')
    words = {"key": log[0] / "key", "half": log[0] / "half"}
    assert run(log, "verify", *[word.format(**words) for word in arguments]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_receipts_and_since_exclude_each_other(log):
    with pytest.raises(SystemExit):
        run(log, "verify", "--since", "a", "--receipts", "b")


@pytest.mark.slow
def test_many_processes_read_one_log(log, capsys, monkeypatch):
    monkeypatch.setattr("evidence.verify._FEWEST", 1)
    assert run(log, "verify", "--jobs", "2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["checked"]["records"] == 7
