"""What a decision costs, stage by stage: `make bench`. What its proof adds, `bench.proof` measures.

One run, one machine, ratios: evaluation alone, through an evaluator, over HTTP with the record synced
before the answer, the same without a record, and a do-nothing endpoint on the same server; then CPU
time per stage and per process. Needs `wrk` (apt-get install wrk). Traffic goes to 127.0.0.1 alone and
stops by itself.
"""

import asyncio
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from app import activation, machine_files, supervisor
from app.cli.token import issue
from app.decision_plane.authzen import answer_of
from app.pdp import strict_json
from app.pdp.admission_process import prove_apart
from app.pdp.bundle import Bundle, load_snapshot
from app.pdp.decide import _answer as parse_decision
from app.pdp.decide import decide
from app.pdp.enforce import Recorded, _body
from app.pdp.engine import Engine, Engines, Machine, compile_program
from app.pdp.evaluators import Evaluators
from app.pdp.model import Durability, Environment
from app.pdp.request import document, parse_request
from app.privacy.sealed_block import SubjectKey
from app.settings import Settings
from evidence import journal, record
from evidence.chain import Appended
from evidence.record import Draft, Position
from evidence.segment import Batch, seal
from evidence.writer import Writer

ROOT = Path(__file__).parents[1]
BODY = json.dumps(json.loads((ROOT / "examples" / "publish.json").read_text())).encode()
CONNECTIONS = (1, 8, 64, 256)
SECONDS = int(os.environ.get("OMEGA_BENCH_SECONDS", "5"))
ENVIRONMENT = Environment(time="2026-11-22T14:00:00Z", tenant="default", caller="marketplace")
POSITION = Position(chain="0" * 20, seq=123_456)
ROLES = ("sealing", "indexing", "scheduling", "zygote", "server")  # words of commands; all else is the supervisor's


def microseconds(work: Callable[[], object], times: int = 2_000, rounds: int = 7) -> float:
    """Return the median over rounds of the CPU time of one call."""
    taken = []
    for _ in range(rounds):
        begun = time.process_time_ns()
        for _ in range(times):
            work()
        taken.append((time.process_time_ns() - begun) / times / 1_000)
    return median(taken)


def cpu(pid: int) -> dict[str, float]:
    """Return seconds of CPU used so far by a process and its descendants, by role."""
    processes = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        processes[int(entry.name)] = (int(fields[1]), (int(fields[11]) + int(fields[12])) / 100, command)
    family, grown = {pid}, True
    while grown:
        more = {child for child, (parent, _, _) in processes.items() if parent in family} - family
        family, grown = family | more, bool(more)
    used: dict[str, float] = {}
    for member in family & processes.keys():
        _, seconds, command = processes[member]
        role = next((role for role in ROLES if role in command), "supervisor")
        used[role] = used.get(role, 0.0) + seconds
    return used


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw."""

    per_second: float
    p50: str
    p99: str
    cpu: Mapping[str, float]  # microseconds per request, by role


def load(url: str, script: Path, connections: int, pid: int) -> Load:
    """Ask for `SECONDS` over so many connections."""
    before = cpu(pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own words
    after = cpu(pid)
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"the service failed under load:\n{said}")
    requests = int(re.findall(r"(\d+) requests in", said)[0])
    used = {role: round((seconds - before.get(role, 0)) / requests * 1e6) for role, seconds in after.items()}
    per_second = float(re.findall(r"Requests/sec:\s+(\S+)", said)[0])
    p50, p99 = re.findall(r"(?m)^ +(?:50|99)%\s+(\S+)", said)
    return Load(per_second, p50, p99, used)


@contextmanager
def omega(settings: dict[str, str], *options: str) -> Iterator[tuple[str, int]]:
    """Run the service."""
    command = [sys.executable, "-m", "app.cli", "serve", "--json", *options]
    with subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:  # noqa: S603
        said = ""
        while not said.rstrip().endswith("}"):
            said += process.stdout.readline() if process.stdout else ""
        try:
            yield json.loads(said)["url"], process.pid
        finally:
            process.terminate()


@contextmanager
def partial(mode: str, settings: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Run the server with parts left out."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        number = listening.fileno()
        command = [sys.executable, "-m", "bench.server", mode, str(number)]
        with subprocess.Popen(command, env=os.environ | settings, pass_fds=[number], cwd=ROOT) as process:  # noqa: S603
            try:
                _answered(listening.getsockname()[1])
                yield url, process.pid
            finally:
                process.terminate()


def _answered(port: int) -> None:
    """Return once the server answers: a machine that is busy takes its time to start one."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: bench\r\ncontent-length: 0\r\n\r\n")
        connection.recv(1)


