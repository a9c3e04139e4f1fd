"""OPA's engine as the tests see it, and how its answers are compared with our engine's."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.pdp.errors import EngineError

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / ".venv" / "opa" / "opa_bindings" / "libopabridge.so"

UNDEFINED, FAILED = "undefined", "failed"
SHOWN = 10
"""Differences that a message shows; it counts the others."""


class Oracle:
    """A running process with OPA in it."""

    def __init__(self, process):
        self._process = process

    def load(self, modules, data):
        """Begin anew with `modules` and `data`, a JSON text.

        Raises:
            ValueError: OPA does not take a module.
        """
        answer = self._ask({"load": {"modules": dict(modules), "data": json.loads(data)}})
        if "error" in answer:
            raise ValueError(answer["error"])

    def evaluate(self, path, texts):
        """Return, for each input text, the value at `data.<path>`, `UNDEFINED`, or `FAILED` with OPA's reason."""
        answers = self._ask({"evaluate": path, "inputs": list(texts)})["answers"]
        return [comparable(each) for each in answers]

    def _ask(self, message):
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "OPA's process has ended"
        return json.loads(line)


@contextmanager
def running_opa():
    """Lend an oracle; its process ends with the block."""
    script = Path(__file__).with_name("opa_process.py")
    command = [sys.executable, str(script), str(LIBRARY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Oracle(process)
        finally:
            process.kill()


def absent(environ):
    """End a test for which there is no OPA: it fails where engines have to be compared, and is skipped elsewhere."""
    said = "OPA's engine is not in .venv/opa; `make .venv/opa` fetches it"
    if environ.get("CI") == "true":
        pytest.fail(f"the engines have to be compared here, and {said}")
    pytest.skip(f"THE ENGINES ARE NOT COMPARED: {said}")


def comparable(answer):
    """Return an answer of OPA's process as text, objects and the sets of a decision in one order."""
    if "error" in answer:
        return (FAILED, answer["error"])
    return (UNDEFINED, "") if answer.get("undefined") else ("value", _text(answer["value"]))


def ours(engine, path, text):
    """Return the answer of our engine in the same form."""
    try:
        result = json.loads(engine.evaluate(f"data.{path}", text)).get("result")
    except EngineError as error:
        return (FAILED, str(error))
    return ("value", _text(result[0]["expressions"][0]["value"])) if result else (UNDEFINED, "")


def differences(names, here, there):
    """Return a line for each answer that is not the same; why an evaluation failed may be said differently."""
    return [
        f"{name}\n  here   {_said(one)}\n  in OPA {_said(other)}"
        for name, one, other in zip(names, here, there, strict=True)
        if one != other and not one[0] == other[0] == FAILED
    ]


def listed(found):
    """Return the message of a test that found differences."""
    more = f"\nand {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"differences: {len(found)}\n" + "\n".join(found[:SHOWN]) + more


def _said(answer):
    kind, text = answer
    return text if kind == "value" else f"{kind} {text}".rstrip()


def _text(value):
    if isinstance(value, dict) and value.keys() >= {"passed", "failed"}:
        value = value | {name: sorted(value[name]) for name in ("passed", "failed")}
    return json.dumps(value, sort_keys=True)
