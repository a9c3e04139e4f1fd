"""The log machinery of one node: a process that seals what the workers journal, and says that it lives.

Part of the log: it asks no permit and leaves no decisions. Everything it knows is in the journals
and the store, so it can be killed at any time.
"""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from app import keys, logs
from app.assurance import Watch
from app.core_dumps import refuse_core_dumps
from app.garbage import collect_rarely
from app.node_log import record_now
from app.pdp.lifeline import HOPELESS, end_with_parent
from app.sealing_line import SealerEnd
from app.settings import Settings, SettingsError
from app.telemetry import catalogue
from app.telemetry.publishing import Publisher
from evidence.chain import utc_now
from evidence.errors import EvidenceError, JournalError, StoreError
from evidence.sealer import Limits, Sealer
from evidence.store import open_store

_LOG = logging.getLogger(__name__)
_PAUSE = 0.25  # seconds between two rounds, at most; who is in a hurry does not wait for it
_RETRY = 1.0  # seconds after the store failed


def new_sealer(settings: Settings, line: SealerEnd | None = None) -> Sealer:
    """Return a sealer that has read from the store where the log stands, and tells workers on `line` of every seal.

    Raises:
        EvidenceError: the store does not answer, or holds something else than this node's log.
    """
    node = keys.load(settings.keys)
    limits = Limits(age=settings.seal_age, heartbeat=settings.heartbeat, checkpoint=settings.checkpoint)
    classes = dict(settings.retention)
    return Sealer(
        open_store(settings.store, immutable=settings.store_immutable),
        settings.journals,
        node.log,
        classes=classes,
        version=version("omega"),
        limits=limits,
        memory=settings.data / "tree.json",
        sealed=line.tell if line else None,
    )


def run(settings: Settings, stopping: Callable[[], bool], line: SealerEnd | None = None) -> None:
    """Seal until `stopping`, then seal what is left. Probe the store at start and daily."""
    line = line or SealerEnd([])
    watch = Watch(settings, record=partial(record_now, settings))
    sealer: Sealer | None = None
    numbers = _Numbers(settings)
    more, hurried, asked = 0, set[str](), set[str]()
    pause = min(_PAUSE, max(0.1, settings.seal_age / 8))
    while True:
        last_round = stopping()
        waited = line.wait(0 if last_round or more else pause)
        hurried, asked = hurried | waited[0], asked | waited[0] | waited[1]
        try:
            sealer = sealer or new_sealer(settings, line)
            if not last_round and watch.due(utc_now()):  # by the node whose log this is, and no other
                watch.run(utc_now())
            more = numbers.sealed(sealer.step(flush=last_round, now=hurried))
            while last_round and more:
                more = numbers.sealed(sealer.step(flush=True))
            for chain in asked:
                if (next_seq := sealer.progress(chain)) is not None:
                    line.tell(chain, next_seq)
            hurried, asked = set(), set()
        except StoreError as error:
            # What landed is in the store, and a new sealer reads it there.
            _LOG.warning("store does not take the log: %s: %s", error.code, error)
            sealer = None
            numbers.failed()
            time.sleep(_RETRY)
        else:
            (settings.data / "sealer.alive").touch()
            numbers.done(sealer.uncheckpointed)
        if last_round:
            return


class _Numbers:
    """What the sealer says of itself in numbers."""

    def __init__(self, settings: Settings) -> None:
        self._publisher = Publisher(settings.numbers, "sealer")
        self._since: float | None = None  # when a seal began to wait for a checkpoint

    def sealed(self, records: int) -> int:
        """Count records; return how many."""
        self._publisher.numbers.add(catalogue.SEALED, amount=records)
        return records

    def failed(self) -> None:
        """Count a round that the store did not take."""
        self._publisher.numbers.add(catalogue.STORE_FAILURES)
        self._publisher.publish_sometimes()

    def done(self, waiting: int) -> None:
        """Take in that a round is done, with so many seals that no checkpoint covers."""
        now = time.monotonic()
        self._since = (self._since or now) if waiting else None
        numbers = self._publisher.numbers
        numbers.set(catalogue.UNCHECKPOINTED, waiting)
        numbers.set(catalogue.CHECKPOINT_LAG, now - (self._since or now))
        numbers.set(catalogue.SEALER_ROUND, time.time())
        self._publisher.publish_sometimes()


def main() -> int:
    """Run the sealer: `python -m app.sealing <parent> <its end of the line to each worker> ...`."""
    refuse_core_dumps()
    end_with_parent(int(sys.argv[1]))
    logs.begin("sealer", logs.form_of(os.environ))
    collect_rarely()
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stop.append(received))
    try:
        line = SealerEnd(socket.socket(fileno=int(number)) for number in sys.argv[2:])
        run(Settings.from_environment(os.environ), lambda: bool(stop), line)
    except JournalError as error:
        _LOG.error("sealer ends: %s", error)
        return 1
    except (SettingsError, keys.KeyFileError, EvidenceError) as error:
        _LOG.error("sealer ends, and a person must look: %s", error)
        return HOPELESS
    return 0


if __name__ == "__main__":
    sys.exit(main())
