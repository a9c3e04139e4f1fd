"""How policies grow: what loading, memory and a decision cost with 10 to 10,000 packages and 100 to 100,000 rows.

Each step is measured in a process of its own, and left out where it would take too long, going by how it grew so far.
Sizes marked with * are more than a bundle may hold: what is measured there is the code, not what is admitted. About a
minute; nothing is listened to and nothing is sent.
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import log
from pathlib import Path
from typing import Any

from app.pdp import bundle as bundles
from app.pdp.admission import admit
from app.pdp.engine import Engine, Engines, Machine, compile_program
from app.pdp.errors import BundleError
from bench.decide import microseconds, table

ROOT = Path(__file__).parents[1]
PACKAGES = (10, 100, 1_000, 10_000)
ROWS = (100, 1_000, 10_000, 100_000)
BUDGET = 20.0
"""Seconds that one step of one row may be expected to take."""

_MOST_PACKAGES = bundles._MAX_FILES // 3  # noqa: SLF001 - a contract, a policy and its tests each
_MOST_ROWS = bundles._MAX_FILE_BYTES // len('{"id": "usr-1000", "role": "viewer"}, ')  # noqa: SLF001
_LIB = tuple(f"rego/lib/{name}.rego" for name in ("gates", "override", "clock", "persons"))

_ACTION = """package grown.verb{number}

import rego.v1

import data.lib.gates

required := {{"authorised", "covered", "signed"}}

limits := data.thresholds.grown

# METADATA
# title: whoever asks may
# custom: {{severity: critical, enforcement: blocking, controls: [soc2/CC6.3]}}
passed contains "authorised" if input.subject.id == input.resource.properties.owner

# METADATA
# title: tests cover enough of it
# custom: {{severity: high, enforcement: blocking, controls: [soc2/CC8.1]}}
passed contains "covered" if input.resource.properties.coverage >= limits.min_coverage

# METADATA
# title: its signature is verified
# custom: {{severity: critical, enforcement: blocking, controls: [soc2/CC6.8]}}
passed contains "signed" if input.resource.properties.signed == true

decision := gates.decision("grown.verb{number}", required, passed, [])
"""

_TEST = """package grown.verb{number}_test

import rego.v1

import data.grown.verb{number}

test_it_is_allowed if {{
	verb{number}.decision.allow == true with input as {input}
}}
"""

INPUT: dict[str, Any] = {
    "subject": {"type": "user", "id": "usr-1", "properties": {}},
    "resource": {"type": "thing", "id": "t-1", "properties": {"owner": "usr-1", "coverage": 90, "signed": True}},
    "context": {},
}

_TEXT = {"type": "string", "maxLength": 64}
CONTRACT = {
    "type": "object",
    "required": ["subject", "resource"],
    "properties": {
        "subject": {
            "type": "object",
            "required": ["type", "id"],
            "properties": {"type": {"const": "user"}, "id": _TEXT},
        },
        "resource": {
            "type": "object",
            "required": ["type", "properties"],
            "properties": {
                "type": {"const": "thing"},
                "properties": {
                    "type": "object",
                    "required": ["owner", "coverage", "signed"],
                    "properties": {
                        "owner": _TEXT,
                        "coverage": {"type": "integer", "minimum": 0, "maximum": 100},
                        "signed": {"type": "boolean"},
                    },
                },
            },
        },
    },
}

_LOOKUP = """package grown.lookup

import rego.v1

decision := {"allow": data.people[input.subject.id].role == "owner"}
"""

_SCAN = """package grown.scan

import rego.v1

owners := [1 | some person in data.people; person.id == input.subject.id; person.role == "owner"]

