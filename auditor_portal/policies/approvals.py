"""How a commit came into force: the change requests that brought it in, with who agreed in which role, and who signed.

Read from the product's tables and from Git; every step names its decision, which the log holds. Knows no pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.features.policies.changes.change_shown import document
from app.features.policies.changes.rows_changes import MergeRow
from app.features.policies.errors import MalformedCommitError, RepositoryError
from app.features.policies.git.repository import Repository
from auditor_portal.policies.in_force import Activation
from auditor_portal.policies.signers import Verdict
from evidence import form

_MOST: Final = 200  # commits of one activation that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A commit that came into force with an activation: who signed it, as far as that is verified here."""

    commit: str
    title: str
    author: str
    tree: str
    signer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """How a commit came about.

    Attributes:
        commits: what came in with it since the activation before, the newest first; empty where Git cannot say.
        changes: the change requests that were merged with it, as `change_shown.document` has them.
        merges: for each of these who merged it, when, and by which decision.
        signed: who signed exactly its tree.
    """

    commits: tuple[Brought, ...]
    changes: tuple[dict[str, Any], ...]
    merges: tuple[dict[str, Any], ...]
    signed: tuple[str, ...]


def approved(
    product: Engine, repository: Repository | None, verdict: Verdict, commit: str, known: Sequence[Activation]
) -> Approved:
    """Return how a commit came about; `known` are all activations, the oldest first."""
    commits = () if repository is None else _brought(repository, verdict, commit, _before(commit, known))
    heads = [each.commit for each in commits] or [commit]
    with Session(product) as session:
        merged = session.exec(select(MergeRow).where(col(MergeRow.head).in_(heads)).order_by(col(MergeRow.at))).all()
        changes = tuple(document(session, row.number, ()) for row in merged)
        merges = tuple(
            {"number": row.number, "person": row.person, "at": _time(row.at), "decision_id": row.decision_id}
            for row in merged
        )
    tree = next((each.tree for each in commits if each.commit == commit), None)
    signed = sorted({each.signer for each in commits if each.signer and each.tree == tree})
    return Approved(commits=commits, changes=changes, merges=merges, signed=tuple(signed))


def _time(seconds: int) -> str:
    return form.time_text(datetime.fromtimestamp(seconds, UTC))


def _before(commit: str, known: Sequence[Activation]) -> str | None:
    """Return what was in force when a commit was put in force first; None where nothing of Git was."""
    commits = [each.commit for each in known]
    place = commits.index(commit) if commit in commits else len(commits)
    return commits[place - 1] if place else None


def _brought(repository: Repository, verdict: Verdict, commit: str, before: str | None) -> tuple[Brought, ...]:
    try:
        if before is None or not repository.is_ancestor(before, commit):
            found = [repository.commit(commit)]
        else:
            found = [*repository.commits(before, commit)] or [repository.commit(commit)]
    except (RepositoryError, MalformedCommitError):
        return ()
    return tuple(
        Brought(
            commit=each.id,
            title=each.message.partition("\n")[0],
            author=each.author,
            tree=each.tree,
            signer=verdict.signer(each.id),
        )
        for each in reversed(found[-_MOST:])
    )
