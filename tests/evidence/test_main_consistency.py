import base64
import json

import pytest

from evidence import __main__ as command
from evidence.growth import format_proof
from evidence.tree import consistency_proof
from tests.evidence import logs
from tests.evidence.growing import GrowingLog
from tests.evidence.logs import SIGNER, Signer, note_text, root, write

ONE_HASH = base64.b64encode(bytes(32)) + b"\n"


@pytest.fixture(scope="module")
def grown():
    return GrowingLog(3, 4, 5)


@pytest.fixture
def files(grown, tmp_path):
    write(grown.log.objects, tmp_path / "store")
    (tmp_path / "key").write_bytes(SIGNER.key_file)
    return tmp_path


def run(files, name, *arguments):
    return command.main([name, *map(str, arguments), "--key", str(files / "key")])


def checkpoint(files, number):
    return files / "store" / f"log/checkpoints/{number:012}.note"


@pytest.mark.parametrize(("sizes", "last"), [(["--old", "3", "--new", "7"], 1), (["--old", "3"], 2)])
def test_growth_is_proved_and_the_proof_is_checked(files, capsys, sizes, last):
    assert run(files, "consistency", files / "store", *sizes) == 0
    proof = capsys.readouterr().out
    assert all(len(base64.b64decode(line)) == 32 for line in proof.splitlines())
    (files / "proof").write_text(proof)
    assert run(files, "check-consistency", checkpoint(files, 0), checkpoint(files, last), files / "proof") == 0
    assert "holds: the tree of" in capsys.readouterr().out


def test_across_a_rotation_each_checkpoint_has_its_key(files, capsys):
    log = logs.build(segments=3, checkpoints=3)
    for number, signer in ((1, SIGNER), (2, logs.SECOND_SIGNER)):
        (files / f"{number}.note").write_bytes(
            signer.note(note_text(log.objects[f"log/checkpoints/{number:012}.note"]))
        )
    (files / "proof").write_text(format_proof(consistency_proof(log.leaves, 2)))
    (files / "old").write_bytes(SIGNER.key_file)
    (files / "key").write_bytes(logs.SECOND_SIGNER.key_file)
    arguments = files / "1.note", files / "2.note", files / "proof"
    assert run(files, "check-consistency", *arguments) == 1
    assert run(files, "check-consistency", *arguments, "--old-key", files / "old") == 0
    assert "the tree of 3 seals" in capsys.readouterr().out


def test_as_json(files, capsys):
    assert run(files, "consistency", files / "store", "--old", "3", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["old"], found["new"]) == (3, 12)
    (files / "proof").write_text("".join(f"{line}\n" for line in found["proof"]))
    arguments = checkpoint(files, 0), checkpoint(files, 2), files / "proof"
    assert run(files, "check-consistency", *arguments, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "log": "log.example/omega", "old": 3, "new": 12}


def test_checkpoints_before_and_after_a_rotation(files, capsys):
    following = Signer(seed=b"\x08" * 32)
    new = checkpoint(files, 1)
    new.write_bytes(following.note(note_text(new.read_bytes())))
    run(files, "consistency", files / "store", "--old", "3", "--new", "7")
    (files / "proof").write_text(capsys.readouterr().out)
    (files / "old.vkey").write_bytes(SIGNER.key_file)
    (files / "key").write_bytes(following.key_file)
    given = checkpoint(files, 0), new, files / "proof"
    assert run(files, "check-consistency", *given) == 1
    assert run(files, "check-consistency", *given, "--old-key", files / "old.vkey") == 0


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_growth_that_does_not_hold_is_a_no(files, capsys, options):
    run(files, "consistency", files / "store", "--old", "3", "--new", "7")
    (files / "proof").write_text(capsys.readouterr().out)
    assert run(files, "check-consistency", checkpoint(files, 1), checkpoint(files, 2), files / "proof", *options) == 1
    assert "bad-proof" in capsys.readouterr().out
    checkpoint(files, 0).write_bytes(checkpoint(files, 0).read_bytes().replace(b"\n3\n", b"\n4\n"))
    assert run(files, "check-consistency", checkpoint(files, 0), checkpoint(files, 1), files / "proof", *options) == 1
    assert "bad-signature" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sizes", "proof", "code"),
    [
        ((0, 3), b"", 0),
        ((0, 0), b"", 0),
        ((0, 3), ONE_HASH, 1),
        ((3, 3), b"", 0),
        ((3, 3), ONE_HASH, 1),
        ((3, 0), b"", 1),
    ],
)
def test_from_the_empty_tree_and_to_the_same(grown, files, sizes, proof, code):
    paths = [files / "old", files / "new"]
    for path, size in zip(paths, sizes, strict=True):
        encoded = base64.b64encode(root(grown.log.leaves[:size])).decode()
        path.write_bytes(SIGNER.note(f"{SIGNER.origin}\n{size}\n{encoded}\n"))
    (files / "proof").write_bytes(proof)
    assert run(files, "check-consistency", *paths, files / "proof") == code


def test_an_empty_tree_has_one_root(files, capsys):
    forged = SIGNER.note(f"{SIGNER.origin}\n0\n{base64.b64encode(bytes(32)).decode()}\n")
    (files / "old").write_bytes(forged)
    (files / "proof").write_text("")
    assert run(files, "check-consistency", files / "old", checkpoint(files, 0), files / "proof") == 1
    assert "another root" in capsys.readouterr().out


@pytest.mark.parametrize(
    "sizes",
    [["--old", "3", "--new", "13"], ["--old", "7", "--new", "3"]],
    ids=["more than there is", "backwards"],
)
def test_sizes_that_cannot_be_proved(files, capsys, sizes):
    assert run(files, "consistency", files / "store", *sizes) == 2
    assert "bad-proof" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["", "x", "-1", "01", "3.0", "9" * 30])
def test_what_is_no_size(files, capsys, size):
    with pytest.raises(SystemExit) as ended:
        run(files, "consistency", files / "store", f"--old={size}")
    assert ended.value.code == 2
    assert "is no size" in capsys.readouterr().err


def test_a_log_without_a_checkpoint(tmp_path, capsys):
    (tmp_path / "store").mkdir()
    (tmp_path / "key").write_bytes(SIGNER.key_file)
    assert run(tmp_path, "consistency", tmp_path / "store", "--old", "3") == 2
    assert "not-found" in capsys.readouterr().err


@pytest.mark.parametrize("proof", ["x", "AAAA\n", "\n", "é\n", f"{base64.b64encode(bytes(32)).decode()}\n" * 64])
def test_what_is_no_proof(files, capsys, proof):
    (files / "proof").write_text(proof)
    assert run(files, "check-consistency", checkpoint(files, 0), checkpoint(files, 1), files / "proof") == 2
    assert "malformed" in capsys.readouterr().err
