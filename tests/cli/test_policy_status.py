"""`omega policy status`: which engine decides each action, and why."""

import json

import pytest

from app import activation, machine_files
from app.pdp.engine import ENGINE
from app.pdp.fast_path import MACHINE_ENGINE
from tests.tenancy import files, listing


@pytest.fixture
def digest(settings):
    return activation.active(settings.bundles).stem


def told(omega):
    ended = omega("policy", "status", "--json")
    assert ended.code == 0
    [action] = ended.json["actions"]
    return action["engine"], action["reason"]


def test_before_the_engines_are_compared(omega, digest):
    assert told(omega) == (ENGINE, "the engines are not compared yet; a running service does it")
    assert omega("policy", "status", "--json").json["bundle"] == digest


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        pytest.param({"shop.sell": ""}, (MACHINE_ENGINE, "proved equal"), id="proved"),
        pytest.param({"shop.sell": "`trim` is not on the list"}, (ENGINE, "`trim` is not on the list"), id="refused"),
        pytest.param({}, (ENGINE, "it is not compared yet; a running service tries again"), id="left out"),
    ],
)
def test_after_that(omega, settings, digest, verdicts, expected):
    machine_files.keep_verdicts(settings.bundles, digest, verdicts)
    assert told(omega) == expected


def test_as_a_table(omega, settings, digest):
    machine_files.keep_verdicts(settings.bundles, digest, {"shop.sell": ""})
    first, head, row = omega("policy", "status").out.splitlines()
    assert first == f"bundle {digest} (unversioned): 1 of 1 actions on the fast path"
    assert head.split() == ["action", "engine", "why"]
    assert row.split() == ["shop.sell", MACHINE_ENGINE, "proved", "equal"]


def test_after_a_difference(omega, settings, digest):
    machine_files.keep_verdicts(settings.bundles, digest, {"shop.sell": ""})
    machine_files.distrust(settings.bundles, digest, "shop.sell")
    assert told(omega)[1].startswith("the engines differed in service")


@pytest.mark.usefixtures("digest")
def test_where_it_is_turned_off(omega, monkeypatch):
    monkeypatch.setenv("OMEGA_MACHINE", "no")
    assert told(omega) == (ENGINE, "OMEGA_MACHINE is no")


@pytest.mark.parametrize("lost", ["active", "snapshot"])
def test_without_a_bundle_in_force(omega, settings, digest, lost):
    (settings.bundles / ("active" if lost == "active" else f"{digest}.json")).unlink()
    ended = omega("policy", "status", "--json")
    assert ended.code != 0
    assert json.loads(ended.out)["ok"] is False


def test_a_tenant_has_its_own_bundle_in_force_or_the_nodes(omega, digest, tmp_path, monkeypatch):
    monkeypatch.setenv("OMEGA_TENANTS", str(listing(tmp_path, acme=files("acme"))))
    own = omega("policy", "reload", "--tenant", "acme", "--json").json["bundle"]
    said = omega("policy", "status", "--tenant", "acme", "--json").json
    assert (said["tenant"], said["bundle"]) == ("acme", own)
    assert own != digest
    assert omega("policy", "status", "--tenant", "other", "--json").json["bundle"] == digest
    assert omega("policy", "status", "--json").json["bundle"] == digest


def test_a_tenant_of_whose_policies_none_were_admitted_is_one_line(omega, settings):
    (settings.bundles / "tenants").mkdir()
    (settings.bundles / "tenants" / "acme.json").write_text('{"own": true, "bundle": null, "retention": null}')
    ended = omega("policy", "status", "--tenant", "acme")
    assert ended.code == 1
    assert ended.message == "tenants/acme.json:1:1: no policies of this tenant are in force"
