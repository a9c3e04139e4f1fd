"""This service beside OPA's server and Cerbos: one machine, one run, the same policy and the same question.

`python -m bench.decision_plane`, with `wrk`, `opa` and `cerbos` on PATH (or OMEGA_BENCH_OPA, OMEGA_BENCH_CERBOS); who
is missing is left out. All of them keep a decision log; ours is on disk, chained and signed, before the answer leaves.
Tells throughput, latency, CPU and memory by connections, for single decisions and batches of 20, what is on record
after kill -9, and how near this service is to what the machine can do. Traffic goes to 127.0.0.1 alone and stops by
itself.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import activation, supervisor
from app.cli.token import issue
from app.pdp import strict_json
from app.pdp.bundle import Bundle, load_snapshot
from app.pdp.request import document, parse_request
from app.settings import Settings
from bench import peers
from bench.decide import BODY, ENVIRONMENT, ROOT, SECONDS, alone, cpu, omega, partial, table
from bench.peers import Peer
from evidence import journal

CONNECTIONS = (1, 16, 64, 256)
BATCH = 20
_ACTION = "marketplace.publish"
_KILLED_AFTER = 2.0  # seconds of load
_COMPARED_WITHIN = 180.0  # seconds

Start = Callable[[Path], AbstractContextManager[Peer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of wrk saw: per decision, whatever a request asked for. CPU in microseconds, memory in MiB."""

    decisions: int
    per_second: float
    p50: str
    p99: str
    cpu: float
    memory: float


def family(pid: int) -> set[int]:
    """Return the ids of a process and its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def memory(pid: int) -> float:
    """Return the MiB that a process and its descendants take, pages that they share counted once (Pss)."""
    used = 0
    for member in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # root alone may look: processes with keys are closed
            used += int(re.findall(r"(?m)^Pss: +(\d+)", Path(f"/proc/{member}/smaps_rollup").read_text())[0])
    return used / 1024


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """Look at the memory of a process meanwhile; what was seen stands in the list."""
    seen, ended = [memory(pid)], threading.Event()

    def look() -> None:
        while not ended.wait(0.5):
            seen.append(memory(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def wrk(peer: Peer, size: int, connections: int, scratch: Path, seconds: float) -> list[str]:
    """Return the command that asks a peer for so long."""
    path, body = peer.bodies[size]
    script = scratch / f"{size}.lua"
    headers = {"content-type": "application/json"} | peer.headers
    lines = [f'wrk.headers["{name}"]="{value}"' for name, value in headers.items()]
    script.write_text("\n".join(['wrk.method="POST"', f"wrk.body=[==[{json.dumps(body)}]==]", *lines]))
    options = ["-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "20s", "--latency", "-s", str(script)]
    return ["wrk", *options, f"{peer.url}{path}"]


def load(peer: Peer, size: int, connections: int, scratch: Path, seconds: float = SECONDS) -> Run:
    """Ask for `seconds` over so many connections, `size` decisions in each request."""
    before, begun = sum(cpu(peer.pid).values()), time.monotonic()
    with watched(peer.pid) as seen:
        said = subprocess.run(  # noqa: S603 - our own words
            wrk(peer, size, connections, scratch, seconds), capture_output=True, text=True, check=True
        ).stdout
    taken = time.monotonic() - begun
    used = sum(cpu(peer.pid).values()) - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{peer.name} failed under load:\n{said}")
    decisions = int(re.findall(r"(\d+) requests in", said)[0]) * size
    p50, p99 = re.findall(r"(?m)^ +(?:50|99)%\s+(\S+)", said)
    return Run(
        decisions=decisions,
        per_second=decisions / taken,
        p50=p50,
        p99=p99,
        cpu=used / decisions * 1e6,
        memory=max(seen),
    )


def lost(peer: Peer, scratch: Path) -> tuple[int, int]:
    """Kill a peer and all its processes under load; return how many decisions it had answered, and how many are kept.

    The log must be empty before.
    """
    command = wrk(peer, 1, 64, scratch, _KILLED_AFTER + 1.0)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:  # noqa: S603 - our own words
        time.sleep(_KILLED_AFTER)
        for member in family(peer.pid):
            with suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        said = asking.communicate()[0]
    time.sleep(3.0)  # for what is on its way to a sink
    answered = int(re.findall(r"(\d+) requests in", said)[0])
    return answered, peer.recorded()


@contextmanager
def ours(scratch: Path, settings: dict[str, str], bearer: str, workers: int) -> Iterator[Peer]:
    """Run this service."""
    del scratch
    request = json.loads(BODY)
    single = ("/access/v1/evaluation", request)
    batch = ("/access/v1/evaluations", {"evaluations": [request] * BATCH})
    machine = settings.get("OMEGA_MACHINE") != "no"
    with omega(settings | {"OMEGA_WORKERS": str(workers)}) as (url, pid):
        if machine:
            await_fast_path(Path(settings["OMEGA_DATA"]) / "bundles")
        name = "this service, 1 worker" if workers == 1 else f"this service, {workers} workers"
        yield Peer(
            name=name if machine else f"{name}, interpreter",
            url=url,
            pid=pid,
            bodies={1: single, BATCH: batch},
            recorded=lambda: decisions_in(Path(settings["OMEGA_DATA"]) / "journal"),
            headers={"authorization": f"Bearer {bearer}"},
        )


def await_fast_path(bundles: Path) -> None:
    """Return once the engines were compared, which happens once for each bundle, and workers have seen it."""
    end = time.monotonic() + _COMPARED_WITHIN
    while not list(bundles.glob("*.engines")) and time.monotonic() < end:
        time.sleep(0.5)
    time.sleep(2.0)  # workers look twice a second


def decisions_in(journals: Path) -> int:
    """Return how many decisions stand in the journals of a node, as a start would recover them."""
    count = 0
    for file in journals.glob("*/*.evj"):
        count += sum(b'"type":"decision"' in found.payload for found in journal.frames(file.read_bytes()))
    return count


def compare(starts: dict[str, Start], scratch: Path) -> dict[str, dict[tuple[int, int], Run]]:
    """Return the runs of each server, by decisions in a request and connections."""
    runs: dict[str, dict[tuple[int, int], Run]] = {}
    for name, start in starts.items():
        place = scratch / name
        place.mkdir()
        with start(place) as peer:
            runs[peer.name] = {}
            for size in peer.bodies:
                load(peer, size, 8, place, 2)  # warm
                for connections in CONNECTIONS:
                    runs[peer.name][size, connections] = load(peer, size, connections, place)
    return runs


def show(runs: dict[str, dict[tuple[int, int], Run]]) -> None:
    """Print all runs."""
    for size in sorted({size for by in runs.values() for size, _ in by}):
        print(f"\n{'single decisions' if size == 1 else f'batches of {size}'}: decisions per second (p50, p99)")
        rows: list[tuple[str, ...]] = [("", *map(str, CONNECTIONS))]
        costs: list[tuple[str, ...]] = [("", *map(str, CONNECTIONS))]
        for name, by in runs.items():
            if (size, CONNECTIONS[0]) in by:
                each = [by[size, connections] for connections in CONNECTIONS]
                rows.append((name, *(f"{run.per_second:,.0f} ({run.p50}, {run.p99})" for run in each)))
                costs.append((name, *(f"{run.cpu / 1000:.3f} s, {run.memory:.0f} MiB" for run in each)))
        table(rows)
        print("CPU seconds per 1,000 decisions over all processes, and peak memory")
        table(costs)


def limits(settings: dict[str, str], scratch: Path, evaluation: float, whole: Run) -> None:
    """Print what the machine can do, and how near a decision comes."""
    with partial("nothing", settings) as (url, pid):
        nothing = Peer(
            name="do nothing", url=url, pid=pid, bodies={1: ("/", json.loads(BODY))}, recorded=lambda: 0, headers={}
        )
        load(nothing, 1, 8, scratch, 2)
        run = load(nothing, 1, 64, scratch)
    least = run.cpu + evaluation
    print("\nthe machine")
    print(f"  do-nothing endpoint: {run.per_second:,.0f}/s, {run.cpu:.0f} us CPU each; p99 {run.p99}")
    print(f"  one bare evaluation: {evaluation:.0f} us; fdatasync of 4 KiB: {syncs(scratch):,.0f}/s")
    print(f"  a request and an evaluation are {least:.0f} us, a decision on record {whole.cpu:.0f} us:", end=" ")
    print(f"{least / whole.cpu:.0%} of the limit")


def syncs(scratch: Path, seconds: float = 1.0) -> float:
    """Return how many writes of 4 KiB, one after the other, the disk takes in a second."""
    descriptor = os.open(scratch / "syncs", os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, 64 << 20)
        count, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            os.pwrite(descriptor, bytes(4096), count % 8192 * 4096)
            os.fdatasync(descriptor)
            count += 1
    finally:
        os.close(descriptor)
    return count / seconds


def fresh(scratch: Path) -> tuple[dict[str, str], Bundle]:
    """Prepare a node's directory; return its settings and its bundle."""
    settings = {
        "OMEGA_DATA": str(scratch / "var"),
        "OMEGA_PORT": "0",
        "OMEGA_IN_FLIGHT": "16384",
        "PATH": os.environ["PATH"],
    }
    made = Settings.from_environment(settings)
    supervisor.prepare(made)
    return settings, load_snapshot(activation.active(made.bundles))


