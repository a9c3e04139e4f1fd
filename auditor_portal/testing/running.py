"""Tests of controls run again, as a job beside the requests: over what the log has sealed, and nothing else.

The portal has no configuration to look at, as it holds nothing of a node. But each run of a test of the configuration
left a record, so such a test is asked of these records, as a report does: `app.reporting.recorded_runs`. Over a period
that is not over, that is all that is asked.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.audits.workbook import Phase
from app.reporting.errors import ReportError
from app.reporting.gathering import Asked
from app.reporting.making import make
from app.reporting.recorded_runs import asked_of_records
from app.reporting.report import Report
from app.reporting.spill import Spill
from auditor_portal.beside import Told
from auditor_portal.sources import SCRATCH, Sources, told_as_work
from frameworks.control import Control
from frameworks.control_test import ControlTest
from frameworks.testing import Period

Results = list[dict[str, Any]]
"""What tests showed, as JSON: the members of a statement of a report, and `definition`, the hash of what was tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """The tests of a control, or of all that serve the engagement's frameworks, run again.

    Attributes:
        control: its id, or "" for all.
        start: of what is tested, as the log writes times; likewise `end`, which is no later than now.
        now: when it was asked for, UTC.
        directory: where populations lie meanwhile; it is there.
    """

    sources: Sources
    engagement: str
    tenant: str
    frameworks: tuple[str, ...]
    control: str
    phase: Phase
    start: str
    end: str
    now: datetime
    directory: Path

    def __call__(self, told: Told) -> Results:
        """Run them; see `auditor_portal.beside.Job`."""
        with told_as_work():
            chosen = self.chosen()
            made = self.report(chosen, told, lambda _: None)
            tests = {test.id: test for each in chosen for test in each.tests}
            found = [each.document() for each in made.statements.values()]
            return [each | {"definition": definition(tests[each["test"]])} for each in found]

    def chosen(self, test: str = "") -> list[Control]:
        """Return the controls with the tests that are run: all that the phase has, or one of them alone.

        Raises:
            ReportError: there is none.
        """
        controls = serving(self.sources.collection().controls.values(), self.frameworks, self.control)
        chosen = [_only(each, self.phase, test) for each in controls]
        if not (found := [each for each in chosen if each.tests]):
            raise ReportError("nothing is tested in this phase: no test is of its kind")
        return found

    def report(self, chosen: Sequence[Control], told: Told, look: Callable[[Spill], None]) -> Report:
        """Return what tests show; `look` sees the populations before they are gone.

        Raises:
            ReportError, ControlTestingError, EvidenceError: see `app.reporting.making.make`.
        """
        asked = Asked(
            catalog=self.sources.collection().catalogs[self.frameworks[0]],
            controls=asked_of_records(chosen),
            period=Period(start=moment(self.start), end=moment(self.end)),
            tenant=self.tenant,
            engagement=self.engagement,
            sampled=True,
        )
        tests = [test for each in asked.controls for test in each.tests]
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=self.directory) as name, Spill(Path(name), tests) as spill:
            unsealed = Path(name) / "none"  # what is not sealed yet is nothing that an auditor could check
            made = make(asked, self.sources.log(), unsealed, now=self.now, spill=spill, told=told)
            spill.flush()
            look(spill)
        return made


def serving(controls: Iterable[Control], frameworks: Iterable[str], control: str = "") -> list[Control]:
    """Return the controls that serve one of these frameworks, by their ids; `control`: that one alone."""
    wanted = frozenset(frameworks)
    found = [each for each in controls if control in {"", each.id} and wanted & frozenset(served(each))]
    return sorted(found, key=lambda each: each.id)


def served(control: Control) -> list[str]:
    """Return the frameworks that a control serves, by their ids."""
    return sorted({each.partition("/")[0] for each in control.criteria})


def definition(test: ControlTest) -> str:
    """Return the hash of what is tested: of a machine's test its population and its check, of others what is asked.

    Two runs with one definition tested the same.
    """
    said = [test.id, str(test.kind), test.population.query if test.population else "", repr(test.check)]
    said += [str(each) for each in (test.role, test.second_role, test.statement, test.instruction, test.stale_after)]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def of_configuration(test: ControlTest) -> bool:
    """Tell whether a test is about how something is set up, and not about what happened."""
    return test.population is not None and test.population.configuration is not None


def moment(text: str) -> datetime:
    """Return a time of the log, UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _only(control: Control, phase: Phase, test: str) -> Control:
    """Return a control with the tests that are made in a phase: what happened is complete once the period is over.

    `test` is the id of the one that is wanted, or "" for all.
    """
    wanted = [each for each in control.tests if test in {"", each.id}]
    match phase:
        case Phase.EVENTS:
            return replace(control, tests=tuple(wanted))
        case Phase.CONFIGURATION:
            return replace(control, tests=tuple(filter(of_configuration, wanted)))
