"""What was foreign as a change request: a branch with its text, unsigned, so that nobody can merge it as it is.

Owns how text becomes a patch, and that the same text has one open request, to which is added when it was found again.
The request has no checks until an officer opens it again.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import col, select

from app.db import reading
from app.features.policies.changes import changing
from app.features.policies.changes.patching import Patcher
from app.features.policies.changes.rows_changes import ChangeRequestRow
from app.features.policies.errors import ChangeError, PatchError
from app.features.policies.git.repository import POLICIES, Repository
from app.pdp.enforce import Permit
from app.pdp.errors import PdpError
from app.pdp.model import Entity, EvaluationRequest

_PATH: Final = re.compile(r"(?:[a-z0-9_]+/)*[a-zA-Z0-9_.-]+\.(?:rego|json|yaml|md)")
_JOB: Final = "policies.scan_drift"
_FOLDER: Final = "drift"
_DIGITS: Final = 24  # of a digest that name a branch
_TITLE: Final = "Drift: text that decided and is not declared"


class ForeignText:
    """Opens change requests. A `app.features.policies.drift.healing.ForeignChanges`."""

    def __init__(
        self,
        repository: Repository,
        patcher: Patcher,
        declared: Callable[[str], Mapping[str, bytes]],
        enforce: Callable[[EvaluationRequest], Permit],
        now: Callable[[], datetime],
    ) -> None:
        """Push by `patcher`; `declared` returns the files of a commit, `enforce` asks the decision point."""
        self._repository, self._patcher, self._declared = repository, patcher, declared
        self._enforce, self._now = enforce, now

    def open_foreign(self, base: str, files: Mapping[str, bytes | None], reason: str) -> str | None:
        """See `ForeignChanges`.

        Raises:
            PoliciesError: it cannot be shown.
        """
        patch = "".join(differences(self._declared(base), files)).encode()
        if not patch:
            return None
        now, name = self._now(), f"{_FOLDER}/{text_digest(files)[:_DIGITS]}"
        found = _alive(name)
        if found is not None:
            number, branch = found
            if self._added(number, branch, reason, now):
                return f"{branch} #{number}"
        branch = name if name not in self._repository.branches() else f"{name}-{now:%Y%m%d-%H%M%S}"
        facts = {"source": "patch", "protected": False, "exists": False, "continues": True, "files": len(files)}
        permit = self._permit(branch, facts)
        self._patcher.branch(self._repository, patch, branch, person=_JOB, message=f"{_TITLE}\n\n{reason}\n", now=now)
        opened = changing.open_change(
            permit, self._repository, branch, title=_TITLE, description=reason, checks=(), now=now
        )
        return f"{branch} #{opened.number}"

    def _added(self, number: int, branch: str, reason: str, now: datetime) -> bool:
        """Add to an open request that its text was found again; False where it is not what it was."""
        repository = self._repository
        head, tip = repository.branches().get(branch), repository.head(repository.branch)
        if head is None or not repository.is_ancestor(tip, head):
            return False  # the protected branch has gone on: what it would change by now is another thing
        files = len(repository.diff(tip, head))
        facts = {"source": "branch", "protected": False, "exists": True, "continues": True, "files": files}
        permit = self._permit(branch, facts)
        try:
            changing.comment(permit, number, f"again {reason}", now)
        except ChangeError:
            return False  # it has ended meanwhile
        return True

    def _permit(self, branch: str, facts: Mapping[str, Any]) -> Permit:
        try:
            return self._enforce(_question(branch, facts))
        except PdpError as error:
            raise PatchError(f"it is not permitted to show it: {error}") from error


def text_digest(files: Mapping[str, bytes | None]) -> str:
    """Return hex SHA-256 of what was found, wherever and whenever that was."""
    text = {path: None if data is None else data.decode("utf-8", "replace") for path, data in files.items()}
    return hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()


def _alive(name: str) -> tuple[int, str] | None:
    """Return number and branch of the newest open request of a text."""
    with reading() as session:
        row = session.exec(
            select(ChangeRequestRow)
            .where(col(ChangeRequestRow.ended).is_(None), col(ChangeRequestRow.branch).startswith(name))
            .order_by(col(ChangeRequestRow.number).desc())
            .limit(1)
        ).first()
        return None if row is None or row.number is None else (row.number, row.branch)


def differences(declared: Mapping[str, bytes], files: Mapping[str, bytes | None]) -> Iterator[str]:
    """Yield lines of a patch that makes of the declared files what was found; both by path below policies/."""
    for path, after in sorted(files.items()):
        before = declared.get(path)
        if _PATH.fullmatch(path) and before != after:
            yield from _difference(f"{POLICIES}/{path}", before, after)


def _difference(path: str, before: bytes | None, after: bytes | None) -> Iterator[str]:
    yield f"diff --git a/{path} b/{path}\n"
    if before is None:
        yield "new file mode 100644\n"
    if after is None:
        yield "deleted file mode 100644\n"
    old, new = (_lines(text) for text in (before, after))
    named = ("/dev/null" if before is None else f"a/{path}", "/dev/null" if after is None else f"b/{path}")
    for line in difflib.unified_diff(old, new, *named):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: bytes | None) -> list[str]:
    """Return lines as Git has them: only a line feed ends one."""
    return [] if not text else re.findall(r"[^\n]*\n|[^\n]+", text.decode("utf-8", "replace"))


def _question(branch: str, facts: Mapping[str, Any]) -> EvaluationRequest:
    return EvaluationRequest(
        subject=Entity(type="job", id=_JOB, properties={}),
        action="policies.open_change",
        resource=Entity(
            type="branch",
            id=branch,
            properties=dict(facts),
        ),
        context={},
    )
