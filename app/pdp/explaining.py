"""Evaluating a decision once more to see which rules held, in a process that may not come back.

Owns that process: its limits, what goes in and what comes out. Measuring makes the engine slower, and what a policy
does with an input is anybody's guess, so none of it happens in the process that wants to know.

`python -m app.pdp.explaining PARENT SNAPSHOT MEMORY` reads one document, the text that `parse_document` takes, from
standard input and writes one JSON object: `result`, the decision, and, where the policy answered, `held` and `lines`.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.pdp.bundle import Action, Bundle, load_snapshot, needed
from app.pdp.decide import decide
from app.pdp.engine import Engine
from app.pdp.errors import EngineError, EvaluationError
from app.pdp.explain import Trace
from app.pdp.gate_sources import gate_sources, label, labelled, syntax
from app.pdp.lifeline import end_with_parent
from app.pdp.request import parse_document
from app.pdp.strict_json import encode

SECONDS: Final = 10.0
"""How long the process may take: start, load, evaluate and evaluate again."""

MEMORY: Final = 512 << 20
"""Bytes it may take beyond what it starts with."""

_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What deciding again gave: the decision as a record states it, and the trace if the policy answered."""

    result: dict[str, Any]
    trace: Trace | None


def decide_again(snapshot: Path, document: bytes, *, seconds: float = SECONDS, memory: int = MEMORY) -> Again:
    """Decide `document` under the bundle in `snapshot`, in a process of its own that gets so much time and memory.

    Blocking; the process lives no longer than the thread that calls.

    Raises:
        EvaluationError: `evaluation_timeout`, it took longer; `evaluation_crashed`, it ended without an answer.
    """
    arguments = [str(os.getpid()), str(snapshot.absolute()), str(memory)]
    try:
        ended = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
            [sys.executable, "-m", "app.pdp.explaining", *arguments],
            input=document,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback may quote the request
            cwd=_ROOT,
            timeout=seconds,
            check=True,
        )
        told = json.loads(ended.stdout)
    except subprocess.TimeoutExpired:
        raise EvaluationError("evaluation_timeout") from None
    except (subprocess.CalledProcessError, ValueError):
        raise EvaluationError("evaluation_crashed") from None
    return Again(result=told["result"], trace=_trace(told) if "held" in told else None)


def main(arguments: Sequence[str]) -> None:
    """Be the process."""
    parent, snapshot, memory = arguments
    end_with_parent(int(parent))
    _confine(int(memory))
    bundle = load_snapshot(Path(snapshot))
    told = asyncio.run(traced(bundle, sys.stdin.buffer.read()))
    sys.stdout.buffer.write(encode(told))


async def traced(bundle: Bundle, document: bytes) -> dict[str, Any]:
    """Return what the process writes. Evaluates in this process.

    Raises:
        MalformedRequestError, TooLargeError: the document is none.
        EngineError: the engine does not take the bundle, or fails only while it measures.
    """
    asked: list[str] = []

    async def evaluate(query: str, text: bytes) -> bytes:
        asked.append(text.decode())
        try:
            action = bundle.actions[parsed["action"]["name"]]
            modules = {path: bundle.modules[path] for path in needed(action.file, bundle.modules)}
            return Engine(modules, bundle.data).evaluate(query, asked[0]).encode()
        except EngineError:
            raise EvaluationError("evaluation_failed") from None

    decided = await decide(bundle, evaluate, parsed := parse_document(document))
    told: dict[str, Any] = {"result": decided.decision.document()}
    if asked and not decided.decision.diagnostics:
        told |= _measured(bundle, bundle.actions[parsed["action"]["name"]], asked[0])
    return told


def _measured(bundle: Bundle, action: Action, text: str) -> dict[str, Any]:
    modules = syntax(bundle, action)
    sources = {each.file: each.source.decode() for each in modules} | {action.file: labelled(modules, action)}
    engine = Engine(sources, bundle.data, coverage=True)
    answer = json.loads(engine.evaluate(f"data.{action.name}.passed", text))
    held = answer["result"][0]["expressions"][0]["value"]
    return {
        "held": {
            gate: [label(gate, number) in held for number in range(len(rules))]
            for gate, rules in gate_sources(modules, action).items()
        },
        "lines": {file: sorted(lines) for file, (lines, _) in engine.covered().items()},
    }


def _trace(told: dict[str, Any]) -> Trace:
    return Trace(
        held={gate: tuple(rules) for gate, rules in told["held"].items()},
        lines={file: frozenset(lines) for file, lines in told["lines"].items()},
    )


def _confine(memory: int) -> None:
    """Leave this process no room beyond `memory` bytes, no time beyond a minute, no core dump."""
    size = int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1:])
