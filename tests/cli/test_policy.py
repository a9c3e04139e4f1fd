"""`omega policy mutate`, `check` and `reload`."""

import json

import pytest

from app import activation, tenants
from app.cli import policy
from app.pdp.second_opinion import Opinion
from tests.pdp.shop import SELL_TEST, written
from tests.tenancy import files, listing

BROKEN = {"rego/shop/sell.rego": "package shop.sell\n\nx := \n"}
SURVIVOR = (
    "SURVIVED rego/shop/sell.rego:19: passed weighed: `input.resource.properties.grams >= limits.min_grams` becomes "
    "`input.resource.properties.grams > limits.min_grams`"
)
FAILING = {"rego/shop/sell_test.rego": SELL_TEST.replace("allow == true", "allow == false")}


def test_mutants_that_no_test_notices_are_named_with_their_place(omega, settings):
    ended = omega("policy", "mutate", "--package", "shop.sell")
    assert (ended.code, ended.errors) == (1, "")
    first, score, *survivors, last = ended.out.splitlines()
    assert first.split() == ["package", "killed", "score"]
    name, killed, percent = score.split()
    assert name == "shop.sell"
    assert percent == "{}%".format(100 * int(killed.partition("/")[0]) // int(killed.partition("/")[2]))
    assert SURVIVOR in survivors
    assert all(line.startswith("SURVIVED rego/shop/sell.rego:") for line in survivors)
    assert last.endswith(f"0 explained, {len(survivors)} survived")
    assert omega("policy", "mutate", settings.policies, "--package", "shop.sell").out == ended.out


def test_mutants_as_json(omega, settings):
    ended = omega("policy", "mutate", "--json", "--package", "shop.sell")
    assert (ended.code, ended.errors) == (1, "")
    [package] = ended.json["packages"]
    assert package.keys() == {"package", "file", "mutants", "killed", "percent", "survivors"}
    assert package["mutants"] == package["killed"] + len(package["survivors"])
    assert {each["reason"] for each in package["survivors"]} == {None}
    explain(settings.policies, package["survivors"])
    again = omega("policy", "mutate", "--json", "--package", "shop.sell")
    assert (again.code, again.json["ok"], again.json["stale"]) == (0, True, [])
    assert {each["reason"] for each in again.json["packages"][0]["survivors"]} == {"for the test"}
    told = omega("policy", "mutate", "--package", "shop.sell").out.splitlines()
    assert told[1].endswith(f"100%   {len(package['survivors'])} explained")


def test_explanations_of_what_a_test_notices_are_stale(omega, settings):
    survivors = omega("policy", "mutate", "--json", "--package", "shop.sell").json["packages"][0]["survivors"]
    explain(settings.policies, [*survivors, {"rule": "passed ripe", "change": "a miracle"}])
    ended = omega("policy", "mutate", "--package", "shop.sell")
    assert ended.code == 1
    assert ended.out.splitlines()[-2].startswith("STALE mutants.yaml:1:1: there is no such mutant; take it out: ")
    assert ended.out.endswith("0 survived; 1 explanations are stale\n")


def test_a_package_may_have_to_reach_a_score(omega, settings):
    percent = omega("policy", "mutate", "--json", "--package", "shop.sell").json["percent"]
    assert 0 < percent < 100
    reached = omega("policy", "mutate", "--json", "--package", "shop.sell", "--least", percent)
    assert (reached.code, reached.json["ok"], reached.json["least"]) == (0, True, percent)
    assert "BELOW" not in omega("policy", "mutate", "--package", "shop.sell", "--least", percent).out
    below = omega("policy", "mutate", "--package", "shop.sell", "--least", percent + 1)
    assert below.code == 1
    assert f"BELOW {percent + 1}% rego/shop/sell.rego:1: shop.sell: {percent}%" in below.out.splitlines()
    explain(settings.policies, [{"rule": "passed ripe", "change": "a miracle"}])
    assert omega("policy", "mutate", "--package", "shop.sell", "--least", 0).code == 1


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("least", ["101", "-1", "many", "99999999999999999999"])
def test_a_score_is_a_percentage(omega, least):
    ended = omega("policy", "mutate", f"--least={least}")
    assert ended.code == 2
    assert f"`{least}` is no number from 0 to 100" in ended.errors


@pytest.mark.usefixtures("settings")
def test_mutants_of_no_package_are_one_line(omega):
    assert "there is no package `shop.buy`" in omega("policy", "mutate", "--package", "shop.buy").message


@pytest.mark.usefixtures("settings")
def test_a_terminal_sees_a_bar_and_nothing_of_it_stays_in_the_answer(omega, monkeypatch):
    plain = omega("policy", "mutate", "--package", "shop.sell")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    shown = omega("policy", "mutate", "--package", "shop.sell")
    assert shown.out == plain.out
    assert "mutants" in shown.errors


def explain(policies, survivors):
    entries = [
        {"package": "shop.sell", "rule": each["rule"], "change": each["change"], "reason": "for the test"}
        for each in survivors
    ]
    (policies / "mutants.yaml").write_text(json.dumps(entries), "utf-8")  # what is JSON is YAML too


def test_check_admits_and_changes_nothing(omega, settings):
    before = activation.active(settings.bundles)
    written(settings.policies, {"data/notes.json": "{}"})
    ended = omega("policy", "check")
    assert (ended.code, ended.errors) == (0, "")
    first, second = ended.out.splitlines()
    assert first.endswith("(unversioned) would be admitted")
    assert second == "second opinion: none, OPA is not installed"
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
    told = {"ok": True, "bundle": digest, "revision": "unversioned", "second_opinion": None}
    assert omega("policy", "reload", "--json").json == told


@pytest.mark.parametrize("command", ["test", "mutate", "check", "reload"])
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


@pytest.fixture
def acme(settings, tmp_path, monkeypatch):
    """Return the policies of a tenant of the node."""
    monkeypatch.setenv("OMEGA_TENANTS", str(listing(tmp_path, acme=files("acme"))))
    assert settings.tenants is None  # it is not prepared for any
    return tmp_path / "acme-policies"


def test_a_tenants_own_policies_are_checked_and_put_in_force_for_it_alone(omega, settings, acme):
    nodes = activation.active(settings.bundles)
    checked = omega("policy", "check", "--tenant", "acme", "--json").json
    assert tenants.standing(settings.bundles) == {}
    assert omega("policy", "reload", "--tenant", "acme", "--json").json == checked
    assert tenants.standing(settings.bundles)["acme"].bundle == checked["bundle"] != nodes.stem
    assert activation.active(settings.bundles) == nodes
    written(acme, BROKEN)
    assert omega("policy", "reload", "--tenant", "acme").message.startswith("rego/shop/sell.rego:")
    assert tenants.standing(settings.bundles)["acme"].bundle == checked["bundle"]
    assert omega("policy", "check").code == 0


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("command", ["check", "reload"])
def test_policies_of_a_tenant_that_has_none_are_one_line(omega, command):
    ended = omega("policy", command, "--tenant", "../acme")
    assert (ended.code, ended.message) == (2, "OMEGA_TENANTS lists no policies of a tenant `../acme`")


@pytest.fixture
def second(monkeypatch, tmp_path):
    """Somebody who agrees with everything."""

    def agreed(bundle, asked):
        return Opinion(engine="opa 1", here=bundle.engine, inputs=asked.inputs, asked=7)

    for module in (activation, policy):
        monkeypatch.setattr(module, "compare_apart", agreed)
    monkeypatch.setenv("OMEGA_OPA", str(tmp_path / "opa"))


@pytest.mark.usefixtures("settings", "second")
def test_a_second_opinion_is_said(omega):
    assert omega("policy", "check").out.endswith("\nsecond opinion: not asked for; --second-opinion does\n")
    assert omega("policy", "check", "--second-opinion").out.endswith(
        "\nsecond opinion: opa 1 decides the same 7 questions\n"
    )
    assert omega("policy", "reload").out.endswith("\nsecond opinion: opa 1 decides the same 7 questions\n")
    assert omega("policy", "check", "--second-opinion", "--json").json["second_opinion"]["asked"] == 7


@pytest.mark.usefixtures("settings")
def test_a_second_opinion_that_nobody_can_give_is_no_yes(omega, monkeypatch, tmp_path):
    ended = omega("policy", "check", "--second-opinion")
    assert (ended.code, ended.message.partition(";")[0]) == (2, "second opinion: none, OPA is not installed")
    monkeypatch.setenv("OMEGA_OPA", str(tmp_path / "opa"))
    ended = omega("policy", "check", "--second-opinion")
    assert (ended.code, "no OPA that runs here" in ended.message) == (1, True)
