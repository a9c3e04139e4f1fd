"""What a policy is told of a release's signatures: facts that follow from bundles that hold, and nothing else.

Owns the part of the resource of `marketplace.publish` that supply knows. A bundle that does not hold is no error here:
what it should have proved is not proved, and the reason is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.features.marketplace.errors import MarketDataError
from app.features.marketplace.supply.attestation import SOAK, Soak, soak
from app.features.marketplace.supply.errors import SupplyError
from app.features.marketplace.supply.provenance import SLSA
from app.features.marketplace.supply.trust import Trust
from app.features.marketplace.supply.verifying import (
    Expected,
    Provenance,
    attested,
    verify_artifact,
    verify_bundle,
    verify_rebuild,
)

BUILDER: Final = "builder"
"""In `supply.attesters`: whoever built the artifact, if that builder is trusted."""

DEVELOPER: Final = "developer"
"""In `supply.attesters`: the identities of the developer it belongs to."""

_UNKNOWN_LATENCY: Final = 1_000_000.0  # milliseconds: the slowest that the contract knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """By what a release's bundles are judged.

    Attributes:
        trust: of the tenant.
        builders: SLSA build level of each trusted builder.
        attesters: who may attest what, by predicate type.
        expected: what the certificate of the build has to say.
        highest: the level that a release of the same agent was listed with.
    """

    trust: Trust
    builders: Mapping[str, int]
    attesters: Mapping[str, Sequence[str]]
    expected: Expected
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What bundles prove of a release.

    Attributes:
        provenance: who signed and built it, if that is proved.
        rebuilt: who built it again, if somebody did.
        attestations: what was attested, by predicate type.
        run: the soak run, if one is proved.
        highest: see `Judging`.
        problems: why something is not proved, by what it is: `signature`, `rebuild`, or a predicate type.
    """

    provenance: Provenance | None
    rebuilt: Provenance | None
    attestations: Mapping[str, Mapping[str, Any]]
    run: Soak | None
    highest: int
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> int:
        """Return the SLSA build level; 0 where nothing is proved."""
        return 0 if self.provenance is None else self.provenance.level

    def facts(self) -> dict[str, Any]:
        """Return its part of the properties of a release."""
        found = self.provenance
        return {
            "signature": {"verified": found is not None},
            "provenance": {"verified": found is not None and found.proven, "slsa_level": self.level},
            "build": {"reproducible": self.rebuilt is not None},
            "trust_not_lowered": found is not None and self.level >= self.highest,
            "soak": {"hours": 0 if self.run is None else self.run.hours},
            "performance": {"p95_latency_ms": _UNKNOWN_LATENCY if self.run is None else self.run.p95_latency_ms},
        }


def vouched(digest: str, bundle: bytes | None, others: Sequence[bytes], judging: Judging) -> Vouched:
    """Return what the bundles of a release prove.

    Args:
        digest: of the artifact, computed from its bytes.
        bundle: its signature or provenance, if one came.
        others: bundles of attestations, and of second builds.
        judging: by what.
    """
    reading = _Reading(digest, judging)
    reading.first(bundle)
    for each in others:
        reading.other(each)
    return Vouched(
        provenance=reading.provenance,
        rebuilt=reading.rebuilt,
        attestations=reading.attestations,
        run=reading.run,
        highest=judging.highest,
        problems=reading.problems,
    )


def attesters(data: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return who may attest what, by policy data `supply.attesters`.

    Raises:
        MarketDataError: the data have not the form that they need.
    """
    try:
        return {kind: tuple(map(str, who)) for kind, who in data["supply"]["attesters"].items()}
    except (KeyError, TypeError, AttributeError):
        raise MarketDataError("the policies in force have no usable `supply.attesters`") from None


class _Reading:
    """What is proved so far, while the bundles of one release are read."""

    def __init__(self, digest: str, judging: Judging) -> None:
        self._digest, self._judging = digest, judging
        self.provenance: Provenance | None = None
        self.rebuilt: Provenance | None = None
        self.attestations: dict[str, Mapping[str, Any]] = {}
        self.run: Soak | None = None
        self.problems: dict[str, str] = {}

    def first(self, bundle: bytes | None) -> None:
        """Read who signed or built it."""
        if bundle is None:
            self.problems["signature"] = "no bundle came with it"
            return
        given = self._judging
        try:
            self.provenance = verify_artifact(self._digest, bundle, given.trust, given.builders, given.expected)
        except SupplyError as error:
            self.problems["signature"] = str(error)

    def other(self, bundle: bytes) -> None:
        """Read what else is said of it."""
        kind = "attestation"
        try:
            found = verify_bundle(bundle, self._judging.trust).statement.predicate_type
            kind = "rebuild" if found in SLSA else found
            if kind == "rebuild":
                self._again(bundle)
            else:
                self._attested(bundle, kind)
        except SupplyError as error:
            self.problems[kind] = str(error)

    def _again(self, bundle: bytes) -> None:
        if self.provenance is None:
            raise SupplyError("untrusted_builder", "there is no first build to compare it with")
        given = self._judging
        self.rebuilt = verify_rebuild(
            self._digest, bundle, given.trust, given.builders, given.expected, first=self.provenance
        )

    def _attested(self, bundle: bytes, kind: str) -> None:
        if kind in self.attestations:
            raise SupplyError("duplicate", "it is attested twice", seen=kind)
        found = attested(self._digest, bundle, self._judging.trust, kind, self._signers(kind))
        if kind == SOAK:
            self.run = soak(found.statement.predicate, found.logged_at)
        self.attestations[kind] = found.statement.predicate

    def _signers(self, kind: str) -> frozenset[str]:
        listed = frozenset(self._judging.attesters.get(kind, ()))
        signers = listed - {BUILDER, DEVELOPER}
        if DEVELOPER in listed:
            signers |= self._judging.expected.identities
        if BUILDER in listed and self.provenance is not None and self.provenance.level > 0:
            signers |= {self.provenance.identity}
        return signers
