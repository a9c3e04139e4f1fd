"""`python -m demo`: the steps in their order, in a scratch directory that is gone afterwards.

Exit code 0: everything was as promised; 1: a promise was broken, or the demo could not go on; 128 and the number of
a signal: stopped.
"""

import http.client
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from demo import crashing, deciding, proving, tampering
from demo.node import DemoError, Node
from demo.screen import Screen
from demo.stage import Stage
from demo.storage import storage
from evidence.errors import EvidenceError


def main() -> int:
    """Run the demo and return its exit code."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    screen = Screen()
    try:
        return _run(screen)
    except KeyboardInterrupt:
        screen.say("Stopped; nothing was left behind.")
        return 130
    except BrokenPipeError:  # nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that Python ends in silence
        return 1
    except (DemoError, EvidenceError, OSError, http.client.HTTPException) as error:
        screen.promise(f"the demo goes to its end, but: {error}", kept=False)
        return 1


def _stop(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def _run(screen: Screen) -> int:
    screen.title("Omega: no evidence, no action")
    screen.say(
        """Omega decides whether an action may happen, puts the decision into a tamper-evident log, and only then
        answers. This demo starts the real service on this machine, asks it, kills it, looks whether anything got
        lost, and then attacks the log. It takes less than a minute, needs no network, and removes what it made."""
    )
    with tempfile.TemporaryDirectory(prefix="omega-demo-") as folder, storage(Path(folder)) as store:
        scratch = Path(folder)
        elsewhere = scratch / "elsewhere"
        elsewhere.mkdir()
        node = Node(scratch / "node", scratch / "service.log", {**store.environment, "OMEGA_STORE": store.url})
        try:
            told = _tell(Stage(screen=screen, storage=store, node=node, elsewhere=elsewhere))
        finally:
            node.stop()
    return _summary(screen, told)


def _tell(stage: Stage) -> Mapping[str, str]:
    """Run every step; return the summary, line by line."""
    deciding.start(stage)
    questions = deciding.ask(stage)
    published = next(iter(stage.acknowledged))
    deciding.keep_checkpoint(stage)
    crashing.kill_under_load(stage)
    crashing.restart(stage)
    crashing.verify(stage)
    proving.prove(stage, published)
    proving.replay(stage, published)
    by_log, by_checkpoint = tampering.tamper(stage)
    return {
        "DECIDED": f"{questions} questions answered as expected, each decision on disk before its answer",
        "KEPT": f"{len(stage.acknowledged)} acknowledged decisions through kill -9 under load: none lost, none changed",
        "SHOWN": f"{by_log} attacks by the log alone, {by_checkpoint} only by a checkpoint kept elsewhere",
    }


def _summary(screen: Screen, told: Mapping[str, str]) -> int:
    screen.gap()
    if screen.broken:
        screen.say(f"NOT AS PROMISED: {len(screen.broken)} of the lines above begin with BROKEN.")
        return 1
    for name, text in told.items():
        screen.fact(name, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