decision := {"allow": count(owners) > 0}
"""

Figures = dict[str, float]
"""Seconds, bytes or microseconds by the name of the step; what was left out is not there."""


def policy_files(count: int) -> dict[str, str]:
    """Return the files of a bundle of `count` actions that differ in their names alone."""
    files = {
        **{file: (ROOT / "policies" / file).read_text("utf-8") for file in _LIB},
        "data/thresholds.json": '{"grown": {"min_coverage": 80}}',
        "data/callers.json": '{"bench": {"tenant": "default", "actions": ["grown.*"], "subject_types": ["user"]}}',
    }
    contract, given = json.dumps(CONTRACT), json.dumps(INPUT)
    for number in range(count):
        files[f"rego/grown/verb{number}.rego"] = _ACTION.format(number=number)
        files[f"rego/grown/verb{number}_test.rego"] = _TEST.format(number=number, input=given)
        files[f"rego/grown/verb{number}.schema.json"] = contract
    return files


def people(count: int) -> list[dict[str, str]]:
    """Return `count` rows of data."""
    return [{"id": f"usr-{number}", "role": "owner" if number % 2 else "viewer"} for number in range(count)]


def expected(taken: Sequence[float]) -> float:
    """Return the seconds that the next row may take, if it grows as the last one did."""
    return taken[-1] * max(taken[-1] / taken[-2], 1.0) if len(taken) > 1 else 0.0


def growth(figures: Sequence[float], sizes: Sequence[int], row: int) -> str:
    """Return a cell: the figure, and the power of the growth in size that it grew by since the size before."""
    figure = figures[row]
    cell = f"{figure:,.0f}" if figure >= 100 else f"{figure:.2g}"
    if row == 0 or figure <= 0 or figures[row - 1] <= 0:
        return cell
    return f"{cell} (^{log(figure / figures[row - 1], sizes[row] / sizes[row - 1]):.1f})"


def resident() -> float:
    """Return the megabytes of memory that this process has now."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def seconds(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what `work` returns, and how long it took."""
    begun = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begun


