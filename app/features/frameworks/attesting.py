"""What persons state, kept under its permit, each in one transaction. Who may state what is decided before."""

from datetime import datetime
from typing import Final

from sqlalchemy.exc import IntegrityError

from app.db import writing
from app.features.frameworks.errors import changed
from app.features.frameworks.rows import AttestationRow
from app.features.frameworks.standing import Said, attestations_in, milliseconds
from app.pdp.enforce import Permit
from frameworks.control_test import ControlTest

AUDITOR: Final = "auditor"
"""The role in which inspections are made."""


def attest(permit: Permit, test: ControlTest, now: datetime) -> None:
    """Keep that the permit's subject states what `test` wants stated."""
    _keep(permit, test.id, Said.ATTESTED, now, role=test.role or "", statement=test.statement or "")


def countersign(permit: Permit, test: ControlTest, of: str, now: datetime) -> None:
    """Keep that the permit's subject stands by the attestation `of`, the decision that permitted it.

    Raises:
        StepError: `changed`, it does not wait any more.
    """
    _keep(permit, test.id, Said.COUNTERSIGNED, now, role=test.second_role or "", statement="", of=of)


def inspect(permit: Permit, test: ControlTest, now: datetime, *, conclusion: str, reason: str) -> None:
    """Keep what an inspection by the permit's subject came to: `effective` or `exceptions`."""
    _keep(permit, test.id, Said.INSPECTED, now, role=AUDITOR, statement=reason, conclusion=conclusion)


def _keep(  # noqa: PLR0913 - what a statement is made of
    permit: Permit,
    test: str,
    kind: Said,
    now: datetime,
    *,
    role: str,
    statement: str,
    conclusion: str = "",
    of: str | None = None,
) -> None:
    row = AttestationRow(
        decision_id=permit.decision_id,
        test=test,
        kind=kind.value,
        of=of,
        person=permit.request.subject.id,
        role=role,
        statement=statement,
        conclusion=conclusion,
        at=milliseconds(now),
    )
    try:
        with writing(permit) as session:
            newest = [each for each in attestations_in(session, test) if each.kind is Said.ATTESTED][:1]
            if of is not None and [(each.decision_id, each.person) for each in newest] != [(of, _by(permit))]:
                raise changed()
            session.add(row)
    except IntegrityError:  # it has been countersigned meanwhile
        raise changed() from None


def _by(permit: Permit) -> str:
    """Return who had attested when policy decided that another person may countersign."""
    return str(permit.request.resource.properties["by"])
