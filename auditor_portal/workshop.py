"""What pages of an auditor's own work are made with: the queue beside the requests, what jobs read, files, the clock.

An application that is handed none gets one, made of what its pages read, when a page first needs it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from flask import Flask, current_app

from app.audits.workbook import WorkState
from app.pdp.enforce import Permit
from auditor_portal.beside import Beside
from auditor_portal.feature import feature
from auditor_portal.product import product
from auditor_portal.sources import Sources
from evidence.proof import Proof

_EXTENSION: Final = "omega.auditor_portal.workshop"
_FILES: Final = "exports"  # below the portal's data
_MAKING: Final = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What one application works with.

    Attributes:
        beside: does what takes its time.
        files: the directory of finished reports.
        now: Unix seconds.
        vouch: gets the log's word for a workpaper; None: of the decision point and the store of the application.
    """

    beside: Beside = field(default_factory=Beside)
    files: Path
    now: Callable[[], float] = time.time
    vouch: Callable[[Permit, str, str], Proof] | None = None

    @property
    def moment(self) -> datetime:
        """Return the time, UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def directory(self) -> Path:
        """Return the directory of files, which is there by then; its user alone reads it."""
        self.files.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.files


class Pursued(Protocol):
    """A row of something that is done beside the requests."""

    @property
    def state(self) -> str:
        """Return how far it was when that was written down."""

    @property
    def owner(self) -> str:
        """Return which queue has it."""


def moment(seconds: int) -> str:
    """Return Unix seconds as pages show them, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


feature.blueprint.add_app_template_filter(moment, "moment")


def install(app: Flask, workshop: Workshop) -> None:
    """Have the pages of `app` work with this."""
    app.extensions[_EXTENSION] = workshop


def workshop() -> Workshop:
    """Return what the application that answers works with."""
    with _MAKING:
        found: Workshop | None = current_app.extensions.get(_EXTENSION)
        if found is None:
            found = Workshop(files=product().settings.data / _FILES)
            install(current_app, found)
        return found


def sources() -> Sources:
    """Return what a job reads.

    Raises:
        RefusedError: it cannot be opened now.
    """
    read = product()
    return Sources(store=read.settings.store, verifier=str(read.verifier), frameworks=read.settings.frameworks)


def state_of(row: Pursued) -> WorkState:
    """Return how far something is; what is not over, and nobody has in hand any more, was interrupted."""
    state = WorkState(row.state)
    return state if state.over or row.owner == workshop().beside.owner else WorkState.INTERRUPTED
