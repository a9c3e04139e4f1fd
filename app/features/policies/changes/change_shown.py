"""A change request as people and programs read it: one document of JSON values, made of rows and of Git. No pages."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from app.features.policies.changes.change_request import ChangeRequest
from app.features.policies.changes.finding import Found, find
from app.features.policies.changes.rows_changes import ChangeRequestRow, CommentRow, StepRow
from app.features.policies.changes.rule_diff import Change, Line, summary
from app.features.policies.git.repository import FileChange

MOST_LINES: Final = 4_000
"""Lines of a difference that are shown of one file."""

_CONTEXT: Final = 3
_MOST: Final = 200  # requests of a list


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """A line of a difference: `sign` is `+`, `-`, a space or `@`; numbers count from 1, None where it is not there."""

    sign: str
    before: int | None
    after: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiff:
    """How one file differs. No lines where it is no text."""

    path: str
    what: str
    lines: tuple[DiffLine, ...]
    cut: bool


def listed(session: Session) -> list[dict[str, Any]]:
    """Return the newest requests, those that go on first."""
    order = (col(ChangeRequestRow.ended).is_not(None), col(ChangeRequestRow.number).desc())
    rows = session.exec(select(ChangeRequestRow).order_by(*order).limit(_MOST)).all()
    return [_brief(row) | {"ended": row.ended} for row in rows]


def document(session: Session, number: int, required: Sequence[str]) -> dict[str, Any]:
    """Return a request with everything that was said and done about it.

    Raises:
        ChangeError: there is none.
    """
    found = find(session, number, required)
    row, request = found.row, found.request
    comments = session.exec(select(CommentRow).where(CommentRow.number == number).order_by(col(CommentRow.id))).all()
    steps = session.exec(select(StepRow).where(StepRow.number == number).order_by(col(StepRow.id))).all()
    return _brief(row) | {
        "state": request.state.value,
        "description": row.description,
        "revision": row.revision,
        **{name: row.proposal[name] for name in ("base", "head", "tree", "authors", "strangers", "signed", "refused")},
        "unowned": row.proposal["unowned"],
        "required_checks": list(required),
        "checks": [
            {"name": each.name, "status": each.status, "tree": each.tree, "at": _time(each.at), "said": each.said}
            for each in found.checks
        ],
        "approvals": _approvals(found),
        "demands": _demands(request),
        "comments": [
            {
                "person": each.person,
                "text": each.text,
                "revision": each.revision,
                "at": _time(each.at),
                "decision_id": each.decision_id,
            }
            for each in comments
        ],
        "steps": [
            {
                "kind": each.kind,
                "person": each.person,
                "revision": each.revision,
                "at": _time(each.at),
                "decision_id": each.decision_id,
            }
            for each in steps
        ],
    }


def _brief(row: ChangeRequestRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "branch": row.branch,
        "title": row.title,
        "opened_by": row.opened_by,
        "opened_at": _time(row.opened_at),
        "decision_id": row.decision_id,
    }


def _approvals(found: Found) -> list[dict[str, Any]]:
    return [
        {
            "person": each.person,
            "role": each.role,
            "tree": each.tree,
            "at": _time(each.at),
            "decision_id": each.decision_id,
        }
        for each in found.approvals
    ]


def _demands(request: ChangeRequest) -> list[dict[str, Any]]:
    """Return what each entry of OWNERS.yaml asks for, and what is still missing of it."""
    lacking = {each.demand: each for each in request.missing}
    return [
        {
            "paths": list(each.paths),
            "roles": list(each.roles),
            "quorum": each.quorum,
            "distinct_roles": each.distinct_roles,
            "missing_persons": lacking[each].persons if each in lacking else 0,
            "missing_roles": lacking[each].roles if each in lacking else 0,
        }
        for each in request.proposal.requirements.demands
    ]


def rules(changes: Iterable[FileChange]) -> tuple[Line, ...]:
    """Return what the changes do to gates and limits."""
    return summary(Change(path=each.path, before=each.before, after=each.after) for each in changes)


def file_diffs(changes: Iterable[FileChange]) -> list[FileDiff]:
    """Return the differences, file by file."""
    return [_file_diff(each) for each in changes]


def _file_diff(change: FileChange) -> FileDiff:
    what = "added" if change.before is None else "deleted" if change.after is None else "changed"
    try:
        before, after = ((each or b"").decode().splitlines() for each in (change.before, change.after))
    except UnicodeDecodeError:
        return FileDiff(path=change.path, what=f"{what}, no text", lines=(), cut=False)
    lines = list(_lines(before, after))
    return FileDiff(path=change.path, what=what, lines=tuple(lines[:MOST_LINES]), cut=len(lines) > MOST_LINES)


def _lines(before: list[str], after: list[str]) -> Iterable[DiffLine]:
    groups = difflib.SequenceMatcher(None, before, after, autojunk=len(before) + len(after) > MOST_LINES)
    for number, group in enumerate(groups.get_grouped_opcodes(_CONTEXT)):
        if number:
            yield DiffLine(sign="@", before=None, after=None, text="")
        for kind, start, end, new_start, new_end in group:
            if kind == "equal":
                for place in range(end - start):
                    one, two = start + place, new_start + place
                    yield DiffLine(sign=" ", before=one + 1, after=two + 1, text=before[one])
                continue
            for place in range(start, end):
                yield DiffLine(sign="-", before=place + 1, after=None, text=before[place])
            for place in range(new_start, new_end):
                yield DiffLine(sign="+", before=None, after=place + 1, text=after[place])


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
