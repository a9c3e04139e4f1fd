"""The effects of this feature: a request is kept, and takes its steps. Each runs under its permit, on fresh rows.

Policy decided on what stood there a moment ago; what has changed since is found here, and the step is refused. What is
sealed is sealed before the transaction: keys lie in another database, and nobody waits for one while holding the other.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlmodel import Session, col, func, select

from app.db import reading, writing
from app.features.dsr import rows
from app.features.dsr.errors import ChangedError, UnknownRequestError
from app.features.dsr.person import said_of, seal
from app.features.dsr.request import ENDED, DsrKind, Request, State, Step, before_after, state_after
from app.features.dsr.rows import RequestRow, StepRow
from app.features.dsr.said import Said, Wanted
from app.features.dsr.vault import Vault
from app.pdp.enforce import Permit

PLATFORM: Final = "platform"
"""The method of verification where a platform service vouches for the person."""

_MACHINE: Final = "omega"
_CARRIED_OUT: Final = frozenset({State.APPROVED, State.IN_PROCESSING})
_BEGINS: Final = frozenset({Step.APPROVE, Step.RETRY, Step.MANUAL_DONE, Step.RESUME, Step.RELEASE})


Posting = Callable[[Session, Permit, int], None]
"""Has a letter be sent that tells of a step, by its number, in the transaction of that step."""


class Carrying(Protocol):
    """Has requests carried out: `app.features.dsr.running`."""

    def begin(self, session: Session, request_id: str, permit: Permit, *, now: int) -> None:
        """Have a request be carried out, in the transaction of `session`; again does no harm."""

    def close(self, session: Session, request_id: str, *, now: int) -> None:
        """Have nothing more be done about a request that has ended otherwise; one that was never begun stays so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step as it is to be taken.

    Attributes:
        step: which.
        code: the ground, the reason or the method.
        by: who takes it.
        at: when.
        said: makes what is said with the request what it is afterwards.
        original: the request that stands for a duplicate.
    """

    step: Step
    code: str
    by: str
    at: int
    said: Callable[[Said], Said] | None = None
    original: str | None = None


def fresh_id() -> str:
    """Return the id of a request to come."""
    return f"dsr-{secrets.token_hex(12)}"


def fresh_link() -> str:
    """Return the secret of a person's link."""
    return secrets.token_urlsafe(32)


def link_digest(secret: str) -> str:
    """Return what of such a secret is kept; it is random and long, so a plain hash hides it."""
    return hashlib.sha256(b"omega dsr link\n" + secret.encode("utf-8", "replace")).hexdigest()


def links(identifier: str, secret: str) -> bool:
    """Tell whether a link is that of a request, in constant time."""
    with reading() as session:
        row = session.get(RequestRow, identifier)
    return row is not None and hmac.compare_digest(row.link, link_digest(secret))


def request(identifier: str) -> Request:
    """Return a request.

    Raises:
        UnknownRequestError: there is none.
    """
    with reading() as session:
        found = rows.request(session, identifier)
    if found is None:
        raise UnknownRequestError("there is no such request")
    return found


def said(identifier: str, vault: Vault) -> Said:
    """Return what was said with a request; raises as `person.person_of`."""
    with reading() as session:
        row = session.get(RequestRow, identifier)
    return said_of(row, vault)


def recent(subject: str, since: int) -> int:
    """Return how many requests came for a pseudonym since then."""
    wanted = select(func.count()).where(col(RequestRow.subject) == subject, col(RequestRow.received_at) >= since)
    with reading() as session:
        return int(session.exec(wanted).one())


