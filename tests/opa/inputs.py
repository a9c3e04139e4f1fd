"""Inputs for both engines: the cases, and a thousand made for each contract, the same each time."""

import copy
import random

from app.pdp.strict_json import encode
from tests.policies.generating import instant

COUNT = 1_000
HOUR = 3_600


def cases(policies, action):
    """Return the cases of an action that reach its policy, because they keep its contract."""
    contract = policies.bundle.actions[action].contract
    return [case for case in policies.cases[action] if not contract.check(case)]


def inputs(policies, action):
    """Yield `COUNT` documents that the contract of `action` holds for, with facts in some that it does not name.

    Half are made from the contract alone, values at the edges of its bounds, of the limits and of the cases among
    them; half are cases with up to four facts made anew, so that gates fail one at a time.
    """
    contract = policies.bundle.actions[action].contract
    generator = policies.generator(action)
    chance = random.Random(f"inputs of {action}")
    told = cases(policies, action)
    for number in range(COUNT):
        if number % 2:
            facts = _varied(chance, generator, contract.schema, chance.choice(told))
        else:
            facts = generator.value(contract.schema)
        document = _document(chance, generator.unnamed(facts, contract.schema), action)
        assert contract.check(document) == (), f"the generator breaks the contract of {action}"
        yield document


def text_of(policies, document):
    """Return what the engine is given of a document."""
    contract = policies.bundle.actions[document["action"]["name"]].contract
    return encode(contract.prune(document)).decode()


def _document(chance, facts, action):
    moved = chance.choice([0, 0, 0, 1, -1]) * chance.choice(
        [1, HOUR, 3 * HOUR, 11 * HOUR, 24 * HOUR, 50 * HOUR, 2_000 * HOUR]
    )
    environment = {"time": instant(moved), "tenant": "default", "caller": action.partition(".")[0]}
    named = {part: dict(facts.get(part, {})) for part in ("subject", "resource", "context")}
    return named | {"action": {"name": action}, "environment": environment}


def _varied(chance, generator, schema, case):
    """Return the facts of a case with some of them made anew or, where they may be, left out."""
    facts = copy.deepcopy({part: case[part] for part in ("subject", "resource", "context")})
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3, 4])):
        _vary(chance, generator, schema, facts)
    return facts


def _vary(chance, generator, schema, value):
    """Make one fact anew, somewhere below `value`."""
    names = [name for name in schema["properties"] if name in value or chance.random() < 0.1]
    if not names:
        return
    name = chance.choice(names)
    below = schema["properties"][name]
    inner = value.get(name)
    if isinstance(inner, dict) and below.get("properties") and chance.random() < 0.9:
        _vary(chance, generator, below, inner)
    elif isinstance(inner, list) and inner and "properties" in below["items"] and chance.random() < 0.7:
        _vary(chance, generator, below["items"], chance.choice(inner))
    elif name not in schema.get("required", ()) and chance.random() < 0.3:
        value.pop(name, None)
    else:
        value[name] = generator.value(below)
