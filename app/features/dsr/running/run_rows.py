"""The rows of one run while it is carried out: read again after every change, each change durable before the next.

Knows how far a run is, and nothing of what its steps do.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from app.db import reading, writing
from app.features.dsr.running import rows
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.rows import RunRow, RunState, RunStepRow
from app.features.dsr.running.run import Requests
from app.pdp.enforce import Permit


class RunRows:
    """The rows of the run of one request; `row` is how it stood when it was last read."""

    def __init__(self, request: str, requests: Requests, permit: Permit) -> None:
        """Read them.

        Raises:
            RunError: `unknown`, nobody has begun to carry out this request.
        """
        self.request, self._requests, self._permit = request, requests, permit
        self.row = self._read()

    def steps(self) -> Sequence[RunStepRow]:
        """Return the steps, in their order."""
        with reading() as session:
            return rows.steps(session, self.request)

    def step(self, number: int) -> RunStepRow:
        """Return one step as it stands now."""
        return next(each for each in self.steps() if each.number == number)

    def note(self, *, steps: Sequence[RunStepRow] = (), **values: Any) -> None:
        """Have the run say this, and have these steps."""
        with writing(self._permit) as session:
            change(session, self.request, **values)
            session.add_all(steps)
        self.row = self._read()

    def note_step(self, step: RunStepRow, **values: Any) -> None:
        """Have a step say this."""
        with writing(self._permit) as session:
            change_step(session, step, **values)

    def move(self, request_state: str, reason: str, **values: Any) -> None:
        """Have the request be in a state, and the run say this, in one transaction."""
        with writing(self._permit) as session:
            change(session, self.request, moved=request_state, **values)
            self._requests.move(session, self._permit, self.request, request_state, reason)
        self.row = self._read()

    def stop(self, request_state: str, code: str) -> None:
        """Have nobody look at it until it is begun again."""
        self.move(request_state, code, state=RunState.STOPPED.value, code=code)

    def _read(self) -> RunRow:
        with reading() as session:
            row = session.get(RunRow, self.request)
        if row is None:
            raise RunError("unknown", "nobody has begun to carry out this request")
        return row


def change(session: Session, request: str, **values: Any) -> None:
    """Have the row of a run say this."""
    row = session.get(RunRow, request, with_for_update=True)
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()


def change_step(session: Session, step: RunStepRow, **values: Any) -> None:
    """Have the row of a step say this."""
    row = session.get(RunStepRow, (step.request, step.store, step.step), with_for_update=True)
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
