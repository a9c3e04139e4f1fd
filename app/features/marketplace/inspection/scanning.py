"""Has an artifact looked through by a process of its own, and says what came of it.

Owns that process, its limits, and what is said of an artifact that it did not survive: a scanner that died, took too
long or answered nonsense is itself a finding, and never a clean result.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from app.features.marketplace.inspection.errors import ScanError
from app.features.marketplace.inspection.finding import Finding, FindingClass
from app.features.marketplace.inspection.observed import Observed
from app.pdp.bundle import Bundle

SECONDS: Final = 120.0
MEMORY: Final = 2 << 30
_PROJECT: Final = Path(__file__).resolve().parents[4]
_ANSWER: Final = 64 << 20
_MODULE: Final = "app.features.marketplace.inspection.scanner_process"
_RULES: Final = "scan/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """How artifacts are looked into, as the policies in force say.

    Attributes:
        rules: sources for yara-x, by name.
        denied_licences: SPDX ids of licences that no part may bear.
        namespaces: hosts that are names in documents and not places that are called.
        seconds: how long looking through an artifact may take.
        memory: bytes that it may take.
    """

    rules: Mapping[str, str]
    denied_licences: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    seconds: float = SECONDS
    memory: int = MEMORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What came of it. `complete` is false where the process did not come to its end."""

    findings: tuple[Finding, ...]
    observed: Observed = field(default_factory=Observed)
    complete: bool = True
    network: bool = False


def scan_of(bundle: Bundle) -> Scan:
    """Return how `bundle` wants artifacts to be looked into: `scan/*.yar` and `data.inspection`.

    Raises:
        ScanError: it does not say.
    """
    rules = {path.removeprefix(_RULES): text for path, text in bundle.files.items() if path.startswith(_RULES)}
    said = json.loads(bundle.data).get("inspection", {})
    match said:
        case {"denied_licences": list(denied), "namespaces": list(namespaces), "seconds": int(seconds)} if rules:
            return Scan(
                rules=rules,
                denied_licences=frozenset(map(str, denied)),
                namespaces=frozenset(map(str, namespaces)),
                seconds=float(seconds),
            )
    raise ScanError("data", "no `inspection`, or no `scan/*.yar`, in the policies in force", "docs/marketplace.md")


def scanned(artifact: bytes, scan: Scan) -> Scanned:
    """Return what a process of its own finds in `artifact`. Blocks, for a second and more."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as told:
        asked.write(json.dumps({"rules": dict(scan.rules)}).encode() + b"\n" + artifact)
        asked.seek(0)
        why = _run([str(scan.memory), str(max(1, round(scan.seconds))), folder], asked, told, scan.seconds)
        told.seek(0)
        return _read(told.read(_ANSWER + 1)) if why is None else _broken(why)


def _run(arguments: list[str], asked: IO[bytes], told: IO[bytes], seconds: float) -> str | None:
    """Run the process to its end; return None, or why it did not come there."""
    process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [sys.executable, "-m", _MODULE, str(os.getpid()), *arguments],
        stdin=asked,
        stdout=told,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=_PROJECT,
        start_new_session=True,
    )
    try:
        return None if process.wait(seconds) == 0 else "ended"
    except subprocess.TimeoutExpired:
        return "timeout"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read(answer: bytes) -> Scanned:
    try:
        if len(answer) > _ANSWER:
            return _broken("large")
        said: dict[str, Any] = json.loads(answer)
        return Scanned(
            findings=tuple(sorted(Finding.of_document(each) for each in said["findings"])),
            observed=Observed(**{name: dict(seen) for name, seen in said["observed"].items()}),
            network=bool(said["network"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return _broken("answer")


def _broken(why: str) -> Scanned:
    finding = Finding(
        kind=FindingClass.SCAN_INCOMPLETE,
        source="scanner",
        rule=why,
        severity="unknown",
        path="",
        line=0,
        title="the process that looks through artifacts did not come to its end",
    )
    return Scanned(findings=(finding,), complete=False)
