"""Admission in a process of its own, which may take too long, take all memory or break down: nobody else notices.

Owns the process, its limits, and what is said of a bundle it did not survive. What may be admitted is `admission`'s
business. `python -m app.pdp.admission_process` reads a snapshot from standard input and writes one line of JSON for
each step, and a last one for the outcome.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from app.pdp.admission import admit
from app.pdp.bundle import Bundle, parse_snapshot
from app.pdp.errors import BundleError
from app.pdp.lifeline import end_with_parent

SECONDS: Final = 60.0
"""What admission may take; the policies of a platform take about one."""

MEMORY: Final = 2 << 30
"""Bytes of address space that admission may take."""

_ROOT: Final = Path(__file__).parents[2]


def admit_apart(bundle: Bundle, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
    """Return if `bundle` may decide; see `admission.admit`. Blocks for about a second.

    Raises:
        BundleError: it may not, or what it runs ended the process or took too long; the message says where.
    """
    command = [sys.executable, "-m", "app.pdp.admission_process", str(os.getpid()), str(memory)]
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
        raise BundleError(f"{last['begun']} {ending}; write it so that the work is bounded")
    if last["refused"]:
        raise BundleError(last["refused"])


def main() -> None:
    """Admit the snapshot in standard input, and say how it goes."""
    parent, memory = map(int, sys.argv[1:])
    end_with_parent(parent)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        admit(parse_snapshot(sys.stdin.buffer.read()), begun=lambda where: _say("begun", where))
        _say("refused", "")
    except BundleError as error:
        _say("refused", str(error))


def _say(what: str, text: str) -> None:
    print(json.dumps({what: text}), flush=True)  # noqa: T201 - this is what the parent reads


if __name__ == "__main__":
    main()
