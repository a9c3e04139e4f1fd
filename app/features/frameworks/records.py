"""Records of the log, for the pages that link to them: where each stands, and its proof once there is one.

Opens the store when the first is wanted. What was asked stays sealed. Records of other tenants are not shown.
"""

from typing import Any, Final, Protocol

from flask import Flask, current_app

from app import decision_log
from app.errors import problem
from app.pep import CONTROL, RefusedError
from app.settings import Settings
from evidence.errors import EvidenceError, MalformedError, NotFoundError, StoreError
from evidence.keys import VerifierKey
from evidence.reader import Reader
from evidence.record import Position
from evidence.store import open_store

_EXTENSION: Final = "omega.records"
_OURS: Final = "system"  # the tenant of what the log says of itself


class Records(Protocol):
    """Finds records."""

    def find(self, position: Position) -> decision_log.Found:
        """Return a record.

        Raises:
            EvidenceError: there is none there, or the log does not hold, or the store does not answer.
        """


class OfNode:
    """The records that a node can reach: in its store, and in its journals. `Records`."""

    def __init__(self, settings: Settings, verifier: VerifierKey) -> None:
        """Find the records of the log whose signatures `verifier` verifies."""
        self._settings, self._verifier = settings, verifier
        self._reader: Reader | None = None

    def find(self, position: Position) -> decision_log.Found:
        """See `Records`."""
        if self._reader is None:
            self._reader = Reader(open_store(self._settings.store, read_only=True), self._verifier)
        return decision_log.find(self._reader, self._settings.journals, position)


def install(app: Flask, records: Records | None) -> None:
    """Have the pages of `app` show `records`; without any, there are none to show."""
    app.extensions[_EXTENSION] = records


def record(text: str) -> dict[str, Any]:
    """Return the record at a position, `<chain>-<number>`, as JSON values: record, status, proof.

    Raises:
        RefusedError: there is none that is shown, or it cannot be had.
    """
    records: Records | None = current_app.extensions[_EXTENSION]
    if records is None:
        raise RefusedError(problem("not_found"))
    try:
        found = records.find(Position.parse(text)).document()
    except (MalformedError, NotFoundError) as error:
        raise RefusedError(problem("not_found")) from error
    except StoreError as error:
        raise RefusedError(problem("store_unavailable", error.code)) from error
    except EvidenceError as error:
        raise RefusedError(problem("evidence_damaged", error.code)) from error
    if found["record"]["tenant"] not in {CONTROL.tenant, _OURS}:
        raise RefusedError(problem("not_found"))
    return found
