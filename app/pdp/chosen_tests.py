"""Which tests of a bundle to run: those that somebody names, and those that a change concerns.

Owns the choice alone. Who watches files, and who runs the tests, is others' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Self

from app.pdp.bundle import Bundle, Packages
from app.pdp.policy_test import PolicyTest
from app.pdp.test_report import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The tests that each of these takes; where one is None, it takes all.

    `action` is a glob over what a test is of. `case` is a part of the note of a case, in capitals or not; Rego tests
    have no note, so it takes none of them. `of` are the packages and actions, and `files` the files, of which one has
    to be the test's.
    """

    action: str | None = None
    case: str | None = None
    of: frozenset[str] | None = None
    files: frozenset[str] = frozenset()

    def takes(self, test: PolicyTest) -> bool:
        """Tell whether to run a test."""
        if self.action is not None and not fnmatchcase(test.of, self.action):
            return False
        if self.case is not None and (test.kind is not Kind.CASE or self.case.lower() not in test.name.lower()):
            return False
        return self.of is None or test.of in self.of or test.file in self.files

    def document(self) -> dict[str, Any]:
        """Return it as JSON values; `of_document` reads them."""
        of = None if self.of is None else sorted(self.of)
        return {"action": self.action, "case": self.case, "of": of, "files": sorted(self.files)}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the choice that `document` is of, which `document()` made."""
        of = document["of"]
        return cls(
            action=document["action"],
            case=document["case"],
            of=None if of is None else frozenset(of),
            files=frozenset(document["files"]),
        )


EVERY: Final = Choice()
"""All tests."""


def concerned(before: Bundle, after: Bundle) -> tuple[frozenset[str] | None, frozenset[str]]:
    """Return what a change of files concerns: packages and actions (None: all of them), and files of tests.

    A module concerns every package whose module can refer to it; a contract its action; a file of cases, or of tests,
    what stands in it; data and callers everything. Notes and explained mutants concern nothing.
    """
    changed = {
        file for file in before.files.keys() | after.files.keys() if before.files.get(file) != after.files.get(file)
    }
    if any(file.startswith("data/") for file in changed) or changed & before.modules.keys() - after.modules.keys():
        return None, frozenset()
    contracts = {f"{action.file.removesuffix('.rego')}.schema.json": action.file for action in after.actions.values()}
    decisive = {contracts.get(file, file) for file in changed}
    packages = Packages(after.modules)
    of = {
        module.removeprefix("rego/").removesuffix(".rego").replace("/", ".")
        for module in after.modules
        if decisive & set(packages.needed(module))
    }
    return frozenset(of), frozenset(changed)
