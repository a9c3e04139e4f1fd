"""One request carried out over all stores, to the end or until it has to wait; and on from there, whoever was killed.

Each store does each step once: what it is about to do, has done, and has put on record, is durable before the next.

The order of an erasure: first it is put on record, then the stores that can be changed, then the log, whose keys go,
and then all are looked at again. With the keys first, a run that was cut off could not say any more whom to look for in
the stores that are left; so whom it is about is sealed under a key of the request, and that key goes last.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from app.db import reading, writing
from app.features.dsr.running import receipts
from app.features.dsr.running.acting import Acting, Means
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.exporting import KEPT, archive, told_of
from app.features.dsr.running.rows import DID, OVER, RunRow, RunState, RunStepRow, StepState
from app.features.dsr.running.run import BY_HAND, Asked
from app.features.dsr.running.run_rows import RunRows, change
from app.objects import ObjectsError
from app.pdp.enforce import Permit
from app.privacy.erasure import Ground
from app.privacy.errors import HeldError, KeyDestroyedError, PrivacyError, UnknownPersonError
from app.privacy.stores.errors import PendingError
from app.privacy.stores.evidence_store import NAME as EVIDENCE
from evidence.errors import EvidenceError

MOST: Final = 8
"""How often a step is begun before the run gives up."""

_FIRST_PAUSE, _LONGEST_PAUSE, _PENDING_PAUSE = 30, 3_600, 300  # seconds
_MARKS: Final = "restrictions"

_STEPS: Final = {
    "access": ("export",),
    "export": ("export",),
    "rectify": ("rectify",),
    "erase": ("erase", "verify"),
    "restrict": ("restrict",),
    "object": ("restrict",),
}
"""What is done for each kind of request, in this order."""


class Fulfiller:
    """Carries requests out, one at a time."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def run(self, asked: Asked, permit: Permit, stopping: Callable[[], bool] = lambda: False) -> str:
        """Carry out a request as far as can be now, and return the code of how it stands; empty where all is well.

        Raises:
            RunError: `unknown`, nobody has begun to carry it out.
        """
        kept = RunRows(asked.id, self._means.requests, permit)
        if kept.row.state != RunState.OPEN:
            return kept.row.code
        run = _Run(self._means, asked, permit, kept)
        try:
            run.prepare()
            run.advance(stopping)
            run.conclude()
        except HeldError:
            self._means.suppression.forget(asked.id)
            kept.stop("legal_hold", "legal_hold")
        except RunError as error:
            self._refused(kept, error)
        except KeyDestroyedError:
            kept.stop("requires_manual", "person_gone")
        except (PrivacyError, ObjectsError, EvidenceError) as error:
            kept.note(next_at=int(self._means.clock()) + _FIRST_PAUSE, code=error.code)
        return kept.row.code

    def _refused(self, kept: RunRows, error: RunError) -> None:
        if error.code == "failed":
            kept.note(next_at=int(self._means.clock()) + _FIRST_PAUSE, code=error.code)
        else:
            kept.stop("requires_manual", "person_gone")

    def refuse(self, request: str, permit: Permit, code: str) -> None:
        """Say that a run is not permitted now; a hold stops it, all else is asked again in an hour."""
        kept = RunRows(request, self._means.requests, permit)
        if code == "legal_hold":
            kept.stop(code, code)
        else:
            kept.note(next_at=int(self._means.clock()) + _LONGEST_PAUSE, code=code)

    def close(self, request: str, permit: Permit) -> None:
        """Forget whom a run was about that nobody goes on with.

        Raises:
            KeyStoreError, StoreError: it cannot be forgotten now; ask again.
        """
        with reading() as session:
            row = session.get(RunRow, request)
        if row is None or row.state != RunState.CLOSING:
            return
        steps = RunRows(request, self._means.requests, permit).steps()
        if not any((each.step, each.store, each.state) == ("erase", EVIDENCE, StepState.DONE) for each in steps):
            self._means.suppression.forget(request)
        if row.holder is not None:
            self._means.kept.destroy(row.holder)
        with writing(permit) as session:
            change(session, request, state=RunState.ENDED.value, person=None, ended_at=int(self._means.clock()))


