"""What running the tests of a bundle showed: each result, the lines, rules and gates that they reached.

Owns the report and its form as JSON values, which pages and change requests show. How it comes about is
`policy_test`'s and `gate_coverage`'s business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from app.pdp.model import Enforcement, Severity


class Kind(StrEnum):
    """In which language a test is written."""

    REGO = "rego"
    CASE = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One test. `error` says on one line what went wrong, and is empty where it passed; `seconds` it took.

    `of` is the package that a Rego test lies beside, or the action that a case asks for. `expected` and `actual` say in
    a few words what was to come out and what did. `severity` says how much is at stake: it is that of the gravest gate
    that was to fail or did; where there is none, and of a Rego test, of the gravest gate of the action. Where the test
    is of no action, it is None.
    """

    __test__ = False

    file: str
    line: int
    name: str
    of: str
    kind: Kind
    passed: bool
    expected: str
    actual: str
    severity: Severity | None
    error: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The lines of one module that the tests evaluated, and those they did not; lines count from 1."""

    covered: frozenset[int]
    missed: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCoverage:
    """One rule of a module that decides. `reached` says whether a test evaluated any line of it.

    `rule` is its name, and for the rule of a gate `passed <gate>`. Of such a rule `held` says in how many tests it was
    by this very rule that the gate passed; of others it is None.
    """

    package: str
    rule: str
    file: str
    line: int
    reached: bool
    held: int | None

    @property
    def hole(self) -> str:
        """Return what no test shows of this rule, or nothing."""
        if not self.reached:
            return "no test reaches it"
        return "in no test does it hold" if self.held == 0 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCoverage:
    """One gate: in how many tests it was seen to pass, and in how many to fail. A gate is held by both."""

    action: str
    gate: str
    title: str
    severity: Severity
    enforcement: Enforcement
    file: str
    line: int
    passed: int
    failed: int

    @property
    def hole(self) -> str:
        """Return what no test shows of this gate, or nothing."""
        if not self.passed and not self.failed:
            return "no test reaches it"
        if not self.passed:
            return "no test shows that it can pass"
        return "" if self.failed else "no test shows that it can fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """All tests of a bundle in the order of their files, and what they reached.

    `coverage` has the lines of each module that decides, by its path; `rules` and `gates` are empty unless they were
    asked for, and else sorted by file and line.
    """

    __test__ = False

    results: tuple[TestResult, ...]
    coverage: Mapping[str, Coverage]
    rules: tuple[RuleCoverage, ...] = ()
    gates: tuple[GateCoverage, ...] = ()

    @property
    def failed(self) -> tuple[TestResult, ...]:
        """Return the tests that did not pass."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def ok(self) -> bool:
        """Tell whether every test passed."""
        return not self.failed

    @property
    def holes(self) -> tuple[str, ...]:
        """Return `file:line: what: why` for each rule and gate that the tests do not hold."""
        return tuple(text for _, _, text in sorted(self._holes()))

    def _holes(self) -> Iterator[tuple[str, int, str]]:
        for gate in self.gates:
            if gate.hole:
                yield gate.file, gate.line, f"{gate.file}:{gate.line}: gate {gate.gate}: {gate.hole}"
        told = {(gate.file, gate.line) for gate in self.gates if gate.hole}
        for rule in self.rules:
            if rule.hole and (rule.file, rule.line) not in told:
                yield rule.file, rule.line, f"{rule.file}:{rule.line}: {rule.rule}: {rule.hole}"

    def document(self) -> dict[str, Any]:
        """Return it as JSON values; `of_document` reads them."""
        return {
            "ok": self.ok,
            "passed": len(self.results) - len(self.failed),
            "failed": len(self.failed),
            "results": [asdict(result) for result in self.results],
            "coverage": {
                file: {"covered": sorted(lines.covered), "missed": sorted(lines.missed)}
                for file, lines in self.coverage.items()
            },
            "rules": [asdict(rule) for rule in self.rules],
            "gates": [asdict(gate) for gate in self.gates],
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the report that `document` is of, which `document()` made."""
        return cls(
            results=tuple(map(_result, document["results"])),
            coverage={
                file: Coverage(covered=frozenset(lines["covered"]), missed=frozenset(lines["missed"]))
                for file, lines in document["coverage"].items()
            },
            rules=tuple(RuleCoverage(**rule) for rule in document["rules"]),
            gates=tuple(map(_gate, document["gates"])),
        )


def _result(said: dict[str, Any]) -> TestResult:
    severity = said["severity"]
    return TestResult(**said | {"kind": Kind(said["kind"]), "severity": Severity(severity) if severity else None})


def _gate(said: dict[str, Any]) -> GateCoverage:
    closed = {"severity": Severity(said["severity"]), "enforcement": Enforcement(said["enforcement"])}
    return GateCoverage(**said | closed)
