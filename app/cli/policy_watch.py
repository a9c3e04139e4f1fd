"""`omega policy test --watch`: looks at the files of the policies and has tested what a change concerns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app import activation
from app.cli.output import note
from app.pdp.bundle import Bundle
from app.pdp.chosen_tests import Choice, concerned
from app.pdp.errors import BundleError
from app.pdp.test_report import TestReport

SECONDS: Final = 0.5
"""Between two looks at the files; a change is tested once it has been there for as long."""

_Files = Mapping[str, tuple[int, int]]


@dataclass(slots=True, kw_only=True)
class _Tested:
    """The bundle that was tested last, and what its failed tests are of."""

    bundle: Bundle | None = None
    ok: bool = True
    of: frozenset[str] = frozenset()


def keep_testing(
    policies: Path,
    choice: Choice,
    test: Callable[[Bundle, Choice], TestReport],
    *,
    wait: Callable[[float], object],
) -> int:
    """Run the tests of `choice`, then, whenever files in `policies` change, those that the change concerns.

    What failed is run again with them. A bundle that cannot be read is said so, and the next change is waited for.
    Comes to its end by an interrupt, and returns 1 if something failed in the last run, and else 0.
    """
    tested, known, last = _Tested(), None, _files(policies)
    note("watching the policies; Ctrl-C ends it")
    try:
        while True:
            files = _files(policies)
            if files == last and files != known:
                known = files
                _test(policies, choice, test, tested)
            last = files
            wait(SECONDS)
    except KeyboardInterrupt:
        return 0 if tested.ok else 1


def _test(policies: Path, choice: Choice, test: Callable[[Bundle, Choice], TestReport], tested: _Tested) -> None:
    try:
        bundle = activation.read(policies)
        chosen = choice
        if tested.bundle is not None:
            of, files = concerned(tested.bundle, bundle)
            chosen = choice if of is None else replace(choice, of=of | tested.of, files=files)
        report = test(bundle, chosen)
    except BundleError as error:
        tested.ok = False
        note(str(error))
        return
    tested.bundle, tested.ok = bundle, report.ok
    tested.of = frozenset(each.of for each in report.failed)


def _files(policies: Path) -> _Files:
    """Return when each file was changed last, and its size; one that vanishes meanwhile is not there."""
    found = {}
    for path in policies.rglob("*"):
        try:
            status = path.stat()
        except OSError:
            continue
        found[str(path)] = (status.st_mtime_ns, status.st_size)
    return found
