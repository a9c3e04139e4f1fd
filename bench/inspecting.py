"""What it costs to look into an artifact: `python -m bench.inspecting`; more with options.

    python -m bench.inspecting                    bills of materials, matching, the differ, and a scan
    python -m bench.inspecting --advisories PATH  and how well the matcher agrees with an OSV export
    python -m bench.inspecting --corpus PATH      and what the rules for prompt injection find: a `.jsonl` of texts

The corpus is that of PyPI's `bastioncorpus`: `pip download --no-deps bastioncorpus`, unpack it, and name
`bastioncorpus/corpus/injections.jsonl`. Figures are milliseconds of this machine: the least of several runs.
"""

import argparse
import io
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yara_x

from app.features.marketplace.inspection.advisories import Advisories
from app.features.marketplace.inspection.advisory import advisory_of
from app.features.marketplace.inspection.advisory_export import load_export
from app.features.marketplace.inspection.bom import Component, parse_bom
from app.features.marketplace.inspection.bom_check import made
from app.features.marketplace.inspection.lock_file import Dependency, Locked
from app.features.marketplace.inspection.scanning import scan_of, scanned
from app.features.marketplace.inspection.schema_order import includes
from app.pdp.bundle import load

_POLICIES = Path(__file__).parents[1] / "policies"
_RUNS = 20


def least(work: Callable[[], Any], runs: int = _RUNS) -> float:
    """Return the least milliseconds of several runs; the first one, which compiles, is not among them."""
    work()
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken) * 1_000


def bill(components: int) -> bytes:
    """Return a bill of materials."""
    listed = frozenset(Dependency(name=f"part-{number}", version="1.0") for number in range(components))
    document, _ = made("ab" * 32, "agent", "1.0", [Locked(path="uv.lock", dependencies=listed)])
    return json.dumps(document).encode()


def agent(files: int) -> bytes:
    """Return an artifact with so many modules."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(files):
            lines = (f"def step_{line}(value):\n    return value + {line}\n\n" for line in range(60))
            archive.writestr(f"agent/module_{number}.py", "\n".join(lines))
    return packed.getvalue()


def advisories() -> Advisories:
    """Return a thousand advisories, made for this."""
    stated = (
        {
            "id": f"MADE-{number}",
            "modified": "2026-01-01T00:00:00Z",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": f"part-{number % 100}"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": f"{number % 3}.5"}]}],
                }
            ],
        }
        for number in range(1_000)
    )
    return Advisories(map(advisory_of, stated), made_at=0, newest=0)


def costs() -> None:
    """Print what each step costs."""
    small, large = bill(100), bill(5_000)
    print(f"bill of 100 components, read and validated   {least(lambda: parse_bom(small)):8.1f} ms")
    print(f"bill of 5,000 components                     {least(lambda: parse_bom(large), 3):8.1f} ms")
    known, parts = advisories(), parse_bom(small).components
    print(f"100 components against 1,000 advisories      {least(lambda: [known.of(each) for each in parts]):8.1f} ms")
    closed = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(100)}, "required": ["p1"]}
    wider = closed | {"required": []}
    print(f"two contracts of 100 members compared        {least(lambda: includes(closed, wider)):8.1f} ms")
    scan = scan_of(load(_POLICIES, "bench"))
    for files in (1, 100):
        artifact = agent(files)
        taken = least(lambda: scanned(artifact, scan), 3)  # noqa: B023 - it is called at once
        print(f"{files:3} modules scanned in a process of its own     {taken:8.1f} ms")


def agreement(path: Path) -> None:
    """Print how many versions that advisories list, their ranges contain as well."""
    listed = met = 0
    for each in load_export(path, frozenset({"PyPI"})).values():
        for part in each.affected:
            if part.ranges:
                bare = replace(part, versions=frozenset())
                listed += len(part.versions)
                met += sum(bare.concerns(version) for version in part.versions)
    print(f"of {listed} versions that advisories list, ranges contain {met} ({100 * met / max(1, listed):.2f} %)")
    component = Component(ecosystem="PyPI", name="django", version="3.2.0")
    known = Advisories(load_export(path, frozenset({"PyPI"})).values(), made_at=0, newest=0)
    print(f"django 3.2.0: {len(known.of(component))} vulnerabilities, {least(lambda: known.of(component)):.2f} ms")


def recall(path: Path) -> None:
    """Print how many texts that attack, and how many that do not, the rules for prompt injection find."""
    rules = yara_x.compile((_POLICIES / "scan" / "prompt_injection.yar").read_text("utf-8"))
    found: dict[bool, list[bool]] = {True: [], False: []}
    for line in path.read_text("utf-8").splitlines():
        stated = json.loads(line)
        text = stated.get("text") or stated.get("payload") or stated["content"]
        attacks = stated.get("label", stated.get("kind")) not in {"benign", "safe", 0}
        found[attacks].append(bool(rules.scan(text.encode()).matching_rules))
    for attacks, hits in found.items():
        print(f"{'attacks' if attacks else 'harmless texts'}: {sum(hits)} of {len(hits)} found")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advisories", type=Path)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    costs()
    if options.advisories:
        agreement(options.advisories)
    if options.corpus:
        recall(options.corpus)


if __name__ == "__main__":
    main()
