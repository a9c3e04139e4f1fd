"""What was found on a node and not in Git, as a change request: for review, and never merged by itself.

Its commit is in nobody's name and bears no signature, so that no approval of it is taken until a person has made it
their own.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db import reading
from app.features.policies import changing
from app.features.policies.changing import MAX_TITLE
from app.features.policies.patching import Patcher
from app.features.policies.proposing import Source
from app.features.policies.repository import POLICIES
from app.pdp.enforce import Permit
from app.pdp.model import Entity, EvaluationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRequests:
    """Opens change requests for what was found.

    Attributes:
        repository: the policy repository.
        patcher: makes branches.
        enforce: asks the decision point.
        job: the name of the job that asks.
        checks: which are to be run, once somebody looks at it.
        now: the time.
    """

    repository: Source
    patcher: Patcher
    enforce: Callable[[EvaluationRequest], Permit]
    job: str
    checks: Sequence[str]
    now: Callable[[], datetime]

    def open_foreign(self, base: str, files: Mapping[str, bytes | None], reason: str) -> str | None:
        """Return the name of the request that shows `files`, by their paths below policies/; None: it was not there.

        What was found before has a request, or had one; there is none but the first.

        Args:
            base: the commit that is declared, which the description names.
            files: what was found.
            reason: one line.

        Raises:
            PoliciesError: it cannot be opened.
            PdpError: policy does not permit it, or it cannot be recorded.
        """
        branch = f"drift/{_named(files)}"
        self.repository.fetch()
        exists = branch in self.repository.branches()
        with reading() as session:
            number = changing.number_of(session, branch)
        if number is not None or exists:
            return None if number is None else _name(number)
        permit = self.enforce(self._question(branch))
        now, title = self.now(), f"Found in force, and not in Git: {len(files)} files"[:MAX_TITLE]
        found = {f"{POLICIES}/{path}": data for path, data in files.items()}
        text = f"{reason}; declared was {base}"
        self.patcher.branch_of_files(self.repository, found, branch, message=f"{title}\n\n{text}\n", now=now)
        opened = changing.open_change(
            permit, self.repository, branch, title=title, description=text, checks=self.checks, now=now
        )
        return _name(opened.number)

    def _question(self, branch: str) -> EvaluationRequest:
        facts = {"source": "patch", "protected": False, "exists": False, "continues": False, "files": 0}
        return EvaluationRequest(
            subject=Entity(type="job", id=self.job, properties={}),
            action="policies.open_change",
            resource=Entity(type="branch", id=branch, properties=facts),
            context={},
        )


def _named(files: Mapping[str, bytes | None]) -> str:
    """Return a name that the same files always have."""
    lines = (
        f"{path} {hashlib.sha256(data).hexdigest() if data is not None else '-'}\n"
        for path, data in sorted(files.items())
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def _name(number: int) -> str:
    return f"cr-{number}"
