"""What pages cost decisions: latency of decisions while officers load pages, beside them and in a process of its own.

`python -m bench.control_load`, with `wrk` on PATH. One worker decides over 16 connections. Four officers ask for pages,
twenty a second together at most: in the worker itself, as `omega serve` runs it, and in a second node of the same
machine (`omega serve --plane control`), which shares the cores and nothing else. OMEGA_BENCH_SECONDS sets how long a
load lasts.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from app.cli.token import issue
from app.settings import Settings
from bench.decide import ROOT, SECONDS, omega, table
from bench.decision_plane import fresh, ours, wrk
from bench.peers import Peer

_CONNECTIONS = 16
_OFFICERS = 4
_PAUSE = 0.2  # seconds an officer looks at a page
_PAGES = ("/policies/", "/policies/drift", "/policies/tests")
_ANSWERS = frozenset({200, 304})


def session(url: str, settings: dict[str, str]) -> str:
    """Return the cookie of an officer who signed in by a link from the operator."""
    command = [sys.executable, "-m", "app.cli", "officer", "login", "--json", "--id", "bench"]
    ended = subprocess.run(  # noqa: S603 - our own words
        [*command, "--groups", "omega-auditors"],
        env=os.environ | settings | {"OMEGA_PUBLIC_URL": url},
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    link, connection = urlsplit(json.loads(ended.stdout)["url"]), HTTPConnection(urlsplit(url).netloc, timeout=60)
    form = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    connection.request("POST", link.path, link.query, form)
    answer = connection.getresponse()
    cookies = [value for name, value in answer.getheaders() if name == "set-cookie" and value.startswith("omega=")]
    connection.close()
    if not cookies:
        raise SystemExit(f"no session: {answer.status}")
    return cookies[0].partition(";")[0]


class Officers:
    """Ask for pages, one after the other, until told to stop."""

    def __init__(self, url: str, cookie: str) -> None:
        self.pages = 0
        self._address, self._cookie = urlsplit(url).netloc, cookie
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(_OFFICERS)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        connection = HTTPConnection(self._address, timeout=60)
        while not self._ended.is_set():
            for page in _PAGES:
                connection.request("GET", page, headers={"accept": "text/html", "cookie": self._cookie})
                answer = connection.getresponse()
                answer.read()
                if answer.status not in _ANSWERS:
                    raise SystemExit(f"{page}: {answer.status}")
                self.pages += 1
                self._ended.wait(_PAUSE)
        connection.close()


def latency(peer: Peer, scratch: Path) -> tuple[str, ...]:
    """Return decisions per second, p50 and p99."""
    command = wrk(peer, 1, _CONNECTIONS, scratch, SECONDS)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own words
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{peer.name} failed under load:\n{said}")
    [per_second] = re.findall(r"Requests/sec:\s+(\S+)", said)
    p50, p99 = re.findall(r"(?m)^ +(?:50|99)%\s+(\S+)", said)
    return f"{float(per_second):,.0f}", p50, p99


@contextmanager
def officers(url: str, settings: dict[str, str]) -> Iterator[Officers]:
    """Have officers load pages of a service meanwhile."""
    asking = Officers(url, session(url, settings))
    asking.start()
    time.sleep(1.0)  # the first page of a kind takes longer
    asking.pages = 0
    try:
        yield asking
    finally:
        asking.stop()


def main() -> None:
    """Run everything."""
    if shutil.which("wrk") is None:
        raise SystemExit("this benchmark needs wrk: apt-get install wrk")
    rows: list[tuple[str, ...]] = [("pages", "pages per second", "decisions per second", "p50", "p99")]
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        scratch = Path(name)
        (scratch / "pages").mkdir()
        settings, _ = fresh(scratch)
        others, _ = fresh(scratch / "pages")
        bearer = issue(Settings.from_environment(settings), "marketplace", "default", 3_600)
        with ours(scratch, settings, bearer, 1) as peer:
            shutil.copytree(scratch / "var" / "bundles", scratch / "pages" / "var" / "bundles", dirs_exist_ok=True)
            latency(peer, scratch)  # warm
            for _ in range(2):
                rows.append(("none", "", *latency(peer, scratch)))
                with officers(peer.url, settings) as asking:
                    found = latency(peer, scratch)
                rows.append(("in the worker", f"{asking.pages / SECONDS:.1f}", *found))
            with omega(others, "--plane", "control") as (url, _):
                for _ in range(2):
                    with officers(url, others) as asking:
                        found = latency(peer, scratch)
                    rows.append(("in a process of its own", f"{asking.pages / SECONDS:.1f}", *found))
    table(rows)


if __name__ == "__main__":
    main()
