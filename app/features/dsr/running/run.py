"""The runs of requests, as the rest of the feature meets them: begun with the approval, and looked at afterwards.

Owns what a run asks of requests (`Requests`). What a run does stands in `fulfilling.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from sqlmodel import Session

from app.db import reading
from app.features.dsr.running import rows
from app.features.dsr.running.rows import RunRow, RunState, StepState
from app.jobs import requests
from app.pdp.enforce import Permit
from app.privacy.stores.store import Person

JOB: Final = "dsr.fulfil"
"""The job that carries requests out, and the action that it asks for, for each of them."""

BY_HAND: Final = "by_hand"
"""Code of a step that a store does not do, and that an officer has done there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a run has to know of a request without opening what is sealed.

    Attributes:
        id: of the request, `[a-z0-9-]{1,64}`.
        tenant: whose person it is.
        kind: a `DsrKind`.
        facts: the properties of the resource for `dsr.fulfil`; see `policies/rego/dsr/fulfil.schema.json`.
        ground: of an erasure, one of `app.privacy.erasure.Ground`.
    """

    id: str
    tenant: str
    kind: str
    facts: Mapping[str, Any]
    ground: str = "request"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Wanted:
    """Whom a request is about, and what is wanted: what is sealed of it.

    Attributes:
        person: as stores know them.
        purposes: to restrict or to object to; `*` stands for all.
        changes: to rectify, the values by name.
    """

    person: Person
    purposes: tuple[str, ...] = ("*",)
    changes: Mapping[str, Any] = field(default_factory=dict)


class Requests(Protocol):
    """The requests, as a run asks for them. The feature's tables are behind it."""

    def asked(self, request_id: str) -> Asked:
        """Return what is to be done. Opens nothing: it is asked again when the person's keys are gone."""

    def wanted(self, request_id: str) -> Wanted:
        """Return whom it is about; asked once, at the beginning.

        Raises:
            PrivacyError: what was sealed cannot be opened; `KeyDestroyedError`: nor will it ever be.
        """

    def move(self, session: Session, permit: Permit, request_id: str, state: str, code: str) -> None:
        """Have the request be in `state` (of `State`) because of `code`, in this transaction. Again does no harm.

        A run moves it to in_processing, pending_external, requires_manual, legal_hold, error or complete.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one store is with one step of a request.

    Attributes:
        store: name of the store.
        step: `export`, `rectify`, `erase`, `verify`, or `restrict`.
        state: a `StepState`.
        count: how many things it was about.
        code: why it is not done; empty where it is.
        reason: of what is unsupported, in plain words.
        left: where something of the person is left, after a step `verify`.
        attempts: how often it was begun.
        next_at: Unix seconds at which it is tried again.
        receipt: decision id of the record that says so; None before.
        statement: what the log's key says of that, a signed note; None before.
    """

    store: str
    step: str
    state: str
    count: int
    code: str
    reason: str
    left: tuple[str, ...]
    attempts: int
    next_at: int
    receipt: str | None
    statement: str | None


def begin(session: Session, request_id: str, permit: Permit, *, now: int) -> None:
    """Have a request be carried out, in the transaction that approves it, or that has it go on after it had stopped.

    What failed is tried again, what stores do not do themselves counts as done by hand, and all is looked at again.
    """
    row = session.get(RunRow, request_id)
    if row is None:
        opened = RunState.OPEN.value
        session.add(RunRow(request=request_id, state=opened, next_at=now, begun_at=now, decision_id=permit.decision_id))
    elif row.state != RunState.ENDED:
        row.state, row.code, row.next_at, row.moved = RunState.OPEN.value, "", now, ""
        for step in rows.steps(session, request_id):
            step.attempts, step.next_at = 0, 0
            if step.state == StepState.UNSUPPORTED:
                step.state, step.code = StepState.DONE.value, BY_HAND
            elif step.left:
                step.state, step.left, step.receipt, step.statement = StepState.WAITING.value, [], None, None
    session.flush()


def close(session: Session, request_id: str, *, now: int) -> None:
    """Have nothing more be done about a request that has ended otherwise, in the transaction that ends it.

    Whom it was about is forgotten by the job, soon.
    """
    row = session.get(RunRow, request_id)
    if row is not None and row.state != RunState.ENDED:
        row.state, row.next_at = RunState.CLOSING.value, now
    session.flush()


def wake(data: Path) -> None:
    """Have the job run at once, after that transaction; without this, it runs within a minute.

    Raises:
        OSError: it cannot be asked for.
    """
    requests.want(data, JOB)


def progress(request_id: str) -> tuple[Progress, ...]:
    """Return how far each store is with each step, in their order; nothing before it was begun."""
    with reading() as session:
        return tuple(
            Progress(
                store=row.store,
                step=row.step,
                state=row.state,
                count=row.count,
                code=row.code,
                reason=row.reason,
                left=tuple(row.left),
                attempts=row.attempts,
                next_at=row.next_at,
                receipt=row.receipt,
                statement=row.statement,
            )
            for row in rows.steps(session, request_id)
        )