def alone(bundle: Bundle, text: bytes) -> float:
    """Return microseconds of an evaluation in this process, modules loaded as an evaluator loads them."""
    snapshot = json.loads(bundle.snapshot())
    engines = Engines(snapshot["modules"], snapshot["data"], snapshot["entries"])
    asked = text.decode()
    return microseconds(lambda: engines.evaluate("data.marketplace.publish.decision", asked), times=500)


def machine_alone(bundle: Bundle, text: bytes) -> float:
    """Return microseconds of an evaluation by the virtual machine in this process."""
    query = "data.marketplace.publish.decision"
    snapshot = json.loads(bundle.snapshot())
    needed = {file: bundle.modules[file] for file in snapshot["entries"][query]}
    machine = Machine({query: compile_program(needed, query)}, bundle.data)
    asked = text.decode()
    return microseconds(lambda: machine.evaluate(query, asked), times=500)


async def through(snapshot: Path, text: bytes, *, requests: int = 10_000, flying: int = 64) -> tuple[float, float]:
    """Return evaluations per second through two evaluators, and microseconds of this process for each."""
    evaluators = await Evaluators.start(snapshot, load_snapshot(snapshot).fingerprint(), count=2)
    gate = asyncio.Semaphore(flying)

    async def one() -> None:
        async with gate:
            await evaluators.evaluate("data.marketplace.publish.decision", text)

    await asyncio.gather(*[one() for _ in range(500)])
    wall, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*[one() for _ in range(requests)])
    wall, used = time.perf_counter() - wall, time.process_time() - used
    await evaluators.close()
    return requests / wall, used / requests * 1e6


def stages(bundle: Bundle) -> dict[str, float]:
    """Return microseconds of CPU of each stage of the worker and the sealer, one after the other, in this process."""
    action = bundle.actions["marketplace.publish"]
    request = parse_request(BODY)
    asked = document(request, ENVIRONMENT)
    pruned = strict_json.encode(action.contract.prune(asked))
    raw = Engine(bundle.modules, bundle.data).evaluate(action.query, pruned.decode()).encode()
    decided = asyncio.run(decide(bundle, _answering(raw), asked))
    key = SubjectKey("psn_" + "0" * 32, "k_" + "0" * 32, bytes(32))
    text = strict_json.encode(asked)
    block = key.seal(text, place=(POSITION.decision_id, 0))
    named = {"subject": key.subject, "resource": {"type": "release", "id": "x"}, "durability": "journal"}
    body = _body(request, ENVIRONMENT_CALLER, bundle, decided, named)
    draft = Draft(type="decision", tenant="default", body=body, sealed=(block,))

    def encode() -> bytes:
        return record.encode(
            draft,
            POSITION,
            epoch=1,
            prev="0" * 64,
            time="2026-11-22T14:00:00.000000Z",
            retention_class="std7y",
        )

    data = encode()
    appended = Appended(position=POSITION, leaf="0" * 64)
    recorded = Recorded(
        decision=decided.decision, appended=appended, bundle=bundle, durability=Durability.JOURNAL, asked=b""
    )
    return {
        "parse": microseconds(lambda: parse_request(BODY)),
        "contract": microseconds(lambda: action.contract.check(asked)),
        "prune and encode": microseconds(lambda: strict_json.encode(action.contract.prune(asked))),
        "result": microseconds(lambda: parse_decision(action, strict_json.parse_result(raw), ENVIRONMENT.document())),
        "answer": microseconds(lambda: strict_json.encode(answer_of(recorded))),
        "seal input*": microseconds(lambda: key.seal(strict_json.encode(asked), place=(POSITION.decision_id, 0))),
        "record body*": microseconds(lambda: _body(request, ENVIRONMENT_CALLER, bundle, decided, named)),
        "encode and hash*": microseconds(lambda: record.leaf(encode())),
        "journal*": max(0.0, uvloop.run(appending(draft)) - microseconds(lambda: record.leaf(encode()))),
        "sealer*": sealing(data),
    }


