"""The effects of overrides: each runs under its permit, in one transaction, on rows that it reads again.

Policy decided on what stood there a moment ago. What changed since is found here under lock, and the step is refused.
Who may do a step is decided before; what policy says is not said again.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import and_, or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from app.db import reading, writing
from app.features.policies.overrides.override_request import RUNNING, Kind, Override, State
from app.features.policies.overrides.rows_overrides import (
    OverrideApprovalRow,
    OverrideRow,
    find,
    listed,
    of_scope,
    scope_hash,
)
from app.pdp.enforce import Permit
from app.pdp.override_policy import OverridePolicy

_HOUR = 3_600


class OverrideError(Exception):
    """An override does not take this step; it is as it was. `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for: the scope, for how long and how often, and why."""

    tenant: str
    action: str
    gate: str
    subject: tuple[str, str]
    resource: tuple[str, str]
    role: str
    hours: int
    uses: int
    reason: str
    ticket: str

    def override(self, override_id: str, kind: Kind, by: str, now: int, minutes: int) -> Override:
        """Return the override that this would be, asked for by a person now."""
        return Override(
            id=override_id,
            tenant=self.tenant,
            kind=kind,
            action=self.action,
            gate=self.gate,
            subject=self.subject,
            resource=self.resource,
            by=by,
            role=self.role,
            reason=self.reason,
            ticket=self.ticket,
            at=now,
            hours=self.hours,
            minutes=minutes,
            uses=self.uses,
        )


def fresh_id() -> str:
    """Return the id of an override to come."""
    return f"ovr-{secrets.token_hex(8)}"


def same_scope(override: Override, now: int) -> tuple[list[Override], list[Override]]:
    """Return the overrides of the same scope that are running, and those that have ended, without this one."""
    with reading() as session:
        found = [each for each in listed(session, of_scope(override), most=64) if each.id != override.id]
    running = [each for each in found if each.state(now) in RUNNING]
    return running, [each for each in found if each not in running]


def request(permit: Permit, wanted: Wanted, policy: OverridePolicy, now: int) -> Override:
    """Keep a request for an override. Its id is the permit's resource.

    Raises:
        OverrideError: `running`, one of the same scope is, or `unknown`, the gate cannot be overridden any more.
    """
    return _begin(permit, wanted, Kind.REQUEST, policy, now)


def break_glass(permit: Permit, wanted: Wanted, policy: OverridePolicy, now: int) -> Override:
    """Keep that one person sets a gate aside now; its review is due from now on.

    Raises:
        OverrideError: see `request`.
    """
    return _begin(permit, wanted, Kind.BREAK_GLASS, policy, now)


def approve(permit: Permit, override_id: str, role: str, now: int) -> Override:
    """Keep that the permit's subject approves, or confirms broken glass.

    Raises:
        OverrideError: `unknown`; `changed`, it does not wait any more, or somebody else has agreed in the meantime.
    """
    person = permit.request.subject.id
    with writing(permit) as session:
        row, override = _found(session, override_id)
        if override.state(now) not in {State.ASKED, State.UNCONFIRMED} or not _as_decided(permit, override):
            raise _changed()
        session.add(
            OverrideApprovalRow(
                override_id=override_id,
                folded=person.lower(),
                person=person,
                role=role,
                at=now,
                decision_id=permit.decision_id,
            )
        )
        _flush(session, "changed")
        _, override = _found(session, override_id)
        row.ends, row.changed_by_decision = override.expires or row.ends, permit.decision_id
    return override


def revoke(permit: Permit, override_id: str, now: int) -> Override:
    """End an override before its time.

    Raises:
        OverrideError: `unknown`; `changed`, it has ended.
    """
    with writing(permit) as session:
        row, override = _found(session, override_id)
        if override.state(now) not in RUNNING:
            raise _changed()
        row.revoked, row.revoked_by, row.running = now, permit.request.subject.id, None
        row.changed_by_decision = permit.decision_id
    return replace(override, revoked=now)


def revoke_all(permit: Permit, named: Collection[str], decisions: Collection[str], now: int) -> int:
    """End overrides for good: those named, those that one of `decisions` began, and those that are past their time.

    No clock that goes back brings one to life. Return how many had not been ended.
    """
    past = and_(col(OverrideRow.ends) <= now, col(OverrideRow.running).is_not(None))
    meant = or_(col(OverrideRow.id).in_(named), col(OverrideRow.decision_id).in_(decisions), past)
    values = {"revoked": now, "revoked_by": permit.request.subject.id, "running": None}
    with writing(permit) as session:
        ended = update(OverrideRow).where(meant, col(OverrideRow.revoked).is_(None))
        done = session.connection().execute(ended.values(**values, changed_by_decision=permit.decision_id))
        return int(done.rowcount)


def review(permit: Permit, override_id: str, *, justified: bool, found: str, now: int) -> Override:
    """Keep what somebody found who looked at broken glass afterwards.

    Raises:
        OverrideError: `unknown`; `changed`, it was reviewed.
    """
    with writing(permit) as session:
        row, override = _found(session, override_id)
        if row.review_due is None or row.reviewed is not None:
            raise _changed()
        row.reviewed, row.reviewed_by, row.review = now, permit.request.subject.id, found
        row.justified, row.changed_by_decision = justified, permit.decision_id
    return replace(override, reviewed=now)


def get(override_id: str) -> Override:
    """Return an override.

    Raises:
        OverrideError: `unknown`.
    """
    with reading() as session:
        found = find(session, override_id)
    if found is None:
        raise OverrideError("unknown", "there is no such override")
    return found[1]


def newest(most: int = 200) -> list[Override]:
    """Return the newest overrides, the newest first."""
    with reading() as session:
        return listed(session, most=most)


def open_reviews(person: str | None = None) -> list[Override]:
    """Return the broken glass whose review is still due: all, or what one person broke, whatever the capitals."""
    with reading() as session:
        due = listed(session, col(OverrideRow.review_due).is_not(None), col(OverrideRow.reviewed).is_(None), most=1_000)
    return [each for each in due if person is None or each.by.lower() == person.lower()]


def _begin(permit: Permit, wanted: Wanted, kind: Kind, policy: OverridePolicy, now: int) -> Override:
    gate = policy.of(wanted.action, wanted.gate)
    if gate is None:
        raise OverrideError("unknown", "this gate cannot be overridden")
    glass = kind is Kind.BREAK_GLASS
    person = permit.request.subject.id
    override = wanted.override(permit.request.resource.id, kind, person, now, gate.confirm_minutes)
    due = now + policy.review_hours * _HOUR if glass else None
    with writing(permit) as session:
        _let_go(session, override, now)
        session.add(_row(permit, replace(override, review_due=due)))
        _flush(session, "running")
    return replace(override, review_due=due)


def _row(permit: Permit, override: Override) -> OverrideRow:
    return OverrideRow(
        id=override.id,
        tenant=override.tenant,
        kind=override.kind.value,
        action=override.action,
        gate=override.gate,
        subject_type=override.subject[0],
        subject_id=override.subject[1],
        resource_type=override.resource[0],
        resource_id=override.resource[1],
        by=override.by,
        role=override.role,
        reason=override.reason,
        ticket=override.ticket,
        at=override.at,
        hours=override.hours,
        minutes=override.minutes,
        uses=override.uses,
        running=scope_hash(override),
        ends=override.expires or override.closes,
        review_due=override.review_due,
        decision_id=permit.decision_id,
        changed_by_decision=permit.decision_id,
    )


def _let_go(session: Session, override: Override, now: int) -> None:
    """Let those of the same scope that have ended stand in the way of nobody."""
    for each in listed(session, of_scope(override), col(OverrideRow.running).is_not(None)):
        if each.state(now) not in RUNNING:
            session.execute(update(OverrideRow).where(col(OverrideRow.id) == each.id).values(running=None))


def _found(session: Session, override_id: str) -> tuple[OverrideRow, Override]:
    found = find(session, override_id, locked=True)
    if found is None:
        raise OverrideError("unknown", "there is no such override")
    return found


def _as_decided(permit: Permit, override: Override) -> bool:
    """Tell whether the same persons have agreed as when policy decided."""
    stated = permit.request.resource.properties
    return "approvals" not in stated or len(stated["approvals"]) == len(override.approvals)


def _flush(session: Session, code: str) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise OverrideError(code, "somebody else was there first") from None


def _changed() -> OverrideError:
    return OverrideError("changed", "it has changed since it was decided on")
