"""The node verifies its own log: all of it first, then what came, and never past a checkpoint that it kept."""

import shutil
from types import SimpleNamespace

import pytest

from app import keys, upkeep_jobs
from app.jobs.job import JobError
from app.log_verifying import verify
from app.settings import Settings
from evidence.stores.local import LocalStore
from tests.evidence.sealing import KEY, Node


@pytest.fixture
def node(tmp_path):
    """Return a node whose log lies where its settings say."""
    settings = Settings.from_environment({"OMEGA_DATA": str(tmp_path / "data"), "OMEGA_ORIGIN": KEY.verifier.origin})
    settings.keys.mkdir(parents=True)
    (settings.keys / keys.LOG_VERIFIER_KEY).write_text(f"{KEY.verifier}\n")
    made = Node(settings.journals, store=LocalStore(settings.data / "store"), count=5)
    return SimpleNamespace(made=made, settings=settings, now=made.clock.now)


def grown(node, *texts):
    """Record something and seal it; return how many records are sealed by now."""
    node.made.append(*texts)
    node.made.step(flush=True)
    return len(node.made.records())


def test_it_is_verified_from_where_it_was_verified_to(node):
    count = grown(node, "a", "b", "c")
    first = verify(node.settings, node.now)
    assert (first.since, first.records, first.finding) == (0, count, None)
    more = grown(node, "d")
    second = verify(node.settings, node.now)
    assert (second.since, second.records, second.finding) == (first.tree_size, more - count, None)
    assert verify(node.settings, node.now).records == 0


def test_without_a_log_there_is_nothing_to_say(node):
    (node.settings.data / "store").mkdir(exist_ok=True)
    assert verify(node.settings, node.now).document() == {
        "ok": True,
        "since": 0,
        "tree_size": 0,
        "segments": 0,
        "records": 0,
        "finding": None,
    }


def test_a_log_put_in_the_place_of_the_one_that_was_verified_is_found(node, tmp_path):
    grown(node, "a", "b")
    verify(node.settings, node.now)
    kept = (node.settings.data / "verified.note").read_bytes()
    other = Node(tmp_path / "other", store=LocalStore(tmp_path / "elsewhere"), count=5)
    other.append("a", "forged")
    other.step(flush=True)
    shutil.move(node.settings.data / "store", tmp_path / "was")
    shutil.move(tmp_path / "elsewhere", node.settings.data / "store")
    found = verify(node.settings, node.now)
    assert found.finding == ("rollback", "--since")
    assert (node.settings.data / "verified.note").read_bytes() == kept


def job(node, said):
    made = upkeep_jobs.jobs(
        node.settings, None, SimpleNamespace(), note=lambda *record: said.append(record), clock=node.now.timestamp
    )
    return next(each for each in made if each.name == "evidence.verify")


def test_the_job_leaves_a_record_whether_the_log_holds_or_not(node):
    said = []
    count = grown(node, "a")
    assert job(node, said).run(None)["records"] == count
    segment = node.made.keys("/segments/")[-1]
    path = node.settings.data / "store" / segment
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"a", b"e", 1))
    (node.settings.data / "verified.note").unlink()
    with pytest.raises(JobError) as caught:
        job(node, said).run(None)
    assert caught.value.code == "log"
    assert [kind for kind, _ in said] == ["log.verified", "log.verified"]
    assert [body["ok"] for _, body in said] == [True, False]
    assert segment in said[1][1]["finding"]["where"]


def test_without_the_logs_key_nothing_is_known(node):
    grown(node, "a")
    (node.settings.keys / keys.LOG_VERIFIER_KEY).unlink()
    with pytest.raises(JobError) as caught:
        job(node, []).run(None)
    assert caught.value.code == "keys"
