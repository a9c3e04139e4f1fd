"""The shipped policies under both engines: what is asked of them, and what each engine says."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import app
from app.pdp import second_opinion
from app.pdp.bundle import load, needed
from app.pdp.engine import Engines
from tests.opa.oracle import differences
from tests.policies.explaining import Policies

BUNDLE = load(Path(app.__file__).parents[1] / "policies", "r1")
POLICIES = Policies(BUNDLE)
ENTRIES = json.loads(BUNDLE.snapshot())["entries"]
COUNT = 1_000


def made(action):
    """Return the texts of a thousand inputs."""
    return [POLICIES.inputs.text_of(each) for each in POLICIES.inputs.made(action, count=COUNT)]


def told(action):
    """Return the texts of the cases."""
    return [POLICIES.inputs.text_of(each) for each in POLICIES.inputs.cases(action)]


@dataclass(frozen=True, slots=True)
class Compared:
    """The names of what was asked, our answers, and where OPA has others."""

    names: list
    here: list
    differences: list


def decided_here(action, texts):
    """Return what our engine decides for each input, as it does in service: with the modules that the action needs."""
    path = f"{action}.decision"
    engines = Engines(BUNDLE.modules, BUNDLE.data, {f"data.{path}": ENTRIES[f"data.{path}"]})
    return [second_opinion.answer(engines, path, text) for text in texts]


def decisions(oracle, action, texts, modules=BUNDLE.modules, data=BUNDLE.data):
    """Compare the decisions of our engine with those of OPA, which is given `modules` and `data`."""
    path = f"{action}.decision"
    oracle.load({file: modules[file] for file in ENTRIES[f"data.{path}"]}, data)
    here = decided_here(action, texts)
    return Compared(texts, here, differences(texts, here, oracle.evaluate(path, texts)))


def rego_tests(oracle, modules=BUNDLE.modules, files=BUNDLE.tests):
    """Compare the results of every Rego test in `files`, OPA being given `modules`."""
    names, here, there = [], [], []
    oracle.load({**modules, **BUNDLE.tests}, BUNDLE.data)
    for module, tests in second_opinion.rego_tests(replace(BUNDLE, tests={each: BUNDLE.tests[each] for each in files})):
        names += tests
        here += second_opinion.tests_here(BUNDLE, tests)
        wanted = needed(module.file, {**modules, **BUNDLE.tests})
        there += second_opinion.tests_there(oracle, module, tests, wanted)
    return Compared(names, here, differences(names, here, there))
