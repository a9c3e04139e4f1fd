"""Everything that is found out about a release by looking into it, in one value.

Composes what the modules of this room find: the manifest, the bill of materials, licences, vulnerabilities, findings of
scanners, coverage, and what changed since the release before. States facts and, in words for people, what was seen and
what is expected; policies decide.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.features.marketplace.inspection import told
from app.features.marketplace.inspection.advisories import Advisories, Vulnerability
from app.features.marketplace.inspection.bom import Component
from app.features.marketplace.inspection.bom_examined import Examined, examined_bom
from app.features.marketplace.inspection.contents import Contents, contents_of
from app.features.marketplace.inspection.contract_diff import breaking
from app.features.marketplace.inspection.coverage_report import Coverage, parse_coverage
from app.features.marketplace.inspection.errors import CoverageError
from app.features.marketplace.inspection.finding import FindingClass
from app.features.marketplace.inspection.licences import Licences, examined
from app.features.marketplace.inspection.manifest import Manifest
from app.features.marketplace.inspection.observed import undeclared
from app.features.marketplace.inspection.scanning import Scan, Scanned, scanned
from app.features.marketplace.inspection.severity import Severity
from app.features.marketplace.inspection.vex import Statement, lowering


class Sent(StrEnum):
    """What can come with an artifact: the names of `files`."""

    SBOM = "sbom"  # a file; it has to name the digest of the artifact itself
    SBOM_ATTESTED = "sbom_attested"  # the predicate of a statement that was verified to be about this artifact
    LOCK = "lock"  # uv.lock, poetry.lock or requirements.txt, where the artifact holds none
    COVERAGE = "coverage"  # coverage.xml, out of a verified statement about this artifact


_COUNTED: Final = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found out. `vulnerabilities` come with the statement that lowers them, or None.

    `breaks` are sentences about what changed since the release before, `undeclared` about what the manifest leaves out.
    """

    digest: str
    manifest: Manifest
    contents: Contents
    bom: Examined
    licences: Licences
    vulnerabilities: tuple[tuple[Vulnerability, Statement | None], ...]
    unchecked: tuple[Component, ...]
    advisories: tuple[str, int]
    scanned: Scanned
    undeclared: tuple[str, ...]
    coverage: Coverage | None
    coverage_problem: str
    breaks: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Return the part of the resource of `marketplace.publish` that this room knows. Counts, truths and numbers."""
        return {
            "sbom": self.bom.facts(),
            "tests": {"coverage_percent": self.coverage.percent if self.coverage else 0.0},
            "vulnerabilities": self._counted(),
            "findings": {kind.value: self.found(kind) for kind in FindingClass},
            "licences": {name: len(getattr(self.licences, name)) for name in ("unlicensed", "unknown", "denied")},
            "capabilities": {"undeclared": len(self.undeclared)},
            "contract": {"breaking": len(self.breaks)},
            "training_data": {"provenance_declared": self.manifest.training_declared},
            "privacy": {"gdpr_declared": self.manifest.gdpr_declared, "ccpa_declared": self.manifest.ccpa_declared},
            "documentation": {"complete": not self.contents.undocumented(self.manifest)},
            "advisories": {"age_days": self.advisories[1]},
        }

    def found(self, kind: FindingClass) -> int:
        """Return how many findings there are of one class."""
        return sum(each.kind is kind for each in self.scanned.findings)

    def open(self) -> tuple[Vulnerability, ...]:
        """Return the vulnerabilities that no statement lowers."""
        return tuple(found for found, statement in self.vulnerabilities if statement is None)

    def missing(self) -> list[str]:
        """Return what was not sent, or not declared, as sentences."""
        return told.missing(self)

    def problems(self) -> list[str]:
        """Return what was seen and should not be, or is not as expected, as sentences."""
        return told.problems(self)

    def _counted(self) -> dict[str, int]:
        severities = [each.severity for each in self.open()]
        counted = {each.value: severities.count(each) for each in _COUNTED}
        return counted | {"unchecked": len(self.unchecked), "lowered": len(self.vulnerabilities) - len(severities)}


def inspect(  # noqa: PLR0913 - everything that a release consists of
    artifact: bytes,
    files: Mapping[str, bytes],
    manifest: Manifest,
    previous: Manifest | None,
    *,
    advisories: Advisories,
    scan: Scan,
    now: int,
    vex: Sequence[Statement] = (),
) -> Inspection:
    """Return what is found out about `artifact`. Blocks for a second and more.

    Args:
        artifact: a wheel, an sdist, zip or tar.
        files: what came with it, by `Sent`.
        manifest: what its developer declares.
        previous: what was declared of the release before; None for the first.
        advisories: a snapshot.
        scan: how to look, as the policies in force say.
        now: Unix seconds.
        vex: statements whose signatures were verified.

    Raises:
        ArchiveError: the artifact cannot be opened safely, so that nothing can be said of it.
    """
    digest = hashlib.sha256(artifact).hexdigest()
    contents = contents_of(artifact, manifest, files.get(Sent.LOCK))
    bom = examined_bom(files.get(Sent.SBOM), files.get(Sent.SBOM_ATTESTED), digest, manifest, contents)
    result = scanned(artifact, scan)
    hits = [found for each in bom.components for found in advisories.of(each)]
    coverage, problem = _covered(files.get(Sent.COVERAGE))
    return Inspection(
        digest=digest,
        manifest=manifest,
        contents=contents,
        bom=bom,
        licences=examined(contents.licensed(bom.components, manifest), scan.denied_licences),
        vulnerabilities=tuple((found, lowering(found, vex, now)) for found in hits),
        unchecked=tuple(each for each in bom.components if not advisories.covers(each)),
        advisories=(advisories.digest, advisories.age_days(now)),
        scanned=result,
        undeclared=tuple(undeclared(result.observed, manifest, scan.namespaces)),
        coverage=coverage,
        coverage_problem=problem,
        breaks=() if previous is None else tuple(breaking(previous, manifest)),
    )


def bom_bytes(inspection: Inspection) -> bytes:
    """Return the bill of materials to keep with the release: the one that was sent, or the one that was made."""
    return json.dumps(inspection.bom.document, sort_keys=True, separators=(",", ":")).encode()


def _covered(data: bytes | None) -> tuple[Coverage | None, str]:
    if data is None:
        return None, ""
    try:
        return parse_coverage(data), ""
    except CoverageError as error:
        return None, str(error)
