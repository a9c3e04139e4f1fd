"""What a decision costs as policies grow, from the bytes of a request to the answer, its record on disk.

`python -m bench.growth`: the same question under the shipped policies, under those and 10,000 packages more, and under
those and 100,000 rows of data more; then the worst that one evaluation does to the thread of a worker: a policy that
runs into the virtual machine's limit of instructions. One process, no socket; the figures are CPU time, and ratios.
"""

import asyncio
import json
import os
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from app import keys, supervisor
from app.authentication.authenticator import Authenticator
from app.cli.token import issue
from app.db import open_engine
from app.decision_plane.asgi import DecisionPlane
from app.decision_plane.limits import Limits
from app.decision_plane.refusals import Refusals
from app.garbage import collect_rarely
from app.http_protocol import WHOLE_BODY
from app.identity import OwnTokens, Verifier
from app.pdp import bundle as bundles
from app.pdp.bundle import Bundle
from app.pdp.enforce import Pdp, Policies
from app.pdp.engine import Machine, compile_program
from app.pdp.errors import EngineError
from app.pdp.fast_path import FastPath
from app.privacy.concealer import KeyStoreConcealer
from app.privacy.subject_keys import SubjectKeys
from app.settings import Settings
from bench.decide import BODY, ROOT, microseconds, table
from bench.policies import CONTRACT, people
from evidence.writer import Writer

PACKAGES = 10_000
ROWS = 100_000
_PATH = "/access/v1/evaluation"
_ACTION = "marketplace.publish"
_FLYING = 64
_ROUNDS = 7
_PACKAGE = """package grown.verb{number}

import rego.v1

import data.lib.gates

required := {{"signed"}}

# METADATA
# title: its signature is verified
# custom: {{severity: critical, enforcement: blocking, controls: [soc2/CC6.8]}}
passed contains "signed" if input.resource.properties.signed == true

decision := gates.decision("grown.verb{number}", required, passed, [])
"""
_ENDLESS = """package endless

import rego.v1

decision := count([1 | some a in data.people; some b in data.people; {condition}])
"""
_CONDITIONS = {
    "compares two strings": "a.id == b.role",
    "writes 8 KB in small letters": 'lower(data.text) == ""',
    "joins two lists of 64": "count(array.concat(data.list, data.list)) == 0",
    "joins two lists of 1,000": "count(array.concat(data.people, data.people)) == 0",
}


class _Evaluators:
    """Answers nothing: the virtual machine does."""

    async def evaluate(self, query: str, text: bytes) -> bytes:
        """Fail."""
        raise AssertionError(f"{query} was to be answered by the machine, {len(text)} bytes")


