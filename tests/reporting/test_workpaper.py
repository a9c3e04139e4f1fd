"""The workpaper of a real log: complete, the same twice, and checked by a verifier that shares no code with it."""

import hashlib
import shutil
import subprocess
import sys

import pytest

import verify_evidence
import verify_workpaper
from app.reporting.errors import ReportError
from evidence import note
from evidence.proof import Proof
from frameworks import sampling
from tests.evidence.sealing import KEY
from tests.reporting.reported_logs import bodies, recorded, reported, unpacked

KEY_LINE = f"{KEY.verifier}\n"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("node"), bodies(90, failing={5, 40}))


@pytest.fixture(scope="module")
def whole(node, tmp_path_factory):
    directory = tmp_path_factory.mktemp("paper")
    found = reported(node, directory / "spill", sampled=True)
    return found, unpacked(found.workpaper(), directory / "paper")


@pytest.fixture
def paper(whole, tmp_path):
    return shutil.copytree(whole[1], tmp_path / "paper")


def test_two_workpapers_of_one_log_are_the_same_bytes(node, whole, tmp_path):
    again = reported(node, tmp_path / "again", sampled=True)
    assert again.report.sha256 == whole[0].report.sha256
    assert again.workpaper() == whole[0].workpaper()


def test_a_changed_record_changes_the_hash(tmp_path):
    """The same year with one more decision that failed."""
    one, other = (
        reported(recorded(tmp_path / name, bodies(20, failing)), tmp_path / f"{name}-spill")
        for name, failing in (("one", {3}), ("other", {4}))
    )
    found = [each.report.document["statements"] for each in (one, other)]
    assert [each[0]["test"] for each in found] == ["access-review/allowed"] * 2
    assert one.report.sha256 != other.report.sha256
    assert found[0][0]["population"]["sha256"] != found[1][0]["population"]["sha256"]


def test_every_statement_has_its_population_dates_and_positions(whole):
    found = {each["test"]: each for each in whole[0].report.document["statements"]}
    reviewed = found["access-review/reviewed"]
    assert (reviewed["outcome"], reviewed["deviation_count"]) == ("deviations", 2)
    assert reviewed["population"]["count"] == 90
    assert reviewed["population"]["revisions"] == ["git:1"]
    assert reviewed["effective"]["from"] < reviewed["effective"]["to"] < reviewed["collected"]
    assert reviewed["collected"] == reviewed["received"] == whole[0].report.log.sealed
    assert found["access-review/kept"]["outcome"] == "not_tested"
    assert found["access-review/attested"]["outcome"] == "stale"
    assert (found["glass/broken"]["outcome"], found["glass/broken"]["collected"]) == ("did_not_occur", "")
    assert sum(each["records"] for each in whole[0].report.document["months"]) == 92  # and each chain's opening
    assert [each["last"] for each in whole[0].report.document["log"]["chains"]] == [45, 45]
    assert found["access-review/reviewed"]["sample"]["size"] == 15


def test_the_stand_alone_verifier_takes_it(paper, capsys, tmp_path):
    (tmp_path / "log.vkey").write_text(KEY_LINE)
    assert verify_workpaper.main([str(paper), "--key", str(tmp_path / "log.vkey")]) == 0
    files, proofs = (sum(path.is_file() for path in paper.rglob(part)) for part in ("*", "*.tlog-proof"))
    assert proofs >= 15
    said = capsys.readouterr().out
    assert said == f"{files - 2} files, 5 populations, {proofs} proofs: all hold\n"


def test_the_verifier_in_it_needs_nothing_but_python(paper, tmp_path):
    (tmp_path / "log.vkey").write_text(KEY_LINE)
    command = [sys.executable, "-S", "-E", paper / "verify_workpaper.py", paper, "--key", tmp_path / "log.vkey"]
    for _ in range(2):  # what the first leaves behind is no file of the workpaper
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (ended.returncode, ended.stderr) == (0, "")


def test_a_sample_is_that_of_the_whole_population_in_memory(whole):
    found = whole[0]
    statement = found.report.statements["access-review/reviewed"]
    lines = found.spill.path("access-review/reviewed").read_text().splitlines()[1:]
    rows = [tuple(line.split(",")[:2]) for line in lines]
    drawn = sampling.draw(
        rows,
        size=15,
        engagement="E-1",
        control="access-review",
        population_sha256=statement.result.population.sha256,
    )
    assert list(statement.sample.positions) == drawn
    leaves = b"".join(bytes.fromhex(line.split(",")[2]) for line in lines)
    assert statement.result.population.sha256 == hashlib.sha256(leaves).hexdigest()


def test_tests_with_one_query_share_a_file(whole, paper):
    names = whole[0].spill.names
    assert names["access-review/allowed"] == names["access-review/reviewed"] == "access-review.reviewed.csv"
    assert {path.name for path in (paper / "populations").iterdir()} == set(names.values())


def test_each_deviation_has_its_record_and_its_proof(whole, paper):
    for each in whole[0].report.statements["access-review/reviewed"].result.deviations:
        proof = Proof.parse((paper / f"proofs/{each.position}.tlog-proof").read_bytes())
        record, _ = proof.verify(KEY.verifier)
        assert record.body["result"]["failed"] == ["reviewed"]
        assert (paper / f"records/{each.position}.json").read_bytes() == proof.record


def spoil(path, old, new):
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def rewrite(paper, name, old, new):
    """Change a file and put its new hash into the manifest, which is signed."""
    before = hashlib.sha256((paper / name).read_bytes()).hexdigest()
    spoil(paper / name, old, new)
    after = hashlib.sha256((paper / name).read_bytes()).hexdigest()
    spoil(paper / "MANIFEST.sha256", before.encode(), after.encode())


