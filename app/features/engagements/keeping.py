"""The effects on firms, auditors and engagements, each under its permit, on rows that are read again.

Policy decided on what stood there a moment ago; what has changed since is found here, and the step is not done.
"""

from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.audits import authenticators, sessions
from app.audits.database import portal_data
from app.audits.engagements import EngagementState, Role
from app.audits.errors import AuditsError
from app.audits.firms import AuditorState, FirmState, auditor_id
from app.audits.rows_firms import AuditorRow, EngagementRow, FirmRow, MemberRow
from app.features.engagements.described import EngagementDescribed, FirmDescribed
from app.pdp.enforce import Permit

_Row = TypeVar("_Row", FirmRow, EngagementRow)


def create_firm(permit: Permit, firm: str, said: FirmDescribed, now: int) -> None:
    """Keep a new firm.

    Raises:
        AuditsError: `changed`, there is one of this id by now.
    """
    with portal_data.writing(permit) as session:
        row = FirmRow(id=firm, state=FirmState.ACTIVE.value, **_firm_columns(said), **_changed(permit, now))
        session.add(row)
        _flush(session)


def change_firm(permit: Permit, firm: str, said: FirmDescribed, now: int) -> None:
    """Keep what is said of a firm now.

    Raises:
        AuditsError: see `_firm`.
    """
    with portal_data.writing(permit) as session:
        row = _firm(session, permit, firm)
        for name, value in (_firm_columns(said) | _changed(permit, now)).items():
            setattr(row, name, value)
        session.add(row)


def set_firm_state(permit: Permit, firm: str, state: FirmState, now: int) -> None:
    """Suspend a firm, whose auditors are out at once, or take it back in.

    Raises:
        AuditsError: see `_firm`.
    """
    with portal_data.writing(permit) as session:
        row = _firm(session, permit, firm)
        row.state, row.decision_id, row.changed_at = state.value, permit.decision_id, now
        session.add(row)
        if state is FirmState.SUSPENDED:
            sessions.close(session, firm=firm, now=now)


def name_auditor(permit: Permit, firm: str, name_id: str, name: str, now: int) -> None:
    """Let an auditor sign in, by the name that the firm's identity provider has for them; one who was revoked, again.

    Raises:
        AuditsError: see `_firm`.
    """
    with portal_data.writing(permit) as session:
        _firm(session, permit, firm)
        session.merge(
            AuditorRow(
                id=auditor_id(firm, name_id),
                firm=firm,
                name_id=name_id,
                name=name,
                state=AuditorState.ACTIVE.value,
                **_changed(permit, now),
            )
        )
        _flush(session)


def revoke_auditor(permit: Permit, firm: str, name_id: str, now: int) -> None:
    """Shut an auditor out, at once. Who is named again tells a new authenticator a secret.

    Raises:
        AuditsError: `unknown`; see `_firm`.
    """
    with portal_data.writing(permit) as session:
        _firm(session, permit, firm)
        row = session.get(AuditorRow, auditor_id(firm, name_id), with_for_update=True)
        if row is None:
            raise AuditsError("unknown", "there is no such auditor")
        row.state, row.decision_id, row.changed_at = AuditorState.REVOKED.value, permit.decision_id, now
        session.add(row)
        sessions.close(session, firm=firm, name_id=name_id, now=now)
        authenticators.forget(session, row.id)


def end_sessions(permit: Permit, firm: str, name_id: str, decision: str | None, now: int) -> None:
    """End the sessions of an auditor, who may sign in again, or the one that began by a decision.

    Raises:
        AuditsError: `unknown`, there is none; see `_firm`.
    """
    with portal_data.writing(permit) as session:
        _firm(session, permit, firm)
        if not sessions.close(session, firm=firm, name_id=name_id, decision=decision, now=now):
            raise AuditsError("unknown", "there is no such session")


