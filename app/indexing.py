"""The index of one node, kept in step with the store: a process that nothing waits for.

Everything it knows is in the store and in the index, so it can be killed at any time. Whatever fails, it tries again
later: the log goes on without an index.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from app import keys, logs
from app.core_dumps import refuse_core_dumps
from app.db import DatabaseUrlError, open_engine
from app.garbage import collect_rarely
from app.index.errors import IndexingError, IndexUnavailableError
from app.index.indexer import Indexer
from app.index.sealed_log import SealedLog
from app.pdp.lifeline import end_with_parent
from app.settings import Settings, SettingsError
from app.telemetry import catalogue
from app.telemetry.publishing import Publisher
from evidence.errors import EvidenceError
from evidence.keys import VerifierKey
from evidence.store import open_store

_LOG = logging.getLogger(__name__)
_PAUSE: Final = 1.0  # seconds between two looks for a new checkpoint
_FIRST_RETRY, _LONGEST_RETRY = 1.0, 60.0  # seconds after a failure
_LAST: Final = 5.0  # seconds for what the sealer left, when told to stop


def sealed_log(store: str, key: Path) -> SealedLog:
    """Return the log at `store`, to be read under the verifier key in the file `key`.

    Raises:
        KeyFileError: the file cannot be read.
        EvidenceError: it holds no key, or `store` is none.
    """
    try:
        verifier = VerifierKey.parse(key.read_text("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise keys.KeyFileError(f"`{key}` cannot be read") from error
    return SealedLog(open_store(store, read_only=True), verifier)


@contextmanager
def opened_index(settings: Settings, *, make: bool = False) -> Iterator[Engine]:
    """Hand out the database of the index; `make` the file, if it is one, where there is none.

    Raises:
        IndexUnavailableError: it is not to be had.
    """
    try:
        if not make and settings.database is None and not settings.index_file.exists():
            raise IndexUnavailableError(f"there is no index at `{settings.index_file}` yet")
        engine = open_engine(settings.index, durable=False)
    except DatabaseUrlError as error:
        raise IndexUnavailableError(str(error)) from error
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def indexing(settings: Settings) -> Iterator[Indexer]:
    """Hand out the indexer of this node, with its tables as they have to be.

    Raises:
        KeyFileError, EvidenceError: see `sealed_log`.
        IndexUnavailableError: the database is not to be had.
    """
    log = sealed_log(settings.store, settings.keys / keys.LOG_VERIFIER_KEY)
    with opened_index(settings, make=True) as engine:
        indexer = Indexer(engine, log, length=timedelta(days=settings.index_days))
        indexer.prepare()
        yield indexer


def run(settings: Settings, stop: threading.Event) -> None:
    """Index until `stop`, then what is left, for as long as that may take."""
    retry, said = _FIRST_RETRY, ""
    publisher = Publisher(settings.numbers, "indexer")
    while True:
        try:
            with indexing(settings) as indexer:
                indexer.progress = lambda _: _alive(settings, publisher)
                while not stop.is_set():
                    indexer.catch_up(lambda: not stop.is_set())
                    publisher.numbers.set(catalogue.INDEXED, time.time())
                    _alive(settings, publisher)
                    if said:
                        _LOG.info("the index goes on")
                    retry, said = _FIRST_RETRY, ""
                    stop.wait(_PAUSE)
                indexer.catch_up(_for(_LAST))
        except (EvidenceError, IndexingError, keys.KeyFileError) as error:
            if str(error) != said:
                _LOG.warning("the index waits: %s", error)
            said = str(error)
        if stop.wait(retry):
            return
        retry = min(retry * 2, _LONGEST_RETRY)


def _alive(settings: Settings, publisher: Publisher) -> None:
    """Say that the index comes on."""
    (settings.data / "indexer.alive").touch()
    publisher.publish_sometimes()


def _for(seconds: float) -> Callable[[], bool]:
    """Return whether so much time is left, each time it is asked."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def main() -> int:
    """Run the indexer: `python -m app.indexing <parent>`."""
    refuse_core_dumps()
    end_with_parent(int(sys.argv[1]))
    logs.begin("indexer", logs.form_of(os.environ))
    collect_rarely()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(Settings.from_environment(os.environ), stop)
    except SettingsError as error:
        _LOG.error("indexer ends: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
