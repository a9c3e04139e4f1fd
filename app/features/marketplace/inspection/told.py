"""What an inspection found, in sentences for whoever publishes: what was seen, and what is expected."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from app.features.marketplace.inspection.advisories import Vulnerability
from app.features.marketplace.inspection.finding import Finding, FindingClass

if TYPE_CHECKING:
    from app.features.marketplace.inspection.inspecting import Inspection

_SHOWN: Final = 20
_TOLD: Final = (*(kind for kind in FindingClass if kind is not FindingClass.WEAKNESSES),)


def missing(seen: "Inspection") -> list[str]:
    """Return what was not sent, or not declared."""
    said = []
    if seen.coverage is None and not seen.coverage_problem:
        said.append("No report of coverage came; expected: `coverage.xml` in a signed statement about this artifact.")
    if seen.bom.generated:
        said.append("No bill of materials came; one was made of the files in the artifact.")
    said += [f"The documentation lacks {word}." for word in seen.contents.undocumented(seen.manifest)]
    if not seen.manifest.training_declared:
        said.append("The manifest says that a model was trained, and not from which data.")
    if not seen.manifest.gdpr_declared:
        said.append("The manifest does not declare how personal data are handled (`privacy.gdpr`).")
    if not seen.manifest.ccpa_declared:
        said.append("The manifest does not declare whether personal information is sold or shared (`privacy.ccpa`).")
    return said


def problems(seen: "Inspection") -> list[str]:
    """Return what was seen and should not be, or is not as expected."""
    licences = seen.licences
    return [
        *seen.bom.problems,
        *_named("No licence is stated of", licences.unlicensed),
        *_named("No licence that SPDX knows is stated of", licences.unknown),
        *_named("A licence that is not permitted is stated of", licences.denied),
        *_first(_vulnerability(each) for each in seen.open()),
        *_first(_finding(each) for each in seen.scanned.findings if each.kind in _TOLD),
        *(f"Not declared: {each}" for each in _first(seen.undeclared)),
        *_coverage(seen),
        *seen.breaks,
    ]


def _vulnerability(found: Vulnerability) -> str:
    mended = f"; mended in {', '.join(found.fixed[:3])}" if found.fixed else ""
    component = found.component
    return f"{component.name} {component.version} has {found.id} (severity: {found.severity}){mended}."


def _finding(found: Finding) -> str:
    place = f" in `{found.path}`" if found.path else ""
    line = f", line {found.line}" if found.line else ""
    return f"{found.title.capitalize()}{place}{line} ({found.kind.value}, {found.source}: {found.rule})."


def _coverage(seen: "Inspection") -> list[str]:
    if seen.coverage_problem:
        return [f"The report of coverage cannot be used: {seen.coverage_problem}."]
    if seen.coverage is not None and seen.coverage.lies:
        return [f"The report states {seen.coverage.stated} % of itself; its lines give {seen.coverage.percent} %."]
    return []


def _named(what: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"{what} {', '.join(names[:_SHOWN])}{more}."]


def _first(said: Iterable[str]) -> list[str]:
    every = list(said)
    return every if len(every) <= _SHOWN else [*every[:_SHOWN], f"There are {len(every) - _SHOWN} more of these."]