def prepare(  # noqa: PLR0913 - what a request begins with
    identifier: str, tenant: str, wanted: Wanted, vault: Vault, *, source: str, now: int
) -> RequestRow:
    """Return the row of a request to come, sealed and not kept yet.

    Raises:
        SayingError, VaultError: see `person.seal`.
    """
    row = RequestRow(
        id=identifier,
        kind=wanted.kind.value,
        law=wanted.law.value,
        tenant=tenant,
        person_kind=wanted.person_kind,
        language=wanted.language,
        source=source,
        state=State.IDENTITY_UNVERIFIED.value,
        received_at=now,
        due_at=now,
        link="",
        sealed_number=0,
        decision_id="",
    )
    seal(row, wanted.said, vault)
    return row


def submit(permit: Permit, row: RequestRow, *, vouched: bool, link: str, letter: Posting | None = None) -> Request:
    """Keep a request that was prepared, and have `letter` be sent.

    `vouched`: a platform service says who the person is.
    """
    row.link, row.decision_id = link_digest(link), permit.decision_id
    with writing(permit) as session:
        session.add(row)
        session.flush()
        _add(session, row, permit, Move(step=Step.SUBMIT, code="", by=row.source, at=row.received_at))
        row.due_at = _request(session, row).due_at
        if letter is not None:
            letter(session, permit, step_count(session, row.id))
        if vouched:
            apply(session, row, permit, Move(step=Step.VERIFY, code=PLATFORM, by=row.source, at=row.received_at))
        return _request(session, row)


def take(permit: Permit, identifier: str, move: Move, vault: Vault, carrying: Carrying) -> Request:
    """Have a request take a step, which the permit's facts allow.

    Raises:
        UnknownRequestError: there is none, or what it says is needed and gone.
        ChangedError: it has taken another step since it was decided on.
        StepError: it is no step from there.
        SayingError, VaultError: see `person.seal`.
    """
    fresh = _said_anew(identifier, move, vault)
    with writing(permit) as session:
        row = locked(session, identifier)
        if step_count(session, identifier) != permit.request.resource.properties["steps"]:
            raise ChangedError("it has changed since it was decided on")
        if fresh is not None:
            if fresh.sealed_number != row.sealed_number + 1:
                raise ChangedError("it has changed since it was decided on")
            row.sealed, row.subject, row.sealed_number = fresh.sealed, fresh.subject, fresh.sealed_number
        apply(session, row, permit, move)
        if move.step in _BEGINS and State(row.state) in _CARRIED_OUT:
            carrying.begin(session, identifier, permit, now=move.at)
        elif State(row.state) in ENDED:
            carrying.close(session, identifier, now=move.at)
        return _request(session, row)


def move_to(permit: Permit, identifier: str, move: Move) -> Request:
    """Have a request take a step of the run that carries it out, whatever it was decided on.

    Raises:
        UnknownRequestError, StepError: see `take`.
    """
    with writing(permit) as session:
        row = locked(session, identifier)
        apply(session, row, permit, move)
        return _request(session, row)


def locked(session: Session, identifier: str) -> RequestRow:
    """Return a row, which nobody else changes until the transaction ends.

    Raises:
        UnknownRequestError: there is none.
    """
    row = session.exec(select(RequestRow).where(col(RequestRow.id) == identifier).with_for_update()).one_or_none()
    if row is None:
        raise UnknownRequestError("there is no such request")
    return row


def _said_anew(identifier: str, move: Move, vault: Vault) -> RequestRow | None:
    """Return a row that holds what is said afterwards, and is kept nowhere; None where the step says nothing."""
    if move.said is None:
        return None
    with reading() as session:
        row = session.get(RequestRow, identifier)
        changed = move.said(said_of(row, vault))
        assert row is not None  # noqa: S101 - said_of has refused it
        copy = RequestRow(**row.model_dump())
    seal(copy, changed, vault)
    return copy


