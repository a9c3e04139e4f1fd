"""Decisions on record, as those who may see them ask for them: found, proved, and decided once more.

Knows where a node keeps its log. Whoever asks has been authenticated; what they may see is decided here.
"""

import asyncio
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from app import decision_log
from app.decision_plane.http import ProblemError
from app.decision_plane.places import Places
from app.decision_plane.replay import Replayed, Verdict
from app.errors import problem
from app.objects import open_objects
from app.pdp.callers import EVERY
from app.pdp.enforce import Caller
from app.privacy.detached import Detached
from app.privacy.subject_keys import SubjectKeys
from app.settings import Settings
from evidence.errors import EvidenceError, MalformedError, NotFoundError, StoreError
from evidence.keys import VerifierKey
from evidence.reader import Reader
from evidence.record import Position, Record
from evidence.store import open_store

_LOG = logging.getLogger(__name__)
_AT_ONCE = 4  # decisions looked up: each reads the store, and threads are shared
_VERDICTS = {
    decision_log.Outcome.REPRODUCED: Verdict.SAME,
    decision_log.Outcome.DIFFERS: Verdict.DIFFERS,
    decision_log.Outcome.NOT_REPRODUCIBLE: Verdict.NOT_REPRODUCIBLE,
    decision_log.Outcome.KEY_DESTROYED: Verdict.KEY_DESTROYED,
}


class KeptDecisions:
    """Those of one node. See `app.decision_plane.asgi.Decisions`."""

    def __init__(self, settings: Settings, verifier: VerifierKey, subject_keys: SubjectKeys) -> None:
        """`verifier` is the log's; `subject_keys` unseal what is decided once more."""
        self._settings, self._verifier, self._subject_keys = settings, verifier, subject_keys
        self._reader: Reader | None = None
        self._places = Places(_AT_ONCE)

    async def find(self, decision_id: str, caller: Caller) -> dict[str, Any]:
        """Return record and proof of what `caller` asked itself, or raise `ProblemError`."""
        position = _position(decision_id)
        with _lookup_problems(position), self._places.taken(caller.tenant):
            return (await asyncio.to_thread(self._find, position, caller)).document()

    async def replay(self, decision_id: str, tenants: Collection[str]) -> Replayed:
        """Make a decision of one of `tenants` again (`EVERY` among them: of any), or raise `ProblemError`."""
        position = _position(decision_id)
        with _lookup_problems(position):
            record = Record.parse((await asyncio.to_thread(self._locate, position)).record)
            if record.type != "decision" or not {record.tenant, EVERY} & set(tenants):
                raise NotFoundError("another's")
        compared = await decision_log.compare(
            record, self._subject_keys, self._settings.bundles, Detached(open_objects(self._settings.objects))
        )
        return Replayed(
            decision_id=decision_id,
            verdict=_VERDICTS[compared.outcome],
            bundle=record.body["policy"]["bundle"],
            revision=record.body["policy"]["revision"],
            differences=compared.differences,
        )

    def _locate(self, position: Position) -> decision_log.Found:
        if self._reader is None:  # kept, because a client of S3 takes a while to make
            self._reader = Reader(open_store(self._settings.store, read_only=True), self._verifier)
        return decision_log.locate(self._reader, self._settings.journals, position)

    def _find(self, position: Position, caller: Caller) -> decision_log.Found:
        """Find the record first, see whose it is, and only then prove it, which costs more."""
        found = self._locate(position)
        record = Record.parse(found.record)
        if (record.tenant, record.body.get("caller")) != (caller.tenant, caller.subject):
            raise NotFoundError("another's")  # a caller sees what it asked itself; the rest is the auditor's business
        assert self._reader is not None  # noqa: S101 - `_locate` opened it
        return decision_log.prove(self._reader, found)


def _unknown(decision_id: str) -> ProblemError:
    return ProblemError(problem("not_found", f"no decision `{decision_id[:64]}`"))


def _position(decision_id: str) -> Position:
    """Return where a decision stands.

    Raises:
        ProblemError: that is no decision's id.
    """
    try:
        return Position.parse(decision_id)
    except MalformedError:
        raise _unknown(decision_id) from None


@contextmanager
def _lookup_problems(position: Position) -> Iterator[None]:
    """Turn what keeps a record from being found into a problem."""
    try:
        yield
    except NotFoundError:
        raise _unknown(position.decision_id) from None
    except StoreError as error:
        raise ProblemError(problem("store_unavailable", error.code)) from error
    except EvidenceError as error:
        _LOG.error("the log does not hold: %s", error, extra={"decision_id": position.decision_id})
        raise ProblemError(problem("evidence_damaged", error.code)) from error
