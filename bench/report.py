"""How fast a report is made, and how much memory that takes: `python -m bench.report [DECISIONS]`, or 100,000.

Makes a log in a temporary directory with the shipped policies and inputs made after their contracts, its decisions
spread evenly over the year before, seals it, and has `omega report` written in each format by a process of its own.
Says seconds, seconds of processor time, because a machine may have other things to do, the most memory that a process
took, and the size of the file. A workpaper has a sample drawn as well.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from app import supervisor
from app.reporting.formats import Format
from app.sealing import run as seal
from app.settings import Settings
from bench.replay import build

_YEAR = timedelta(days=365)


class Clock:
    """A clock that goes through a span of time in so many steps."""

    def __init__(self, begin: datetime, span: timedelta, steps: int) -> None:
        self._begin, self._step, self._taken, self._steps = begin, span / steps, 0, steps

    def __call__(self) -> datetime:
        """Return the next time."""
        self._taken += 1
        return self._begin + self._step * min(self._taken, self._steps)


def prepare(folder: str, number: int, end: datetime) -> None:
    """Have a sealed log of so many decisions in a directory, made in the year before `end`."""
    settings = Settings.from_environment({"OMEGA_DATA": folder})
    supervisor.prepare(settings)
    asyncio.run(build(settings, number, Clock(end - _YEAR, _YEAR - timedelta(hours=1), number)))
    seal(settings, lambda: True)


def measure(settings: Settings, form: Format, end: datetime, out: Path) -> None:
    """Write a report in a process of its own, and say how it went."""
    span = ["--from", f"{end - _YEAR:%Y-%m-%d}", "--to", f"{end:%Y-%m-%d}"]
    more = ["--sample", "--engagement", "bench"] if form is Format.ZIP else []
    command = [sys.executable, "-m", "app.cli", "report", "--framework", "soc2", *span, *more]
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own
        [*command, "--format", form.value, "--out", str(out)], env={**os.environ, **settings.places}
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("there is no report")
    seconds, busy = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    print(
        f"{form.value}: {seconds:.1f} s, {busy:.1f} s of a core, at most {usage.ru_maxrss >> 10} MiB,"
        f" {out.stat().st_size / 2**20:.1f} MiB",
        flush=True,
    )


def main() -> None:
    """Build, and report.

    The log is made in a process of its own: a process that is started counts the memory of the one that starts it.
    """
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environment({"OMEGA_DATA": folder})
        began = time.perf_counter()
        building = get_context("spawn").Process(target=prepare, args=(folder, number, end))
        building.start()
        building.join()
        if building.exitcode:
            raise SystemExit("the log could not be made")
        print(f"recorded and sealed {number} decisions in {time.perf_counter() - began:.0f} s", flush=True)
        for form in Format:
            measure(settings, form, end, Path(folder) / f"report.{form.value}")


if __name__ == "__main__":
    main()
