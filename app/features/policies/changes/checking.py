"""The checks of a change request: run one after the other in the background, each written down as it stands.

* `owners`: OWNERS.yaml and allowed_signers can be read, and everything that is touched belongs to somebody.
* `tests`, `admission`, `second_opinion` (where OPA is installed): as `omega policy test`, `check` and
  `check --second-opinion` would say of the tree.
* `impact`: what recorded decisions of the last days would have become. It has passed once it is known: whether it is
  wanted is for those who approve to say.

Owns which checks there are. What they are made with is handed in; whether they suffice, policy says.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from app.db import UnpermittedError
from app.features.policies.changes import checks_kept
from app.features.policies.changes.change_request import Status
from app.features.policies.changes.checks_kept import Opened
from app.features.policies.changes.owners import PATH, parse_owners
from app.features.policies.changes.proposing import Source, owners_at
from app.features.policies.errors import PoliciesError
from app.features.policies.git.allowed_signers import parse_allowed_signers
from app.features.policies.git.verified_history import SIGNERS
from app.impact.approvals import Approvals
from app.impact.log_replay import ReplayError, replay_log
from app.impact.replaying import Asked, Node
from app.impact.report import Report
from app.impact.tally import Tally
from app.pdp.admission_process import admit_apart, compare_apart, run_tests_apart
from app.pdp.bundle import Bundle, parse_files
from app.pdp.enforce import Permit
from app.pdp.errors import BundleError, PdpError
from app.pdp.opa import Second
from evidence import form

_LOG = logging.getLogger(__name__)

DAYS: Final = 30
"""How far back recorded decisions are decided again."""

ATTEMPTS: Final = 3
"""How often a check is begun whose process ends before it does."""

BEAT: Final = 10.0
"""Seconds between two words that somebody works on a check."""

_SHOWN: Final = 50  # failed tests, and files with lines that no test runs
_STEP: Final = 2.0  # seconds between two notes of how far a check has come

_Said = dict[str, Any]
Told = Callable[[_Said], None]
"""Is told how far a check has come."""


class FailedCheckError(PoliciesError):
    """A check has failed; `said` is what it found."""

    code = "check"

    def __init__(self, said: _Said) -> None:
        super().__init__(said.get("error", "failed"))
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What checks are made with.

    Attributes:
        repository: has the trees.
        node: has the log that the impact is found in.
        second: who is asked for a second opinion, if anybody is there.
        jobs: processes that decide again.
        note: leaves a record that is no decision.
        now: the time.
        replay: decides the log again.
    """

    repository: Source
    node: Node
    second: Second | None
    jobs: int
    note: Callable[[str, Mapping[str, Any]], None]
    now: Callable[[], datetime]
    replay: Callable[..., Tally] = replay_log

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the checks that are run."""
        return tuple(name for name in NAMES if name != _OPINION or self.second is not None)


class Checker:
    """Runs checks, one request after the other, on a thread of its own."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checks")

    def begin(self, permit: Permit, opened: Opened) -> Future[None]:
        """Have the checks of a revision run; `permit` is that of `policies.open_change`."""
        working = Working(permit, opened, self.means.now)
        future = self._thread.submit(self._run, permit, opened)
        future.add_done_callback(lambda _: working.end())  # ended, or never begun
        return future

    def close(self) -> None:
        """Begin nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _run(self, permit: Permit, opened: Opened) -> None:
        try:
            run(permit, opened, self.means)
        except (PoliciesError, PdpError, UnpermittedError) as error:
            _LOG.warning("checks of change request %d ended early: %s", opened.number, type(error).__name__)


class Working:
    """Says again and again, on a thread, that somebody works on the checks of a revision, until `end`."""

    def __init__(self, permit: Permit, opened: Opened, now: Callable[[], datetime], beat: float = BEAT) -> None:
        self._permit, self._opened, self._now, self._beat = permit, opened, now, beat
        self._ended = threading.Event()
        threading.Thread(target=self._say, name="checks beat", daemon=True).start()

    def end(self) -> None:
        """Say it no more."""
        self._ended.set()

    def _say(self) -> None:
        while not self._ended.wait(self._beat):
            try:
                checks_kept.touch(self._permit, self._opened, self._now())
            except (PoliciesError, UnpermittedError, SQLAlchemyError) as error:
                _LOG.warning("that checks are being run cannot be kept: %s", type(error).__name__)


def run(permit: Permit, opened: Opened, means: Means, attempts: Mapping[str, int] | None = None) -> None:
    """Run every check of a revision, until it has moved on; leave a record of how they ended.

    Args:
        permit: to change the rows.
        opened: the revision.
        means: what checks are made with.
        attempts: where others were cut off: which checks to run, and how often each is begun with that.

    Raises:
        PoliciesError: what was found cannot be written down.
        UnrecordedError: the log could not take the record.
    """
    found: dict[str, str] = {}
    for name in means.names if attempts is None else attempts:
        status = _check(permit, opened, means, name, 1 if attempts is None else attempts[name])
        if status is None:
            return
        found[name] = status.value
    body = {"change": opened.number, "revision": opened.revision, "commit": opened.head, "tree": opened.tree}
    means.note("policy.change_checked", body | {"checks": found, "decision": permit.decision_id})


def _check(permit: Permit, opened: Opened, means: Means, name: str, attempt: int = 1) -> Status | None:
    """Run one check; None: the request has moved on."""
    last, begun = 0.0, {"attempt": attempt} if attempt > 1 else {}

    def write(status: Status, said: _Said) -> bool:
        return checks_kept.write_check(permit, opened, name, status, said, means.now())

    def told(said: _Said) -> None:
        nonlocal last
        if time.monotonic() - last >= _STEP:
            last = time.monotonic()
            write(Status.RUNNING, said | begun)

    if not write(Status.RUNNING, begun):
        return None
    try:
        _verify_not_too_often(attempt)
        status, said = Status.PASSED, _CHECKS[name](opened, means, told)
    except FailedCheckError as error:
        status, said = Status.FAILED, error.said
    except (PoliciesError, BundleError, ReplayError) as error:
        status, said = Status.FAILED, {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - a check that breaks down has not passed
        _LOG.warning("check %s of change request %d broke down: %s", name, opened.number, type(error).__name__)
        status, said = Status.FAILED, {"error": "the check broke down"}
    return status if write(status, said) else None


def _verify_not_too_often(attempt: int) -> None:
    if attempt > ATTEMPTS:
        raise FailedCheckError({"error": "the check was cut off each time it was begun"})


def _owners(opened: Opened, means: Means, _: Told) -> _Said:
    data, signers = (means.repository.file(opened.head, path) for path in (PATH, SIGNERS))
    parse_owners(data or b"")
    parse_allowed_signers(signers or b"")
    paths = [each.path for each in means.repository.diff(opened.base, opened.head)]
    unowned = owners_at(means.repository, opened.base).needed(paths).unowned
    if unowned:
        raise FailedCheckError({"error": "some paths belong to nobody", "unowned": list(unowned[:_SHOWN])})
    return {"paths": len(paths)}


def _bundle(opened: Opened, means: Means) -> Bundle:
    return parse_files(means.repository.tree(opened.head), f"git:{opened.head}")


def _tests(opened: Opened, means: Means, _: Told) -> _Said:
    report = run_tests_apart(_bundle(opened, means))
    failed = [each for each in report.results if not each.passed]
    missed = {file: sorted(lines.missed) for file, lines in report.coverage.items() if lines.missed}
    lines = sum(len(each.covered) + len(each.missed) for each in report.coverage.values())
    said: _Said = {
        "passed": len(report.results) - len(failed),
        "failed": [
            {"file": each.file, "line": each.line, "name": each.name, "error": each.error} for each in failed[:_SHOWN]
        ],
        "failures": len(failed),
        "lines": lines,
        "missed_lines": sum(map(len, missed.values())),
        "missed": dict(list(missed.items())[:_SHOWN]),
    }
    if failed:
        raise FailedCheckError(said | {"error": f"{len(failed)} tests have failed"})
    return said


def _admission(opened: Opened, means: Means, _: Told) -> _Said:
    bundle = _bundle(opened, means)
    admit_apart(bundle)
    return {"bundle": bundle.digest}


def _second_opinion(opened: Opened, means: Means, _: Told) -> _Said:
    if means.second is None:
        raise FailedCheckError({"error": "nobody is there to ask"})
    return compare_apart(_bundle(opened, means), means.second).document()


def _impact(opened: Opened, means: Means, told: Told) -> _Said:
    bundle = _bundle(opened, means)
    admit_apart(bundle)  # evaluations have no deadline there
    since = form.time_text(means.now() - timedelta(days=DAYS))
    asked = Asked(since=since, snapshot=bundle.snapshot())
    tally = means.replay(
        means.node, asked, jobs=means.jobs, told=lambda done, total: told({"progress": f"{done} of {total}"})
    )
    report = Report(bundle=(bundle.digest, bundle.revision), asked={"since": since}, tally=tally, approvals=Approvals())
    return report.document()


_OPINION: Final = "second_opinion"
_CHECKS: Final[dict[str, Callable[[Opened, Means, Told], _Said]]] = {
    "owners": _owners,
    "tests": _tests,
    "admission": _admission,
    _OPINION: _second_opinion,
    "impact": _impact,
}
NAMES: Final = tuple(_CHECKS)
"""Every check there is, in the order they are run."""
