"""The tables of runs: how far each request is with each store. No id of a person stands in them. Times: Unix seconds.

Whoever was cut off goes on from what stands here.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Text
from sqlmodel import Field, Session, col, select

from app.db import ProductRow


class RunState(StrEnum):
    """Whether somebody looks at a run by himself."""

    OPEN = "open"  # the job does, at `next_at`
    STOPPED = "stopped"  # nobody, until it is begun again
    CLOSING = "closing"  # the job does, to forget whom it was about
    ENDED = "ended"  # nobody any more


class StepState(StrEnum):
    """How one store is with one step."""

    WAITING = "waiting"
    BEGUN = "begun"
    PENDING = "pending"  # the other system has not done it yet
    FAILED = "failed"
    ACTED = "acted"  # done, and not on record yet
    RECORDING = "recording"  # done, and perhaps on record: whoever was cut off here looks for it in the log
    UNSUPPORTED = "unsupported"
    DONE = "done"


DID = frozenset({StepState.ACTED, StepState.RECORDING})
"""States of a step that the store has done."""

OVER = frozenset({StepState.UNSUPPORTED, StepState.DONE})
"""States of a step that are left no more."""


class RunRow(ProductRow, table=True):
    """One request that is being carried out, or was.

    `person` is a block sealed under the key of `holder`, the pseudonym of the request itself: it outlives the keys of
    the person, and goes at the end. `moved` is the state of the request that was told last.
    """

    __tablename__ = "dsr_run"

    request: str = Field(primary_key=True, max_length=64)
    state: str = Field(max_length=16)
    moved: str = Field(default="", max_length=32)
    code: str = Field(default="", max_length=64)
    next_at: int = Field(sa_type=BigInteger, index=True)
    begun_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
    subject: str | None = Field(default=None, max_length=36)
    holder: str | None = Field(default=None, max_length=36)
    person: dict[str, str] | None = Field(default=None, sa_type=JSON)
    announced: str | None = Field(default=None, max_length=48)
    archive: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON)
    archive_until: int | None = Field(default=None, sa_type=BigInteger)


class RunStepRow(ProductRow, table=True):
    """One step of one store. `found` was counted before the first attempt, `parts` refers to what was exported."""

    __tablename__ = "dsr_run_step"

    request: str = Field(foreign_key="dsr_run.request", primary_key=True, max_length=64)
    store: str = Field(primary_key=True, max_length=32)
    step: str = Field(primary_key=True, max_length=16)
    number: int
    state: str = Field(max_length=16)
    found: int = Field(default=0, sa_type=BigInteger)
    count: int = Field(default=0, sa_type=BigInteger)
    code: str = Field(default="", max_length=64)
    reason: str = Field(default="", sa_type=Text)
    left: list[str] = Field(default_factory=list, sa_type=JSON)
    attempts: int = 0
    next_at: int = Field(default=0, sa_type=BigInteger)
    parts: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON)
    receipt: str | None = Field(default=None, max_length=48)
    statement: str | None = Field(default=None, sa_type=Text)


def steps(session: Session, request: str) -> Sequence[RunStepRow]:
    """Return the steps of a request, in their order."""
    return session.exec(select(RunStepRow).where(RunStepRow.request == request).order_by(col(RunStepRow.number))).all()


def due(session: Session, now: int, most: int) -> list[str]:
    """Return the requests that are to be looked at, the longest due first."""
    looked_at = col(RunRow.state).in_([RunState.OPEN.value, RunState.CLOSING.value])
    wanted = select(RunRow.request).where(looked_at, col(RunRow.next_at) <= now)
    return list(session.exec(wanted.order_by(col(RunRow.next_at), RunRow.request).limit(most)))


def expired(session: Session, now: int) -> list[RunRow]:
    """Return the runs whose archive has been there for long enough."""
    wanted = select(RunRow).where(col(RunRow.archive_until).is_not(None), col(RunRow.archive_until) <= now)
    return list(session.exec(wanted))
