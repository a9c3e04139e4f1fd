"""Releases are looked into by supply and by inspection, and what both found is put together. `Examiner`.

Owns which file goes to which of them, and which gate each of their sentences belongs to. Verifies nothing itself.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.features.marketplace.catalogue.examining import Examined, Origin
from app.features.marketplace.catalogue.upload import Part, Upload
from app.features.marketplace.errors import MarketDataError, SayingError
from app.features.marketplace.inspection.advisories import Advisories
from app.features.marketplace.inspection.contract_diff import breaking
from app.features.marketplace.inspection.errors import InspectionError
from app.features.marketplace.inspection.inspecting import Inspection, Sent, bom_bytes, inspect
from app.features.marketplace.inspection.manifest import Manifest, manifest_of, parse_manifest
from app.features.marketplace.inspection.scanning import scan_of
from app.features.marketplace.inspection.vex import Statement, statements
from app.features.marketplace.supply import places
from app.features.marketplace.supply.attestation import SBOM, SOAK, TEST_RESULT
from app.features.marketplace.supply.errors import AuthorityError
from app.features.marketplace.supply.release_facts import Judging, Vouched, attesters, vouched
from app.features.marketplace.supply.verifying import Expected
from app.pep import bundle_in_force

VEX: Final = "https://openvex.dev/ns"
"""With a version behind it, the type of a statement on vulnerabilities that cannot be exploited."""

_SIGNED: Final = (Part.SBOM_BUNDLE, Part.TESTS, Part.SOAK, Part.REBUILD, Part.VEX)
_GATES: Final = {"signature": "signed", "rebuild": "reproducible", SBOM: "sbom", TEST_RESULT: "covered", SOAK: "soaked"}


class Examination:
    """Looks into releases by the policies in force; see `Examiner`."""

    def __init__(self, advisories: Callable[[], Advisories]) -> None:
        """Hold releases against what `advisories` returns, which may raise `InspectionError`."""
        self._advisories = advisories

    def examine(self, upload: Upload, origin: Origin, *, now: int) -> Examined:
        """See `Examiner.examine`.

        Raises:
            MarketDataError: the policies in force, or the known vulnerabilities, are not there to judge by.
        """
        manifest = _manifest(upload, origin)
        proved = vouched(
            upload.digest,
            upload.files.get(Part.BUNDLE),
            [upload.files[part] for part in _SIGNED if part in upload.files],
            _judging(upload, origin),
        )
        found = self._inspected(upload, origin, manifest, proved, now)
        return Examined(
            facts=found.facts() | proved.facts() | {"export_control": _classified(manifest)},
            manifest=_shown(manifest),
            level=proved.level,
            provenance=_provenance(proved),
            problems=_problems(found, proved),
            bill=bom_bytes(found),
        )

    def breaks(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """See `Examiner.breaks`."""
        return bool(breaking(manifest_of(before["document"]), manifest_of(after["document"])))

    def _inspected(self, upload: Upload, origin: Origin, manifest: Manifest, proved: Vouched, now: int) -> Inspection:
        previous = None if origin.previous is None else manifest_of(origin.previous["document"])
        try:
            advisories = self._advisories()
        except InspectionError as error:
            raise MarketDataError(str(error)) from error
        try:
            return inspect(
                upload.artifact,
                _files(upload, proved),
                manifest,
                previous,
                advisories=advisories,
                scan=scan_of(bundle_in_force()),
                now=now,
                vex=_vex(proved, origin, now),
            )
        except InspectionError as error:
            raise SayingError(f"`artifact`: {error}") from error


def _manifest(upload: Upload, origin: Origin) -> Manifest:
    try:
        found = parse_manifest(upload.files[Part.MANIFEST])
    except InspectionError as error:
        raise SayingError(f"`manifest`: {error}") from error
    if (found.name, found.version) != (origin.agent, upload.version):
        raise SayingError("`manifest` is of another agent or version")
    return found


def _judging(upload: Upload, origin: Origin) -> Judging:
    try:
        trust = places.trust_of(origin.tenant)
    except AuthorityError as error:
        raise MarketDataError(str(error)) from error
    return Judging(
        trust=trust,
        builders=places.builders(),
        attesters=attesters(places.policy_data()),
        expected=Expected(
            repository=origin.repository, identities=places.identities(origin.developer), version=upload.version
        ),
        highest=origin.level,
    )


def _files(upload: Upload, proved: Vouched) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    if Part.SBOM in upload.files:
        files[Sent.SBOM] = upload.files[Part.SBOM]
    if SBOM in proved.attestations:
        files[Sent.SBOM_ATTESTED] = json.dumps(proved.attestations[SBOM]).encode()
    report = proved.attestations.get(TEST_RESULT, {}).get("coverageXml")
    if isinstance(report, str):
        files[Sent.COVERAGE] = report.encode()
    return files


def _vex(proved: Vouched, origin: Origin, now: int) -> list[Statement]:
    found: list[Statement] = []
    for kind, predicate in proved.attestations.items():
        if kind.startswith(VEX):
            found.extend(statements(predicate, signer=origin.developer, at=now))
    return found


def _classified(manifest: Manifest) -> dict[str, Any]:
    return {"classification": manifest.document["export_control"]["classification"]}


def _shown(manifest: Manifest) -> dict[str, Any]:
    return {
        "tools": list(manifest.tools),
        "hosts": list(manifest.hosts),
        "secrets": [each.reference for each in manifest.secrets],
        "environment": list(manifest.environment),
        "subprocess": manifest.subprocess,
        "data_classes": list(manifest.data_classes),
        "licence": manifest.licence,
        "document": dict(manifest.document),
    }


def _provenance(proved: Vouched) -> dict[str, Any]:
    if (found := proved.provenance) is None:
        return {}
    return {
        "builder": found.builder,
        "source": found.source,
        "commit": found.commit,
        "level": found.level,
        "identity": found.identity,
        "issuer": found.issuer,
        "logged_at": found.logged_at,
    }


def _problems(found: Inspection, proved: Vouched) -> dict[str, tuple[str, ...]]:
    said: dict[str, tuple[str, ...]] = {"": (*found.missing(), *found.problems())}
    for kind, reason in proved.problems.items():
        gate = _GATES.get(kind, "")
        said[gate] = (*said.get(gate, ()), reason)
    return said
