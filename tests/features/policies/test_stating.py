"""A node whose policies come from a directory: what was put in force there is stated, found to differ, and healed."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app import activation, keys, statement, status
from app.features.policies.drift.drift_job import scan
from app.features.policies.drift.healing import HealingError, heal, question
from app.features.policies.drift.stating import DirectoryDeclaring
from app.pdp.bundle import load
from app.pep import CONTROL
from tests.features.policies.drifting import (
    NOW,
    alerts,
    edited_on_the_disk,
    finding,
    no_digest,
    other,
    run,
    told_of_another_bundle,
)


@pytest.fixture
def directory(node, tmp_path):
    """A node whose policies come from a directory, and were put in force by whoever has its keys."""
    keys.ensure(node.settings.keys, node.settings.origin)
    node.settings = replace(node.settings, policies=tmp_path / "policies")
    node.bundle = load(node.settings.policies, "unversioned")
    node.git = DirectoryDeclaring(node.settings)
    statement.put_in_force(node.bundle, node.settings)
    node.put(node.bundle)
    node.say(node.bundle)
    return node


def test_policies_of_a_directory_are_declared_by_whoever_put_them_in_force(directory):
    status.forget(directory.settings)  # without a service only the directory is looked at
    found = scan(directory.settings, directory.git, datetime.now(UTC))
    declared = {"commit": None, "bundle": directory.bundle.digest}
    assert (found.findings, found.document()["declared"]) == ((), declared)
    (directory.settings.policies / "NOTES.md").write_text("edited, and not yet put in force\n")
    assert scan(directory.settings, directory.git, datetime.now(UTC)).findings == ()


@pytest.mark.parametrize(
    ("inject", "kinds"),
    [
        (told_of_another_bundle, ["foreign_module"]),
        (edited_on_the_disk, ["edited_bundle", "foreign_module"]),
        (no_digest, ["edited_bundle"]),
    ],
    ids=["another whole bundle", "a module added on the disk", "no digest"],
)
def test_what_nobody_put_in_force_from_a_directory_is_found_and_healed(directory, tmp_path, inject, kinds):
    inject(directory, tmp_path)
    said, _, found = run(directory)
    assert (said["healed"], set(kinds) <= set(found)) == (True, True)
    assert (directory.bundles / "active").read_text() == directory.bundle.digest
    directory.say(directory.bundle)
    assert run(directory)[1:] == ("policy.drift_clean", [])


def forged(node):
    (node.bundles / "stated").write_text(json.dumps({"bundle": "f" * 64, "signature": "AAAA"}))


def gone(node):
    (node.bundles / "stated").unlink()


def nowhere(node):
    activation.snapshot_path(node.bundles, node.bundle.digest).unlink()
    (node.settings.policies / "rego" / "shop" / "sell.rego").write_text("package")


def another(node):
    activation.snapshot_path(node.bundles, node.bundle.digest).unlink()
    (node.settings.policies / "NOTES.md").write_text("another\n")


@pytest.mark.parametrize("inject", [forged, gone, nowhere, another])
def test_where_what_is_stated_cannot_be_believed_a_person_has_to_look(directory, inject):
    inject(directory)
    said, _, kinds = run(directory)
    assert (said["healed"], kinds) == (False, ["edited_bundle"])
    assert "declared" in {each["place"] for each in directory.records()[-1][1]["findings"]}
    assert alerts()[0][0].severity == "critical"


def test_what_is_put_in_force_meanwhile_stays(directory, tmp_path):
    declared = directory.git.declared(NOW)
    permit = directory.gating.pdp.enforce(question(declared, [finding()], "schedule"), CONTROL)
    for inject in (
        lambda: statement.state(other(directory, tmp_path).digest, directory.settings),
        lambda: forged(directory),
    ):
        inject()
        with pytest.raises(HealingError, match="meanwhile"):
            heal(permit, directory.settings, declared, [])
