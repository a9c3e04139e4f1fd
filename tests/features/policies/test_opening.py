"""Change requests as the settings want them."""

import json

import pytest

from app import keys, schema
from app.control_plane import Opened
from app.db import open_engine
from app.features.policies.changes.board import board, without_places
from app.features.policies.changes.opening import open_board
from app.settings import Settings, SettingsError
from tests.features.policies.signing import NOW
from tests.pdp.shop import stocked


def settings(tmp_path, **more):
    return Settings.from_environment({"OMEGA_DATA": str(tmp_path / "data"), "OMEGA_OPA": "none", **more})


def test_without_a_repository_there_is_none(tmp_path, gating):
    assert open_board(settings(tmp_path), gating.pdp, lambda: NOW) is None


def test_a_repository_is_opened(working, tmp_path, gating):
    found = open_board(settings(tmp_path, OMEGA_POLICY_REPOSITORY=str(working.remote)), gating.pdp, lambda: NOW)
    found.repository.fetch()
    assert found.repository.head("main") == working.head()
    assert found.required() == ("admission", "impact", "owners", "tests")
    assert "second_opinion" not in found.checker.means.names
    found.checker.means.note("policy.change_checked", {"change": 1})
    assert gating.records[-1] == ("policy.change_checked", {"caller": "control", "change": 1})
    found.close()


NO_LISTS = [{}, {"policies": []}, {"policies": {"change": {"required_checks": "tests"}}}]


@pytest.mark.parametrize("thresholds", NO_LISTS)
def test_where_policy_asks_for_no_checks_nothing_is_checked(working, tmp_path, gating, thresholds):
    bundle = stocked(tmp_path / "bundle", {"data/thresholds.json": json.dumps(thresholds)})
    policies = gating.pdp.policies
    gating.pdp._pdp.policies = type(policies)(bundle=bundle, evaluators=policies.evaluators)
    found = open_board(settings(tmp_path, OMEGA_POLICY_REPOSITORY=str(working.remote)), gating.pdp, lambda: NOW)
    assert found.required() == ()
    found.close()


def test_a_remote_that_is_away_keeps_nobody_from_the_pages(tmp_path, gating):
    found = open_board(settings(tmp_path, OMEGA_POLICY_REPOSITORY=str(tmp_path / "away")), gating.pdp, lambda: NOW)
    found.close()


def test_a_mirror_that_cannot_be_made(working, tmp_path, gating):
    named = settings(tmp_path, OMEGA_POLICY_REPOSITORY=str(working.remote))
    named.data.mkdir()
    named.policy_mirror.write_text("")
    with pytest.raises(SettingsError, match="OMEGA_POLICY_REPOSITORY cannot be used"):
        open_board(named, gating.pdp, lambda: NOW)


def test_the_control_plane_has_them(working, tmp_path, gating):
    named = settings(tmp_path, OMEGA_POLICY_REPOSITORY=str(working.remote))
    named.data.mkdir()
    schema.upgrade(open_engine(named.product), schema.PRODUCT_MIGRATIONS)
    keys.ensure(named.keys, named.origin)
    opened = Opened(named, keys.load(named.keys), gating.pdp)
    try:
        with opened.application.app.app_context():
            assert board().repository.branch == "main"
    finally:
        opened.close()


SAID = {
    "fatal: '/srv/git/omega policies.git' does not appear to be a git repository": (
        "fatal: … does not appear to be a git repository"
    ),
    "fatal: unable to access https://u:p@git.example.org/x/: The requested URL returned 403": (
        "fatal: unable to access … The requested URL returned 403"
    ),
    "ssh: Could not resolve hostname forge: Name or service not known": (
        "ssh: Could not resolve hostname … Name or service not known"
    ),
    "git@forge: Permission denied. Please check the access rights.": (
        "… Permission denied. Please check the access rights."
    ),
    "git fetch failed: it did not say why": "git fetch failed: it did not say why",
}


@pytest.mark.parametrize(("said", "shown"), SAID.items(), ids=list(SAID.values()))
def test_officers_are_not_told_where_the_remote_is(said, shown):
    assert without_places(said) == shown
