"""Change requests as the settings want them."""

import json

import pytest

from app.features.policies.opening import open_board
from app.settings import Settings, SettingsError
from tests.features.policies.signing import NOW
from tests.pdp.shop import stocked


def settings(tmp_path, **more):
    return Settings.from_environment({"OMEGA_DATA": str(tmp_path / "data"), "OMEGA_OPA": "none", **more})


def test_without_a_repository_there_is_none(tmp_path, gating):
    assert open_board(settings(tmp_path), gating.pdp, lambda: NOW) is None


def test_a_repository_is_opened(working, tmp_path, gating):
    board = open_board(settings(tmp_path, OMEGA_POLICY_REPOSITORY=str(working.remote)), gating.pdp, lambda: NOW)
    board.repository.fetch()
    assert board.repository.head("main") == working.head()
    assert board.required() == ("admission", "impact", "owners", "tests")
    assert "second_opinion" not in board.checker.means.names
    board.checker.means.note("policy.change_checked", {"change": 1})
    assert gating.records[-1] == ("policy.change_checked", {"caller": "control", "change": 1})
    board.close()


NO_LISTS = [{}, {"policies": []}, {"policies": {"change": {"required_checks": "tests"}}}]


@pytest.mark.parametrize("thresholds", NO_LISTS)
def test_where_policy_asks_for_no_checks_nothing_is_checked(working, tmp_path, gating, thresholds):
    bundle = stocked(tmp_path / "bundle", {"data/thresholds.json": json.dumps(thresholds)})
    policies = gating.pdp.policies
    gating.pdp._pdp.policies = type(policies)(bundle=bundle, evaluators=policies.evaluators)
    board = open_board(settings(tmp_path, OMEGA_POLICY_REPOSITORY=str(working.remote)), gating.pdp, lambda: NOW)
    assert board.required() == ()
    board.close()


def test_a_remote_that_is_none(tmp_path, gating):
    with pytest.raises(SettingsError):
        open_board(settings(tmp_path, OMEGA_POLICY_REPOSITORY=str(tmp_path)), gating.pdp, lambda: NOW)
