"""How long a browser takes to verify a workpaper: `python -m bench.verifying [DECISIONS]`, or 100,000.

Makes a log as `bench.report` does, has `omega report` write a workpaper with samples, and gives it to the page that
verifies, as it is when it was saved, in Chromium. Says seconds, how long the page was busy at a time, because it has to
stay alive meanwhile, and how long `verify_workpaper.py` takes.
"""

import shutil
import sys
import tempfile
import time
import zipfile
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from flask import Flask
from playwright.sync_api import sync_playwright

import auditor_portal
import verify_evidence
import verify_workpaper
from app.reporting.formats import Format
from app.settings import Settings
from auditor_portal.verifying.saved_page import NAME, saved_page
from bench.report import measure, prepare

_WATCH = """() => {
  window.busy = [];
  const watch = (list) => window.busy.push(...list.getEntries().map(({ duration }) => duration));
  new PerformanceObserver(watch).observe({ type: "longtask" });
}"""


def browse(folder: Path, paper: Path, key: Path) -> None:
    """Verify a workpaper on the page, and say how it went."""
    with Flask("auditor_portal", root_path=str(Path(auditor_portal.__file__).parent)).app_context():
        (folder / NAME).write_bytes(saved_page())
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_default_timeout(600_000)
        page.goto((folder / NAME).as_uri())
        page.locator("#verify-key").fill(key.read_text())
        page.evaluate(_WATCH)
        began = time.perf_counter()
        page.locator("#verify-choose").set_input_files(paper)
        page.get_by_text("1 file looked at:").wait_for()
        took, said = time.perf_counter() - began, page.locator("#verify-status").inner_text()
        longest = max(page.evaluate("window.busy"), default=0)
        print(f"browser: {took:.1f} s, at most {longest:.0f} ms at a time; {said}")
        print("\n".join(page.locator(".verify-result ol li").all_inner_texts()))
        browser.close()


def offline(folder: Path, paper: Path, key: Path) -> None:
    """Verify the same with the stand-alone file, and say how it went."""
    with zipfile.ZipFile(paper) as zipped:
        zipped.extractall(folder / "paper")
    began = time.perf_counter()
    found = verify_workpaper.verify(folder / "paper", verify_evidence.parse_key(key.read_bytes()))
    print(f"verify_workpaper.py: {time.perf_counter() - began:.1f} s; {found}")


def main() -> None:
    """Build, and measure."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as name:
        folder, settings = Path(name), Settings.from_environment({"OMEGA_DATA": name})
        building = get_context("spawn").Process(target=prepare, args=(name, number, end))
        building.start()
        building.join()
        if building.exitcode:
            raise SystemExit("the log could not be made")
        paper = folder / "paper.zip"
        measure(settings, Format.ZIP, end, paper)
        key = folder / "keys" / "log.vkey"
        browse(folder, paper, key)
        offline(folder, paper, key)


if __name__ == "__main__":
    main()
