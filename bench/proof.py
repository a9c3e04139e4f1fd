"""What the proof costs: CPU of a decision on record, over the CPU of the same decision without a record.

`python -m bench.proof`, with `wrk` on PATH. Both servers run the whole time and are asked in turn, so that whatever
else the machine does meets both; the ratio is taken within each pair, and the median of the ratios counts. All
processes of a server are counted, also what sealer and indexer do after a load, and what the kernel does outside of
them to sync a journal. What a server uses at rest is subtracted from both, once it uses the same time and again; the
process that runs jobs when they are due is left out: both run anyway. The index is no part of the proof
(docs/adr/0015), so ratios are shown without it and with it. OMEGA_BENCH_SECONDS sets how long a load lasts,
OMEGA_BENCH_PAIRS how many pairs there are.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from app.cli.token import issue
from app.settings import Settings
from bench.decide import ROOT, SECONDS, cpu, partial, table
from bench.decision_plane import BATCH, fresh, ours, wrk
from bench.peers import Peer
from evidence import journal

PAIRS = int(os.environ.get("OMEGA_BENCH_PAIRS", "5"))
_LOADS = ((1, 16), (1, 64), (1, 256), (BATCH, 16))  # decisions in a request, connections
_REST = 5.0  # seconds of watching what a server uses at rest
_STEADY = 0.02  # seconds of CPU in a second, by which two such watches may differ
_AT_REST_WITHIN = 120.0  # seconds
_AFTERWARDS = 3.0  # seconds: the age at which a segment is sealed
_INDEXED = 12.0  # seconds: the indexer follows checkpoints, and one is due after ten
_QUIET = 0.05  # seconds of CPU in a second, beyond those at rest: nobody works off what a load left
_SETTLED_WITHIN = 20.0  # seconds
_KERNEL, _INDEX, _JOBS = "kernel", "indexing", "scheduling"

Used = Mapping[str, float]  # by role; seconds, or microseconds of a decision


@dataclass(frozen=True, slots=True)
class Server:
    """A server, what it uses in a second at rest, and where its journals lie, if it has any."""

    peer: Peer
    rest: Used
    journals: Path | None = None

    def used(self, begun: float, before: Used) -> Used:
        """Return seconds of CPU since, at rest subtracted."""
        lasted, now = time.monotonic() - begun, cpu(self.peer.pid)
        roles = now.keys() - {_JOBS}
        return {role: now[role] - before.get(role, 0.0) - self.rest.get(role, 0.0) * lasted for role in sorted(roles)}


def at_rest(server: Server) -> Server:
    """Return a server with what it uses in a second, by role, once it uses as much twice in a row."""
    pid, end = server.peer.pid, time.monotonic() + _AT_REST_WITHIN
    last = float("inf")
    while time.monotonic() < end:
        begun, before = time.monotonic(), cpu(pid)
        time.sleep(_REST)
        used = Server(server.peer, {}, server.journals).used(begun, before)
        rest = {role: seconds / (time.monotonic() - begun) for role, seconds in used.items()}
        if abs((now := sum(rest.values())) - last) <= _STEADY:
            return Server(server.peer, rest, server.journals)
        last = now
    raise SystemExit(f"{server.peer.name} does not come to rest")


def settle(server: Server) -> None:
    """Return once nothing of a load is left to do."""
    end = time.monotonic() + _SETTLED_WITHIN
    time.sleep(_INDEXED if server.journals else _AFTERWARDS)
    while time.monotonic() < end:
        begun, before = time.monotonic(), cpu(server.peer.pid)
        time.sleep(1.0)
        if sum(server.used(begun, before).values()) <= _QUIET:
            return


def batches(journals: Path | None) -> int:
    """Return how many syncs all records shared: frames of one batch say the same of what was durable."""
    count = 0
    for path in journals.glob("*/*.evj") if journals else ():
        count += len({found.durable for found in journal.frames(path.read_bytes())})
    return count


def sync_cost(scratch: Path, size: int, times: int = 100) -> float:
    """Return seconds of CPU of one fdatasync behind `size` bytes, which the kernel spends outside of the process."""
    descriptor = os.open(scratch / "synced", os.O_CREAT | os.O_WRONLY, 0o600)
    taken = []
    try:
        os.posix_fallocate(descriptor, 0, size * times)
        os.fsync(descriptor)
        for number in range(times):
            os.pwrite(descriptor, bytes(size), number * size)
            begun = time.thread_time()
            os.fdatasync(descriptor)
            taken.append(time.thread_time() - begun)
    finally:
        os.close(descriptor)
    return median(taken)


def cost(server: Server, size: int, connections: int, scratch: Path) -> Used:
    """Return the microseconds of CPU of a decision, by role."""
    peer, synced = server.peer, batches(server.journals)
    begun, before = time.monotonic(), cpu(peer.pid)
    command = wrk(peer, size, connections, scratch, SECONDS)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own words
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{peer.name} failed under load:\n{said}")
    settle(server)
    decisions = int(re.findall(r"(\d+) requests in", said)[0]) * size
    used = dict(server.used(begun, before))
    if synced:
        synced = batches(server.journals) - synced
        used[_KERNEL] = synced * sync_cost(scratch, 1_800 * decisions // max(1, synced))
    return {role: seconds / decisions * 1e6 for role, seconds in used.items()}


def compared(bare: Server, recorded: Server, size: int, connections: int, scratch: Path) -> tuple[str, ...]:
    """Return a row of the table: one load, in pairs."""
    pairs = [(cost(bare, size, connections, scratch), cost(recorded, size, connections, scratch)) for _ in range(PAIRS)]
    without = [sum(less.values()) for less, _ in pairs]
    whole = [sum(more.values()) for _, more in pairs]
    proved = [total - more.get(_INDEX, 0.0) for total, (_, more) in zip(whole, pairs, strict=True)]
    ratios = [more / less - 1 for less, more in zip(without, proved, strict=True)]
    indexed = [more / less - 1 for less, more in zip(without, whole, strict=True)]
    roles = {role: median(more.get(role, 0.0) for _, more in pairs) for role in pairs[-1][1]}
    return (
        f"{size}, {connections}",
        f"{median(without):.0f} us",
        f"{median(proved):.0f} us",
        f"{median(ratios):+.0%} ({min(ratios):+.0%} to {max(ratios):+.0%})",
        f"{median(indexed):+.0%}",
        ", ".join(f"{role} {used:.0f}" for role, used in roles.items() if round(used)),
    )


def main() -> None:
    """Run everything."""
    if shutil.which("wrk") is None:
        raise SystemExit("this benchmark needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        scratch = Path(name)
        settings, _ = fresh(scratch)
        configured = Settings.from_environment(settings)
        bearer = issue(configured, "marketplace", "default", 3_600)
        with ours(scratch, settings, bearer, 1) as peer, partial("unrecorded", settings) as (url, pid):
            other = Peer(
                name="no record", url=url, pid=pid, bodies=peer.bodies, recorded=lambda: 0, headers=peer.headers
            )
            servers = [Server(other, {}), Server(peer, {}, configured.journals)]
            for server in servers:
                cost(server, 1, 16, scratch)  # warm
            bare, recorded = map(at_rest, servers)
            print(
                f"at rest: {sum(recorded.rest.values()):.1%} of a core on record, {sum(bare.rest.values()):.1%} without"
            )
            print(f"CPU of a decision, medians of {PAIRS} pairs of {SECONDS} s; roles of the one on record")
            head = ("decisions, connections", "no record", "on record", "more", "with index", "by role")
            rows = [compared(bare, recorded, size, connections, scratch) for size, connections in _LOADS]
            table([head, *rows])


if __name__ == "__main__":
    main()
