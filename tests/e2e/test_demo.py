"""The demo, run as a newcomer runs it: its exit code, the lines it stands on, and what it leaves behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import app.dev_s3
from demo.attacks import Attack
from demo.screen import Screen
from demo.storage import storage
from demo.tampering import Judged, Verdict

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """Where the demo makes what it must remove again."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def told(scratch):
    """The whole demo, once: exit code, and what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_everything_is_as_promised(told):
    assert (told.returncode, told.stderr) == (0, ""), told.stdout
    assert "BROKEN" not in told.stdout
    assert [line.split()[0] for line in told.stdout.splitlines()[-3:]] == ["DECIDED", "KEPT", "SHOWN"]


def test_the_steps_come_in_their_order(told):
    assert re.findall(r"^(\d)\. (.*)$", told.stdout, re.MULTILINE) == [
        ("1", "Start the service"),
        ("2", "Ask for decisions"),
        ("3", "Keep a checkpoint elsewhere"),
        ("4", "Kill the service under load"),
        ("5", "Start again, and look for every acknowledged decision"),
        ("6", "Verify the log"),
        ("7", "Prove one decision"),
        ("8", "Make the decision again"),
        ("9", "Play the attacker"),
    ]


@pytest.mark.parametrize("answer", ["allow", "deny", "refused 400", "refused 401", "refused 413"])
def test_the_table_shows_each_kind_of_answer(told, answer):
    assert re.search(rf"^ +\d+ .* {answer} ", told.stdout, re.MULTILINE)


def test_56_questions_are_asked_and_malformed_ones_are_on_record(told):
    assert int(re.search(r"DECIDED +(\d+) questions", told.stdout)[1]) == 56
    assert "as refusals (52, 53, 54)" in told.stdout


@pytest.mark.parametrize(
    ("title", "questions"),
    [
        ("Marketplace: putting an agent on sale", 10),
        ("Marketplace: trading", 11),
        ("Studio: running and deploying workflows", 8),
        ("Replay: what may be done with the recording of a run", 7),
        ("Voice: spoken commands", 5),
        ("Platform: controls that all features share", 5),
        ("Mistakes and strangers", 10),
    ],
)
def test_every_feature_asks(told, title, questions):
    said = told.stdout.partition(f"{title}:\n")[2]
    assert re.search(r"^ +(\w+)  all (\d+) answers", said, re.MULTILINE).groups() == ("ok", str(questions))


def test_an_override_that_a_caller_writes_itself_opens_no_window(told):
    row = r"^ +{} .* deny +not met: the change window"
    for number in (22, 23, 24):
        assert re.search(row.format(number), told.stdout, re.MULTILINE)


def test_the_service_was_answering_when_all_its_processes_were_killed(told):
    assert "7 processes: supervisor, sealer, indexer, worker, zygote, 2 evaluators" in told.stdout
    assert int(re.search(r"acknowledged +\d+ decisions in all, (\d+)", told.stdout)[1]) >= 400
    assert int(re.search(r"unanswered +(\d+) questions", told.stdout)[1]) > 0


def test_the_log_lies_on_an_s3_server_with_object_lock(told):
    assert re.search(r"log's store +s3://evidence/log, on an S3 server with Object Lock", told.stdout)


@pytest.mark.parametrize(
    ("attack", "alone", "with_checkpoint"),
    [
        pytest.param(1, "found wrong-segment", "found wrong-segment", id="a flipped byte"),
        pytest.param(2, "found missing-segment", "found missing-segment", id="a dropped record"),
        pytest.param(3, "found misplaced-seal", "found misplaced-seal", id="two swapped seals"),
        pytest.param(4, "nothing found", "found rollback", id="the tail cut off"),
        pytest.param(5, "nothing found", "found rollback", id="history signed anew"),
        pytest.param(6, "nothing found", "nothing found", id="the tail newer than the checkpoint cut off"),
    ],
)
def test_both_verifiers_say_the_same_to(told, attack, alone, with_checkpoint):
    steps = told.stdout.partition("9. Play the attacker")[2]
    said = rf"{alone} +{with_checkpoint}$"
    row = rf"^ +{attack}  .*omega evidence verify +{said}\n.* verify_evidence.py +{said}"
    assert re.search(row, steps, re.MULTILINE)


def test_it_says_which_attacks_only_a_checkpoint_kept_elsewhere_can_show(told):
    assert "4 and 5: every hash and every signature fits. ONLY A CHECKPOINT KEPT ELSEWHERE shows it." in told.stdout


def test_piped_it_is_plain_text_of_100_columns(told):
    assert "\x1b" not in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 100


def test_it_leaves_nothing_behind(told, scratch):
    assert told.returncode == 0
    assert list(scratch.iterdir()) == []
    assert _processes_that_name(scratch) == []


def _processes_that_name(folder):
    """Return the processes that were started with `folder` in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue  # it ended, or belongs to somebody else
        if f"TMPDIR={folder}".encode() in environment:
            found.append(process.name)
    return found


def test_without_an_s3_server_the_log_lies_in_a_directory_and_the_demo_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(app.dev_s3, "_PACKAGE", "a-package-that-nobody-has")
    with storage(tmp_path) as found:
        assert found.url == str(tmp_path / "store")
        assert found.words.startswith("a local directory, because no S3 server can be run here")


HOLDS, ROLLBACK = Verdict(), Verdict(code="rollback", where="--checkpoint")


@pytest.mark.parametrize(
    ("own", "standalone", "as_promised"),
    [
        pytest.param((HOLDS, ROLLBACK), (HOLDS, ROLLBACK), True, id="both say what they must"),
        pytest.param((HOLDS, ROLLBACK), (HOLDS, HOLDS), False, id="one finds nothing"),
        pytest.param((HOLDS, HOLDS), (HOLDS, HOLDS), False, id="both find nothing"),
        pytest.param((HOLDS, ROLLBACK), (HOLDS, Verdict(code="rollback", where="x")), False, id="they name two places"),
        pytest.param((ROLLBACK, ROLLBACK), (ROLLBACK, ROLLBACK), False, id="both find more than they can"),
    ],
)
def test_a_verdict_is_as_promised_only_where(own, standalone, as_promised):
    attack = Attack(words="the tail cut off", do=lambda _: None, alone="", with_checkpoint="rollback")
    assert Judged(attack=attack, folder="copy-4", verdicts=(own, standalone)).as_promised is as_promised


def test_a_broken_promise_is_shown_and_remembered(capsys):
    screen = Screen()
    screen.promise("this holds", kept=True)
    screen.promise("this does not", kept=False)
    assert capsys.readouterr().out == "   ok  this holds\n   BROKEN  this does not\n"
    assert screen.broken == ["this does not"]
