"""The scan of a real node directory: drift is injected, found by the next scan, healed where it blocks, and told of."""

from dataclasses import replace

import pytest

from app import activation
from app.alert_targets import alert_targets
from app.features.policies.drift.comparing import Kind
from app.features.policies.drift.drift_job import board
from app.features.policies.drift.healing import Healer
from app.features.policies.drift.scanning import compared, running
from app.features.policies.errors import RepositoryError
from app.jobs.job import JobError
from app.settings import Settings
from tests.features.policies.drifting import (
    COMMIT,
    GIT,
    alerts,
    edited_as_published,
    edited_on_the_disk,
    no_digest,
    other,
    run,
    told_of_another_bundle,
)
from tests.pdp.shop import stocked


def test_a_clean_scan_is_a_record_too(node):
    said, kind, kinds = run(node)
    assert (said, kind, kinds) == ({"findings": 0, "healed": False, "workers": 1}, "policy.drift_clean", [])
    assert node.actions() == [("policies.scan_drift", True)]
    assert node.records()[0][1]["declared"] == {"commit": COMMIT, "bundle": node.bundle.digest}
    assert alerts() == ([], [])
    assert board()[0]["findings"] == []


@pytest.mark.parametrize(
    ("inject", "kinds", "shown"),
    [
        (told_of_another_bundle, [Kind.FOREIGN_MODULE], ["rego/shop/sell.rego"]),
        (edited_on_the_disk, [Kind.EDITED_BUNDLE, Kind.FOREIGN_MODULE], ["rego/shop/give.rego"]),
        (no_digest, [Kind.EDITED_BUNDLE, Kind.STALE_WORKER], None),
        (edited_as_published, [Kind.EDITED_BUNDLE, Kind.FOREIGN_MODULE], ["rego/shop/give.rego"]),
    ],
    ids=["another bundle", "a module added on the disk", "no digest", "what is published is edited as well"],
)
def test_what_is_foreign_is_found_and_healed_by_one_scan(node, tmp_path, inject, kinds, shown):
    inject(node, tmp_path)
    said, kind, found = run(node)
    assert (said["healed"], kind) == (True, "policy.drift_found")
    assert set(found) <= set(map(str, kinds))
    assert str(kinds[0]) in found
    assert node.actions() == [("policies.scan_drift", True), ("policies.heal", True)]
    assert [sorted(files) for _, files, _ in node.changes.opened] == ([shown] if shown else [])
    assert (node.bundles / "active").read_text() == node.bundle.digest
    node.say(node.bundle)
    said, kind, found = run(node)
    assert (kind, found) == ("policy.drift_clean", [])


def test_the_same_drift_is_told_of_once(node, monkeypatch):
    monkeypatch.setattr(Healer, "_to_replace", lambda *_: ())  # what is healed is told of each time
    node.say(node.bundle, engine="regorus/0.1")
    assert run(node)[2] == ["engine_mismatch"]
    assert run(node)[2] == ["engine_mismatch"]
    assert len(alerts()[0]) == len(alerts()[1]) == 1
    node.say(node.bundle)
    run(node)
    node.say(node.bundle, engine="regorus/0.1")
    run(node)
    rows, deliveries = alerts()
    assert [row.severity for row in rows] == ["critical", "critical"]
    assert rows[0].summary == "policies differ from what is declared (engine_mismatch); NOT healed"
    assert {each.target for each in deliveries} == {"slack nowhere"}
    assert node.changes.opened == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"refused": ("d" * 40, "unsigned"), "head": "d" * 40}, "unsigned_commit"),
        ({"refused": ("d" * 40, "unknown_signer"), "head": "d" * 40}, "unknown_commit"),
        ({"decided": False}, "change_outside_window"),
        ({"head": "d" * 40}, "unsynced"),
    ],
    ids=["unsigned", "unknown signer", "outside a window", "not yet in force"],
)
def test_what_git_says_is_found_and_not_healed(node, change, kind):
    node.git.value = replace(node.git.value, **change)
    said, _, kinds = run(node)
    assert (said["healed"], kinds) == (False, [kind])
    assert node.actions() == [("policies.scan_drift", True)]


def test_an_override_past_its_time_and_a_worker_that_is_gone(node):
    node.git.past = ("ovr-1",)
    (node.settings.status / "worker-0.json").unlink()
    assert run(node)[2] == ["override_past_its_time", "stale_worker"]


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"modules": 7}', None], ids=["text", "list", "odd", "gone"])
def test_a_snapshot_that_cannot_be_read(node, text):
    path = activation.snapshot_path(node.bundles, node.bundle.digest)
    path.unlink() if text is None else path.write_text(text)
    assert run(node)[0]["healed"]


def test_a_snapshot_under_the_name_of_another(node, tmp_path):
    path = activation.snapshot_path(node.bundles, node.bundle.digest)
    path.write_bytes(other(node, tmp_path).snapshot())
    said, _, kinds = run(node)
    assert (said["healed"], kinds) == (True, ["edited_bundle", "foreign_module"])
    assert [sorted(files) for _, files, _ in node.changes.opened] == [["rego/shop/sell.rego"]]


def test_what_is_declared_cannot_be_found_out(node):
    node.git.error = RepositoryError("the remote is away")
    with pytest.raises(JobError, match="away"):
        run(node)


def test_settings_are_held_against_what_policies_declare(node, tmp_path):
    declares = '{"settings": {"OMEGA_DEADLINE_MS": "250", "OMEGA_SHADOW_PERMILLE": "0", "OMEGA_ODD": "1"}}'
    bundle = stocked(tmp_path / "declares", {"data/runtime.json": declares})
    assert compared(bundle, node.settings) == (
        ("OMEGA_DEADLINE_MS", "250", "250"),
        ("OMEGA_ODD", "1", "not known"),
        ("OMEGA_SHADOW_PERMILLE", "0", "10"),
    )
    odd = stocked(tmp_path / "odd", {"data/runtime.json": '{"settings": []}'})
    assert compared(odd, node.settings) == ()


def test_what_runs_is_said_as_an_operator_writes_it(node):
    found = running(node.settings)
    assert Settings.from_environment({"OMEGA_DATA": str(node.settings.data), **found, **GIT}) == node.settings


def test_the_targets_are_those_of_the_settings(node):
    run(node)
    node.say(node.bundle, engine="regorus/0.1")
    run(node, alerts=alert_targets("slack=/a slack=/b"))
    assert {each.target for each in alerts()[1]} == {"slack a", "slack b"}
