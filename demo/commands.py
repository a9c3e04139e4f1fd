"""The two programs that the demo runs as anybody would: `omega`, and the auditor's one-file verifier."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.node import ROOT

_PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command printed and how it ended."""

    line: str
    code: int
    output: str
    errors: str

    @property
    def document(self) -> Any:
        """Return the JSON that it printed, or None where it printed something else."""
        try:
            return json.loads(self.output)
        except ValueError:
            return None

    @property
    def text(self) -> str:
        """Return all it printed, the answer first."""
        return self.output + self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Runs commands in one folder, so that what the demo shows can be read without paths."""

    folder: Path
    environment: Mapping[str, str]

    def omega(self, *arguments: str) -> Said:
        """Run `omega` with the settings of the node."""
        return self._run("omega", [sys.executable, "-m", "app.cli"], arguments, self.environment)

    def standalone(self, *arguments: str) -> Said:
        """Run `verify_evidence.py` with an interpreter that finds nothing but the standard library."""
        program = [sys.executable, "-I", "-S", str(ROOT / "verify_evidence.py")]
        return self._run("python3 verify_evidence.py", program, arguments, {})

    def _run(self, name: str, program: list[str], arguments: tuple[str, ...], environment: Mapping[str, str]) -> Said:
        done = subprocess.run(  # noqa: S603 - our own programs with our own arguments
            [*program, *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        line = " ".join((name, *arguments))
        return Said(line=line, code=done.returncode, output=done.stdout, errors=done.stderr)
