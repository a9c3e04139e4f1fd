"""How fast recorded decisions are decided again: `python -m bench.replay [DECISIONS ...]`, or 50,000.

Makes a log in a temporary directory with the shipped policies, inputs made after their contracts and 5,000 persons,
seals it, and runs `omega decision replay --since` over it in processes of its own: under the bundle that decided, and
under a candidate; with one process and with one for each core. Says decisions for each second of processor time,
because a machine may have other things to do, and the most memory that any one process took. Given several numbers, it
makes a log of each, decides it again once, and says how memory compares: `python -m bench.replay 20000 200000`.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context

from app import activation, keys, sealing_line, supervisor
from app.db import open_engine
from app.kek_opening import open_keks
from app.node_log import NodeLog, Place
from app.pdp.bundle import Bundle, load_snapshot
from app.pdp.contract_inputs import ContractInputs
from app.pdp.enforce import Pdp, Policies
from app.pdp.engine import Engines
from app.pdp.errors import EngineError, EvaluationError
from app.pdp.evaluators import Evaluators
from app.pdp.model import Durability, EvaluationRequest
from app.pdp.request import parse_request
from app.pdp.strict_json import encode
from app.privacy.concealer import KeyStoreConcealer
from app.privacy.keks import Keks
from app.privacy.subject_keys import SubjectKeys
from app.sealing import run as seal
from app.settings import Settings
from evidence.chain import utc_now
from evidence.writer import Limits

_PERSONS = 5_000
_AT_ONCE = 500
_EACH = 100  # different inputs of each action


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    subject: str
    tenant: str = "default"


class _Here(Evaluators):
    """Evaluators in this process: the log is made once, by whatever makes it soonest."""

    def __init__(self, bundle: Bundle) -> None:
        self._engines = Engines(bundle.modules, bundle.data, json.loads(bundle.snapshot())["entries"])

    async def evaluate(self, query: str, text: bytes) -> bytes:
        """See `Evaluators.evaluate`."""
        try:
            return self._engines.evaluate(query, text.decode()).encode()
        except EngineError:
            raise EvaluationError("evaluation_failed") from None


def requests(bundle: Bundle, number: int) -> list[tuple[EvaluationRequest, _Service]]:
    """Return so many requests, the actions in turn, and who asks."""
    inputs = ContractInputs(bundle)
    pools = [
        [action.contract.prune(each) for each in inputs.made(name, count=_EACH)]
        for name, action in bundle.actions.items()
        if action.keeping.durability is Durability.JOURNAL  # no sealer runs meanwhile
    ]
    found = []
    for place in range(number):
        made = pools[place % len(pools)][place // len(pools) % _EACH]
        entities = {
            name: made[name] | {"type": made[name].get("type", "thing"), "id": f"{name}-{place % _PERSONS}"}
            for name in ("subject", "resource")
        }
        asked = made | entities
        caller = asked.pop("environment")["caller"]
        found.append((parse_request(encode(asked)), _Service(subject=caller)))
    return found


async def build(settings: Settings, number: int, clock: Callable[[], datetime] = utc_now) -> None:
    """Record so many decisions; `clock` is asked once for the time of each record."""
    node = keys.load(settings.keys)
    engine = open_engine(settings.key_store)
    store = SubjectKeys(engine, kek=Keks(open_keks(settings).load), lookup_key=node.lookup, patience=60)
    bundle = load_snapshot(activation.active(settings.bundles))
    mine, theirs = sealing_line.pair()
    log = NodeLog(
        Place(journals=settings.journals, version="0", limits=Limits(), clock=clock),
        classes=settings.retention,
        line=mine,
        patience=1,
    )
    log.open(bundle.retention_classes)
    policies = Policies(bundle=bundle, evaluators=_Here(bundle))
    pdp = Pdp(policies, log, KeyStoreConcealer(store), lambda: datetime.now(UTC))
    asked = requests(bundle, number)
    for first in range(0, number, _AT_ONCE):
        await asyncio.gather(*(pdp.evaluate(*each) for each in asked[first : first + _AT_ONCE]))
    await log.close()
    theirs.close()
    store.close()
    engine.dispose()


def measure(settings: Settings, jobs: int, *more: str) -> int:
    """Decide everything again in processes of its own, say how it went, and return the KiB that the largest took."""
    command = [sys.executable, "-m", "app.cli", "decision", "replay", "--since", "2020-01-01", "--json"]
    environment = {**os.environ, **settings.places}
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own
        [*command, "--jobs", str(jobs), *more], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        report = json.load(process.stdout)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, busy = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    figures = report["figures"]
    if not report["ok"] or report["not_decided_again"]:
        raise SystemExit(f"it did not come out the same: {report}")
    print(
        f"{'a candidate' if more else 'its own bundle'}, {jobs} process(es): {figures['decisions']} decisions in"
        f" {seconds:.1f} s ({figures['decisions'] / seconds:.0f}/s), {figures['decisions'] / busy:.0f} per second of a"
        f" core, at most {usage.ru_maxrss >> 10} MiB in one process",
        flush=True,
    )
    return usage.ru_maxrss


def prepare(folder: str, number: int) -> None:
    """Have a sealed log of so many decisions in a directory."""
    settings = Settings.from_environment({"OMEGA_DATA": folder})
    supervisor.prepare(settings)
    asyncio.run(build(settings, number))
    seal(settings, lambda: True)


def replay(number: int, *, once: bool) -> int:
    """Build a log of so many decisions, decide them again, and return the KiB of the largest process.

    The log is made in a process of its own: a process that is started counts the memory of the one that starts it.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environment({"OMEGA_DATA": folder})
        began = time.perf_counter()
        building = get_context("spawn").Process(target=prepare, args=(folder, number))
        building.start()
        building.join()
        if building.exitcode:
            raise SystemExit("the log could not be made")
        print(f"recorded and sealed {number} decisions in {time.perf_counter() - began:.0f} s", flush=True)
        cores = len(os.sched_getaffinity(0))
        if once:
            return measure(settings, cores)
        return max(
            measure(settings, jobs, *more)
            for more in ((), ("--bundle", str(settings.policies)))
            for jobs in sorted({1, cores})
        )


def main() -> None:
    """Build, and decide again."""
    numbers = [int(each) for each in sys.argv[1:]] or [50_000]
    peaks = [replay(number, once=len(numbers) > 1) for number in numbers]
    for number, peak in zip(numbers[1:], peaks[1:], strict=True):
        print(f"memory at {number} decisions is {peak / peaks[0]:.2f} times that at {numbers[0]}")


if __name__ == "__main__":
    main()
