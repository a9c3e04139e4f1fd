"""Which policies are in force: whole, admitted, and named by one file."""

import errno
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from git import GitCommandError

from app import activation
from app.pdp.admitted import admitter
from app.pdp.bundle import parse_snapshot
from app.pdp.errors import BundleError
from app.pdp.opa import Second
from app.pdp.second_opinion import Opinion
from app.settings import Settings
from tests.pdp.shop import FILES, written


@pytest.fixture
def policies(tmp_path):
    return written(tmp_path / "policies", FILES)


@pytest.fixture
def bundles(tmp_path):
    return tmp_path / "node" / "bundles"


def test_what_is_activated_is_in_force_and_can_be_read_again(policies, bundles):
    bundle = activation.activate(policies, bundles)
    path = activation.active(bundles)
    assert path == activation.snapshot_path(bundles, bundle.digest)
    assert parse_snapshot(path.read_bytes()).digest == bundle.digest
    assert (path.stat().st_mode & 0o777, bundles.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_was_in_force_is_kept(policies, bundles):
    first = activation.activate(policies, bundles)
    written(policies, {"data/thresholds.json": '{"shop": {"min_grams": 60, "price": 1.5}}'})
    second = activation.activate(policies, bundles)
    assert activation.active(bundles).stem == second.digest != first.digest
    assert activation.snapshot_path(bundles, first.digest).exists()


@pytest.mark.parametrize(
    ("file", "text", "where"),
    [
        pytest.param("rego/shop/sell.rego", "package shop.sell\n\nx := \n", "rego/shop/sell.rego:", id="no Rego"),
        pytest.param("data/callers.json", "[]", "data/callers.json:1:1: ", id="data that is no object"),
        pytest.param("rego/shop/sell_test.rego", None, "rego/shop/sell.rego:1:1: ", id="no test"),
    ],
)
def test_policies_that_are_not_admitted_change_nothing(policies, bundles, file, text, where):
    before = activation.activate(policies, bundles).digest
    written(policies, {file: text})
    if text is None:
        (policies / file).unlink()
    with pytest.raises(BundleError, match=f"^{where}"):
        activation.activate(policies, bundles)
    assert activation.active(bundles).stem == before
    assert len(list(bundles.iterdir())) == 3


def test_without_an_activation_nothing_is_in_force(bundles):
    with pytest.raises(BundleError, match="no policies are in force"):
        activation.active(bundles)


@pytest.mark.parametrize("text", [b"", b"\xff", b"../../etc/passwd", b"A" * 64, b"0" * 64 + b"\n"])
def test_a_damaged_name_is_no_name(bundles, text):
    bundles.mkdir(parents=True)
    (bundles / "active").write_bytes(text)
    with pytest.raises(BundleError, match=r"^bundles/active:1:1: no digest"):
        activation.active(bundles)


def test_a_disk_that_takes_nothing_leaves_what_was(policies, bundles, monkeypatch):
    before = activation.activate(policies, bundles).digest
    written(policies, {"data/notes.json": "{}"})
    there = sorted(path.name for path in bundles.iterdir())

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(activation.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        activation.activate(policies, bundles)
    assert activation.active(bundles).stem == before
    assert sorted(path.name for path in bundles.iterdir()) == there


def git(directory, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """Return a directory in a repository with one commit."""
    policies = written(tmp_path / "clone" / "policies", {"data/a.json": "{}"})
    git(tmp_path / "clone", "init", "-q")
    git(tmp_path / "clone", "add", ".")
    git(tmp_path / "clone", "commit", "-qm", "first")
    return policies


def test_a_revision_is_a_commit(repository):
    text = activation.revision(repository)
    assert text.startswith("git:")
    assert len(text) == len("git:") + 40


@pytest.mark.parametrize("file", ["data/a.json", "data/new.json"], ids=["changed", "new"])
def test_a_revision_says_that_files_differ(repository, file):
    written(repository, {file: "[]"})
    assert activation.revision(repository).endswith("+dirty")


def test_files_elsewhere_in_the_repository_do_not_count(repository):
    written(repository.parent, {"README": "new"})
    assert not activation.revision(repository).endswith("+dirty")


def test_outside_git_there_is_no_revision(tmp_path):
    assert activation.revision(tmp_path) == "unversioned"
    assert activation.revision(tmp_path / "missing") == "unversioned"


def test_a_repository_without_a_commit_has_no_revision(tmp_path):
    git(tmp_path, "init", "-q")
    assert activation.revision(tmp_path) == "unversioned"


def test_a_repository_that_git_does_not_trust_has_no_revision(repository, monkeypatch):
    def distrust(*_, **__):
        raise GitCommandError("status", 128, b"dubious ownership")

    monkeypatch.setattr(activation.Repo, "is_dirty", distrust)
    assert activation.revision(repository) == "unversioned"


class Opinions:
    """Counts how often a second opinion is asked for, and gives it."""

    def __init__(self):
        self.asked = 0

    def __call__(self, bundle, second):
        self.asked += 1
        return Opinion(engine="opa 1", here=bundle.engine, inputs=second.inputs, asked=7)


@pytest.fixture
def opinions(monkeypatch):
    asked = Opinions()
    monkeypatch.setattr(activation, "compare_apart", asked)
    monkeypatch.setattr(Second, "name", lambda _: "opa 1")
    return asked


SECOND = Second(engine=Path("opa"), inputs=10, seconds=1)


def test_a_second_opinion_lies_beside_the_bundle_and_is_not_asked_for_twice(policies, bundles, opinions):
    digest = activation.activate(policies, bundles, SECOND).digest
    assert activation.second_opinion(bundles, digest).document() == {
        "engine": "opa 1",
        "here": activation.read(policies).engine,
        "inputs": 10,
        "asked": 7,
        "differences": 0,
    }
    activation.activate(policies, bundles, SECOND)
    activation.activate(policies, bundles, replace(SECOND, inputs=5))
    assert opinions.asked == 1
    activation.activate(policies, bundles, replace(SECOND, inputs=20))
    assert opinions.asked == 2


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"second_opinion": null}', b'{"second_opinion": {"more": 1}}'])
def test_a_damaged_opinion_is_asked_for_again(policies, bundles, opinions, text):
    digest = activation.activate(policies, bundles, SECOND).digest
    (bundles / f"{digest}.opinion").write_bytes(text)
    assert activation.second_opinion(bundles, digest) is None
    activation.activate(policies, bundles, SECOND)
    assert opinions.asked == 2


def test_without_anybody_to_ask_there_is_no_opinion(policies, bundles):
    assert activation.second_opinion(bundles, activation.activate(policies, bundles).digest) is None


def test_who_is_asked_and_cannot_answer_refuses(policies, bundles, tmp_path):
    before = activation.activate(policies, bundles).digest
    written(policies, {"data/notes.json": "{}"})
    with pytest.raises(BundleError, match=r"no second opinion: .* is no OPA that runs here"):
        activation.activate(policies, bundles, replace(SECOND, engine=tmp_path / "nowhere"))
    assert activation.active(bundles).stem == before


def test_who_is_asked_is_what_is_installed(tmp_path):
    program = tmp_path / "opa"
    program.write_text("")
    program.chmod(0o700)
    found = Settings.from_environment({"PATH": str(tmp_path), "OMEGA_OPINION_INPUTS": "5", "OMEGA_OPINION_S": "9"})
    assert activation.second(found) == Second(engine=program, inputs=5, seconds=9)
    named = Settings.from_environment({"OMEGA_OPA": "./lib.so"})
    assert activation.second(named).engine == Path("lib.so").absolute()
    for nobody in ({}, {"PATH": str(tmp_path), "OMEGA_OPA": ""}, {"PATH": str(tmp_path), "OMEGA_OPA": "other"}):
        assert activation.second(Settings.from_environment(nobody)) is None


def test_what_this_program_admitted_it_does_not_try_again(policies, bundles, monkeypatch):
    tried = []
    monkeypatch.setattr(activation, "admit_apart", lambda bundle: tried.append(bundle.digest))
    first = activation.activate(policies, bundles)
    assert activation.activate(policies, bundles).digest == first.digest
    assert tried == [first.digest]
    written(policies, {"data/thresholds.json": '{"shop": {"min_grams": 60, "price": 1.5}}'})
    second = activation.activate(policies, bundles)
    assert tried == [first.digest, second.digest]


@pytest.mark.parametrize("change", ["engine", "program", "mark"])
def test_another_program_or_engine_admits_for_itself(policies, bundles, monkeypatch, change):
    tried = []
    monkeypatch.setattr(activation, "admit_apart", lambda bundle: tried.append(bundle.digest))
    digest = activation.activate(policies, bundles).digest
    if change == "engine":
        monkeypatch.setattr(activation, "admitter", lambda engine: admitter(f"{engine}.1"))
    elif change == "program":
        monkeypatch.setattr(activation, "admitter", lambda engine: f"{engine} another")
    else:
        activation.admission_path(bundles, digest).write_bytes(b"")
    activation.activate(policies, bundles)
    assert tried == [digest, digest]


def test_what_is_not_admitted_is_not_remembered_as_such(policies, bundles):
    written(policies, {"rego/shop/sell.rego": "package shop.sell\n\nx := \n"})
    for _ in range(2):
        with pytest.raises(BundleError):
            activation.activate(policies, bundles)
    assert not list(bundles.glob("*.admitted"))