def measure_packages(count: int, step: str) -> Figures:
    """Return what one of the steps costs with so many packages."""
    files = policy_files(count)
    if step not in {"load", "load one", "machine"}:
        return _measure_bundle(files, step)
    modules = {file: text for file, text in files.items() if file.endswith(".rego") and "_test" not in file}
    always = [{"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "enforcement": "blocking"}]
    gates = dict.fromkeys(("authorised", "covered", "signed"), always)
    enforcement = {f"grown.verb{number}": gates for number in range(count)}
    data = json.dumps({"thresholds": {"grown": {"min_coverage": 80}}, "enforcement": enforcement})
    entries = {f"data.grown.verb{number}.decision": [*_LIB, f"rego/grown/verb{number}.rego"] for number in range(count)}
    load: Callable[[], Engine | Engines | Machine]
    match step:
        case "load":
            load = partial(Engines, modules, data, entries)
        case "machine":
            load = partial(_machine, modules, data, entries)
        case _:
            load = partial(Engine, modules, data)
    return _measure_engine(step, load, f"data.grown.verb{count // 2}.decision", INPUT, 20)


def _machine(modules: Mapping[str, str], data: str, entries: Mapping[str, Sequence[str]]) -> Machine:
    """Return the virtual machine with a program for each entry, as a worker loads it."""
    programs = {
        query: compile_program({file: modules[file] for file in files}, query) for query, files in entries.items()
    }
    return Machine(programs, data)


def _measure_bundle(files: dict[str, str], step: str) -> Figures:
    try:
        bundle, taken = seconds(lambda: bundles._bundle(files, "bench"))  # noqa: SLF001 - `load` counts the files
    except BundleError:  # there are limits to its bytes, too
        return {}
    if step == "snapshot":
        _, taken = seconds(bundle.snapshot)
    elif step == "admit":
        _, taken = seconds(lambda: admit(bundle))
    return {step: taken}


def _measure_engine(
    name: str, load: Callable[[], Engine | Engines | Machine], query: str, given: dict[str, Any], times: int
) -> Figures:
    """Return seconds of loading, megabytes held since, and microseconds of a decision, which must be an allow."""
    before = resident()
    engine, taken = seconds(load)
    text = json.dumps(given)
    if '"allow":true' not in engine.evaluate(query, text).replace(" ", ""):
        raise SystemExit(f"`{query}` does not allow what it should")
    held = resident() - before
    return {
        name: taken,
        f"{name}, MB": held,
        f"{name}, decide": microseconds(lambda: engine.evaluate(query, text), times=times, rounds=5),
    }


def measure_rows(count: int, step: str) -> Figures:
    """Return what data of so many rows cost: as an object that is looked into, or as a list that is searched."""
    rows = people(count)
    rule = "scan" if step == "scan" else "lookup"
    source, data = (_SCAN, rows) if rule == "scan" else (_LOOKUP, {row["id"]: row for row in rows})
    modules, query, text = (
        {f"rego/grown/{rule}.rego": source},
        f"data.grown.{rule}.decision",
        json.dumps({"people": data}),
    )
    load: Callable[[], Engine | Machine] = partial(Engine, modules, text)
    if step == "machine":
        load = partial(_machine, modules, text, {query: list(modules)})
    given = {"subject": {"id": rows[-1]["id"]}}
    return _measure_engine(step, load, query, given, max(2, 20_000 // count))


MEASURES: Mapping[str, Callable[[int, str], Figures]] = {"packages": measure_packages, "rows": measure_rows}


def apart(what: str, count: int, step: str) -> Figures:
    """Measure in a process that nothing else has grown in."""
    command = [sys.executable, "-m", "bench.policies", what, str(count), step]
    figures: Figures = json.loads(subprocess.run(command, capture_output=True, cwd=ROOT, check=True).stdout)  # noqa: S603
    return figures


def measured(what: str, sizes: Sequence[int], steps: Sequence[str]) -> dict[str, list[float]]:
    """Return each figure for as many sizes as there was time for."""
    found: dict[str, list[float]] = {}
    for row, size in enumerate(sizes):
        for step in steps:
            taken = found.setdefault(step, [])
            if len(taken) == row and expected(taken) < BUDGET:
                for name, figure in apart(what, size, step).items():
                    found.setdefault(name, []).append(figure)
    return found


def show(found: Mapping[str, Sequence[float]], sizes: Sequence[int], largest: int) -> None:
    """Print one row for each figure, one column for each size."""
    rows = [("", *(f"{size:,}{'*' if size > largest else ''}" for size in sizes))]
    for name, figures in found.items():
        cells = [growth(figures, sizes, row) for row in range(len(figures))]
        rows.append((name, *cells, *["-"] * (len(sizes) - len(cells))))
    table(rows)


def main() -> None:
    """Print both curves, or measure one step of one size."""
    if sys.argv[1:]:
        what, count, step = sys.argv[1:]
        print(json.dumps(MEASURES[what](int(count), step)))
        return
    print("seconds, MB of memory, or for `decide` microseconds of CPU; in brackets the exponent of the growth")
    print(f"* more than a bundle may hold ({_MOST_PACKAGES} packages, about {_MOST_ROWS:,} rows)")
    print("- left out: would take too long, or is more bytes than can be parsed")
    print(
        "\npackages of three gates, with contract and test; `load` gives each action its own engine, as evaluators do, "
        "`machine` is the virtual machine with a program for each"
    )
    steps = ("parse", "snapshot", "admit", "load", "load one", "machine")
    show(measured("packages", PACKAGES, steps), PACKAGES, _MOST_PACKAGES)
    print("\nrows of data: an object that is looked into, a list that is searched to its end; `machine` looks")
    rows = measured("rows", ROWS, ("lookup", "scan", "machine"))
    pairs = zip(rows["scan, decide"], rows["lookup, decide"], strict=True)
    show(rows | {"scan / lookup": [scan / lookup for scan, lookup in pairs]}, ROWS, _MOST_ROWS)


if __name__ == "__main__":
    main()
