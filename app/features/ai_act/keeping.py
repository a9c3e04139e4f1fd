"""The effects of this feature: a class is kept, an incident takes a step. Each runs under its permit, on fresh rows.

Policy decided on what stood there a moment ago; what has changed since is found here, and the step is refused.
"""

import secrets
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.db import reading, writing
from app.features.ai_act import rows
from app.features.ai_act.errors import AiActError
from app.features.ai_act.incident import Incident, Step, moment, seconds
from app.features.ai_act.policy_data import Clock
from app.features.ai_act.rows import ClassificationRow, IncidentRow, IncidentStepRow
from app.features.ai_act.system import Classification
from app.pdp.enforce import Permit


def fresh_id() -> str:
    """Return the id of an incident to come."""
    return f"inc-{secrets.token_hex(8)}"


def history(system: str) -> list[Classification]:
    """Return every class that a system was given, the newest first.

    Raises:
        AiActError: `unknown`, it was given none.
    """
    with reading() as session:
        found = rows.history(session, system)
    if not found:
        raise AiActError("unknown", "there is no such system")
    return found


def incident(identifier: str) -> Incident:
    """Return an incident.

    Raises:
        AiActError: `unknown`.
    """
    with reading() as session:
        return _found(session, identifier)


def facts(found: Incident, clocks: tuple[Clock, ...]) -> dict[str, Any]:
    """Return what policy decides on when `found` is to take a step."""
    assessor = {"assessor": found.assessor} if found.assessor else {}
    stated = {"state": found.state.value, "waiting": found.waiting(clocks)}
    return stated | {"known_at": moment(found.known_at)} | assessor


def classify(permit: Permit, now: int) -> Classification:
    """Keep the class that the decision of `permit` gives a system.

    Raises:
        AiActError: `changed`, it was given another at the same time.
    """
    asked = permit.request
    with writing(permit) as session:
        before = rows.history(session, asked.resource.id)
        session.add(
            ClassificationRow(
                system=asked.resource.id,
                number=before[0].number + 1 if before else 1,
                kind=asked.resource.type,
                description=dict(asked.context),
                obligations=[dict(each) for each in permit.decision.obligations],
                by=asked.subject.id,
                at=now,
                decision_id=permit.decision_id,
                bundle=permit.bundle,
                revision=permit.revision,
            )
        )
        _flush(session)
        return rows.history(session, asked.resource.id)[0]


def open_incident(permit: Permit, system: str | None, now: int) -> Incident:
    """Keep a new incident. Its id is the permit's resource."""
    identifier, said = permit.request.resource.id, permit.request.context
    with writing(permit) as session:
        known_at = seconds(said["known_at"])
        session.add(IncidentRow(id=identifier, system=system, known_at=known_at, decision_id=permit.decision_id))
        session.flush()
        session.add(_step(permit, Step.OPEN, 1, now))
        session.flush()
        return _found(session, identifier)


def take_step(permit: Permit, clocks: tuple[Clock, ...], now: int) -> Incident:
    """Keep the next step of an incident, which the permit's context describes.

    Raises:
        AiActError: `unknown`; `changed`, it has taken another step since.
    """
    identifier = permit.request.resource.id
    with writing(permit) as session:
        found = _found(session, identifier)
        if facts(found, clocks) != permit.request.resource.properties:
            raise _changed()
        session.add(_step(permit, Step(permit.request.context["step"]), len(found.steps) + 1, now))
        _flush(session)
        return _found(session, identifier)


def _step(permit: Permit, step: Step, number: int, now: int) -> IncidentStepRow:
    said = permit.request.context
    notified = said["notified_at"] if step is Step.NOTIFY else None
    return IncidentStepRow(
        incident=permit.request.resource.id,
        number=number,
        step=step.value,
        by=permit.request.subject.id,
        at=now,
        text=said["text"],
        facts=dict(said["facts"]) if step in {Step.OPEN, Step.ASSESS} else None,
        recipient=said["recipient"] if step is Step.NOTIFY else None,
        authority=said["authority"] if step is Step.NOTIFY else None,
        notified_at=None if notified is None else seconds(notified),
        decision_id=permit.decision_id,
    )


def _found(session: Session, identifier: str) -> Incident:
    found = rows.incident(session, identifier)
    if found is None:
        raise AiActError("unknown", "there is no such incident")
    return found


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise _changed() from None


def _changed() -> AiActError:
    return AiActError("changed", "it has changed since it was decided on")
