"""What the tests of the evaluators share: a policy with every way to fail, and a look at the processes."""

import asyncio
import hashlib
import json
import os
import select
from contextlib import asynccontextmanager
from pathlib import Path

import app
from app.pdp.errors import EvaluationError
from app.pdp.evaluators import Evaluators

ROOT = Path(app.__file__).parents[1]

POLICY = """package t

import rego.v1

echo := input.n

whole := input

failing := input.s + 1

panicking := strings.count(input.s, "")

endless := count({1 | some i in numbers.range(1, 30000); some j in numbers.range(1, 30000); i + j == input.n})

deeper(n) := 0 if n <= 0

deeper(n) := deeper(n - 1) + 1 if n > 0

recursing := deeper(input.n)

s0 := "xxxxxxxxxxxxxxxx"

swelling := count(s39)
"""
DOUBLINGS = "".join(f"\ns{step} := concat(input.s, [s{step - 1}, s{step - 1}])\n" for step in range(1, 40))

ECHO, WHOLE, FAILING, PANICKING = "data.t.echo", "data.t.whole", "data.t.failing", "data.t.panicking"
ENDLESS, RECURSING, SWELLING = "data.t.endless", "data.t.recursing", "data.t.swelling"

PATIENT = 60.0
"""A deadline no test waits for."""


def write(path, **changes):
    """Write a snapshot of the policy, with `changes`."""
    bundle = {"modules": {"t.rego": POLICY + DOUBLINGS}, "data": "{}", "entries": {ECHO: ["t.rego"]}, "digest": "0a1b"}
    path.write_text(json.dumps(bundle | changes))
    return path


def fingerprint(snapshot):
    """Return what a worker that has loaded the snapshot says it is."""
    return hashlib.sha256(snapshot.read_bytes()).hexdigest()


@asynccontextmanager
async def running(snapshot, **options):
    """Lend evaluators; they end with the block, whatever happened in it."""
    evaluators = await Evaluators.start(snapshot, fingerprint(snapshot), **options)
    try:
        yield evaluators
    finally:
        await evaluators.close(at_once=True)


def numbered(number, **more):
    """Return an input that `ECHO` answers with `number`."""
    return json.dumps({"n": number} | more).encode()


async def ask(evaluators, query, text):
    """Return the value, `undefined`, or the code of the error."""
    try:
        answer = json.loads(await evaluators.evaluate(query, text))
    except EvaluationError as error:
        return error.code
    return answer["result"][0]["expressions"][0]["value"] if answer.get("result") else "undefined"


def asking(evaluators, query, *texts):
    """Ask for each text in a task of its own."""
    return [asyncio.create_task(ask(evaluators, query, text)) for text in texts]


async def until(condition):
    """Let the loop turn until `condition()` holds."""
    while not condition():  # noqa: ASYNC110  nothing tells a test
        await asyncio.sleep(0)


async def sent(evaluators, number):
    """Wait until `number` requests are in flight."""
    await until(lambda: sum(len(evaluator.line) for evaluator in evaluators._running) >= number)


def children(process):
    """Return the numbers of the living children of a process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, parent, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == process and state not in "ZX":
            found.append(int(entry.name))
    return found


def zygote():
    """Return the number of the only zygote this process has started."""
    (number,) = [
        child for child in children(os.getpid()) if b"app.pdp.zygote" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return number


def readable(descriptor):
    """Block until `descriptor` is readable; a process descriptor is when its process has ended."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    assert poll.poll(10_000)
