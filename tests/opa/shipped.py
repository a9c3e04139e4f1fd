"""The shipped policies under both engines: what is asked of them, and what each engine says."""

import json
from dataclasses import dataclass
from pathlib import Path

import app
from app.pdp.bundle import load, needed
from app.pdp.engine import Engine, Engines
from app.pdp.syntax import parse_syntax_trees
from tests.opa.oracle import UNDEFINED, differences, ours
from tests.policies.explaining import Policies

BUNDLE = load(Path(app.__file__).parents[1] / "policies", "r1")
POLICIES = Policies(BUNDLE)
ENTRIES = json.loads(BUNDLE.snapshot())["entries"]


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
    return [ours(engines, path, text) for text in texts]


def decisions(oracle, action, texts, modules=BUNDLE.modules, data=BUNDLE.data):
    """Compare the decisions of our engine with those of OPA, which is given `modules` and `data`."""
    path = f"{action}.decision"
    oracle.load({file: modules[file] for file in ENTRIES[f"data.{path}"]}, data)
    here = decided_here(action, texts)
    return Compared(texts, here, differences(texts, here, oracle.evaluate(path, texts)))


def rego_tests(oracle, modules=BUNDLE.modules, files=BUNDLE.tests):
    """Compare the results of every Rego test in `files`, OPA being given `modules`."""
    engine = Engine(BUNDLE.modules | BUNDLE.tests, BUNDLE.data)
    names, here, there = [], [], []
    for module in parse_syntax_trees(engine.syntax_trees()):
        if module.file in files:
            package = ".".join(module.package[1:])
            tests = [f"{package}.{name}" for name in _names_of_tests(module)]
            names += tests
            here += [ours(engine, path, "{}") for path in tests]
            there += _results(oracle, package, tests, _sources(module.file, modules | BUNDLE.tests))
    return Compared(names, here, differences(names, here, there))


def _names_of_tests(module):
    return list(dict.fromkeys(rule.name for rule in module.rules if rule.name.startswith("test_")))


def _sources(file, modules):
    return {each: modules[each] for each in needed(file, modules)}


def _results(oracle, package, tests, sources):
    """Return OPA's result of each test of a package: of the package as one document, or, if that fails, one by one."""
    oracle.load(sources, BUNDLE.data)
    kind, text = oracle.evaluate(package, ["{}"])[0]
    if kind != "value":
        return [oracle.evaluate(path, ["{}"])[0] for path in tests]
    document = json.loads(text)
    names = [path.rpartition(".")[2] for path in tests]
    return [("value", json.dumps(document[name])) if name in document else (UNDEFINED, "") for name in names]
