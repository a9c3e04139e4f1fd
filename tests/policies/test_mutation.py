"""The shipped policies, changed in one small way at a time: a test notices, or a person has said why none can."""

from functools import cache
from pathlib import Path

import pytest

import app
from app.pdp.bundle import load
from app.pdp.mutation_score import score

BUNDLE = load(Path(app.__file__).parents[1] / "policies", "r1")
PACKAGES = sorted(file.removeprefix("rego/").removesuffix(".rego").replace("/", ".") for file in BUNDLE.modules)


@cache
def report():
    return score(BUNDLE)


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_every_mutant_is_noticed_or_explained(package, say):
    [found] = [each for each in report().scores if each.package == package]
    explained = len(found.survivors) - len(found.unexplained)
    say(f"mutants of {package}: {found.killed}/{found.mutants} noticed, {explained} explained: {found.percent}%")
    assert [f"{one.mutant.file}:{one.mutant.line}: {one.mutant.change}" for one in found.unexplained] == [], (
        "write a test that fails with this change; where none can, say why in policies/mutants.yaml"
    )
    assert found.killed > 0


@pytest.mark.slow
def test_no_explanation_is_left_of_what_is_noticed():
    assert report().stale == ()
