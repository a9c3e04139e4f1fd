"""A small log of decisions over a year, sealed as the service seals, and a report made of it."""

import io
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from app.reporting.gathering import asked_of
from app.reporting.making import make
from app.reporting.sealed_store import SealedStore
from app.reporting.spill import Spill
from app.reporting.workpaper import workpaper
from evidence.record import Draft
from frameworks import control
from frameworks.testing import Period
from tests.evidence.sealing import KEY, Node
from tests.frameworks.rows import decision
from tests.reporting.made_reports import catalog

YEAR = Period(start=datetime(2025, 10, 1, tzinfo=UTC), end=datetime(2026, 10, 1, tzinfo=UTC))
NOW = datetime(2026, 11, 22, tzinfo=UTC)

CONTROLS = """
controls:
  - id: access-review
    title: who keeps access is reviewed
    owner: security_officer
    severity: high
    frequency: event
    criteria: [house/CC6.1]
    rules: [platform.keep_access/reviewed]
    tests:
      - id: access-review/reviewed
        kind: machine
        title: nobody keeps access unreviewed
        every: day
        stale_after: 2
        population: {types: [decision], actions: [platform.keep_access]}
        check: {each: [{path: body.result.failed, lacks: reviewed}]}
      - id: access-review/allowed
        kind: machine
        title: nobody keeps access who may not
        every: day
        stale_after: 2
        population: {types: [decision], actions: [platform.keep_access]}
        check: {each: [{path: body.result.allow, equals: true}]}
      - id: access-review/attested
        kind: attestation
        title: the list was reviewed
        every: quarter
        stale_after: 100
        role: security_officer
        statement: the list was reviewed
      - id: access-review/kept
        kind: machine
        title: the store keeps what it is given
        every: day
        stale_after: 2
        population: {configuration: store}
        check: {none: true}
  - id: glass
    title: nobody breaks the glass
    owner: ciso
    severity: critical
    frequency: event
    criteria: [house/A1.1]
    tests:
      - id: glass/broken
        kind: machine
        title: nobody broke it
        every: day
        stale_after: 2
        population: {actions: [platform.break_glass]}
        check: {none: true}
"""


def controls(text=CONTROLS):
    return {each.id: each for each in control.parse("house.yaml", text)}


def bodies(count, failing=()):
    """So many decisions; those whose number is in `failing` fail the gate."""
    for number in range(count):
        failed = ["reviewed"] if number in failing else []
        yield decision("platform.keep_access", f"p{number % 7}", failed=failed)


def recorded(path, made):
    """A node with these decisions sealed, spread over the year, on two chains."""
    node = Node(path, count=20)
    node.spread((Draft(type="decision", tenant="default", body=body) for body in made), YEAR.start, YEAR.end)
    return node


@dataclass(kw_only=True)
class Reported:
    """A report, its populations, and the log."""

    report: object
    spill: Spill
    store: SealedStore

    def workpaper(self):
        file = io.BytesIO()
        workpaper(file, self.report, self.spill, self.store, KEY)
        return file.getvalue()


def reported(node, directory, **more):
    """Make the report of a log."""
    asked = asked_of(
        catalog(), controls().values(), YEAR, now=NOW, engagement="E-1", others=MappingProxyType({}), **more
    )
    store = SealedStore(node.store, KEY.verifier)
    directory.mkdir()
    with ExitStack() as open_now:
        tests = [test for each in asked.controls for test in each.tests]
        spill = open_now.enter_context(Spill(directory, tests))
        found = make(asked, store, Path("nowhere"), now=NOW, spill=spill, told=lambda _done, _all: None)
    return Reported(report=found, spill=spill, store=store)


def unpacked(data, directory):
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        found.extractall(directory)
    return directory