def main() -> None:
    """Run everything."""
    if shutil.which("wrk") is None:
        raise SystemExit("needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        scratch = Path(name)
        settings, bundle = fresh(scratch)
        bearer = issue(Settings.from_environment(settings), "marketplace", "default", 3_600)
        action = bundle.actions[_ACTION]
        asked: dict[str, Any] = action.contract.prune(document(parse_request(BODY), ENVIRONMENT))
        starts: dict[str, Start] = {
            "one": lambda place: ours(place, settings, bearer, 1),
            "two": lambda place: ours(place, settings, bearer, 2),
            "interpreter": lambda place: ours(place, settings | {"OMEGA_MACHINE": "no"}, bearer, 2),
        }
        if peers.program("opa", "OMEGA_BENCH_OPA"):
            starts["opa"] = lambda place: peers.opa(place, bundle, asked, action.query)
        if peers.program("cerbos", "OMEGA_BENCH_CERBOS"):
            starts["cerbos"] = lambda place: peers.cerbos(place, asked)
        runs = compare(starts, scratch)
        show(runs)
        limits(settings, scratch, alone(bundle, strict_json.encode(asked)), runs["this service, 1 worker"][1, 64])
        print("\nkilled with -9 under load: decisions answered, on record, lost")
        for name_, start in starts.items():
            if name_ not in {"one", "interpreter"}:
                place = scratch / f"{name_}-killed"
                place.mkdir()
                shutil.rmtree(Path(settings["OMEGA_DATA"]) / "journal", ignore_errors=True)
                with suppress(subprocess.CalledProcessError), start(place) as peer:
                    answered, kept = lost(peer, place)
                    print(f"  {peer.name}: {answered:,} answered, {kept:,} on record, {max(0, answered - kept):,} lost")


if __name__ == "__main__":
    main()
