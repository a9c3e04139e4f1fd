"""What is done to change requests, once policy permits it. Each effect reads again, under lock, what was decided on.

Owns the steps of change requests and the order of what happens: the row of a merge, which no two can have, comes before
the push, and both or neither come to stay. Knows no HTTP; what a change request may become, `change_request` says.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlmodel import Session, col, select

from app.features.policies.changes.altering import altering
from app.features.policies.changes.change_request import Approval, ChangeRequest, State, Status
from app.features.policies.changes.checks_kept import Opened
from app.features.policies.changes.finding import Found, find
from app.features.policies.changes.owners import folded
from app.features.policies.changes.proposing import Source, owners_at, propose
from app.features.policies.changes.rows_changes import (
    ApprovalRow,
    ChangeRequestRow,
    CheckRow,
    CommentRow,
    MergeRow,
    StepRow,
)
from app.features.policies.errors import ChangeError, MovedError, NotFastForwardError
from app.pdp.enforce import Permit

MAX_TITLE: Final = 200
MAX_TEXT: Final = 10_000
"""Characters of a description or a comment."""

_OFFICER: Final = "officer"


class Step(StrEnum):
    """What happened to a request."""

    OPENED = "opened"
    MOVED = "moved"
    CHECKED = "checked again"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    SUPERSEDED = "superseded"


def open_change(  # noqa: PLR0913 - what a request is made of
    permit: Permit,
    repository: Source,
    branch: str,
    *,
    title: str,
    description: str,
    checks: Sequence[str],
    now: datetime,
) -> Opened:
    """Open a request for a branch, or move the one that the branch has on to where the branch stands now.

    Where nothing moved, the checks are run again and the approvals stay.

    Args:
        permit: for `policies.open_change`.
        repository: fetched just now.
        branch: which one.
        title: one line.
        description: why.
        checks: the names of those that are to be run.
        now: the time.

    Raises:
        ChangeError: see `propose`; or somebody else opened it at this moment (`taken`).
        RepositoryError: Git cannot say.
    """
    subject, head = permit.request.subject, repository.head(branch)
    with altering(permit) as session:
        row = session.exec(
            select(ChangeRequestRow)
            .where(ChangeRequestRow.branch == branch, col(ChangeRequestRow.ended).is_(None))
            .with_for_update()
        ).one_or_none()
        openers = {subject.id} if subject.type == _OFFICER else set[str]()
        if row is not None:
            openers |= set(row.proposal["openers"])  # whoever opened it or moved it on stands behind it
        proposed = propose(repository, head, openers, now)
        document = proposed.document() | {"openers": sorted(openers)}
        kind = Step.OPENED
        if row is None:
            row = ChangeRequestRow(
                branch=branch,
                title=title,
                description=description,
                opened_by=subject.id,
                opened_at=int(now.timestamp()),
                revision=1,
                proposal=document,
                decision_id=permit.decision_id,
            )
        elif row.proposal["head"] == head and row.proposal["base"] == document["base"]:
            kind = Step.CHECKED
        else:
            row.revision, row.proposal, kind = row.revision + 1, document, Step.MOVED
        session.add(row)
        session.flush()
        number = row.number or 0
        for name in checks:
            session.merge(
                CheckRow(
                    number=number,
                    revision=row.revision,
                    name=name,
                    tree=proposed.proposal.tree,
                    status=Status.WAITING.value,
                    said={},
                    at=int(now.timestamp()),
                    decision_id=permit.decision_id,
                )
            )
        _step(session, permit, row, kind, now)
        return Opened(
            number=number,
            revision=row.revision,
            base=proposed.proposal.base,
            head=head,
            tree=proposed.proposal.tree,
        )


def comment(permit: Permit, number: int, text: str, now: datetime) -> None:
    """Keep what somebody says.

    Raises:
        ChangeError: there is no such request, or it has ended.
    """
    with altering(permit) as session:
        found = find(session, number, (), lock=True)
        if found.request.ended is not None:
            raise ChangeError("ended", f"it is {found.request.ended}")
        session.add(
            CommentRow(
                number=number,
                revision=found.row.revision,
                person=permit.request.subject.id,
                text=text,
                at=int(now.timestamp()),
                decision_id=permit.decision_id,
            )
        )


def approve(  # noqa: PLR0913 - what an approval is
    permit: Permit, repository: Source, number: int, *, tree: str, role: str, required: Sequence[str], now: datetime
) -> None:
    """Keep that somebody agrees to exactly this tree.

    Raises:
        ChangeError: the request does not take it; see `ChangeRequest.approved`, and `branch_moved`.
        RepositoryError: Git cannot say.
    """
    person = permit.request.subject.id
    with altering(permit) as session:
        found = find(session, number, required, lock=True)
        proposal = found.request.proposal
        _verify_unmoved(repository, found)
        names = owners_at(repository, proposal.base).person(person) or ()
        approval = Approval(person=person, role=role, tree=tree, revision=found.row.revision, at=now)
        found.request.approved(approval, names)
        session.add(
            ApprovalRow(
                number=number,
                revision=found.row.revision,
                folded=folded(names[0]),
                person=person,
                role=role,
                tree=tree,
                at=int(now.timestamp()),
                decision_id=permit.decision_id,
            )
        )
        _step(session, permit, found.row, Step.APPROVED, now)


def withdraw(permit: Permit, number: int, now: datetime) -> None:
    """End a request.

    Raises:
        ChangeError: there is none, or it has ended.
    """
    with altering(permit) as session:
        found = find(session, number, (), lock=True)
        _end(session, permit, found.row, found.request.withdrawn(), now)


def merge(  # noqa: PLR0913 - what a merge is
    permit: Permit, repository: Source, number: int, *, tree: str, required: Sequence[str], now: datetime
) -> str:
    """Have the protected branch go on to the commit that was approved, and to no other; return that commit.

    Raises:
        ChangeError: the request does not take it, or the protected branch has gone on; then nothing has changed.
        RepositoryError: Git did not do it. Whether the push came through shows at the next attempt.
    """
    with altering(permit) as session:
        found = find(session, number, required, lock=True)
        proposal = found.request.proposal
        tip = repository.head(repository.branch)
        merged = found.request.merged(tree, tip)
        _verify_unmoved(repository, found)
        session.add(
            MergeRow(
                number=number,
                base=proposal.base,
                head=proposal.head,
                person=permit.request.subject.id,
                at=int(now.timestamp()),
                decision_id=permit.decision_id,
            )
        )
        _end(session, permit, found.row, merged, now)
        session.flush()  # what no two may have, before the push
        if tip != proposal.head:
            try:
                repository.push_fast_forward(proposal.head, proposal.base)
            except (MovedError, NotFastForwardError):
                raise ChangeError("overtaken", "the protected branch has gone on; rebase and sign anew") from None
        _supersede(session, permit, repository, proposal.head, now)
    return proposal.head


def _supersede(session: Session, permit: Permit, repository: Source, head: str, now: datetime) -> None:
    """End the requests whose commits came in with another."""
    for row in session.exec(select(ChangeRequestRow).where(col(ChangeRequestRow.ended).is_(None))).all():
        if repository.is_ancestor(row.proposal["head"], head):
            request = find(session, row.number or 0, ()).request
            _end(session, permit, row, request.superseded(), now)


def _verify_unmoved(repository: Source, found: Found) -> None:
    if repository.branches().get(found.row.branch) != found.request.proposal.head:
        raise ChangeError("branch_moved", "somebody pushed to the branch; open it again, to have that checked")


def _end(session: Session, permit: Permit, row: ChangeRequestRow, ended: ChangeRequest, now: datetime) -> None:
    row.ended, row.ended_at = ended.state.value, int(now.timestamp())
    session.add(row)
    _step(session, permit, row, _ENDS[ended.state], now)


_ENDS: Final = {
    State.MERGED: Step.MERGED,
    State.WITHDRAWN: Step.WITHDRAWN,
    State.SUPERSEDED: Step.SUPERSEDED,
}


def _step(session: Session, permit: Permit, row: ChangeRequestRow, kind: Step, now: datetime) -> None:
    session.add(
        StepRow(
            number=row.number or 0,
            revision=row.revision,
            kind=kind.value,
            person=permit.request.subject.id,
            at=int(now.timestamp()),
            decision_id=permit.decision_id,
        )
    )
