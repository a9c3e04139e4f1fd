"""Tenants: what their list may say, what is put in force for each, and that each has its own and nothing else."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from app import activation, supervisor, tenants
from app.pdp.bundle import parse_snapshot
from app.pdp.errors import BundleError
from app.regions import Region
from app.settings import Settings, SettingsError
from app.tenants import Standing, Tenant
from tests.node import node_environment
from tests.pdp.shop import FILES, written
from tests.tenancy import files, listing


@pytest.fixture
def node(tmp_path):
    """Return a way to have the settings of a node whose list has these tenants."""

    def make(**stated):
        return settings_of(tmp_path, listing(tmp_path, **stated))

    return make


def settings_of(path, file):
    return Settings.from_environment(node_environment(path, OMEGA_TENANTS=str(file)))


def test_without_a_list_there_are_none(tmp_path):
    settings = Settings.from_environment(node_environment(tmp_path))
    assert tenants.listed(settings) == {}
    assert tenants.standing(settings.bundles) == {}


def test_the_list_says_what_each_has_of_its_own(node, tmp_path):
    settings = node(
        acme=files("acme"),
        globex={"retention": "hipaa6y"},
        both={"policies": "b", "retention": "std7y", "region": "EU"},
    )
    assert tenants.listed(settings) == {
        "acme": Tenant(policies=tmp_path / "acme-policies", retention=None),
        "globex": Tenant(policies=None, retention="hipaa6y"),
        "both": Tenant(policies=tmp_path / "b", retention="std7y", region=Region.EU),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[]", "it is an object of at most 1000 tenants", id="no object"),
        pytest.param("{", "OMEGA_TENANTS cannot be", id="no JSON"),
        pytest.param('{"a": {"retention": "std7y"}, "a": {"retention": "std7y"}}', "twice", id="a tenant twice"),
        pytest.param('{"a": {}}', "tenant `a`: write", id="nothing of its own"),
        pytest.param('{"a": []}', "tenant `a`: write", id="no object for a tenant"),
        pytest.param('{"a": {"policies": ""}}', "tenant `a`: write", id="an empty place"),
        pytest.param('{"a": {"policies": "p", "data": "d"}}', "tenant `a`: write", id="an unknown member"),
        pytest.param('{"a": {"region": "MOON"}}', "a region is one of", id="no such region"),
        pytest.param('{"a": {"retention": "forever"}}', "`forever` has no days in OMEGA_RETENTION", id="no such class"),
        pytest.param(" " * (1 << 20) + "{}", "OMEGA_TENANTS cannot be", id="too large"),
        pytest.param(
            json.dumps({f"t{n}": {"retention": "std7y"} for n in range(1_001)}), "at most 1000", id="too many"
        ),
        *(
            pytest.param(json.dumps({name: {"retention": "std7y"}}), "no name of a tenant", id=f"the name `{name}`")
            for name in (
                "",
                "..",
                ".",
                "../b",
                "a/b",
                "A",
                "a.json",
                "a\\b",
                "-a",
                "a\u0000",
                "a\n",
                "system",
                "x" * 65,
            )
        ),
    ],
)
def test_a_list_that_is_none_is_one_line(tmp_path, text, message):
    file = tmp_path / "tenants.json"
    file.write_text(text)
    with pytest.raises(SettingsError, match=message) as caught:
        tenants.listed(settings_of(tmp_path, file))
    assert "\n" not in str(caught.value).replace("a\n", "")


def test_a_list_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(SettingsError, match=r"OMEGA_TENANTS cannot be .*: No such file"):
        tenants.listed(settings_of(tmp_path, tmp_path / "nowhere"))


@given(data=st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
@effort(max_examples=50)
def test_a_list_of_any_bytes_is_a_list_or_a_settings_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("list")
    (path / "tenants.json").write_bytes(data)
    with suppress(SettingsError):
        assert tenants.listed(settings_of(path, path / "tenants.json")) == {}


@pytest.mark.parametrize("name", ["../../etc", "..", "acme/../globex", "", "active", "globex"])
def test_who_has_no_policies_of_its_own_has_none_to_reload(node, name):
    settings = node(acme=files("acme"), globex={"retention": "std7y"})
    with pytest.raises(SettingsError, match="lists no policies of a tenant"):
        tenants.activate(settings, name)
    assert not settings.bundles.exists()


def test_what_is_put_in_force_for_one_is_in_force_for_nobody_else(node):
    settings = node(acme=files("acme", 10), globex=files("globex", 20))
    nodes = activation.activate(settings.policies, settings.bundles)
    first = tenants.activate(settings, "acme")
    second = tenants.activate(settings, "globex")
    written(settings.tenants.parent / "acme-policies", files("acme", 30))
    third = tenants.activate(settings, "acme")
    assert len({nodes.digest, first.digest, second.digest, third.digest}) == 4
    assert tenants.standing(settings.bundles) == {
        "acme": Standing(own=True, bundle=third.digest, retention=None),
        "globex": Standing(own=True, bundle=second.digest, retention=None),
    }
    assert activation.active(settings.bundles).stem == nodes.digest
    found = {name: tenants.snapshot_in_force(settings.bundles, name).stem for name in ("acme", "globex", "other")}
    assert found == {"acme": third.digest, "globex": second.digest, "other": nodes.digest}
    assert "30" in parse_snapshot(tenants.snapshot_in_force(settings.bundles, "acme").read_bytes()).data


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        pytest.param(
            {"data/callers.json": FILES["data/callers.json"]},
            "data/callers.json:1:2: caller `marketplace`: these are the policies of tenant `acme` alone",
            id="callers of another tenant",
        ),
        pytest.param({"rego/shop/sell.rego": "package shop.sell\n\nx := \n"}, "rego/shop/sell.rego:", id="no Rego"),
        pytest.param(
            {"rego/shop/sell.rego": "# METADATA\n# custom: {retention: forever}\n" + FILES["rego/shop/sell.rego"]},
            ".:1:1: retention class `forever` has no days",
            id="a class that nobody keeps",
        ),
    ],
)
def test_policies_that_are_not_admitted_change_nothing(node, changes, where):
    settings = node(acme=files("acme"))
    before = tenants.activate(settings, "acme").digest
    written(settings.tenants.parent / "acme-policies", changes)
    with pytest.raises(BundleError) as caught:
        tenants.activate(settings, "acme")
    assert str(caught.value).startswith(where)
    assert tenants.standing(settings.bundles)["acme"].bundle == before


BROKEN = {"rego/shop/sell.rego": "package shop.sell\n\nx := \n"}


def test_a_start_puts_in_force_what_the_list_says_whoever_else_is_broken(node, caplog):
    settings = node(acme=files("acme"), globex=files("globex") | BROKEN, initech={"retention": "hipaa6y"})
    supervisor.prepare(settings)
    found = tenants.standing(settings.bundles)
    assert found["globex"] == Standing(own=True, bundle=None, retention=None)
    assert found["initech"] == Standing(own=False, bundle=None, retention="hipaa6y")
    assert (settings.bundles / f"{found['acme'].bundle}.json").exists()
    assert "policies of tenant globex are not admitted, and nothing decides for it: rego/shop/sell.rego:" in caplog.text
    with pytest.raises(BundleError, match="no policies of this tenant are in force"):
        tenants.snapshot_in_force(settings.bundles, "globex")
    assert tenants.snapshot_in_force(settings.bundles, "initech") == activation.active(settings.bundles)


def test_a_start_with_policies_that_are_not_admitted_keeps_those_before(node, caplog):
    settings = node(acme=files("acme"), globex=files("globex"))
    tenants.prepare(settings)
    before = tenants.standing(settings.bundles)
    written(settings.tenants.parent / "acme-policies", BROKEN)
    tenants.prepare(settings)
    assert tenants.standing(settings.bundles) == before
    assert "policies of tenant acme are not admitted, the old ones go on" in caplog.text


def test_who_is_listed_no_more_has_the_nodes_policies_after_a_start(node, tmp_path):
    tenants.prepare(node(acme=files("acme")))
    settings = settings_of(tmp_path, listing(tmp_path))
    supervisor.prepare(settings)
    assert tenants.standing(settings.bundles) == {}
    assert tenants.snapshot_in_force(settings.bundles, "acme") == activation.active(settings.bundles)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff",
        b'{"own": true, "bundle": "../../../etc/passwd", "retention": null}',
        b'{"own": true, "bundle": 7, "retention": null}',
        b" " * 5_000,
    ],
)
def test_of_a_damaged_standing_nothing_is_in_force_and_never_the_nodes(tmp_path, data):
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "acme.json").write_bytes(data)
    (tmp_path / "tenants" / "Not a tenant.json").write_bytes(data)
    assert tenants.standing(tmp_path) == {"acme": Standing(own=True, bundle=None, retention=None)}
