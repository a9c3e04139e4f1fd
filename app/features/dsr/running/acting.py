"""One step of one request in one store: what is done there, what of it is on record, what the person is told of it.

Knows one step at a time; in which order they come is the business of `fulfilling.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.db import writing
from app.features.dsr.running import receipts
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.exporting import Exports
from app.features.dsr.running.kept_person import RunPersons
from app.features.dsr.running.rows import RunStepRow, StepState
from app.features.dsr.running.run import Asked, Requests, Wanted
from app.features.dsr.running.run_rows import RunRows, change_step
from app.pdp.enforce import Permit
from app.privacy import restrictions
from app.privacy.erasure import Erasure, Ground, Recorder
from app.privacy.errors import HeldError
from app.privacy.stores.errors import UnsupportedError
from app.privacy.stores.registry import Registry, for_request
from app.privacy.stores.store import Person, PersonalStore
from app.privacy.stores.suppression import Suppression
from evidence import note
from evidence.keys import SigningKey
from evidence.record import Record

_LEFT = 100  # places that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What runs are carried out with.

    Attributes:
        requests: what was asked.
        registry: returns the stores, as a permit and the ground of an erasure have them.
        kept: where persons are kept meanwhile.
        exports: what persons get.
        accesses: returns who saw what of a person, as JSON values; raises `RunError`, `PrivacyError`.
        erasure: puts on record that somebody is to be erased.
        suppression: the list of who was erased.
        held: returns why a hold stands on a pseudonym; raises `KeyStoreError`.
        record: puts a record on disk; raises `EvidenceError`.
        recorded: yields the receipts of a request that are in the log, each with its leaf hash; raises `EvidenceError`.
        key: returns the key of the log, which signs what persons get.
        clock: Unix seconds.
    """

    requests: Requests
    registry: Callable[[Permit, Ground | None], Registry]
    kept: RunPersons
    exports: Exports
    accesses: Callable[[Person], Mapping[str, Any]]
    erasure: Erasure
    suppression: Suppression
    held: Callable[[str], frozenset[str]]
    record: Recorder
    recorded: Callable[[str], Iterable[tuple[Record, str]]]
    key: Callable[[], SigningKey]
    clock: Callable[[], float]


class Acting:
    """Does the steps of one request."""

    def __init__(self, means: Means, asked: Asked, permit: Permit, kept: RunRows) -> None:
        """Do what `asked` says, under `permit`, and say in the rows of `kept` how far it is."""
        self._means, self._asked, self._permit, self._rows = means, asked, permit, kept
        self.registry = means.registry(permit, Ground(asked.ground) if asked.kind == "erase" else None)
        self._wanted: Wanted | None = None

    @property
    def person(self) -> Person:
        """Return whom it is about.

        Raises:
            RunError: nobody knows any more.
        """
        return self._opened().person

    def act(self, step: RunStepRow) -> None:
        """Have a store do its step, once it is on disk that it is about to; what it did is on disk then.

        Raises:
            HeldError: a hold stands on the person.
            PrivacyError, ObjectsError: it is not done, or nobody knows.
        """
        if step.step == "erase":
            self._refuse_held()
        self._rows.note_step(step, state=StepState.BEGUN.value, attempts=step.attempts + 1)
        try:
            done = self._do(step)
        except UnsupportedError as error:
            done = {"state": StepState.ACTED.value, "code": error.code, "reason": str(error)}
        if done is not None:
            self._rows.note_step(step, **{"state": StepState.ACTED.value, "code": ""} | dict(done))

    def receive(self, step: RunStepRow) -> None:
        """Put on record what a store has done, once, sign it for the person, and have the step be over.

        Raises:
            EvidenceError: the log does not take it.
        """
        over = StepState.UNSUPPORTED if step.code else StepState.DONE
        body: dict[str, Any] = {"request": self._asked.id, "store": step.store, "step": step.step, "count": step.count}
        body |= {"state": over.value, "left": len(step.left)}
        if (subject := self._rows.row.subject) is not None:
            body["subject"] = subject
        decision_id, leaf = self._before(step, body) or self._recorded(step, body)
        key = self._means.key()
        said = note.sign(receipts.statement(key.origin, body, decision_id, leaf), key)
        self._rows.note_step(step, state=over.value, next_at=0, receipt=decision_id, statement=said.decode())

    def _before(self, step: RunStepRow, body: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return record and leaf hash of what was put on record before somebody was cut off; the whole log is read."""
        if step.state != StepState.RECORDING:
            return None
        for record, leaf in self._means.recorded(self._asked.id):
            if body.items() <= {name: record.body.get(name) for name in body}.items():
                return record.position.decision_id, leaf
        return None

    def _recorded(self, step: RunStepRow, body: Mapping[str, Any]) -> tuple[str, str]:
        """Put it on record, and return record and leaf hash; that it is about to be there is durable before."""
        self._rows.note_step(step, state=StepState.RECORDING.value)
        appended = self._means.record(receipts.receipt(self._asked.tenant, body, step.parts))
        return appended.position.decision_id, appended.leaf

    def _do(self, step: RunStepRow) -> Mapping[str, Any] | None:
        """Do a step, and return what its row says of that, or None where it says so already."""
        match step.step:
            case "export":
                parts, count = self._means.exports.part(self.person, self._store(step).export(self.person))
                return {"parts": parts, "count": count}
            case "rectify":
                return {"count": self._store(step).rectify(self.person, self._opened().changes)}
            case "erase":
                return self._erase(step)
            case "verify":
                left = self._store(step).verify(self.person)
                return {"count": len(left), "left": list(left[:_LEFT])}
            case _:
                self._mark(step)
        return None

    def _erase(self, step: RunStepRow) -> Mapping[str, Any]:
        """Erase; what was found before the first attempt counts, if a later one finds less."""
        store, found = self._store(step), step.found
        if not found:
            found = store.find(self.person)
            self._rows.note_step(step, found=found)
        return {"count": max(store.erase(self.person), found)}

    def _mark(self, step: RunStepRow) -> None:
        """Set the marks of a restriction, and say so in the same transaction."""
        subject = self._rows.row.subject
        if subject is None:
            raise UnsupportedError("nobody is known by this id: there is nothing whose use could be restricted")
        with writing(self._permit) as session:
            count = restrictions.restrict(
                session,
                self._permit,
                subject=subject,
                request=self._asked.id,
                kind=self._asked.kind,
                purposes=self._opened().purposes,
                now=int(self._means.clock()),
            )
            change_step(session, step, state=StepState.ACTED.value, code="", count=count)

    def _store(self, step: RunStepRow) -> PersonalStore:
        store = self.registry.of(step.store)
        if store is None:
            raise UnsupportedError("this place is not described any more: nobody can look there")
        return for_request(store, f"{self._asked.id}/{self._rows.row.begun_at}")

    def _refuse_held(self) -> None:
        subject = self._rows.row.subject
        if subject is not None and (reasons := self._means.held(subject)):
            raise HeldError(f"a legal hold stands on this person: {', '.join(sorted(reasons))}")

    def _opened(self) -> Wanted:
        if self._wanted is None:
            block = self._rows.row.person
            if block is None:
                raise RunError("keys", "nothing is kept of whom it was about")
            self._wanted = self._means.kept.open(self._asked.id, block)
        return self._wanted