def open_engagement(permit: Permit, engagement: str, firm: str, said: EngagementDescribed, now: int) -> None:
    """Keep a new engagement of a firm.

    Raises:
        AuditsError: `changed`, there is one of this id by now, or the firm is not as it was.
    """
    with portal_data.writing(permit) as session:
        _still(session.get(FirmRow, firm, with_for_update=True), permit.request.resource.properties["firm_state"])
        state = EngagementState.OPEN.value
        session.add(EngagementRow(id=engagement, firm=firm, state=state, **_columns(said), **_changed(permit, now)))
        _flush(session)


def change_engagement(permit: Permit, engagement: str, said: EngagementDescribed, now: int) -> None:
    """Keep what is said of an engagement now.

    Raises:
        AuditsError: see `_engagement`.
    """
    with portal_data.writing(permit) as session:
        row = _engagement(session, permit, engagement)
        for name, value in (_columns(said) | _changed(permit, now)).items():
            setattr(row, name, value)
        session.add(row)


def end_engagement(permit: Permit, engagement: str, now: int) -> None:
    """End an engagement, at once and for good.

    Raises:
        AuditsError: see `_engagement`.
    """
    with portal_data.writing(permit) as session:
        row = _engagement(session, permit, engagement)
        row.state, row.decision_id, row.changed_at = EngagementState.ENDED.value, permit.decision_id, now
        session.add(row)


def add_member(permit: Permit, engagement: str, name_id: str, role: Role) -> None:
    """Have an auditor of its firm take part in an engagement, in a role.

    Raises:
        AuditsError: `unknown`, the firm has no such auditor; see `_engagement`.
    """
    with portal_data.writing(permit) as session:
        auditor = auditor_id(_engagement(session, permit, engagement).firm, name_id)
        if session.get(AuditorRow, auditor) is None:
            raise AuditsError("unknown", "the firm has no such auditor")
        session.merge(
            MemberRow(engagement=engagement, auditor=auditor, role=role.value, decision_id=permit.decision_id)
        )
        _flush(session)


def remove_member(permit: Permit, engagement: str, name_id: str) -> None:
    """Have an auditor no longer take part.

    Raises:
        AuditsError: `unknown`; see `_engagement`.
    """
    with portal_data.writing(permit) as session:
        auditor = auditor_id(_engagement(session, permit, engagement).firm, name_id)
        row = session.get(MemberRow, (engagement, auditor))
        if row is None:
            raise AuditsError("unknown", "no such auditor takes part")
        session.delete(row)


def _firm(session: Session, permit: Permit, firm: str) -> FirmRow:
    """Return the row, which stays so until the transaction ends.

    Raises:
        AuditsError: `changed`, it is not as it was decided on.
    """
    return _still(session.get(FirmRow, firm, with_for_update=True), permit.request.resource.properties["state"])


def _engagement(session: Session, permit: Permit, engagement: str) -> EngagementRow:
    """See `_firm`."""
    row = session.get(EngagementRow, engagement, with_for_update=True)
    return _still(row, permit.request.resource.properties["state"])


def _still(row: _Row | None, state: str) -> _Row:
    if row is None or row.state != state:
        raise AuditsError("changed", "it has changed since it was decided on")
    return row


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise AuditsError("changed", "it has changed since it was decided on") from None


def _changed(permit: Permit, now: int) -> dict[str, Any]:
    return {"decision_id": permit.decision_id, "changed_at": now}


def _firm_columns(said: FirmDescribed) -> dict[str, Any]:
    return {
        "name": said.name,
        "idp": dict(said.idp),
        "mfa": said.mfa.stored(),
        "networks": list(said.networks),
        "max_sessions": said.max_sessions,
    }


def _columns(said: EngagementDescribed) -> dict[str, Any]:
    return {
        "title": said.title,
        "tenant": said.tenant,
        "frameworks": list(said.frameworks),
        "period_start": said.period_start,
        "period_end": said.period_end,
        "starts": said.starts,
        "ends": said.ends,
    }
