"""`omega policy test`, `check` and `reload`."""

import pytest

from app import activation
from tests.pdp.shop import SELL_TEST, written

BROKEN = {"rego/shop/sell.rego": "package shop.sell\n\nx := \n"}
FAILING = {"rego/shop/sell_test.rego": SELL_TEST.replace("allow == true", "allow == false")}


def test_tests_that_pass(omega, settings):
    ended = omega("policy", "test")
    assert (ended.code, ended.errors) == (0, "")
    assert ended.out == "6 passed, 0 failed\n"
    assert activation.active(settings.bundles).exists()


def test_tests_that_fail_are_named_with_their_place(omega, settings):
    written(settings.policies, FAILING)
    ended = omega("policy", "test")
    assert ended.code == 1
    first, last = ended.out.splitlines()
    assert first.startswith("FAILED rego/shop/sell_test.rego:9: test_a_ripe_and_heavy_fruit_is_sold: ")
    assert last == "5 passed, 1 failed"


@pytest.mark.usefixtures("settings")
def test_coverage_says_what_no_test_runs(omega):
    ended = omega("policy", "test", "--coverage")
    lines = ended.out.splitlines()
    assert lines[0] == "6 passed, 0 failed"
    assert lines[1].split() == ["file", "lines", "not", "run"]
    assert [line.split()[0] for line in lines[2:]] == ["rego/lib/gates.rego", "rego/shop/sell.rego"]


def test_tests_as_json(omega, settings):
    written(settings.policies, FAILING)
    ended = omega("policy", "test", "--json", "--coverage")
    assert ended.code == 1
    assert ended.json["ok"] is False
    assert len(ended.json["results"]) == 6
    assert sum(not result["passed"] for result in ended.json["results"]) == 1
    assert ended.json["coverage"]["rego/shop/sell.rego"].keys() == {"covered", "missed"}
    assert "coverage" not in omega("policy", "test", "--json").json


def test_check_admits_and_changes_nothing(omega, settings):
    before = activation.active(settings.bundles)
    written(settings.policies, {"data/notes.json": "{}"})
    ended = omega("policy", "check")
    assert (ended.code, ended.errors) == (0, "")
    assert ended.out.endswith("(unversioned) would be admitted\n")
    assert activation.active(settings.bundles) == before
    again = omega("policy", "check", "--json").json
    assert again["ok"] is True
    assert again["bundle"] in ended.out


def test_reload_admits_and_puts_in_force(omega, settings):
    written(settings.policies, {"data/notes.json": "{}"})
    ended = omega("policy", "reload")
    assert (ended.code, ended.errors) == (0, "")
    digest = activation.active(settings.bundles).stem
    assert ended.out.startswith(f"bundle {digest} (unversioned) is in force")
    assert omega("policy", "reload", "--json").json == {"ok": True, "bundle": digest, "revision": "unversioned"}


@pytest.mark.parametrize("command", ["test", "check", "reload"])
def test_policies_that_are_not_admitted_are_one_line_with_the_place(omega, settings, command):
    before = activation.active(settings.bundles)
    written(settings.policies, BROKEN)
    ended = omega("policy", command)
    assert ended.code == 1
    assert ended.message.startswith("rego/shop/sell.rego:")
    told = omega("policy", command, "--json")
    assert (told.code, told.errors) == (1, "")
    assert told.json == {"ok": False, "error": ended.message}
    assert activation.active(settings.bundles) == before


def test_a_reload_that_cannot_be_written_is_one_line(omega, settings):
    (settings.bundles / "active").unlink()
    (settings.bundles / "active").mkdir()
    ended = omega("policy", "reload")
    assert ended.code == 2
    assert "cannot be written" in ended.message


def test_without_policies_nothing_is_admitted(omega, settings, monkeypatch):
    monkeypatch.setenv("OMEGA_POLICIES", str(settings.data / "nowhere"))
    assert omega("policy", "check").code == 1
