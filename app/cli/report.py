"""`omega report`: what tests of controls showed in a period, as a file."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from app import keys
from app.cli.collected import collected
from app.cli.decision_list import moment
from app.cli.output import CommandError, note, progress
from app.control_testing.errors import ControlTestingError
from app.reporting.errors import ReportError
from app.reporting.formats import Format, write
from app.reporting.gathering import Asked, asked_of
from app.reporting.making import make
from app.reporting.sealed_store import SealedStore
from app.reporting.spill import Spill
from app.settings import Settings
from evidence.errors import EvidenceError
from evidence.keys import SigningKey
from evidence.store import open_store
from frameworks.errors import FrameworksError
from frameworks.testing import Period


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser(
        "report",
        help="write what tests of controls showed in a period, with the evidence",
        description="Reads the log of the period once, tests every control that serves the framework, and writes the "
        "report. The same log, controls and question give the same bytes. The period has to be over.",
    )
    command.add_argument("--framework", required=True, help="its id, such as soc2: `omega frameworks list`")
    command.add_argument("--from", dest="start", required=True, metavar="TIME", type=moment, help="2025-10-01, UTC")
    command.add_argument("--to", dest="end", required=True, metavar="TIME", type=moment, help="the time before which")
    command.add_argument("--format", required=True, type=Format, choices=list(Format), help="zip is the workpaper")
    command.add_argument("--out", required=True, type=Path, metavar="FILE", help="where to; it is replaced as a whole")
    command.add_argument("--tenant", help="whose records, with the service's own (default: everybody's)")
    command.add_argument("--engagement", metavar="ID", help="what the auditor calls the audit")
    command.add_argument("--sample", action="store_true", help="draw records for the engagement to look at")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Write a report."""
    now = datetime.now(UTC)
    try:
        asked = _asked(options, settings, now)
        store = SealedStore(open_store(settings.store, read_only=True), keys.load_verifier(settings.keys))
        key = keys.load(settings.keys).log if options.format is Format.ZIP else None
        with _written(options.out) as file:
            digest = _write(asked, store, settings.journals, now, options, file, key)
    except EvidenceError as error:
        raise CommandError(f"{error.code}: {error}") from error
    except (ReportError, ControlTestingError, FrameworksError, keys.KeyFileError) as error:
        raise CommandError(str(error)) from error
    note(f"report {digest}")
    return 0


def _asked(options: argparse.Namespace, settings: Settings, now: datetime) -> Asked:
    read = collected(settings)
    chosen = read.catalogs.get(options.framework)
    if chosen is None:
        raise ReportError(f"no framework `{options.framework}`; there are {', '.join(read.catalogs)}")
    for each in (options.start, options.end):
        if each.tzinfo is None:
            raise ReportError("state the time zone, as in 2026-11-22T10:46:23Z")
    return asked_of(
        chosen,
        read.controls.values(),
        Period(start=options.start.astimezone(UTC), end=options.end.astimezone(UTC)),
        now=now,
        tenant=options.tenant,
        engagement=options.engagement,
        sampled=options.sample,
        organisation=read.organisation,
        crosswalks=tuple(each for each in read.crosswalks.values() if chosen.id in {each.left, each.right}),
        others=read.catalogs,
    )


def _write(  # noqa: PLR0913, PLR0917 - what a report is made of, and where it goes
    asked: Asked,
    store: SealedStore,
    journals: Path,
    now: datetime,
    options: argparse.Namespace,
    file: IO[bytes],
    key: SigningKey | None,
) -> str:
    """Make the report, write it, and return its hash. Populations lie beside the file meanwhile."""
    kept = options.sample or options.format is Format.ZIP
    tests = [test for each in asked.controls for test in each.tests] if kept else []
    with (
        tempfile.TemporaryDirectory(prefix=".omega-report-", dir=options.out.parent) as directory,
        Spill(Path(directory), tests) as spill,
        progress("reading the log") as told,
    ):
        report = make(asked, store, journals, now=now, spill=spill, told=told)
        spill.close()
        write(options.format, file, report, spill, store, key)
    return report.sha256


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that only its owner reads, and that is there under its name once it is whole."""
    part = path.with_name(f"{path.name}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_RDWR | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "w+b") as file:  # noqa: PTH123 - a descriptor is no path
                yield file
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"cannot write the report: {error.strerror}") from error
