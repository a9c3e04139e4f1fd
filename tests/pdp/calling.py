"""What the tests of functions share: one call in Rego, and its value as the engine gives it."""

import json

from app.pdp.engine import Engine
from app.pdp.errors import EngineError

MODULE = "package f\n\nimport rego.v1\n\nvalue := {call}\n"


def call(expression, given=None):
    """Return the value of a Rego expression over an input, `...` where it is undefined, or what the engine says."""
    engine = Engine({"f.rego": MODULE.replace("{call}", expression)}, "{}")
    try:
        answer = json.loads(engine.evaluate("data.f.value", json.dumps(given)))
    except EngineError as error:
        return f"error: {error}"
    return answer["result"][0]["expressions"][0]["value"] if answer.get("result") else ...


def called(name, *arguments):
    """Return the value of `name` over arguments, which go in as facts do."""
    return call(f"{name}({', '.join(f'input[{place}]' for place in range(len(arguments)))})", list(arguments))
