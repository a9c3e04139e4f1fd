"""A commit of the policy repository on its way into force: verified, admitted, permitted, published, in force.

    found = candidate(repository, commit, ...)     its history is verified; nothing has changed
    prepared = prepare(found, settings)            its policies are admitted, with tests and second opinion
    permit = <ask the PDP for `policies.activate` about resource(prepared)>
    put_in_force(permit, prepared, settings)       publish, write the row, name the bundle that workers watch

Between the second step and the last another commit may have been put in force; then the last one refuses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlmodel import select

from app import activation, keys
from app.db import reading, writing
from app.features.policies.changes.rows_changes import MergeRow
from app.features.policies.errors import ActivationError, RefusedCommitError
from app.features.policies.git.publication import publish
from app.features.policies.git.repository import Repository
from app.features.policies.git.rows_activations import FIRST, ActivationRow, in_force, newest, was_in_force
from app.features.policies.git.verified_history import Code, VerifiedCommit, verify
from app.objects import ObjectsError, open_objects
from app.pdp.bundle import Bundle, parse_files
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.settings import Settings

REFUSED: Final = "policy.commit_refused"
"""The record of a commit that is not to be trusted."""

_MOST_SIGNERS: Final = 64


class Approval(StrEnum):
    """What is known of a commit beside its signatures."""

    NONE = "none"
    MERGED = "merged"
    ACTIVATED = "activated"
    FIRST = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A commit whose history is verified.

    `verified` is how far the history is verified once it is in force; `new` has the commits that came in since the last
    one in force; `signers` who signed exactly its tree. `after` is the number of the row that it would follow.
    """

    commit: str
    tree: str
    bundle: Bundle
    verified: str
    new: tuple[VerifiedCommit, ...]
    signers: tuple[str, ...]
    approval: Approval
    on_branch: bool
    after: int | None


def open_repository(settings: Settings, clock: Callable[[], datetime]) -> Repository:
    """Return the repository that the settings name.

    Raises:
        ActivationError: they name none.
        RepositoryError: see `Repository`.
    """
    if settings.policy_repository is None:
        raise ActivationError("policies do not come from Git: set OMEGA_POLICY_REPOSITORY")
    return Repository(
        settings.policy_mirror,
        settings.policy_repository,
        settings.policy_branch,
        environment=settings.git_environment,
        clock=clock,
    )


def verified_head(repository: Repository, now: datetime) -> tuple[VerifiedCommit, ...]:
    """Return what came in on the protected branch since the commit in force, verified.

    Raises:
        RefusedCommitError: something of it is not to be trusted, or the branch was rewritten.
        RepositoryError: Git cannot say.
    """
    last = in_force()
    return verify(repository, last.verified if last else None, repository.head(repository.branch), now)


def candidate(repository: Repository, commit: str, now: datetime) -> Candidate:
    """Return a commit, verified since the last one in force, or as part of what was verified then.

    Args:
        repository: fetched.
        commit: its id.
        now: by the clock of this node.

    Raises:
        RefusedCommitError: it is not to be trusted.
        RepositoryError: there is no such commit.
        BundleError: it holds no policies.
    """
    last = in_force()
    tree = repository.tree_id(commit)
    known = last is not None and repository.is_ancestor(commit, last.verified)
    if last is not None and not known and not repository.is_ancestor(last.verified, commit):
        raise RefusedCommitError(commit, Code.REWRITTEN, "the commit does not go on from the last verified one")
    new = () if known else verify(repository, last.verified if last else None, commit, now)
    signers = sorted({each.principal for each in new if each.tree == tree})[:_MOST_SIGNERS]
    return Candidate(
        commit=commit,
        tree=tree,
        bundle=parse_files(repository.tree(commit), f"git:{commit}"),
        verified=last.verified if last is not None and known else commit,
        new=new,
        signers=tuple(signers),
        approval=_approval(commit, last),
        on_branch=repository.is_ancestor(commit, repository.head(repository.branch)),
        after=last.number if last else None,
    )


def prepare(found: Candidate, settings: Settings) -> Candidate:
    """Admit the policies of a commit, and keep them, in force for nobody yet; takes seconds.

    Raises:
        BundleError: they are not admitted, a test fails, or a second opinion differs.
        OSError: the disk does not take them.
    """
    activation.keep(found.bundle, settings.bundles, activation.second(settings))
    return found


def resource(prepared: Candidate) -> Entity:
    """Return what policy is told of a commit that was verified and admitted."""
    properties: dict[str, Any] = {
        "tree": prepared.tree,
        "verified": True,
        "on_branch": prepared.on_branch,
        "tested": True,
        "approval": str(prepared.approval),
        "signers": list(prepared.signers),
    }
    return Entity(type="commit", id=prepared.commit, properties=properties)


def put_in_force(permit: Permit, prepared: Candidate, settings: Settings, now: datetime) -> None:
    """Publish the policies of a commit and have every worker take them over.

    Raises:
        ActivationError: the permit is for another commit, or something else was put in force meanwhile.
        PublicationError: they cannot be published.
        OSError: the disk does not take them. In each case what was in force goes on.
    """
    if permit.request.resource.id != prepared.commit:
        raise ActivationError("the permit is for another commit")
    try:
        objects, key = open_objects(settings.bundle_store), keys.ensure_bundle_key(settings.keys)
    except (ObjectsError, keys.KeyFileError) as error:
        raise ActivationError(f"the bundle cannot be published: {error}") from error
    with writing(permit) as session:
        last = newest(session)
        if (last.number if last else None) != prepared.after:
            raise ActivationError("other policies were put in force meanwhile; look at them, and try again")
        session.add(
            ActivationRow(
                number=last.number + 1 if last else FIRST,
                commit=prepared.commit,
                tree=prepared.tree,
                bundle=prepared.bundle.digest,
                verified=prepared.verified,
                activated_at=int(now.timestamp()),
                decision_id=permit.decision_id,
            )
        )
        session.flush()
        publish(prepared.bundle, objects, key)
        activation.put_in_force(prepared.bundle.digest, settings.bundles)


def refusal(error: RefusedCommitError, settings: Settings) -> Mapping[str, Any]:
    """Return what the record `REFUSED` says of a commit; its author's name stays in Git."""
    return {"commit": error.commit, "code": str(error.code), "branch": settings.policy_branch}


def _approval(commit: str, last: ActivationRow | None) -> Approval:
    if last is None:
        return Approval.FIRST
    if was_in_force(commit):
        return Approval.ACTIVATED
    return Approval.MERGED if _merged(commit, last.verified) else Approval.NONE


def _merged(commit: str, since: str) -> bool:
    """Tell whether all that leads from `since` to `commit` came in by merges of the service, each of them approved.

    What somebody pushed past them is part of the tree, and nobody approved it.
    """
    with reading() as session:
        at = commit
        while at != since:
            base = session.exec(select(MergeRow.base).where(MergeRow.head == at)).first()
            if base is None:
                return False
            at = base
    return True
