"""What differs on a node is put right: policies in force again, workers replaced; and what stands in the way."""

from dataclasses import replace

import pytest

from app import activation, replacing, status
from app.features.policies.drift.comparing import Kind
from app.features.policies.drift.healing import ATTEMPTS, HealingError, NoChanges, heal, question
from app.features.policies.errors import RepositoryError
from app.features.policies.git.publication import publish
from app.objects import open_objects
from app.pep import CONTROL
from tests.features.policies.drifting import (
    COMMIT,
    LATER,
    alerts,
    finding,
    made,
    more,
    other,
    replaced,
    run,
    told_of_another_bundle,
)


def test_a_worker_that_went_on_with_other_policies(node, tmp_path):
    foreign = other(node, tmp_path)
    activation.snapshot_path(node.bundles, foreign.digest).write_bytes(foreign.snapshot())
    node.say(foreign)
    said, _, kinds = run(node)
    assert (kinds, said["healed"], replaced(node)) == (["stale_worker"], True, ["worker 0"])
    node.say(node.bundle)
    assert run(node)[1] == "policy.drift_clean"


def test_a_module_added_to_a_running_worker(node):
    more(node)
    said, _, kinds = run(node)
    assert (kinds, said["healed"], replaced(node)) == (["foreign_module"], True, ["worker 0"])
    assert node.actions() == [("policies.scan_drift", True), ("policies.heal", True)]
    assert alerts()[0][0].summary.endswith("; healed")
    node.say(node.bundle)  # a fresh process
    assert run(node)[1:] == ("policy.drift_clean", [])


def test_a_worker_that_hangs_is_replaced(node, monkeypatch):
    monkeypatch.setattr(status, "_SILENT", LATER / 2)
    assert run(node)[2] == ["stale_worker"]
    assert replaced(node) == ["worker 0"]


def test_a_worker_that_differs_again_each_time_is_a_persons_business(node):
    job = node.job()
    for number in range(ATTEMPTS + 1):
        more(node)
        said = made(node, job)
        assert said["healed"] is (number < ATTEMPTS)
        assert bool(replaced(node)) is (number < ATTEMPTS)
    node.say(node.bundle)
    made(node, job)
    more(node)
    assert made(node, job)["healed"]


@pytest.mark.parametrize("cause", ["policy denies it", "the disk is full"])
def test_a_worker_that_is_not_replaced(node, monkeypatch, caplog, cause):
    more(node)
    if cause == "policy denies it":
        node.git.value = replace(node.git.value, decided=False, activated=0.0)
    else:
        monkeypatch.setattr(replacing, "ask", lambda *_: (_ for _ in ()).throw(OSError(28, "no space")))
    said = run(node)[0]
    assert (said["healed"], replaced(node)) == (False, [])
    assert ("worker 0 is not replaced: no space" in caplog.text) is (cause == "the disk is full")


def test_healing_is_for_what_a_decision_put_in_force(node, tmp_path):
    told_of_another_bundle(node, tmp_path)
    node.git.value = replace(node.git.value, decided=False)
    said, _, kinds = run(node)
    assert (said["healed"], kinds) == (False, ["change_outside_window", "foreign_module"])
    assert node.actions()[-1] == ("policies.heal", False)


def test_what_cannot_be_healed_is_told_of(node, tmp_path, monkeypatch):
    told_of_another_bundle(node, tmp_path)
    monkeypatch.setattr(activation, "keep", lambda *_: (_ for _ in ()).throw(OSError(28, "no space")))
    said, _, _ = run(node)
    assert not said["healed"]
    assert alerts()[0][0].summary.endswith("NOT healed")


def test_a_permit_heals_what_it_was_given_for(node, tmp_path):
    declared = node.git.value
    permit = node.gating.pdp.enforce(question(declared, [finding()], "schedule"), CONTROL)
    with pytest.raises(HealingError, match="other policies"):
        heal(permit, node.settings, replace(declared, bundle=other(node, tmp_path)), [])


def test_nobody_may_open_a_change_request(node, tmp_path):
    told_of_another_bundle(node, tmp_path)
    node.changes.error = RepositoryError("away")
    assert run(node)[0]["healed"]
    assert node.records()[-1][1]["change"] is None
    assert NoChanges().open_foreign(COMMIT, {}, "") is None


def behind_an_activation(node, tmp_path):
    earlier = other(node, tmp_path)
    node.git.value = replace(node.git.value, earlier=frozenset({earlier.digest}))
    node.put(earlier)
    node.say(earlier)


def published_before(node, tmp_path):
    earlier = other(node, tmp_path)
    node.git.value = replace(node.git.value, earlier=frozenset({earlier.digest}))
    publish(earlier, open_objects(node.settings.bundle_store), node.key())


def another_engine(node, _):
    node.say(node.bundle, engine="regorus/0.1")


@pytest.mark.parametrize(
    ("inject", "kind", "workers"),
    [
        (behind_an_activation, Kind.UNSYNCED, []),
        (published_before, Kind.UNSYNCED, []),
        (another_engine, Kind.ENGINE_MISMATCH, ["worker 0"]),
    ],
    ids=["a node that did not follow", "an older bundle is published", "another engine"],
)
def test_what_is_older_or_other_than_declared_is_healed(node, tmp_path, inject, kind, workers):
    inject(node, tmp_path)
    said, _, kinds = run(node)
    assert (kinds, said["healed"], replaced(node)) == ([kind.value], True, workers)
    assert node.changes.opened == []  # nothing of it was foreign
    node.say(node.bundle)
    assert run(node)[1:] == ("policy.drift_clean", [])
