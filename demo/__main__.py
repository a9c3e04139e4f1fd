"""`python -m demo`: the steps in their order, in a scratch directory that is gone afterwards.

Exit code 0: everything was as promised; 1: a promise was broken, or the demo could not go on; 130 and 143: stopped.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from demo import crashing, deciding, proving, tampering
from demo.node import DemoError, Node
from demo.screen import Screen
from demo.stage import Stage
from demo.storage import storage


def main() -> int:
    """Run the demo and return its exit code."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    screen = Screen()
    try:
        return _run(screen)
    except DemoError as error:
        screen.promise(f"the demo goes to its end: {error}", kept=False)
        return 1
    except KeyboardInterrupt:
        screen.say("Stopped. Nothing was left behind.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the end of Python stays silent
        return 1


def _stop(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def _run(screen: Screen) -> int:
    began = time.monotonic()
    screen.title("Omega: no evidence, no action")
    screen.say(
        """Omega decides whether an action may happen, records the decision in a tamper-evident log, and only then
        answers. This demo runs the real service on this machine, asks it, pulls the plug, looks for what got lost,
        and then attacks the log. It needs no network, takes half a minute, and removes everything it made."""
    )
    with tempfile.TemporaryDirectory(prefix="omega-demo-") as folder, storage(Path(folder)) as store:
        scratch = Path(folder)
        elsewhere = scratch / "elsewhere"
        elsewhere.mkdir()
        node = Node(scratch / "node", scratch / "service.log", store.environment | {"OMEGA_STORE": store.url})
        try:
            told = _tell(Stage(screen=screen, storage=store, node=node, elsewhere=elsewhere))
        finally:
            node.stop()
    return _summary(screen, told, time.monotonic() - began)


def _tell(stage: Stage) -> tuple[str, str, str]:
    """Run every step; return the summary, a line each for decided, kept and shown."""
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
    return (
        f"decided  {questions} questions, each answered as the policies promise, none before it was on record",
        f"kept     {len(stage.acknowledged)} acknowledged decisions, through kill -9 under load; none lost or changed",
        f"shown    {by_log} attacks by the log alone, {by_checkpoint} more by a checkpoint kept elsewhere",
    )


def _summary(screen: Screen, told: tuple[str, str, str], seconds: float) -> int:
    screen.gap()
    if screen.broken:
        for text in screen.broken:
            screen.promise(text, kept=False)
        return 1
    for line in told:
        screen.say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
