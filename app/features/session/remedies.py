"""What can be done about sessions that should not be."""

from datetime import datetime

from app import sessions
from app.pdp.enforce import Permit
from app.remediation import Case, Remediation


def remedies() -> tuple[Remediation, ...]:
    """Return them."""
    return (
        Remediation(
            name="sessions.lock", title="end the sessions that the deviating decisions opened, for good", run=_lock
        ),
    )


def _lock(permit: Permit, case: Case, now: datetime) -> dict[str, int]:
    return {"sessions": sessions.lock(permit, case.positions, now.timestamp())}
