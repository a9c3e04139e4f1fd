"""How the processes of a node log: one line for each thing said, as text or as JSON, on standard error.

Owns the form of a line. A line says what our own messages say: never what an error that nobody foresaw has to say of
itself, because that may quote a request.
"""

import json
import logging
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from traceback import format_tb
from types import TracebackType
from typing import Any, Final

from app.settings import LogForm

_TEXT: Final = "%(levelname)s %(name)s %(message)s"
_LOG = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """One JSON object for each record: time, level, logger, message, worker, and decision_id where it is known."""

    def __init__(self, process: str) -> None:
        """Write lines of the process that has this name among those of its node, such as `worker 0`."""
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; `decision_id` comes from its `extra`."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said: dict[str, Any] = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "worker": self._process,
        }
        if (decision_id := getattr(record, "decision_id", None)) is not None:
            said["decision_id"] = decision_id
        if record.exc_info and record.exc_info[0]:
            said["error"] = record.exc_info[0].__name__
            said["trace"] = format_tb(record.exc_info[2])
        return json.dumps(said)


class TextLines(logging.Formatter):
    """Level, logger and message; where there is an error, its kind and where it happened."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - as logging calls it
        """Return the kind of an error and its frames, without what it says."""
        kind, _, trace = ei
        return "".join([*format_tb(trace), kind.__name__])


def begin(process: str, form: LogForm) -> None:
    """Have this process log on standard error from now on, and what ends a thread of it as well.

    Where something was set up before, as a test does, that stays.
    """
    if logging.getLogger().handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process) if form is LogForm.JSON else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("alembic", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    sys.excepthook = _unforeseen
    threading.excepthook = lambda told: _unforeseen(told.exc_type, told.exc_value, told.exc_traceback)


def form_of(environment: Mapping[str, str]) -> LogForm:
    """Return the form that OMEGA_LOG says, before the settings as a whole are known to be usable."""
    return LogForm.JSON if environment.get("OMEGA_LOG") == LogForm.JSON else LogForm.TEXT


def _unforeseen(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _LOG.critical("ended by an error that nobody foresaw", exc_info=(kind, error or kind(), trace))
