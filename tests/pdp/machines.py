"""Policies that the virtual machine gets wrong, others that it gets right, and what the profile says of each."""

import json

from app.pdp.engine import Engine, Engines, Machine, compile_program
from app.pdp.machine_profile import profile
from app.pdp.syntax import parse_syntax_trees
from tests.pdp.shop import SCHEMA, SELL, asked

QUERY = "data.shop.sell.decision"
GATE = "input.resource.properties.ripe == true"
LISTS = {
    "tags": {"type": "array", "maxItems": 4, "items": {"type": "string", "maxLength": 9}},
    "sizes": {"type": "array", "maxItems": 4, "items": {"type": "integer", "minimum": 0, "maximum": 9}},
    "due": {"type": "string", "format": "date-time", "maxLength": 30},
    "name": {"type": "string", "maxLength": 9},
    "kind": {"type": ["string", "null"], "maxLength": 9},
    "boxes": {
        "type": "array",
        "maxItems": 3,
        "items": {
            "type": "object",
            "required": ["tag"],
            "properties": {
                "tag": {"type": "string", "maxLength": 9},
                "more": {"type": "string", "maxLength": 9},
            },
        },
    },
}


def _schema():
    schema = json.loads(json.dumps(SCHEMA))
    facts = schema["properties"]["resource"]["properties"]["properties"]["properties"]
    facts |= LISTS
    return json.dumps(schema)


def policy(condition, more=""):
    """Return the files of a bundle whose gate `ripe` holds on `condition`, with more rules."""
    source = SELL.replace(GATE, condition) + f"\n{more}\n"
    return {"rego/shop/sell.rego": source, "rego/shop/sell.schema.json": _schema()}


def profiled(bundle):
    """Return what the profile says of the one action."""
    modules = parse_syntax_trees(Engine(bundle.modules, "{}").syntax_trees())
    return profile(bundle, bundle.actions["shop.sell"], modules)


def engines(bundle):
    """Return `evaluate` of the interpreter and of the machine."""
    interpreter = Engines(bundle.modules, bundle.data, {})
    machine = Machine({QUERY: compile_program(bundle.modules, QUERY)}, bundle.data)
    return interpreter.evaluate, machine.evaluate


def text(**facts):
    """Return an input as the engines are given it."""
    return json.dumps(asked(**facts))