def apply(session: Session, row: RequestRow, permit: Permit, move: Move) -> None:
    """Have a row, which the transaction holds, take a step; raises as `take`."""
    state, step = State(row.state), move.step
    before = None if row.before is None else State(row.before)
    after = state_after(state, step, before)
    kept = before_after(state, step, before)
    row.before = None if kept is None else kept.value
    row.state = after.value
    match step:
        case Step.VERIFY:
            row.verified_at = move.at
        case Step.ASK_IDENTITY:
            row.identity_asked_at = row.identity_asked_at or move.at
        case Step.EXTEND:
            row.extended_at = move.at
        case Step.LINK:
            row.duplicate_of = move.original
        case Step.UNLINK:
            row.duplicate_of = None
        case _:
            pass
    if _nothing_more(row, step):
        row.sealed = None
    _add(session, row, permit, move)
    row.due_at = _request(session, row).due_at
    if step is Step.VERIFY:
        _link(session, row, permit, move.at)
    if step in {Step.COMPLETE, Step.CANCEL, Step.DENY}:
        _settle(session, row, permit, move)


def _nothing_more(row: RequestRow, step: Step) -> bool:
    """Tell whether what was said is not needed any more: by somebody unverified who gave up, or who was erased."""
    unverified = step is Step.CANCEL and row.verified_at is None
    return unverified or (step is Step.COMPLETE and row.kind == DsrKind.ERASE.value)


def _link(session: Session, row: RequestRow, permit: Permit, now: int) -> None:
    """Link a request that was verified to an open one of the same person for the same thing that was, too."""
    wanted = select(RequestRow).where(
        col(RequestRow.subject) == row.subject,
        col(RequestRow.kind) == row.kind,
        col(RequestRow.law) == row.law,
        col(RequestRow.id) != row.id,
        col(RequestRow.verified_at).is_not(None),
        col(RequestRow.state).not_in([*(state.value for state in ENDED), State.DUPLICATE.value]),
    )
    original = session.exec(wanted.order_by(col(RequestRow.received_at), RequestRow.id).limit(1)).first()
    if original is not None:
        apply(session, row, permit, Move(step=Step.LINK, code="", by=_MACHINE, at=now, original=original.id))


def _settle(session: Session, row: RequestRow, permit: Permit, ended: Move) -> None:
    """Have the duplicates of a request that has ended end with it, or, if it was not answered, stand for themselves."""
    linked = rows.duplicates(session, row.id)
    if ended.step is Step.COMPLETE:
        for each in linked:
            apply(session, each, permit, Move(step=Step.COMPLETE, code="", by=_MACHINE, at=ended.at))
        return
    for each in linked:
        apply(session, each, permit, Move(step=Step.UNLINK, code="", by=_MACHINE, at=ended.at))
        _link(session, each, permit, ended.at)


def _add(session: Session, row: RequestRow, permit: Permit, move: Move) -> None:
    step = StepRow(
        request=row.id,
        number=step_count(session, row.id) + 1,
        step=move.step.value,
        by=move.by,
        at=move.at,
        state=row.state,
        code=move.code,
        decision_id=permit.decision_id,
    )
    session.add(step)
    session.flush()


def step_count(session: Session, identifier: str) -> int:
    """Return how many steps a request has taken."""
    return int(session.exec(select(func.count()).where(col(StepRow.request) == identifier)).one())


def _request(session: Session, row: RequestRow) -> Request:
    session.flush()
    found = rows.request(session, row.id)
    assert found is not None  # noqa: S101 - the row is there
    return found


def facts(found: Request, *, held: bool, own: bool, possible: tuple[str, ...]) -> dict[str, Any]:
    """Return what policy decides on when an officer takes a step.

    Args:
        found: the request.
        held: a legal hold stands on the person.
        own: the officer is the person.
        possible: the steps there are from here.
    """
    return {
        "kind": found.kind.value,
        "law": found.law.value,
        "state": found.state.value,
        "steps": len(found.steps),
        "verified": found.verified_at is not None,
        "extended": found.extended_at is not None,
        "approvers": list(found.approvers),
        "held": held,
        "own": own,
        "possible": list(possible),
    }
