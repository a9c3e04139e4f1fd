"""What differs between the policies that decide and those that are declared: each kind, and nothing if all is well."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.features.policies.drift.comparing import (
    GRACE,
    Declared,
    Finding,
    Kept,
    Kind,
    Loaded,
    Observed,
    compare,
    fingerprint,
)
from app.features.policies.drift.healing import odd_workers
from tests.pdp.shop import stocked as shop

ENGINE = "regorus/0.13.0"
COMMIT, OTHER = "c" * 40, "d" * 40
FOREIGN = "rego/shop/give.rego"


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    return shop(tmp_path_factory.mktemp("declared"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """The same policies with one rule changed and one module more."""
    base = tmp_path_factory.mktemp("foreign")
    made = shop(base)
    sell = made.files["rego/shop/sell.rego"].replace("ripe == true", "ripe != 7")
    return shop(
        base, {"rego/shop/sell.rego": sell, "rego/lib/more.rego": "package lib.more\n\nimport rego.v1\n\nx := 1\n"}
    )


def kept(bundle):
    return Kept(digest=bundle.digest, bundle=bundle, sources=bundle.modules)


def worker(bundle, name="worker 0", **changes):
    usual = {"worker": name, "digest": bundle.digest, "engine": bundle.engine, "modules": kept(bundle).modules}
    return Loaded(**usual | changes)


@pytest.fixture
def well(declared):
    """A node where nothing differs."""
    return Observed(
        declared=Declared(commit=COMMIT, bundle=declared, head=COMMIT),
        published=declared.digest,
        active=declared.digest,
        kept={declared.digest: kept(declared)},
        workers=[worker(declared), worker(declared, "worker 1")],
        engine=declared.engine,
        settings=[("OMEGA_MACHINE", "yes", "yes")],
    )


def kinds(observed):
    return sorted({(each.kind, each.place) for each in compare(observed)})


def test_where_all_is_well_nothing_is_found(well):
    assert compare(well) == ()
    assert compare(replace(well, declared=None, published=None)) == ()


@pytest.mark.parametrize(
    ("code", "kind"),
    [("unsigned", Kind.UNSIGNED_COMMIT), ("unknown_signer", Kind.UNKNOWN_COMMIT), ("rewritten", Kind.UNKNOWN_COMMIT)],
)
def test_a_commit_that_is_not_to_be_trusted(well, code, kind):
    (found,) = compare(replace(well, declared=replace(well.declared, head=OTHER, refused=(OTHER, code))))
    assert (found.kind, found.place, found.found, found.mended) == (kind, "git", f"{OTHER[:12]}: {code}", False)


def test_what_was_merged_and_not_put_in_force(well):
    (found,) = compare(replace(well, declared=replace(well.declared, head=OTHER)))
    assert (found.kind, found.place, found.blocking, found.mended) == (Kind.UNSYNCED, "git", False, False)


@pytest.mark.parametrize(("seconds", "count"), [(59.0, 0), (60.0, 1)], ids=["just now", "a minute ago"])
def test_what_was_put_in_force_without_a_decision_inside_a_window(well, seconds, count):
    found = compare(replace(well, declared=replace(well.declared, decided=False, activated=seconds)))
    assert [each.kind for each in found] == [Kind.CHANGE_OUTSIDE_WINDOW] * count


def test_what_is_published_is_edited(well):
    (found,) = compare(replace(well, published=None, unpublished="`rego/x.rego` is not what was signed"))
    assert (found.kind, found.place, found.mended) == (Kind.EDITED_BUNDLE, "published", True)


def test_what_is_published_is_of_before_or_of_nobody(well, foreign):
    of_before = replace(well, declared=replace(well.declared, earlier=frozenset({foreign.digest})))
    assert kinds(replace(of_before, published=foreign.digest)) == [(Kind.UNSYNCED, "published")]
    assert kinds(replace(well, published=foreign.digest)) == [(Kind.EDITED_BUNDLE, "published")]


def turned(well, foreign, **changes):
    """A node that was told to load other policies, and did."""
    return replace(
        well,
        active=foreign.digest,
        kept={foreign.digest: kept(foreign)},
        workers=[worker(foreign)],
        **changes,
    )


def test_a_module_that_git_does_not_have_and_one_that_is_not_so(well, foreign):
    found = compare(turned(well, foreign))
    assert [(each.kind, each.place, each.declared, each.mended) for each in found] == [
        (Kind.FOREIGN_MODULE, "rego/lib/more.rego", "no such file", True),
        (Kind.FOREIGN_MODULE, "rego/shop/sell.rego", found[1].declared, True),
    ]
    assert all(each.blocking for each in found)


def test_only_data_differ(well, declared, tmp_path):
    other = shop(tmp_path, {"data/thresholds.json": '{"shop": {"min_grams": 1}}'})
    assert other.modules == declared.modules
    assert kinds(turned(well, other)) == [(Kind.EDITED_BUNDLE, "active")]


def test_a_node_that_did_not_follow_an_activation(well, foreign):
    late = turned(well, foreign, declared=replace(well.declared, earlier=frozenset({foreign.digest})))
    assert kinds(late) == [(Kind.UNSYNCED, "active")]


def test_a_module_is_monitored_alone(well, declared, tmp_path):
    sell = declared.files["rego/shop/sell.rego"]
    mild = shop(tmp_path / "mild", {"rego/shop/sell.rego": sell.replace("blocking", "monitoring")})
    changed = shop(tmp_path / "changed", {"rego/shop/sell.rego": sell.replace("blocking", "monitoring") + "\n# more\n"})
    node = replace(turned(well, changed), declared=replace(well.declared, bundle=mild), published=mild.digest)
    (found,) = compare(node)
    assert (found.kind, found.blocking) == (Kind.FOREIGN_MODULE, False)


def test_nothing_says_what_to_load(well):
    assert kinds(replace(well, active=None)) == [(Kind.EDITED_BUNDLE, "active")]


def test_a_bundle_that_is_told_and_not_there(well):
    nothing = "0" * 64
    gone = replace(well, active=nothing, kept={nothing: Kept(digest=nothing, bundle=None)}, workers=[])
    assert kinds(gone) == [(Kind.EDITED_BUNDLE, "active"), (Kind.EDITED_BUNDLE, "bundles/000000000000")]


def test_a_bundle_on_the_disk_is_edited(well, declared):
    sources = {**declared.modules, FOREIGN: "package shop.give\n"}
    edited = Kept(digest=declared.digest, bundle=None, sources=sources)
    found = compare(replace(well, kept={declared.digest: edited}))
    assert [(each.kind, each.place) for each in found] == [
        (Kind.EDITED_BUNDLE, f"bundles/{declared.digest[:12]}"),
        (Kind.FOREIGN_MODULE, FOREIGN),
    ]


@pytest.mark.parametrize(("seconds", "count"), [(GRACE - 1, 0), (GRACE, 1)], ids=["still loading", "too long"])
def test_a_worker_that_did_not_take_over(well, declared, foreign, seconds, count):
    both = {each.digest: kept(each) for each in (declared, foreign)}
    found = compare(
        replace(
            well,
            declared=replace(well.declared, earlier=frozenset({foreign.digest})),
            kept=both,
            workers=[worker(foreign)],
            active_for=seconds,
        )
    )
    assert [each.kind for each in found] == [Kind.STALE_WORKER] * count


def test_a_worker_that_says_nothing(well):
    silent = Loaded(worker="worker 1", digest=None)
    assert kinds(replace(well, workers=[*well.workers[:1], silent])) == [(Kind.STALE_WORKER, "worker 1")]


def test_a_worker_that_has_a_module_more_than_its_bundle(well, declared):
    modules = {**kept(declared).modules, FOREIGN: "f" * 64}
    assert kinds(replace(well, workers=[worker(declared, modules=modules)])) == [
        (Kind.FOREIGN_MODULE, f"worker 0: {FOREIGN}")
    ]


def test_a_worker_with_another_engine(well, declared):
    assert kinds(replace(well, workers=[worker(declared, engine="regorus/0.1")])) == [
        (Kind.ENGINE_MISMATCH, "worker 0")
    ]


def test_an_override_that_was_used_after_its_end_and_a_setting(well):
    node = replace(well, overrides=["ovr-1"], settings=[("OMEGA_MACHINE", "yes", "no")])
    assert kinds(node) == [(Kind.OVERRIDE_PAST_ITS_TIME, "ovr-1"), (Kind.SETTING_DIFFERS, "OMEGA_MACHINE")]


def test_a_worker_is_replaced_where_a_fresh_one_can_decide(well, declared, foreign):
    modules = {**kept(declared).modules, FOREIGN: "f" * 64}
    odd = replace(well, workers=[worker(declared, modules=modules), worker(declared, "worker 1", engine="regorus/0.1")])
    assert odd_workers(odd, compare(odd), ()) == ("worker 0", "worker 1")
    assert odd_workers(well, compare(well), ()) == ()
    classes = SimpleNamespace(retention_classes={"hipaa6y"})
    unlike = {
        "nothing is declared": {"declared": None},
        "other policies are to be loaded": {"active": foreign.digest},
        "the bundle is edited": {"kept": {declared.digest: Kept(digest=declared.digest, bundle=None)}},
        "its class is not kept": {"kept": {declared.digest: Kept(digest=declared.digest, bundle=classes)}},
    }
    for name, change in unlike.items():
        assert odd_workers(replace(odd, **change), compare(odd), ("std7y",)) == (), name
    kept_here = replace(odd, **unlike["its class is not kept"])
    assert odd_workers(kept_here, compare(odd), ("hipaa6y",)) == ("worker 0", "worker 1")


def test_the_same_findings_have_one_fingerprint():
    one, other = (Finding(kind=Kind.STALE_WORKER, place=place) for place in ("worker 0", "worker 1"))
    assert fingerprint([one]) == fingerprint([one])
    assert len({fingerprint([]), fingerprint([one]), fingerprint([other]), fingerprint([one, other])}) == 4
