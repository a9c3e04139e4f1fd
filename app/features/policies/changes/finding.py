"""A change request as its rows have it, and what policy is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from app.db import reading
from app.features.policies.changes.change_request import Approval, ChangeRequest, Check, State, Status
from app.features.policies.changes.proposing import Source, owners_at, parse_proposal
from app.features.policies.changes.rows_changes import ApprovalRow, ChangeRequestRow, CheckRow
from app.features.policies.errors import ChangeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A change request as its rows have it."""

    row: ChangeRequestRow
    request: ChangeRequest
    checks: Sequence[CheckRow]
    approvals: Sequence[ApprovalRow]


def find(session: Session, number: int, required: Sequence[str], *, lock: bool = False) -> Found:
    """Return a change request, locked until the transaction ends if it is to be changed.

    Raises:
        ChangeError: there is none (`unknown`).
    """
    asked = select(ChangeRequestRow).where(ChangeRequestRow.number == number)
    row = session.exec(asked.with_for_update() if lock else asked).one_or_none()
    if row is None:
        raise ChangeError("unknown", "there is no such change request")
    mine = (CheckRow.number == number, CheckRow.revision == row.revision)
    checks = session.exec(select(CheckRow).where(*mine).order_by(col(CheckRow.name))).all()
    given = (ApprovalRow.number == number, ApprovalRow.revision == row.revision)
    approvals = session.exec(
        select(ApprovalRow).where(*given).order_by(col(ApprovalRow.at), col(ApprovalRow.person))
    ).all()
    request = ChangeRequest(
        proposal=parse_proposal(row.proposal),
        required=tuple(required),
        revision=row.revision,
        checks=tuple(
            Check(name=each.name, tree=each.tree, status=Status(each.status), revision=each.revision) for each in checks
        ),
        approvals=tuple(
            Approval(
                person=each.person,
                role=each.role,
                tree=each.tree,
                revision=each.revision,
                at=datetime.fromtimestamp(each.at, UTC),
            )
            for each in approvals
        ),
        ended=State(row.ended) if row.ended else None,
    )
    return Found(row=row, request=request, checks=checks, approvals=approvals)


def facts(repository: Source, number: int, required: Sequence[str], subject: str) -> dict[str, Any]:
    """Return what policy is told of a request: from our rows, and from Git as it was fetched just now.

    Args:
        repository: says where the branches stand.
        number: of the request.
        required: which checks have to have passed.
        subject: who wants to do something to it.

    Raises:
        ChangeError: there is none.
        RepositoryError: Git cannot say.
    """
    with reading() as session:
        found = find(session, number, required)
    request, proposal = found.request, found.request.proposal
    heads = repository.branches()
    return {
        "status": request.state.value,
        "opened_by": found.row.opened_by,
        "base": proposal.base,
        "head": proposal.head,
        "tree": proposal.tree,
        "branch_head": heads.get(found.row.branch, "0" * len(proposal.head)),
        "tip": heads[repository.branch],
        "signed": proposal.signed,
        "authors": list(proposal.authors),
        "strangers": proposal.strangers,
        "unowned": len(proposal.requirements.unowned),
        "listed": owners_at(repository, proposal.base).person(subject) is not None,
        "demands": [
            {"roles": list(each.roles), "quorum": each.quorum, "distinct_roles": each.distinct_roles}
            for each in proposal.requirements.demands
        ],
        "checks": [{"name": each.name, "status": each.status.value, "tree": each.tree} for each in request.checks],
        "approvals": [{"person": each.person, "role": each.role, "tree": each.tree} for each in request.approvals],
    }
