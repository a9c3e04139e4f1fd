"""A report made as a job beside the requests: the log read once, the file written whole, its hashes told."""

import hashlib
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from app.reporting.formats import Format, write
from app.reporting.gathering import Asked, asked_of
from app.reporting.making import make
from app.reporting.spill import Spill
from app.reporting.watermark import Watermark
from app.reporting.workpaper import Work, workpaper
from auditor_portal.beside import Told, WorkError
from auditor_portal.sources import SCRATCH, Sources, told_as_work
from frameworks.testing import Period

ENDINGS = {Format.PDF: "pdf", Format.HTML: "html", Format.OSCAL: "zip", Format.CSV: "zip", Format.ZIP: "zip"}
"""What the files of each format end in."""

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A report that was made: its hash, and of a workpaper that of its manifest."""

    report: str
    manifest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """A report to be made, as a value that can be sent to another process.

    Attributes:
        period: of the engagement, or a part of it.
        now: when it was asked for, UTC: decides alone whether a record that is gone was allowed to go.
        path: where the file goes; its directory is there.
        work: the auditor's own, for a workpaper.
    """

    sources: Sources
    engagement: str
    tenant: str
    framework: str
    form: Format
    period: Period
    now: datetime
    watermark: Watermark
    path: Path
    work: Work

    def __call__(self, told: Told) -> Made:
        """Make it; see `auditor_portal.beside.Job`."""
        part = self.path.with_suffix(".part")
        try:
            with told_as_work(), part.open("xb") as file:
                made = self._written(file, told)
            part.replace(self.path)
        except OSError as error:
            raise WorkError(f"the file cannot be written: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)
        return made

    def _asked(self) -> Asked:
        read = self.sources.collection()
        chosen = read.catalogs[self.framework]
        return asked_of(
            chosen,
            read.controls.values(),
            self.period,
            now=self.now,
            tenant=self.tenant,
            engagement=self.engagement,
            sampled=True,
            organisation=read.organisation,
            crosswalks=tuple(each for each in read.crosswalks.values() if chosen.id in {each.left, each.right}),
            others=read.catalogs,
            watermark=self.watermark,
        )

    def _written(self, file: IO[bytes], told: Told) -> Made:
        asked, store = self._asked(), self.sources.log()
        tests = [test for each in asked.controls for test in each.tests]
        with (
            tempfile.TemporaryDirectory(prefix=SCRATCH, dir=self.path.parent) as name,
            Spill(Path(name), tests) as spill,
        ):
            unsealed = Path(name) / "none"  # what is not sealed yet is nothing that an auditor could check
            report = make(asked, store, unsealed, now=self.now, spill=spill, told=told)
            spill.close()
            if self.form is Format.ZIP:
                manifest = workpaper(file, report, spill, store, None, self.work)
            else:
                manifest = ""
                write(self.form, file, report, spill, store, None)
        return Made(report=report.sha256, manifest=manifest)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
