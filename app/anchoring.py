"""The process that keeps the log anchored: one thread for each authority, so that one that hangs delays no other.

Reads checkpoints from the store like anybody, and holds no secret. Whatever happens here delays neither decisions nor
seals; it may be killed at any time.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from app import anchors, keys, logs
from app.core_dumps import refuse_core_dumps
from app.pdp.lifeline import end_with_parent
from app.settings import Settings, SettingsError
from app.telemetry import catalogue
from app.telemetry.publishing import Publisher
from evidence.anchorer import Anchorer
from evidence.checkpoint import Checkpoint
from evidence.errors import EvidenceError
from evidence.key_history import KeyHistory
from evidence.keys import VerifierKey
from evidence.store import WormStore, open_store

_LOG = logging.getLogger(__name__)
_LOOK = 0.5  # seconds between two looks at the threads
_REPORT = 5.0  # seconds between two reports where nothing changed


class _Keeper(threading.Thread):
    """Keeps one anchor until told to stop. A daemon: a question that hangs does not keep the process."""

    def __init__(self, name: str, anchorer: Anchorer, stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._anchorer, self._stop_asked = anchorer, stop

    @property
    def overdue(self) -> bool:
        return self._anchorer.overdue

    @property
    def lag(self) -> float:
        return self._anchorer.lag

    def run(self) -> None:
        while not self._stop_asked.wait(self._anchorer.pause):
            step(self.name, self._anchorer)


def step(name: str, anchorer: Anchorer) -> None:
    """Have `anchorer` do what there is to do; say how it went."""
    before = anchorer.overdue
    try:
        key = anchorer.step()
    except EvidenceError as error:
        _LOG.warning("%s: not anchored: %s: %s", name, error.code, error)
        if anchorer.overdue and not before:
            _LOG.warning("%s: overdue: the newest checkpoint waits for longer than two intervals", name)
    else:
        if key is not None:
            _LOG.info("%s: anchored by %s", name, key)


def keepers(settings: Settings, stop: threading.Event) -> list[_Keeper]:
    """Return a thread for each anchor, not yet started.

    Raises:
        SettingsError: the authority's certificates cannot be read.
        KeyFileError: the log's verifier key cannot be read.
        EvidenceError: the store cannot be opened.
    """
    verifier = keys.load_verifier(settings.keys)
    store = open_store(settings.store)
    return [
        _Keeper(
            anchor.name,
            Anchorer(
                store,
                anchor,
                verify=partial(_verified, store, verifier),
                retention=max(settings.retention.values()),
                interval=settings.anchor,
                clock=lambda: datetime.now(UTC),
            ),
            stop,
        )
        for anchor in anchors.anchors(settings, store, anchors.load_roots(settings))
    ]


def _verified(store: WormStore, key: VerifierKey, signed: bytes) -> Checkpoint:
    """Return the checkpoint of a note; it may be the last one that the log's key before this one signed."""
    return KeyHistory.load(store, key).verify_checkpoint(signed)


def run(settings: Settings, stopping: Callable[[], bool]) -> int:
    """Keep the log anchored until `stopping` (0), or until a thread ends for a reason nobody foresaw (1)."""
    stop = threading.Event()
    threads = keepers(settings, stop)
    for thread in threads:
        thread.start()
    said: list[str] | None = None
    said_at = 0.0
    publisher = Publisher(settings.numbers, "anchoring")
    try:
        while not stopping():
            if not all(thread.is_alive() for thread in threads):
                return 1  # its traceback is in the log
            overdue = [thread.name for thread in threads if thread.overdue]
            if overdue != said or time.monotonic() - said_at >= _REPORT:
                anchors.report(settings, overdue)
                said, said_at = overdue, time.monotonic()
            for thread in threads:
                publisher.numbers.set(catalogue.ANCHOR_LAG, thread.lag, thread.name)
                publisher.numbers.set(catalogue.ANCHOR_OVERDUE, thread.overdue, thread.name)
            publisher.publish_sometimes()
            time.sleep(_LOOK)
    finally:
        stop.set()
    return 0


def main() -> int:
    """Run the process: `python -m app.anchoring <parent>`."""
    refuse_core_dumps()
    end_with_parent(int(sys.argv[1]))
    logs.begin("anchoring", logs.form_of(os.environ))
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stop.append(received))
    try:
        return run(Settings.from_environment(os.environ), lambda: bool(stop))
    except (SettingsError, keys.KeyFileError, EvidenceError, OSError) as error:
        _LOG.error("anchoring ends: %s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
