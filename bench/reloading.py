"""What a reload does to those who ask meanwhile: their p99 beside the quiet one, in one run.

`python -m bench.reloading`: single decisions over 64 connections, first quiet, then while other policies are put in
force: evaluators start for them, the interpreter answers, the engines are compared, the fast path opens. Needs `wrk`.
An answer that is no decision ends it.
"""

import re
import shutil
import tempfile
import threading
from pathlib import Path

from app import activation
from app.cli.token import issue
from app.settings import Settings
from bench.decide import ROOT, SECONDS, table
from bench.decision_plane import fresh, load, ours

CONNECTIONS = 64
MOST = 3.0
"""How many times the quiet p99 that over a reload may be."""

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def milliseconds(text: str) -> float:
    """Return a time as wrk writes it."""
    found = re.fullmatch(r"([0-9.]+)(us|ms|s)", text)
    if found is None:
        raise ValueError(f"no time: {text}")
    return float(found[1]) * _UNITS[found[2]]


def others(bundles: Path, scratch: Path) -> str:
    """Admit the shipped policies once more, as others: a note in them differs. Return the digest."""
    policies = scratch / "others"
    shutil.copytree(ROOT / "policies", policies)
    (policies / "note.md").write_text("of no meaning\n")
    return activation.keep(activation.read(policies), bundles).digest


def main() -> None:
    """Print both, and their ratio."""
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        scratch = Path(name)
        settings, _ = fresh(scratch)
        bundles = Path(settings["OMEGA_DATA"]) / "bundles"
        bearer = issue(Settings.from_environment(settings), "marketplace", "default", 3_600)
        digest = others(bundles, scratch)
        with ours(scratch, settings, bearer, 1) as peer:
            load(peer, 1, 8, scratch, 2)  # warm
            quiet = load(peer, 1, CONNECTIONS, scratch, 3 * SECONDS)
            switch = threading.Timer(1.0, activation.replace_file, (bundles / "active", digest.encode()))
            switch.start()
            meanwhile = load(peer, 1, CONNECTIONS, scratch, 3 * SECONDS)  # ends at an answer that is no decision
            switch.join()
    ratio = milliseconds(meanwhile.p99) / milliseconds(quiet.p99)
    rows = [
        ("", "per second", "p99"),
        ("quiet", f"{quiet.per_second:,.0f}", quiet.p99),
        ("over a reload", f"{meanwhile.per_second:,.0f}", meanwhile.p99),
    ]
    print(f"\nsingle decisions over {CONNECTIONS} connections, one worker")
    table([*rows])
    print(f"no error, and the p99 over a reload is {ratio:.1f} times the quiet one (at most {MOST:g})")


if __name__ == "__main__":
    main()
