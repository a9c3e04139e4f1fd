"""`omega market advisories`: the snapshot is made of an export, and says how old it is."""

import json
import time
from datetime import UTC, datetime

import pytest

from app.features.marketplace.inspection.advisories import Advisories


def advisory(days):
    modified = datetime.fromtimestamp(time.time() - days * 86_400, UTC).isoformat()
    parts = [{"package": {"ecosystem": each, "name": "x"}, "versions": ["1"]} for each in ("PyPI", "npm")]
    return json.dumps({"id": "MADE-1", "modified": modified, "affected": parts})


@pytest.fixture
def export(tmp_path):
    """An export, made for tests."""
    path = tmp_path / "export.json"
    path.write_text(advisory(3))
    return path


def test_a_snapshot_is_made_of_an_export(omega, settings, export):
    ended = omega("market", "advisories", "update", export)
    assert (ended.code, ended.errors) == (0, "")
    assert "1 advisories" in ended.out
    assert "3 days old" in ended.out
    assert Advisories.load(settings.advisories).count == 1
    assert omega("market", "advisories", "show", "--json").json["age_days"] == 3


def test_a_snapshot_that_is_old_is_a_no(omega, export):
    export.write_text(advisory(40))
    assert omega("market", "advisories", "update", export, "--ecosystem", "npm").code == 0
    assert omega("market", "advisories", "show").code == 1


def test_an_export_that_cannot_be_read_leaves_the_snapshot_as_it_is(omega, settings, export):
    omega("market", "advisories", "update", export)
    before = settings.advisories.read_bytes()
    export.write_text("{")
    ended = omega("market", "advisories", "update", export)
    assert ended.code == 2
    assert "export.json" in ended.message
    assert settings.advisories.read_bytes() == before


@pytest.mark.usefixtures("settings")
def test_without_a_snapshot_it_is_said_how_to_make_one(omega):
    ended = omega("market", "advisories", "show")
    assert ended.code == 2
    assert "omega market advisories update" in ended.message
