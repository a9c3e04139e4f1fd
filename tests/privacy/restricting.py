"""Marks by which persons restrict or object, as a request that was carried out leaves them."""

from app.db import writing
from app.pdp.enforce import Permit
from app.pdp.model import Decision, Entity, EvaluationRequest
from app.privacy import restrictions

_ASKED = EvaluationRequest(
    subject=Entity(type="job", id="dsr.fulfil", properties={}),
    action="dsr.fulfil",
    resource=Entity(type="dsr_request", id="dsr-1", properties={}),
    context={},
)
PERMIT = Permit(request=_ASKED, decision_id="c-0-1", decision=Decision(allow=True), bundle="b", revision="r")


def mark(subject, kind="restrict", *, purposes=("*",), request="dsr-1"):
    """Set marks on a pseudonym."""
    with writing(PERMIT) as session:
        restrictions.restrict(
            session, PERMIT, subject=subject, request=request, kind=kind, purposes=purposes, now=1_795_356_000
        )


def release(request="dsr-1"):
    """Release the marks of a request."""
    with writing(PERMIT) as session:
        restrictions.release(session, PERMIT, request, 1_795_356_001)
