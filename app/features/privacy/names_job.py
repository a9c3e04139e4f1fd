"""The job that looks for names in documents that wait, sealed: each is opened by permit, looked through, and redacted.

May be killed at any time: a document is sealed until it is redacted, in one transaction, and then it is looked through
no more.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from app.jobs.job import Job, JobError, Run
from app.jobs.schedule import Every
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import Entity, EvaluationRequest
from app.privacy.detection.finding import Finding
from app.privacy.errors import KeyDestroyedError
from app.privacy.redaction.documents import Documents, Kept
from app.privacy.redaction.errors import NamesError, RedactionError

NAME: Final = "privacy.find_names"
"""The job, and the subject of what it asks."""

_LOG: Final = logging.getLogger(__name__)
_SECONDS: Final = 5
_DENIED_SECONDS: Final = 3_600  # until policy is asked again about a document that it denied
_BATCH: Final = 50


class Lane(Protocol):
    """Looks for names; see `app.privacy.redaction.names_lane.NamesLane`."""

    def start(self) -> None:
        """Return once it is ready to answer; raises `NamesError`."""

    def find(self, body: Mapping[str, Any], language: str) -> tuple[Finding, ...]:
        """Return what stands in the one value of `body`; raises `NamesError`."""


class NamesJob:
    """See the module."""

    def __init__(
        self,
        documents: Documents,
        enforce: Callable[[EvaluationRequest], Permit],
        lane: Callable[[], AbstractContextManager[Lane]],
        *,
        now: Callable[[], float],
    ) -> None:
        """Look through `documents` with what `lane` opens, for as long as there are any.

        `enforce` returns permits, `now` Unix seconds.
        """
        self._documents, self._enforce, self._lane, self._now = documents, enforce, lane, now
        self._denied: dict[str, float] = {}  # when policy is asked again, by document

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="look for names in documents that wait",
            schedule=Every(seconds=_SECONDS),
            run=self.run,
            idle=lambda: not self._fresh(set()),
        )

    def run(self, run: Run) -> Mapping[str, Any]:
        """Look through all that waits, and return how many had which fate.

        Raises:
            JobError: nobody can look for names now.
        """
        fates: dict[str, int] = {}
        seen: set[str] = set()
        with self._lane() as lane:
            try:
                lane.start()
            except NamesError as error:
                raise JobError(error.code, str(error)) from error
            while fresh := self._fresh(seen):
                for identifier in fresh:
                    if run.stopping():
                        return fates
                    seen.add(identifier)
                    fate = self._look(lane, identifier)
                    fates[fate] = fates.get(fate, 0) + 1
        return fates

    def _fresh(self, seen: set[str]) -> list[str]:
        """Return documents that wait, without those of this run and those that policy denied a short while ago."""
        now = self._now()
        self._denied = {each: again for each, again in self._denied.items() if again > now}
        passed = seen | self._denied.keys()
        return [each for each in self._documents.waiting(_BATCH + len(passed)) if each not in passed]

    def _look(self, lane: Lane, identifier: str) -> str:
        kept = self._documents.find(identifier)
        if kept is None:
            return "gone"
        try:
            permit = self._enforce(self._request(kept))
        except DeniedError as error:
            _LOG.warning("job %s: a document stays sealed: %s", NAME, error)
            self._denied[identifier] = self._now() + _DENIED_SECONDS
            return "denied"
        try:
            body = self._documents.original(permit, identifier)
            findings = lane.find(body, kept.language)
            return "redacted" if self._documents.finish(permit, identifier, body, findings) else "gone"
        except LookupError:
            return "gone"
        except KeyDestroyedError:
            self._documents.discard(permit, identifier)
            return "discarded"
        except RedactionError as error:
            _LOG.warning("job %s: a document stays sealed: %s: %s", NAME, error.code, error)
            state = self._documents.failed(permit, identifier)
            return "gone" if state is None else str(state.value)

    def _request(self, kept: Kept) -> EvaluationRequest:
        facts = self._documents.facts(kept.subject, kept.purpose, kept.scope)
        return EvaluationRequest(
            subject=Entity(type="job", id=NAME, properties={}),
            action="privacy.process",
            resource=Entity(type="person", id=kept.subject, properties=facts),
            context={"step": "find_names", "purpose": kept.purpose, "region": kept.region, "lane": kept.lane},
        )
