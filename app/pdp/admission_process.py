"""Admission, and tests, in a process of their own, which may take too long, take all memory or break down.

Nobody else notices. Owns the process, its limits, and what is said of a bundle it did not survive. What may be admitted
is `admission`'s business. `python -m app.pdp.admission_process` reads a snapshot from standard input and writes one
line of JSON for each step, and a last one for the outcome.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from app.pdp.admission import admit
from app.pdp.bundle import Bundle, parse_snapshot
from app.pdp.chosen_tests import EVERY, Choice
from app.pdp.errors import BundleError, EngineError
from app.pdp.lifeline import end_with_parent
from app.pdp.machine_agreement import SECONDS as COMPARING
from app.pdp.machine_agreement import prove
from app.pdp.opa import Second, running_opa
from app.pdp.policy_test import run_tests
from app.pdp.prescan import verify_source
from app.pdp.second_opinion import Opinion, compare
from app.pdp.test_report import TestReport

SECONDS: Final = 60.0
"""What admission may take; the policies of a platform take about one."""

MEMORY: Final = 2 << 30
"""Bytes of address space that admission may take."""

_ROOT: Final = Path(__file__).parents[2]


class _Task(StrEnum):
    ADMIT = "admit"
    TEST = "test"
    COMPARE = "compare"
    PROVE = "prove"


_HINTS: Final = {
    _Task.ADMIT: "write it so that the work is bounded",
    _Task.TEST: "write it so that the work is bounded",
    _Task.COMPARE: "bound the work, ask fewer inputs (OMEGA_OPINION_INPUTS) or allow more time (OMEGA_OPINION_S)",
}


def admit_apart(bundle: Bundle, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
    """Return if `bundle` may decide; see `admission.admit`. Blocks for about a second.

    Raises:
        BundleError: it may not, or what it runs ended the process or took too long; the message says where.
    """
    _apart(_Task.ADMIT, bundle, seconds, memory)


def run_tests_apart(
    bundle: Bundle,
    *,
    chosen: Choice = EVERY,
    rules: bool = False,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> TestReport:
    """Run the tests of `bundle`, admitted or not, that are chosen; see `policy_test.run_tests`.

    They have `seconds`, and twice as many with `rules`, because they run twice then.

    Raises:
        BundleError: there is nothing to run, or a test ended the process or took too long; the message says where.
    """
    more = (json.dumps(chosen.document()), "rules" if rules else "")
    runs = 2 if rules else 1
    return TestReport.of_document(_apart(_Task.TEST, bundle, seconds * runs, memory, *more)["report"])


def compare_apart(bundle: Bundle, second: Second, *, memory: int = MEMORY) -> Opinion:
    """Return what OPA's own engine says of `bundle`, which is admitted; see `second_opinion.compare`.

    Raises:
        BundleError: the engines differ, or OPA cannot be asked, or has no answer in time; the message says where.
    """
    try:
        name = second.name()
    except EngineError as error:
        raise BundleError(f".:1:1: no second opinion: {error}") from None
    asked = _apart(_Task.COMPARE, bundle, second.seconds, memory, str(second.engine), str(second.inputs))["asked"]
    return Opinion(engine=name, here=bundle.engine, inputs=second.inputs, asked=asked)


async def prove_apart(
    bundle: Bundle, first: str = "", *, seconds: float = COMPARING + 60, memory: int = MEMORY
) -> dict[str, str]:
    """Return for each action why the interpreter decides it, or nothing; see `machine_agreement.prove`.

    Takes a while, and yields to whoever else wants the processor. Where the process does not come to its end, nothing
    is known of any action. Cancelled, it ends the process.
    """
    command = [sys.executable, "-m", "app.pdp.admission_process", str(os.getpid()), str(memory), _Task.PROVE, first]
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdin=pipe, stdout=pipe, stderr=nowhere)
    try:
        output, _ = await asyncio.wait_for(process.communicate(bundle.snapshot()), seconds)
        verdicts: dict[str, str] = json.loads(output)["verdicts"]
    except (TimeoutError, ValueError, KeyError):
        return {}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return verdicts


def _apart(task: _Task, bundle: Bundle, seconds: float, memory: int, *more: str) -> dict[str, Any]:
    """Return the last thing that the process said, which came to its end."""
    command = [sys.executable, "-m", "app.pdp.admission_process", str(os.getpid()), str(memory), task, *more]
    try:
        done = subprocess.run(  # noqa: S603  our own module, by our own interpreter
            command, cwd=_ROOT, input=bundle.snapshot(), capture_output=True, timeout=seconds, check=False
        )
        output, ending = done.stdout, "needs too much memory, or breaks the engine"
    except subprocess.TimeoutExpired as late:
        output, ending = late.stdout or b"", f"takes longer than {seconds:g} seconds"
    said = [json.loads(line) for line in output.splitlines(keepends=True) if line.endswith(b"\n")]
    last: dict[str, Any] = said[-1] if said else {"begun": ".:1:1: the bundle"}
    if "begun" in last:
        raise BundleError(f"{last['begun']} {ending}; {_HINTS[task]}")
    if last["refused"]:
        raise BundleError(last["refused"])
    return last


def main() -> None:
    """Do with the snapshot in standard input what the command line says, and say how it goes."""
    parent, memory, task, *more = sys.argv[1:]
    end_with_parent(int(parent))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), most))  # what it starts may need more: `opa_process`
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        bundle = parse_snapshot(sys.stdin.buffer.read())
        _say(refused="", **_TASKS[_Task(task)](bundle, *more))
    except BundleError as error:
        _say(refused=str(error))


def _admit(bundle: Bundle) -> dict[str, Any]:
    admit(bundle, begun=_begun)
    return {}


def _test(bundle: Bundle, chosen: str, rules: str) -> dict[str, Any]:
    for file, source in {**bundle.modules, **bundle.tests}.items():
        verify_source(file, source)
    choice = Choice.of_document(json.loads(chosen))
    return {"report": run_tests(bundle, begun=_begun, chosen=choice.takes, rules=bool(rules)).document()}


def _compare(bundle: Bundle, engine: str, count: str) -> dict[str, Any]:
    try:
        with running_opa(Path(engine)) as oracle:
            return {"asked": compare(bundle, oracle, count=int(count), begun=_begun)}
    except EngineError as error:
        raise BundleError(f".:1:1: no second opinion: {error}") from None


def _prove(bundle: Bundle, first: str) -> dict[str, Any]:
    os.nice(19)
    return {"verdicts": prove(bundle, first)}


_TASKS: Final[dict[_Task, Callable[..., dict[str, Any]]]] = {
    _Task.ADMIT: _admit,
    _Task.TEST: _test,
    _Task.COMPARE: _compare,
    _Task.PROVE: _prove,
}


def _begun(where: str) -> None:
    _say(begun=where)


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201 - this is what the parent reads


if __name__ == "__main__":
    main()
