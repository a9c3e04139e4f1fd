"""`POST /v1/decisions/{id}/replay`: whether a recorded decision comes out the same when it is made again.

Owns who may ask, and that replaying takes little from deciding. Tells a verdict and the names of members, never a fact:
what was asked is opened, decided again and forgotten. That somebody had a decision replayed is on record.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from app.decision_plane.answering import Answering
from app.decision_plane.http import Answer, ProblemError, Request
from app.decision_plane.operation import Operation, Parameter, one_object, schema_of, text
from app.decision_plane.places import Places
from app.errors import problem
from app.pdp.callers import EVERY, registered
from app.pdp.enforce import Caller
from app.pdp.errors import NoPoliciesError

REPLAY: Final = "/replay"
"""What stands behind the id."""

REPLAYED: Final = "decision.replayed"
"""The type of the record that is left."""

_AT_ONCE: Final = 2  # in one worker: each is a process of its own for a second
_MOST_BYTES: Final = 1_024  # of a body, which says nothing


class Verdict(StrEnum):
    """What deciding once more showed."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_REPRODUCIBLE = "not_reproducible"
    KEY_DESTROYED = "key_destroyed"  # what was asked cannot be known any more; the record stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One decision made again, under the bundle that made it: `differences` names members of the result."""

    decision_id: str
    verdict: Verdict
    bundle: str
    revision: str
    differences: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "decision_id": self.decision_id,
            "verdict": self.verdict.value,
            "bundle": self.bundle,
            "revision": self.revision,
            "differences": list(self.differences),
        }


OPERATION: Final = Operation(
    summary="Whether a recorded decision comes out the same when it is made again",
    parameters=(Parameter(name="id", place="path", schema=text(), says="<chain>-<sequence>"),),
    answers={200: one_object(schema_of(Replayed)["properties"])},
    problems=(
        "forbidden",
        "not_found",
        "overloaded",
        "store_unavailable",
        "evidence_damaged",
        "evidence_unavailable",
        "request_too_large",
        "body_timeout",
    ),
)


class Replays(Protocol):
    """Makes recorded decisions again."""

    async def replay(self, decision_id: str, tenants: Collection[str]) -> Replayed:
        """Make a decision of one of `tenants` again (`EVERY` among them: of any), or raise `ProblemError`."""


class Replaying:
    """Answers the endpoint for one worker."""

    def __init__(self, by: Answering, replays: Replays) -> None:
        self._by, self._replays = by, replays
        self._places = Places(_AT_ONCE)

    async def answer(self, request: Request, decision_id: str) -> Answer:
        """Return what making a decision again shows.

        Raises:
            ProblemError: the caller may not know, there is no such decision, or there is no room.
            UnrecordedError: the log could not take that somebody asked.
        """
        caller = self._by.caller(request)
        tenants = self._tenants(caller)
        if not tenants:
            raise ProblemError(problem("forbidden"))
        async with self._by.received(request, limit=_MOST_BYTES):
            with self._places.taken(caller.tenant):
                found = await self._replays.replay(decision_id, tenants)
        body = {"decision": found.decision_id, "verdict": found.verdict.value}
        await self._by.pdp.note(REPLAYED, caller, body)
        return Answer(document=found.document())

    def _tenants(self, caller: Caller) -> frozenset[str]:
        """Return whose decisions a caller may have made again: by policies of a tenant's own, no other tenant's."""
        try:
            policies = self._by.pdp.policies_of(caller)
        except NoPoliciesError:
            return frozenset()
        known = registered(policies.bundle.callers, caller.subject, caller.tenant)
        if known is None:
            return frozenset()
        if caller.tenant in self._by.pdp.own:
            return frozenset({caller.tenant}) if known.replay & {caller.tenant, EVERY} else frozenset()
        return known.replay