def first(paper, folder):
    return min((paper / folder).iterdir())


TAMPERED = {
    "a file changed": (lambda paper: spoil(paper / "report.html", b"Outcomes", b"Successes"), "wrong-file"),
    "a file dropped": (lambda paper: first(paper, "proofs").unlink(), "missing-file"),
    "a file added": (lambda paper: (paper / "populations/more.csv").write_text("x"), "unexpected-file"),
    "the manifest changed": (lambda paper: rewrite(paper, "report.html", b"Outcomes", b"Successes"), "wrong-file"),
    "a line that is none": (lambda paper: spoil(paper / "MANIFEST.sha256", b"  ", b" "), "malformed-manifest"),
    "the signed word changed": (lambda paper: spoil(paper / "MANIFEST.note", b'"v":1', b'"v":2'), "bad-signature"),
}


@pytest.mark.parametrize(("change", "code"), TAMPERED.values(), ids=TAMPERED)
def test_what_was_changed_is_found(paper, capsys, tmp_path, change, code):
    change(paper)
    (tmp_path / "log.vkey").write_text(KEY_LINE)
    assert verify_workpaper.main([str(paper), "--key", str(tmp_path / "log.vkey")]) == 1
    assert capsys.readouterr().err.startswith(f"{code}: ")


def shorten(path):
    """Leave out the last line."""
    path.write_bytes(path.read_bytes().rstrip(b"\r\n").rpartition(b"\n")[0] + b"\n")


BEHIND = {
    "a row left out": (lambda paper: shorten(paper / "populations/access-review.reviewed.csv"), "wrong-population"),
    "another sample": (
        lambda paper: spoil(paper / "report.json", b'"positions":["', b'"positions":["0'),
        "wrong-sample",
    ),
    "another record beside a proof": (lambda paper: spoil(first(paper, "records"), b'"v":1', b'"v":2'), "wrong-record"),
    "a proof that leads nowhere": (lambda paper: spoil(first(paper, "proofs"), b"index ", b"index 9"), "bad-proof"),
}


@pytest.mark.parametrize(("change", "code"), BEHIND.values(), ids=BEHIND)
def test_what_even_the_holder_of_the_key_changed_is_found(paper, monkeypatch, change, code):
    """Manifest and signature are taken as they are: what is behind them is checked for itself."""
    change(paper)
    monkeypatch.setattr(verify_workpaper, "check_manifest", lambda _directory: 0)
    monkeypatch.setattr(verify_workpaper, "check_signature", lambda _directory, _key: None)
    with pytest.raises(verify_evidence.FindingError) as caught:
        verify_workpaper.verify(paper, verify_evidence.parse_key(KEY_LINE.encode()))
    assert caught.value.args[0] == code


def test_another_key_and_a_word_about_something_else_are_refused(paper, tmp_path, capsys):
    assert verify_workpaper.main([str(paper), "--key", str(paper / "README.txt")]) == 2
    assert capsys.readouterr().err.startswith("unusable: ")
    assert verify_workpaper.main([str(tmp_path / "nothing"), "--key", str(paper / "log.vkey")]) == 2


def test_a_word_of_the_log_about_something_else_is_none_about_a_workpaper(paper):
    (paper / "MANIFEST.note").write_bytes(note.sign('{"type":"seal"}\n', KEY))
    with pytest.raises(verify_evidence.FindingError) as caught:
        verify_workpaper.check_signature(paper, verify_evidence.parse_key(KEY_LINE.encode()))
    assert caught.value.args[0] == "malformed-note"


def test_a_record_that_is_not_sealed_was_not_collected(whole):
    assert whole[0].store.sealed_at("019aa00000000000beef-3") == ""


def test_a_verifier_that_is_not_there_is_said(whole, monkeypatch, tmp_path):
    monkeypatch.setattr("app.reporting.workpaper._PROJECT", tmp_path)
    with pytest.raises(ReportError, match=r"`verify_evidence\.py` of this project cannot be read: No such file"):
        whole[0].workpaper()


@pytest.mark.parametrize("frequency", ["event", "month", "day", "hour"])
@pytest.mark.parametrize("count", [1, 2, 10, 11, 60, 251, 1_001])
def test_the_verifier_draws_as_the_software_does(frequency, count):
    times = [f"2026-01-01T00:00:{number * 7 % 60:02}.000000Z" for number in range(count)]
    rows = [(f"c{number % 2}-{number}", time) for number, time in enumerate(times)]
    order = sorted((time, *position.split("-")[:1], int(position[3:]), position) for position, time in rows)
    asked = {"engagement": "E-1", "control": "access-review", "population_sha256": "ab" * 32}
    drawn = sampling.draw(rows, size=sampling.size(frequency, count), **asked)
    control = {"id": "access-review", "frequency": frequency}
    assert verify_workpaper.draw_again(order, "E-1", control, "ab" * 32) == drawn


def test_a_log_without_a_checkpoint_has_a_workpaper_without_proofs(tmp_path):
    node = recorded(tmp_path / "node", bodies(4, failing={1}))
    node.store._objects = {name: data for name, data in node.store._objects.items() if name.startswith("chains")}
    found = reported(node, tmp_path / "spill")
    paper = unpacked(found.workpaper(), tmp_path / "paper")
    assert found.report.document["log"]["checkpoint"] is None
    assert not (paper / "proofs").exists()
    rows = (paper / "index.csv").read_text().splitlines()
    assert [row.endswith(",,") for row in rows if ",deviation," in row] == [True]
