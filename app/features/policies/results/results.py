"""The report of a bundle's tests: made once for each bundle and node, beside everything else, and kept beside it.

    bundles/<digest>.tests    the report, as JSON values; counts only for the engine that it was made with

Owns when that happens and where it lies. Nobody waits for it: it takes seconds, or minutes where decisions want the
processor. What tests are, and how they run, is `policy_test`'s business.
"""

import json
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from flask import Flask, current_app

from app.activation import replace_file
from app.jobs.leadership import FileLock
from app.pdp.admission_process import run_tests_apart
from app.pdp.bundle import Bundle
from app.pdp.errors import BundleError
from app.pdp.test_report import TestReport

_LOG = logging.getLogger(__name__)

SECONDS: Final = 300.0
"""What the tests of a bundle may take here, where they yield to whoever else wants the processor."""

_EXTENSION: Final = "omega.results"
_MOST: Final = 64 << 20  # bytes of a report


class State(StrEnum):
    """How far it is."""

    RUNNING = "running"
    DONE = "done"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A report, or why there will be none, in one line, or neither yet."""

    report: TestReport | None = None
    error: str = ""

    @property
    def state(self) -> State:
        """Return how far it is."""
        if self.report is not None:
            return State.DONE
        return State.BROKEN if self.error else State.RUNNING


def run_beside(bundle: Bundle) -> TestReport:
    """Run the tests of `bundle` and see what they reach; for a thread of its own, which has the last place from now on.

    Raises:
        BundleError: see `run_tests_apart`.
    """
    os.nice(19)  # on Linux that of this thread alone, and of the process that it starts
    return run_tests_apart(bundle, rules=True, seconds=SECONDS)


class Results:
    """The reports of the bundles that were looked at on this node. For many threads."""

    def __init__(self, bundles: Path, run: Callable[[Bundle], TestReport] = run_beside) -> None:
        """Keep reports in `bundles`, which exists."""
        self._bundles, self._run = bundles, run
        self._known: tuple[str, Outcome] | None = None  # the last bundle's
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def look(self, bundle: Bundle) -> Outcome:
        """Return what there is for `bundle`; where there is nothing, somebody begins to find it out."""
        with self._guard:
            if self._known is not None and self._known[0] == bundle.digest:
                return self._known[1]
            kept = load(self._bundles, bundle)
            if kept is not None:
                self._known = bundle.digest, Outcome(report=kept)
                return self._known[1]
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._make, args=(bundle,), name="tests", daemon=True)
                self._thread.start()
            return Outcome()

    def wait(self) -> None:
        """Wait until nothing is being found out."""
        if self._thread is not None:
            self._thread.join()

    def _make(self, bundle: Bundle) -> None:
        lock = FileLock(self._bundles / ".testing")
        if not lock.take():
            return  # another process of this node is at it; the next look finds what it kept, or tries again
        try:
            outcome = self._found(bundle)
        finally:
            lock.release()
        with self._guard:
            self._known = bundle.digest, outcome

    def _found(self, bundle: Bundle) -> Outcome:
        kept = load(self._bundles, bundle)
        if kept is not None:
            return Outcome(report=kept)
        try:
            report = self._run(bundle)
        except BundleError as error:
            _LOG.warning("the tests of the policies in force do not come to an end: %s", error)
            return Outcome(error=str(error))
        try:
            keep(self._bundles, bundle, report)
        except OSError as error:
            _LOG.warning("the report of the tests cannot be kept: %s", error.strerror)
        return Outcome(report=report)


def keep(bundles: Path, bundle: Bundle, report: TestReport) -> None:
    """Keep the report of a bundle.

    Raises:
        OSError: it cannot be written.
    """
    document = {"engine": bundle.engine, "report": report.document()}
    replace_file(_path(bundles, bundle), json.dumps(document).encode())


def load(bundles: Path, bundle: Bundle) -> TestReport | None:
    """Return what `keep` kept; None if nothing was, or with another engine, or it is damaged."""
    try:
        with _path(bundles, bundle).open("rb") as file:
            document = json.loads(file.read(_MOST))
        if document["engine"] != bundle.engine:
            return None
        return TestReport.of_document(document["report"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def install(app: Flask, found: Results) -> None:
    """Have the pages of `app` show what `found` has."""
    app.extensions[_EXTENSION] = found


def results() -> Results:
    """Return the results of the application that answers."""
    found: Results = current_app.extensions[_EXTENSION]
    return found


def _path(bundles: Path, bundle: Bundle) -> Path:
    return bundles / f"{bundle.digest}.tests"
