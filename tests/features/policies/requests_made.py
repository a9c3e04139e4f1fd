"""Change requests that tests make: a repository with owners, officers who act through the gate, and permits."""

from dataclasses import dataclass, field
from datetime import timedelta

from app.features.policies.changes import changing
from app.features.policies.changes.change_request import Status
from app.features.policies.changes.checks_kept import Opened, write_check
from app.features.policies.changes.finding import facts, find
from app.features.policies.git.repository import Repository
from app.pdp.model import EvaluationRequest
from app.pep import CONTROL, Resource
from tests.features.gating import Gating, officer
from tests.features.policies.signing import ALICE, NOW, Work

LATER = NOW + timedelta(minutes=1)
CHECKS = ("admission", "impact", "owners", "tests")
OWNERS = """owners:
  - paths: ["policies/**"]
    roles: [compliance_officer, security_officer]
    quorum: 2
    distinct_roles: 2
people:
  - [ofc-1, alice@example.org]
  - [ofc-2, bob@example.org]
  - [ofc-3]
  - [ofc-4, dora@example.org]
"""
GROUPS = {
    "ofc-1": ["omega-policy-authors", "omega-security"],
    "ofc-2": ["omega-compliance"],
    "ofc-3": ["omega-security"],
    "ofc-4": ["omega-compliance", "omega-security"],
}
LIMITS = "policies/data/limits.json"


@dataclass
class Office:
    """A repository, a mirror of it, and officers who do things to change requests."""

    work: Work
    repository: Repository
    gating: Gating
    number: int = 0
    opened: list[Opened] = field(default_factory=list)

    def branch(self, text='{"limit": 2}\n', branch="change", by=ALICE, **changes):
        """Push a branch that changes a limit; return its commit."""
        return self.work.commit({LIMITS: text}, by, [self.work.head()], branch=branch, **changes)

    def permit(self, person, verb, resource, context=None, groups=None):
        """Ask the gate as its views do."""
        asked = EvaluationRequest(
            subject=officer(person, *(GROUPS[person] if groups is None else groups)),
            action=f"policies.{verb}",
            resource=resource,
            context=context or {},
        )
        return self.gating.pdp.enforce(asked, CONTROL)

    def request(self, person):
        """Return the resource of the request, as a view has it."""
        self.repository.fetch()
        found = facts(self.repository, self.number, CHECKS, person)
        return Resource(type="change_request", id=f"cr-{self.number}", properties=found)

    def open(self, person="ofc-1", branch="change", now=NOW):
        self.repository.fetch()
        source = {"source": "branch", "protected": False, "exists": True, "continues": True, "files": 1}
        permit = self.permit(person, "open_change", Resource(type="branch", id=branch, properties=source))
        opened = changing.open_change(
            permit, self.repository, branch, title="limit", description="", checks=CHECKS, now=now
        )
        self.number = opened.number
        self.opened.append(opened)
        return permit

    def check(self, permit, status=Status.PASSED):
        return [write_check(permit, self.opened[-1], name, status, {}, NOW) for name in CHECKS]

    def tree(self):
        return self.found().request.proposal.tree

    def found(self):
        from app.db import reading  # noqa: PLC0415

        with reading() as session:
            return find(session, self.number, CHECKS)

    def approve(self, person, role, tree=None, groups=None):
        tree = tree or self.tree()
        context = {"tree": tree, "role": role}
        permit = self.permit(person, "approve", self.request(person), context, groups)
        changing.approve(permit, self.repository, self.number, tree=tree, role=role, required=CHECKS, now=LATER)

    def merge_permit(self, person="ofc-1", tree=None):
        return self.permit(person, "merge", self.request(person), {"tree": tree or self.tree()})

    def merge(self, person="ofc-1", tree=None, permit=None):
        tree = tree or self.tree()
        permit = permit or self.merge_permit(person, tree)
        return changing.merge(permit, self.repository, self.number, tree=tree, required=CHECKS, now=LATER)

    def agreed(self, branch="change", **changes):
        """Open a request that everybody agrees to; return the commit it proposes."""
        head = self.branch(branch=branch, **changes)
        self.check(self.open(branch=branch))
        self.approve("ofc-2", "compliance_officer")
        self.approve("ofc-3", "security_officer")
        return head


def office(work, repository, gating):
    """Return an office whose repository has an OWNERS.yaml."""
    work.commit({"policies/OWNERS.yaml": OWNERS})
    return Office(work, repository, gating)
