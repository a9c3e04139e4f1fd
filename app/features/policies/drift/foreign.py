"""What was foreign as a change request: a branch with its text, unsigned, so that nobody can merge it as it is.

Owns how text becomes a patch. The request has no checks until an officer opens it again.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from app.features.policies.changes import changing
from app.features.policies.changes.patching import Patcher
from app.features.policies.errors import PatchError
from app.features.policies.git.repository import POLICIES, Repository
from app.pdp.enforce import Permit
from app.pdp.errors import PdpError
from app.pdp.model import Entity, EvaluationRequest

_PATH: Final = re.compile(r"(?:[a-z0-9_]+/)*[a-zA-Z0-9_.-]+\.(?:rego|json|yaml|md)")
_JOB: Final = "policies.scan_drift"
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
        now = self._now()
        branch = f"drift/{now:%Y%m%d-%H%M%S}"
        try:
            permit = self._enforce(_question(branch, len(files)))
        except PdpError as error:
            raise PatchError(f"it is not permitted to show it: {error}") from error
        self._patcher.branch(self._repository, patch, branch, person=_JOB, message=f"{_TITLE}\n\n{reason}\n", now=now)
        opened = changing.open_change(
            permit, self._repository, branch, title=_TITLE, description=reason, checks=(), now=now
        )
        return f"{branch} #{opened.number}"


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


def _question(branch: str, files: int) -> EvaluationRequest:
    return EvaluationRequest(
        subject=Entity(type="job", id=_JOB, properties={}),
        action="policies.open_change",
        resource=Entity(
            type="branch",
            id=branch,
            properties={"source": "patch", "protected": False, "exists": False, "continues": True, "files": files},
        ),
        context={},
    )
