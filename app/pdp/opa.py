"""OPA's own engine, where it is installed: asked what it makes of policies that another engine decides by.

Owns the process that holds it and the form of its answers. `opa_process` is that process; `second_opinion` compares.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from typing import IO, Any, Final

from app.pdp.errors import EngineError

UNDEFINED: Final = "undefined"
FAILED: Final = "failed"
VALUE: Final = "value"

Answer = tuple[str, str]
"""`VALUE` and the value as JSON, in one order; `UNDEFINED` and nothing; or `FAILED` and why."""

_ROOT: Final = Path(__file__).parents[2]
_SECONDS: Final = 10.0
_VERSION: Final = "Version: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """Whom to ask for a second opinion, how many made inputs for each action, and how many seconds it may take."""

    engine: Path
    inputs: int
    seconds: float

    def name(self) -> str:
        """Return name and version of the engine.

        Raises:
            EngineError: it is none that runs here.
        """
        try:
            if self.engine.suffix == ".so":
                return f"opa library {hashlib.sha256(self.engine.read_bytes()).hexdigest()[:12]}"
            said = subprocess.run(  # noqa: S603 - the program that the operator names
                [self.engine, "version"], capture_output=True, timeout=_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError):
            raise EngineError(f"`{self.engine}` is no OPA that runs here") from None
        first = said.stdout.decode("utf-8", "replace").partition("\n")[0]
        return f"opa {first.removeprefix(_VERSION)}"[:64]


class Oracle:
    """A running process with OPA in it."""

    def __init__(self, asking: IO[bytes], answering: IO[bytes]) -> None:
        self._asking, self._answering = asking, answering

    def load(self, modules: Mapping[str, str], data: str) -> None:
        """Begin anew with `modules` and `data`, the text of a JSON object.

        Raises:
            EngineError: OPA does not take them, or its process has ended.
        """
        answer = self._ask({"load": {"modules": dict(modules), "data": json.loads(data)}})
        if "error" in answer:
            raise EngineError(answer["error"])

    def evaluate(self, path: str, texts: Iterable[str], needed: Sequence[str] | None = None) -> list[Answer]:
        """Return, for each input text, the answer at `data.<path>`; `needed` are the modules with a say (None: all).

        Raises:
            EngineError: its process has ended.
        """
        answers = self._ask({"evaluate": path, "needed": needed, "inputs": list(texts)})["answers"]
        return [_comparable(each) for each in answers]

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            self._asking.write(json.dumps(message).encode() + b"\n")
            self._asking.flush()
            line = self._answering.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise EngineError("the process with OPA in it has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running_opa(engine: Path) -> Iterator[Oracle]:
    """Lend an oracle; its process ends with the block, or with the one that called."""
    command = [sys.executable, "-m", "app.pdp.opa_process", str(getpid()), str(engine)]
    with subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            yield Oracle(process.stdin, process.stdout)
        finally:
            process.kill()


def in_one_order(value: Any) -> str:
    """Return a value as text, objects and the sets of a decision in one order."""
    if isinstance(value, dict) and value.keys() >= {"passed", "failed"}:
        value = value | {name: sorted(value[name]) for name in ("passed", "failed")}
    return json.dumps(value, sort_keys=True)


def _comparable(answer: Mapping[str, Any]) -> Answer:
    if "error" in answer:
        return FAILED, answer["error"]
    return (UNDEFINED, "") if answer.get("undefined") else (VALUE, in_one_order(answer["value"]))
