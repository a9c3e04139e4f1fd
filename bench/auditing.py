"""How long an auditor waits: `python -m bench.auditing [DECISIONS]`, or 100,000.

Makes a log as `bench.report` does, and then has the jobs done that the auditor portal does beside its requests, in
processes of their own: every test of SOC 2 run again with samples drawn, and the workpaper of the year. Behind the
workpaper stands the time until the log can prove a record, which is that of one checkpoint, and not measured here.
"""

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from app import keys
from app.audits.workbook import Phase
from app.reporting.formats import Format
from app.reporting.watermark import Watermark
from app.reporting.workpaper import Work
from app.settings import Settings
from auditor_portal.beside import Job, in_a_process
from auditor_portal.exporting.making import ExportJob
from auditor_portal.sources import Sources
from auditor_portal.testing.running import RunJob
from bench.report import prepare
from evidence import form
from frameworks.testing import Period

_YEAR = timedelta(days=365)
_MARK = Watermark(firm="bench", engagement="bench", auditor="bench/a", date="2026-01-01", decision="none")


def measure(name: str, job: Job) -> None:
    """Do a job, and say how long it took."""
    began, segments = time.perf_counter(), [0]

    def told(_done: int, of: int) -> None:
        segments[0] = of

    in_a_process(job, told)
    print(f"{name}: {time.perf_counter() - began:.1f} s over {segments[0]} segments", flush=True)


def jobs(sources: Sources, period: Period, now: datetime, path: Path) -> dict[str, Job]:
    """Return what is measured, by name."""
    return {
        "all tests run again": RunJob(
            sources=sources,
            engagement="bench",
            tenant="default",
            frameworks=("soc2",),
            control="",
            phase=Phase.EVENTS,
            start=form.time_text(period.start),
            end=form.time_text(period.end),
            now=now,
            directory=path.parent,
        ),
        "SOC 2 workpaper": ExportJob(
            sources=sources,
            engagement="bench",
            tenant="default",
            framework="soc2",
            form=Format.ZIP,
            period=period,
            now=now,
            watermark=_MARK,
            path=path,
            work=Work(),
        ),
    }


def main() -> None:
    """Build, and wait."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    now = datetime.now(UTC)
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as folder:
        building = get_context("spawn").Process(target=prepare, args=(folder, number, end))
        building.start()
        building.join()
        if building.exitcode:
            raise SystemExit("the log could not be made")
        settings = Settings.from_environment({"OMEGA_DATA": folder})
        verifier = str(keys.load_verifier(settings.keys))
        sources = Sources(store=settings.store, verifier=verifier, frameworks=None)
        path = Path(folder) / "workpaper.zip"
        print(f"a log of {number:,} decisions", flush=True)
        for name, job in jobs(sources, Period(start=end - _YEAR, end=end), now, path).items():
            measure(name, job)
        print(f"the workpaper has {path.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