class _Run:
    """One request while it is being carried out."""

    def __init__(self, means: Means, asked: Asked, permit: Permit, kept: RunRows) -> None:
        self._means, self._asked, self._permit, self._rows = means, asked, permit, kept
        self._acting = Acting(means, asked, permit, kept)

    def prepare(self) -> None:
        """Have whom it is about be kept, an erasure be on record, and every step have its row."""
        if self._rows.row.person is None:
            wanted = self._means.requests.wanted(self._asked.id)
            holder, block = self._means.kept.seal(self._asked.id, wanted)
            self._rows.note(holder=holder, person=block, subject=wanted.person.subject)
        if self._rows.row.announced is None:
            self._rows.note(announced=self._announce(), steps=self._planned())
        if self._rows.row.moved != "in_processing":
            self._rows.move("in_processing", "")

    def _announce(self) -> str:
        """Return the decision id of what says that somebody is to be erased; empty where nobody is."""
        if self._asked.kind != "erase":
            return ""
        person, record = self._acting.person, self._means.record
        try:
            told = self._means.erasure.announce(
                person.tenant, person.kind, person.id, Ground(self._asked.ground), record=record
            )
        except UnknownPersonError:
            return ""  # the log knows nobody of this id; other stores may
        return told[1]

    def _planned(self) -> list[RunStepRow]:
        names = [each.described.name for each in self._acting.registry.all()]
        names.sort(key=lambda name: name == EVIDENCE)  # the log last, the others as they come
        marks = self._asked.kind in {"restrict", "object"}
        pairs = [(step, name) for step in _STEPS[self._asked.kind] for name in ([_MARKS] if marks else names)]
        waiting = StepState.WAITING.value
        return [
            RunStepRow(request=self._asked.id, store=name, step=step, number=number, state=waiting)
            for number, (step, name) in enumerate(pairs, 1)
        ]

    def advance(self, stopping: Callable[[], bool]) -> None:
        """Do every step that can be done now.

        Raises:
            HeldError: a hold stands on the person.
        """
        if self._asked.kind == "erase" and any(StepState(each.state) not in OVER for each in self._rows.steps()):
            self._means.suppression.note(self._asked.id, self._acting.person)
        for number in [each.number for each in self._rows.steps()]:
            if stopping():
                return
            steps = self._rows.steps()
            step = next(each for each in steps if each.number == number)
            if StepState(step.state) not in OVER and step.next_at <= self._now() and _may(step, steps):
                self._attempt(step)

    def _attempt(self, step: RunStepRow) -> None:
        """Do one step, and say how it went."""
        try:
            if StepState(step.state) not in DID:
                self._acting.act(step)
            self._acting.receive(self._rows.step(step.number))
        except HeldError:
            raise
        except PendingError as error:
            self._later(step, StepState.PENDING, error.code, _PENDING_PAUSE)
        except (PrivacyError, ObjectsError, EvidenceError) as error:
            tries = max(self._rows.step(step.number).attempts - 1, 0)
            self._later(step, StepState.FAILED, error.code, min(_FIRST_PAUSE * 2**tries, _LONGEST_PAUSE))

    def _later(self, step: RunStepRow, state: StepState, code: str, pause: int) -> None:
        """Have a step be tried again. What a store has done it does not do again: it is to be put on record."""
        now = self._rows.step(step.number)
        values: dict[str, Any] = {"attempts": now.attempts + 1}
        if StepState(now.state) not in DID:
            counted = now.attempts - (state is StepState.PENDING)
            values = {"attempts": counted, "state": state.value, "code": code}
        self._rows.note_step(step, **values, next_at=self._now() + pause)

    def conclude(self) -> None:
        """Say how the request stands now, and end the run where everything is done."""
        steps = self._rows.steps()
        waiting = [each for each in steps if StepState(each.state) not in OVER]
        if any(each.attempts >= MOST and each.state != StepState.PENDING for each in waiting):
            self._rows.stop("error", "gave_up")
        elif waiting:
            later = min([each.next_at for each in waiting if each.next_at > self._now()], default=self._now())
            self._rows.note(next_at=later, code=max(each.code for each in waiting))
            if any(each.state == StepState.PENDING for each in waiting):
                self._rows.move("pending_external", "store_pending")
        else:
            self._finish(steps)

    def _finish(self, steps: Sequence[RunStepRow]) -> None:
        if _STEPS[self._asked.kind] == ("export",) and self._rows.row.archive is None:
            self._archive(steps)
        if code := self._open_end(steps):
            self._rows.stop("requires_manual", code)
            return
        if self._rows.row.holder is not None:
            self._means.kept.destroy(self._rows.row.holder)
        ended: dict[str, Any] = {"state": RunState.ENDED.value, "code": "", "person": None, "ended_at": self._now()}
        self._rows.move("complete", "", **ended)

    def _open_end(self, steps: Sequence[RunStepRow]) -> str:
        """Return why a person has to look at it, or nothing."""
        if any(each.left for each in steps):
            return "left"
        if self._asked.kind == "rectify":
            done = any(each.count or each.code == BY_HAND for each in steps)
            return "" if done else "nothing_changed"
        return "unsupported" if any(each.state == StepState.UNSUPPORTED for each in steps) else ""

    def _archive(self, steps: Sequence[RunStepRow]) -> None:
        """Make the archive, put on record where it lies, and delete what it was made of."""
        exports, person = self._means.exports, self._acting.person
        stores = [told_of(each, self._acting.registry) for each in steps]
        said = {"stores.json": stores, "accesses.json": self._means.accesses(person)}
        made = archive(self._asked.id, steps, said, exports, self._means.key())
        references = exports.keep(person, made)
        asked, subject = self._asked, self._rows.row.subject
        self._means.record(receipts.exported(asked.tenant, asked.id, subject, references))
        self._rows.note(archive=references, archive_until=self._now() + KEPT)
        exports.delete([part for each in steps for part in each.parts or ()])

    def _now(self) -> int:
        return int(self._means.clock())


def _may(step: RunStepRow, steps: Sequence[RunStepRow]) -> bool:
    """Tell whether everything is done that comes before a step: the log goes last, and is looked at after that."""
    before = [each for each in steps if each.number < step.number and each.step == "erase"]
    waits = step.step == "verify" or (step.step == "erase" and step.store == EVIDENCE)
    return not waits or all(StepState(each.state) in OVER for each in before)