async def appending(draft: Draft, *, times: int = 8_000, flying: int = 64) -> float:
    """Return microseconds of CPU per record of a writer that 64 wait for: encoding, framing, writing, syncing."""
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        writer = Writer.open(Path(name), retention_class="std7y", version="0")

        async def one() -> None:
            for _ in range(times // flying):
                await writer.append(lambda _: draft)

        used = time.process_time()
        await asyncio.gather(*[one() for _ in range(flying)])
        used = time.process_time() - used
        await writer.close()
    return used / times * 1e6


@dataclass(frozen=True, slots=True)
class _Caller:
    subject: str
    tenant: str


ENVIRONMENT_CALLER = _Caller("marketplace", "default")


def _answering(raw: bytes) -> Callable[[str, bytes], Any]:
    async def evaluate(_: str, __: bytes) -> bytes:
        return raw

    return evaluate


def sealing(data: bytes, count: int = 5_000) -> float:
    """Return microseconds per record of what the sealer does with a full segment, disk apart."""
    frames = b"".join(journal.frame(data, 0) for _ in range(count))
    begun = time.process_time_ns()
    batch, mark = Batch(), record.mark("0" * 20, "std7y")
    for found in journal.frames(frames):
        _, stamp = record.stamp(found.payload)
        record.continues(found.payload, mark, "0" * 64)
        batch.add(found.payload, stamp)
    whole = batch.data
    sealed = seal(
        batch,
        whole,
        log="a",
        chain="0" * 20,
        retention_class="std7y",
        segment=0,
        previous="0" * 64,
        first_seq=0,
        first_prev="0" * 64,
        sealed_at="",
        retain_until="",
        checkpoint="",
    )
    hashlib.sha256(sealed.text.encode())
    return (time.process_time_ns() - begun) / count / 1_000


def table(rows: list[tuple[str, ...]]) -> None:
    """Print rows in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def over_http(scratch: Path, settings: dict[str, str]) -> None:
    """Measure the servers, one after the other."""
    bearer = issue(Settings.from_environment(settings), "marketplace", "default", 3_600)
    script = scratch / "post.lua"
    script.write_text(
        f'wrk.method="POST"; wrk.body=[==[{BODY.decode()}]==]\n'
        f'wrk.headers["content-type"]="application/json"; wrk.headers["authorization"]="Bearer {bearer}"\n'
    )
    runs: dict[str, dict[int, Load]] = {}
    servers: dict[str, Callable[[], AbstractContextManager[tuple[str, int]]]] = {
        "do nothing": lambda: partial("nothing", settings),
        "decide, no record": lambda: partial("unrecorded", settings),
        "decide and record": lambda: omega(settings),
        "the same, fast path": lambda: omega(settings | {"OMEGA_MACHINE": "yes"}),
        "the same, 2 workers": lambda: omega(settings | {"OMEGA_WORKERS": "2"}),
        "both": lambda: omega(settings | {"OMEGA_WORKERS": "2", "OMEGA_MACHINE": "yes"}),
    }
    for name, server in servers.items():
        with server() as (url, pid):
            load(f"{url}/access/v1/evaluation", script, 8, pid)  # warm; within it the fast path opens
            runs[name] = {count: load(f"{url}/access/v1/evaluation", script, count, pid) for count in CONNECTIONS}
    print("\nover HTTP: answers per second (and p50, p99) by connections; ratio to `decide, no record`")
    rows: list[tuple[str, ...]] = [("", *map(str, CONNECTIONS))]
    for name, by_count in runs.items():
        base = runs["decide, no record"]
        cells = [
            f"{one.per_second:,.0f} ({one.p50}, {one.p99}) x{one.per_second / base[count].per_second:.2f}"
            for count, one in by_count.items()
        ]
        rows.append((name, *cells))
    table(rows)
    print("\nCPU microseconds per request over all processes, by role")
    usage: list[tuple[str, ...]] = [("", "connections", "supervisor", *ROLES, "all")]
    for name, by_count in runs.items():
        for count, one in by_count.items():
            used = [one.cpu.get(role, 0.0) for role in ("supervisor", *ROLES)]
            usage.append((name, str(count), *(f"{cell:.0f}" for cell in used), f"{sum(used):.0f}"))
    table(usage)


def main() -> None:
    """Run everything."""
    if shutil.which("wrk") is None:
        raise SystemExit("this benchmark needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        settings = {"OMEGA_DATA": str(scratch / "data"), "OMEGA_PORT": "0", "OMEGA_MACHINE": "no"}
        configured = Settings.from_environment(settings)
        supervisor.prepare(configured)
        snapshot = activation.active(configured.bundles)
        bundle = load_snapshot(snapshot)
        proving = time.perf_counter()
        machine_files.keep_verdicts(configured.bundles, bundle.digest, asyncio.run(prove_apart(bundle)))
        print(f"comparing the engines took {time.perf_counter() - proving:.1f} s")
        text = strict_json.encode(document(parse_request(BODY), ENVIRONMENT))
        print(f"request {len(BODY)} bytes; {os.cpu_count()} cores; {SECONDS} s a run")
        engine = alone(bundle, text)
        per_second, worker = uvloop.run(through(snapshot, text))
        print(f"\nevaluation alone           {engine:6.0f} us CPU")
        print(f"by the virtual machine     {machine_alone(bundle, text):6.0f} us CPU")
        print(f"through two evaluators     {per_second:6.0f} per second, {worker:.0f} us CPU of the worker each")
        print("\nCPU microseconds per stage, one at a time (* belongs to the proof)")
        used = stages(bundle)
        for stage, taken in used.items():
            print(f"  {stage:18} {taken:6.1f}")
        proof = sum(taken for stage, taken in used.items() if stage.endswith("*"))
        print(f"  the proof, summed  {proof:6.1f}")
        over_http(scratch, settings)


if __name__ == "__main__":
    main()
