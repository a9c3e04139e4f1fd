"""The checks of a change request, over real policies in Git; the log is decided again by a fake."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.features.policies.changes import checking
from app.features.policies.changes.change_request import State
from app.features.policies.changes.checking import Checker, Means
from app.features.policies.errors import RepositoryError
from app.impact.log_replay import ReplayError
from app.impact.replaying import Node
from app.impact.tally import Change, Example, Flip, Tally
from app.pdp.opa import Second
from tests.features.policies.requests_made import OWNERS
from tests.features.policies.signing import ALICE, NOW
from tests.pdp.shop import FILES, SELL

NODE = Node(store="", keys=Path(), kek="files", key_store="", objects="", payloads=(), journals=Path(), bundles=Path())
SHOP = {f"policies/{path}": text for path, text in FILES.items()}
RIPE = "if input.resource.properties.ripe == true"


def replayed(*_, told, **__):
    """Find that one decision comes out otherwise."""
    told(1, 2)
    told(2, 2)
    found = Tally(same=7)
    found.flip(Flip(Change.ALLOWED, "shop.sell", "user", ("ripe",)), Example("2026-11-20T10:00:00Z", "c-1"))
    return found


@pytest.fixture
def shop(staff):
    """A repository with a shop in it, beside the data of the others."""
    staff.work.commit(SHOP | {"policies/data/limits.json": None})
    return staff


@pytest.fixture
def notes():
    return []


@pytest.fixture
def means(shop, notes):
    def note(kind, body):
        notes.append((kind, body))

    return Means(
        repository=shop.repository, node=NODE, second=None, jobs=1, note=note, now=lambda: NOW, replay=replayed
    )


def proposed(shop, changes):
    shop.work.commit(
        {f"policies/{path}": text for path, text in changes.items()}, ALICE, [shop.work.head()], branch="change"
    )
    return shop.open()


def said(shop, name):
    [found] = [each for each in shop.found().checks if each.name == name]
    return found.status, found.said


@pytest.mark.slow
def test_a_good_change_passes_every_check(shop, means, notes):
    permit = proposed(shop, {"data/thresholds.json": '{"shop": {"min_grams": 60, "price": 1.5}}'})
    Checker(means).begin(permit, shop.opened[-1]).result(60)
    assert shop.found().request.state is State.CHECKED
    assert {each.name: each.status for each in shop.found().checks} == dict.fromkeys(
        ["admission", "impact", "owners", "tests"], "passed"
    )
    _, tests = said(shop, "tests")
    assert (tests["passed"], tests["failures"], tests["missed_lines"]) == (6, 0, 0)
    _, impact = said(shop, "impact")
    assert impact["figures"]["deny_to_allow"] == 1
    [(kind, body)] = notes
    assert kind == "policy.change_checked"
    assert body["decision"] == permit.decision_id
    assert set(body["checks"].values()) == {"passed"}


@pytest.mark.slow
def test_a_change_that_fails_its_tests_is_not_checked(shop, means, notes):
    permit = proposed(shop, {"rego/shop/sell.rego": SELL.replace(RIPE, "if input.resource")})
    checking.run(permit, shop.opened[-1], means)
    assert shop.found().request.state is State.OPEN
    status, tests = said(shop, "tests")
    assert (status, tests["failures"]) == ("failed", 1)
    assert tests["failed"][0]["name"] == "test_an_unripe_fruit_is_not_sold"
    assert said(shop, "admission")[0] == "failed"
    assert notes[0][1]["checks"]["tests"] == "failed"


def test_what_is_no_bundle_fails_where_it_is_needed(shop, means):
    checking.run(proposed(shop, {"rego/shop/sell.rego": "nonsense"}), shop.opened[-1], means)
    assert {each.name: each.status for each in shop.found().checks} == {
        "admission": "failed",
        "impact": "failed",
        "owners": "passed",
        "tests": "failed",
    }


OWNED = {
    "the new OWNERS.yaml cannot be read": ({"OWNERS.yaml": "owners: []\n"}, "`people:`"),
    "the new OWNERS.yaml leaves itself to one": ({"OWNERS.yaml": OWNERS.replace("quorum: 2", "quorum: 1")}, "quorum"),
    "it is deleted": ({"OWNERS.yaml": None}, "OWNERS.yaml"),
    "the signers cannot be read": ({"allowed_signers": "nonsense\n"}, "allowed_signers"),
    "a path belongs to nobody": ({"../README.md": "hello"}, "nobody"),
}


@pytest.mark.parametrize(("changes", "error"), OWNED.values(), ids=OWNED)
def test_owners(shop, means, changes, error):
    files = {f"policies/{path}".replace("policies/../", ""): text for path, text in changes.items()}
    shop.work.commit(files, ALICE, [shop.work.head()], branch="change")
    shop.open()
    with pytest.raises(Exception, match=error):
        checking._owners(shop.opened[-1], means, print)


class Broken:
    """A repository in which nothing is found."""

    def __init__(self, error):
        self._error = error

    def __getattr__(self, _):
        raise self._error


@pytest.mark.parametrize(
    ("error", "told"), [(RepositoryError("git failed"), "git failed"), (KeyError("secret"), "the check broke down")]
)
def test_what_breaks_down_has_not_passed(shop, means, error, told):
    permit = proposed(shop, {"data/thresholds.json": "{}"})
    checking.run(permit, shop.opened[-1], replace(means, repository=Broken(error)))
    assert {(each.status, each.said["error"]) for each in shop.found().checks} == {("failed", told)}


def test_a_log_that_cannot_be_read_leaves_the_impact_unknown(shop, means):
    def refuse(*_, **__):
        raise ReplayError("store: gone")

    permit = proposed(shop, {"data/limits.json": "{}"})
    means = replace(means, replay=refuse)
    assert checking._check(permit, shop.opened[-1], means, "impact") == "failed"
    assert said(shop, "impact")[1] == {"error": "store: gone"}


def test_where_nobody_is_asked_there_is_no_second_opinion(shop, means):
    assert "second_opinion" not in means.names
    permit = proposed(shop, {"data/limits.json": "{}"})
    assert checking._check(permit, shop.opened[-1], means, "second_opinion") == "failed"


def test_a_second_opinion_that_cannot_be_had_is_none(shop, means):
    second = Second(engine=Path("/nowhere/opa"), inputs=1, seconds=1)
    means = replace(means, second=second)
    assert "second_opinion" in means.names
    permit = proposed(shop, {"data/limits.json": "{}"})
    assert checking._check(permit, shop.opened[-1], means, "second_opinion") == "failed"


def test_checks_end_where_the_request_has_moved_on(shop, means, notes):
    proposed(shop, {"data/limits.json": "{}"})
    first = shop.opened[-1]
    permit = proposed(shop, {"data/limits.json": '{"a": 1}'})
    checking.run(permit, first, means)
    assert notes == []
    assert {each.status for each in shop.found().checks} == {"waiting"}


def test_a_log_that_is_full_ends_the_checks_quietly(shop, means, caplog):
    def refuse(*_):
        raise RepositoryError("evidence")

    permit = proposed(shop, {"rego/shop/sell.rego": "nonsense"})
    checker = Checker(replace(means, note=refuse))
    checker.begin(permit, shop.opened[-1]).result(30)
    checker.close()
    assert "ended early" in caplog.text
