"""Every action of the bundle, without being asked: no fact corrupted may open what it does not explain."""

import fcntl
import os
import pickle
from functools import cache
from pathlib import Path

import pytest

import app
from app.pdp.bundle import load
from app.pdp.strict_yaml import parse_yaml
from tests.policies.explaining import Policies, corrupt

POLICIES = Policies(load(Path(app.__file__).parents[1] / "policies", "r1"))
ACTIONS = sorted(POLICIES.bundle.actions)
EXPLAINED = Path(__file__).parent / "explained"
# A million decisions: tracing them takes longer than making them, and shows nothing new.
pytestmark = pytest.mark.no_cover
LEAST = 200
"""Corruptions that an action meets at least."""


@cache
def explanations(feature):
    """Return what a person has explained of a feature: dictionaries of actions, places, kinds and the reason."""
    file = EXPLAINED / f"{feature}.yaml"
    return parse_yaml(file.name, file.read_text("utf-8")) if file.exists() else []


@pytest.fixture(scope="session")
def tally(tmp_path_factory):
    """Returns the tally of an action, made once for all processes of the run: most of them take seconds."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tallies"
    shared.mkdir(exist_ok=True)

    def tallied(action):
        with (shared / action).open("a+b") as kept:
            fcntl.flock(kept, fcntl.LOCK_EX)
            kept.seek(0)
            if not (found := kept.read()):
                found = pickle.dumps(corrupted(action))
                kept.write(found)
        return pickle.loads(found)  # noqa: S301 - our own

    return cache(tallied)


def corrupted(action):
    feature, _, verb = action.partition(".")
    mine = [each for each in explanations(feature) if verb in each["actions"]]
    return corrupt(
        POLICIES, action, {(place, kind) for each in mine for place in each["places"] for kind in each["kinds"]}
    )


@pytest.mark.parametrize("action", ACTIONS)
def test_there_is_a_case_to_begin_with(action):
    feature = action.partition(".")[0]
    assert any(POLICIES.decide(document).allow for document in POLICIES.cases[action]), (
        f"write a case of `{action}` that is allowed into policies/cases/{feature}.yaml; its facts are then corrupted"
    )


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_corrupted_is_allowed_without_a_reason(action, say, tally):
    result = tally(action)
    say(result.line(action))
    assert result.wrong == [], "allowed although the contract does not hold"
    assert {f"{place}: {kind}": values[:5] for (place, kind), values in result.unexplained.items()} == {}, (
        f"mend the policy, or say why in {EXPLAINED.name}/{action.partition('.')[0]}.yaml"
    )
    assert result.mutations >= LEAST


@pytest.mark.slow
@pytest.mark.parametrize("feature", sorted({action.partition(".")[0] for action in ACTIONS}))
def test_no_explanation_is_left_of_what_does_not_happen(feature, tally):
    unused = []
    for each in explanations(feature):
        assert each.keys() == {"actions", "places", "kinds", "reason"}
        used = {action: tally(f"{feature}.{action}").used for action in each["actions"]}
        every = {pair for pairs in used.values() for pair in pairs}
        pairs = {(place, kind) for place in each["places"] for kind in each["kinds"]}
        unused += [f"action {action}: {each['reason']}" for action, found in used.items() if not found & pairs]
        unused += [
            f"{place}: {each['reason']}" for place in each["places"] if place not in {p for p, _ in every & pairs}
        ]
        unused += [f"{kind}: {each['reason']}" for kind in each["kinds"] if kind not in {k for _, k in every & pairs}]
    assert unused == []


def test_explanations_are_of_features_that_there_are():
    assert {file.stem for file in EXPLAINED.glob("*.yaml")} <= {action.partition(".")[0] for action in ACTIONS}
