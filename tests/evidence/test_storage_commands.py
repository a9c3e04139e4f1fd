"""`python -m evidence` probe, hold, retain, expire: what they print, and how they end."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from evidence import __main__ as command
from evidence import storage_commands
from evidence.storage_commands import Node
from evidence.stores.local import LocalStore
from tests.evidence import sealing
from tests.evidence.sealing import CLASSES, KEY
from tests.evidence.unlocked import unlocked


@pytest.fixture
def log(tmp_path):
    """A sealed log on disk of one chain and one segment."""
    made = sealing.Node(tmp_path / "journal", store=LocalStore(tmp_path / "store"))
    made.ids = made.append("a", "b")
    made.step(flush=True)
    (tmp_path / "key").write_text(f"{KEY.verifier}\n")
    (made.segment,) = made.keys("/segments/")
    return made


@pytest.fixture
def said():
    return []


@pytest.fixture
def omega(tmp_path, said, capsys):
    """Return a way to run a command of the node; it returns the exit code, what was printed, and the error."""

    def run(*arguments, node=None):
        node = node or Node(store=str(tmp_path / "store"), key=tmp_path / "key", record=said.append)
        code = command.main(arguments, program="omega evidence", node=node)
        return (code, *capsys.readouterr())

    return run


@pytest.mark.usefixtures("log")
def test_a_probe_says_level_and_attempts(omega):
    code, out, errors = omega("probe")
    assert (code, errors) == (0, "")
    assert "level    L1: durable; its owner can change and remove objects" in out
    assert "refused  give the key other bytes" in out
    assert "immutable" not in out


@pytest.mark.usefixtures("log")
def test_a_probe_can_require_a_level(omega, tmp_path):
    assert omega("probe", "--require", "L1")[0] == 0
    code, out, _ = omega("probe", "--require", "L3")
    assert code == 1
    assert out.endswith("BELOW    the store is of level L1, and L3 is required\n")
    code, out, _ = omega("probe", "--require", "L2", "--json")
    found = json.loads(out)
    assert (code, found["ok"], found["level"], found["store"]) == (1, False, "L1", str(tmp_path / "store"))
    assert {each["refused"] for each in found["attempts"]} == {True}


@pytest.mark.usefixtures("log")
def test_what_was_not_refused_stands_out(omega, monkeypatch):
    monkeypatch.setattr(LocalStore, "retain", lambda *_: None)
    assert "DONE     keep for a shorter time" in omega("probe")[1]


@pytest.mark.usefixtures("log")
def test_a_store_is_probed_by_anybody_who_can_reach_it(tmp_path, capsys):
    assert command.main(["probe", "--store", str(tmp_path / "store")]) == 0
    assert "L1" in capsys.readouterr().out
    assert command.main(["probe", "--store", str(tmp_path / "nowhere")]) == 2
    assert not (tmp_path / "nowhere").exists()


def test_a_flag_can_be_probed(omega, tmp_path):
    with unlocked(tmp_path / "flagged") as folder:
        node = Node(store=str(folder), key=tmp_path / "key", record=print, immutable=True)
        assert "L1i" in omega("probe", node=node)[1]
        assert "L1i" in omega("probe", "--store", str(folder), "--immutable")[1]


@pytest.mark.parametrize("name", ["hold", "retain", "expire"])
def test_where_nothing_can_be_recorded_nothing_can_be_held(name):
    with pytest.raises(SystemExit):
        command.main([name])


def test_a_segment_is_held_and_let_go(omega, log, said):
    assert omega("hold", log.ids[0], "on") == (0, f"{log.segment}: held\n", "")
    assert log.store.held(log.segment)
    assert omega("hold", log.segment, "on") == (0, f"{log.segment}: already held\n", "")
    code, out, _ = omega("hold", log.segment, "off", "--json")
    assert (code, json.loads(out)) == (0, {"key": log.segment, "held": False, "changed": True})
    assert [draft.body["on"] for draft in said] == [True, False]


def test_a_segment_is_kept_longer(omega, log, said):
    until = log.clock.now + 2 * CLASSES["std7y"]
    assert omega("retain", log.segment, "--until", until.isoformat())[0] == 0
    assert log.store.retained(log.segment) == until
    code, out, _ = omega("retain", log.segment, "--until", "2999-01-01T00:00:00Z", "--json")
    assert (code, json.loads(out)["until"]) == (0, "2999-01-01T00:00:00+00:00")
    assert [draft.type for draft in said] == ["retention.extended"] * 2
    code, _, errors = omega("retain", log.segment, "--until", until.isoformat())
    assert code == 2
    assert "retained: " in errors


@pytest.mark.parametrize("text", ["soon", "2999-01-01", "2999-01-01T00:00:00"])
def test_what_is_no_moment_is_refused(omega, log, said, text):
    code, _, errors = omega("retain", log.segment, "--until", text)
    assert (code, said) == (2, [])
    assert errors.count("\n") == 1


def test_segments_whose_time_has_passed_go(omega, log, monkeypatch):
    assert omega("expire") == (0, "", "")
    later = log.clock.now + CLASSES["std7y"] + timedelta(days=1)
    monkeypatch.setattr(storage_commands, "utc_now", lambda: later)
    code, out, _ = omega("expire", "--dry-run")
    assert code == 0
    assert out.startswith(f"would be expired  {log.segment}  3 records, to be kept until ")
    code, out, _ = omega("expire", "--json")
    assert [each["fate"] for each in json.loads(out)["segments"]] == ["expired"]
    assert log.keys("/segments/") == []
    assert log.store.put("k", b"", retain_until=datetime.now(UTC)) is None
    assert omega("expire") == (0, "", "")


@pytest.mark.usefixtures("log")
def test_without_a_key_nothing_goes(omega, tmp_path):
    (tmp_path / "key").unlink()
    code, _, errors = omega("expire")
    assert code == 2
    assert "cannot be read" in errors
