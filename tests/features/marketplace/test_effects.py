"""Each action of the marketplace changes nothing and is listed as such, or has its effect by `effect`; none is both."""

import ast
import json
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest
from flask import Flask

from app import control
from app.features.marketplace.acting import effect
from app.features.marketplace.feature import feature
from app.pdp.bundle import load
from app.pep import GatedView

ROOT = Path(control.__file__).parents[1]
ROOM = ROOT / "app" / "features" / "marketplace"
ACTIONS = {each for each in load(ROOT / "policies", "test").actions if each.startswith("marketplace.")}
WITHOUT = set(json.loads((ROOT / "policies" / "data" / "effects.json").read_text())["marketplace"]["without"])
FEATURE = "app.features.marketplace."
TREES = [ast.parse(path.read_text()) for path in ROOM.rglob("*.py")]


def routed():
    """Return the views of the feature as they are gated, with the methods that each answers."""
    app = Flask("effects")
    app.register_blueprint(feature.blueprint)
    views = ((app.view_functions[rule.endpoint], rule.methods - {"HEAD"}) for rule in app.url_map.iter_rules())
    return [(view, methods) for view, methods in views if isinstance(view, GatedView)]


def named(code):
    """Return the names that a function's code uses, with those of the functions inside it."""
    inner = (named(each) for each in code.co_consts if isinstance(each, CodeType))
    return set(code.co_names).union(*inner)


def used(function):
    """Return what a function uses of this feature: of its own module, and of modules that it names."""
    names = named(function.__code__)
    there = [function.__globals__[name] for name in names if name in function.__globals__]
    modules = [each for each in there if isinstance(each, ModuleType) and each.__name__.startswith(FEATURE)]
    return there + [getattr(module, name) for module in modules for name in names if hasattr(module, name)]


def has_effect(function):
    """Tell whether a function uses `effect`, or another function of this feature that does."""
    known, waiting = set(), [function]
    while waiting:
        each = waiting.pop()
        if each is effect:
            return True
        if isinstance(each, FunctionType) and each.__module__.startswith(FEATURE) and each not in known:
            known.add(each)
            waiting += used(each)
    return False


VIEWS = [pytest.param(view, methods, id=view.view.__name__) for view, methods in routed()]


@pytest.mark.parametrize(("view", "methods"), VIEWS)
def test_a_view_has_an_effect_where_its_action_is_not_listed_as_without_one(view, methods):
    assert (view.action in WITHOUT) == (methods == {"GET"})
    assert has_effect(view.view) == (view.action not in WITHOUT)


def test_what_no_view_asks_is_asked_by_name_where_it_has_its_effect():
    texts = {node.value for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    unrouted = ACTIONS - {view.action for view, _ in routed()}
    assert unrouted == {
        "marketplace.dispute", "marketplace.expire", "marketplace.invoice", "marketplace.purchase",
        "marketplace.record_attempt", "marketplace.release", "marketplace.rescan", "marketplace.settle",
    }  # fmt: skip
    assert unrouted & WITHOUT == set()
    assert unrouted <= texts


def test_what_is_listed_is_an_action():
    assert WITHOUT <= ACTIONS