class _Log:
    """Has one chain."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def chain(self, _: str | None) -> Any:
        """Keep all classes alike."""
        return self._writer

    def chains(self) -> list[Any]:
        """Return all of them."""
        return [self._writer]


def grown(packages: int, rows: int) -> Bundle:
    """Return the shipped policies, and so many packages and rows of data more than that."""
    files = dict(bundles.load(ROOT / "policies", "bench").files)
    contract = json.dumps(CONTRACT, separators=(",", ":"))
    for number in range(packages):
        files[f"rego/grown/verb{number}.rego"] = _PACKAGE.format(number=number)
        files[f"rego/grown/verb{number}.schema.json"] = contract
    if rows:
        files["data/people.json"] = json.dumps({row["id"]: row for row in people(rows)})
    return bundles._bundle(files, "bench")  # noqa: SLF001 - `load` counts files and bytes


def machine(bundle: Bundle, more: int) -> tuple[Machine, list[str]]:
    """Return the virtual machine with the program of the action asked about and of `more` others."""
    names = [_ACTION, *(name for name in bundle.actions if name.startswith("grown."))][: more + 1]
    needed: dict[str, list[str]] = json.loads(bundle.snapshot())["entries"]
    programs = {
        query: compile_program({file: bundle.modules[file] for file in needed[query]}, query)
        for query in (bundle.actions[name].query for name in names)
    }
    return Machine(programs, bundle.data), list(programs)


class Asked:
    """A decision plane in this process, without a socket."""

    def __init__(self, scratch: Path, settings: Settings) -> None:
        node = keys.load(settings.keys)
        self.writer = Writer.open(scratch / "journal", retention_class="std7y", version="bench")
        self._keys = SubjectKeys(open_engine(settings.key_store), kek=bytes(32), lookup_key=node.lookup)
        authenticator = Authenticator(Verifier(OwnTokens(node.token.public_key(), issuer=settings.origin)))
        nobody: Any = _Evaluators()
        self._empty = Policies(bundle=grown(0, 0), evaluators=nobody)
        self.pdp = Pdp(self._empty, _Log(self.writer), KeyStoreConcealer(self._keys), lambda: datetime.now(UTC))
        self._plane = DecisionPlane(
            self.pdp,
            authenticate=lambda shown: authenticator.authenticate(shown, self.pdp.directory, time.time()),
            decisions=nobody,
            health=nobody,
            limits=Limits(time.monotonic),
            refusals=Refusals(time.monotonic),
            decide_again=nobody,
            sign_receipt=nobody,
            in_flight=settings.in_flight,
            tokens=nobody,
            page_secret=bytes(32),
        )
        bearer = issue(settings, "marketplace", "default", 3_600)
        self._headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {bearer}".encode())]

    def use(self, bundle: Bundle, machine: Machine, queries: list[str]) -> None:
        """Decide by these from now on."""
        fast = FastPath(self._empty.evaluators.evaluate)
        fast.open(machine, queries)
        self.pdp.policies = replace(self._empty, bundle=bundle, fast=fast)

    async def cost(self, times: int = 2_000) -> float:
        """Return microseconds of CPU of this process per decision."""
        used = time.process_time()
        await asyncio.gather(*[self._ask(times // _FLYING) for _ in range(_FLYING)])
        return (time.process_time() - used) / (times // _FLYING * _FLYING) * 1e6

    async def _ask(self, times: int) -> None:
        sent: list[Any] = []
        nobody: Any = None

        async def send(message: Any) -> None:
            sent.append(message)

        for _ in range(times):
            sent.clear()
            scope = {
                "type": "http",
                "method": "POST",
                "path": _PATH,
                "headers": self._headers,
                "extensions": {WHOLE_BODY: {"body": BODY}},
            }
            await self._plane(scope, nobody, send)
            if not json.loads(sent[1]["body"]).get("decision"):
                raise SystemExit(f"no allow: {sent}")

    async def close(self) -> None:
        """Let go of everything."""
        await self.writer.close()
        self._keys.close()


async def growth() -> None:
    """Print what a decision costs, sizes taking turns."""
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        scratch = Path(name)
        settings = Settings.from_environment({"OMEGA_DATA": str(scratch / "var"), "PATH": os.environ["PATH"]})
        supervisor.prepare(settings)
        asked = Asked(scratch, settings)
        sizes = {"shipped": (0, 0), f"{PACKAGES:,} packages more": (PACKAGES, 0), f"{ROWS:,} rows more": (0, ROWS)}
        made = {}
        for what, size in sizes.items():
            bundle = grown(*size)
            made[what] = (bundle, *machine(bundle, size[0]))
        collect_rarely()
        costs: dict[str, list[float]] = {what: [] for what in made}
        for turn in range(_ROUNDS + 1):
            for what, parts in made.items():
                asked.use(*parts)
                await asked.cost(300)
                cost = await asked.cost()
                if turn:
                    costs[what].append(cost)
        await asked.close()
    first = costs["shipped"]
    rows: list[tuple[str, ...]] = [("", "us of CPU", "ratio")]
    for what, taken in costs.items():
        ratio = median(each / base for each, base in zip(taken, first, strict=True))
        rows.append((what, f"{median(taken):.0f}", f"{ratio:.2f}"))
    print("\na decision, from the bytes of the request to the answer, its record on disk")
    table(rows)


def worst() -> None:
    """Print how long a program that never ends holds a worker's thread, by what it does all the time."""
    query, longest = "data.endless.decision", people(1_000)
    data = json.dumps({"people": longest, "text": "X" * 8_192, "list": longest[:64]})
    rows: list[tuple[str, ...]] = [("", "ms of CPU")]
    for what, condition in _CONDITIONS.items():
        source = _ENDLESS.format(condition=condition)
        machine = Machine({query: compile_program({"endless.rego": source}, query)}, data)
        rows.append((what, f"{microseconds(partial(_stopped, machine, query), times=3, rounds=3) / 1000:.1f}"))
    print("\none evaluation on the worker's thread, up to the limit of instructions, of a loop that")
    table(rows)


def _stopped(machine: Machine, query: str) -> None:
    try:
        machine.evaluate(query, "{}")
    except EngineError as error:
        if "instruction" not in str(error):
            raise
    else:
        raise SystemExit("the program ended by itself")


def main() -> None:
    """Print both."""
    bundles._MAX_BUNDLE_BYTES = 1 << 30  # type: ignore[misc] # noqa: SLF001 - sizes beyond what is admitted
    bundles._MAX_FILE_BYTES = 1 << 30  # type: ignore[misc] # noqa: SLF001
    worst()
    uvloop.run(growth())


if __name__ == "__main__":
    main()
