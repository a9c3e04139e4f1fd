"""Verify, offline, who built an artifact and who says what of it. Returns what was verified, or raises.

Bytes in, values out; knows neither where bundles lie nor what a policy makes of the answer.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.x509 import Certificate
from sigstore.errors import Error as SigstoreError

from app.features.marketplace.supply.bundle import parse_bundle
from app.features.marketplace.supply.certificate import Claims
from app.features.marketplace.supply.errors import SupplyError
from app.features.marketplace.supply.provenance import SLSA, entry_of, level_of, require_agreement, same_repository
from app.features.marketplace.supply.statement import PAYLOAD_TYPE, Statement, parse_statement
from app.features.marketplace.supply.trust import Trust

_REASONS: Final = {
    "inclusion proof": "broken_inclusion_proof",
    "Inclusion proof": "broken_inclusion_proof",
    "LogCheckpoint": "broken_inclusion_proof",
    "checkpoint": "broken_inclusion_proof",
    "SET": "broken_inclusion_promise",
    "SCT": "certificate_not_logged",
    "certificate chain": "foreign_certificate",
    "DSSE: invalid signature": "tampered",
    "log entry payload hash": "tampered",
    "log entry signatures": "tampered",
    "Unsupported DSSE log entry": "unsupported_entry",
    "Integrated time only supported": "unsupported_entry",
}
"""What sigstore's verifier says, in a word of ours; what it says otherwise is `unverified`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an artifact's certificate has to say.

    Attributes:
        repository: that the artifact is built from.
        identities: who may sign where a certificate names no repository: URIs or addresses.
        name: of the file, if it matters.
        version: of the release; a certificate for a tag of another version is refused.
        after: Unix seconds; when the newest release was signed: what was logged before is a replay.
    """

    repository: str
    identities: frozenset[str] = frozenset()
    name: str | None = None
    version: str | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who built an artifact, all of it from the certificate.

    Attributes:
        builder: URI, or empty: it names none.
        source: URI of the repository, or empty.
        commit: of that, or empty.
        level: SLSA build level, 0 to 4; 0 where the statement is no provenance or nobody trusts the builder.
        identity: who signed.
        issuer: who established that.
        logged_at: Unix seconds.
        predicate_type: of the statement; by it, provenance differs from a bare signature.
        entry: of the trusted builders, which the level is that of.
    """

    builder: str
    source: str
    commit: str
    level: int
    identity: str
    issuer: str
    logged_at: int
    predicate_type: str = ""
    entry: str | None = None

    @property
    def proven(self) -> bool:
        """Tell whether the statement is provenance, that agrees with the certificate."""
        return self.predicate_type in SLSA


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A statement whose signature, certificate and log entry hold, and whose issuer is trusted."""

    statement: Statement
    claims: Claims
    logged_at: int


def verify_artifact(
    digest: str, bundle: bytes, trust: Trust, builders: Mapping[str, int], expected: Expected
) -> Provenance:
    """Return who built the artifact of `digest`.

    Args:
        digest: `sha256:` and 64 hexadecimal digits, computed from the bytes by whoever calls.
        bundle: as it was sent.
        trust: of the tenant.
        builders: SLSA build level of each trusted builder; policy data `builders`.
        expected: what the certificate has to say.

    Raises:
        SupplyError: the bundle does not hold, or holds something else.
    """
    found = verify_bundle(bundle, trust)
    found.statement.require(digest, expected.name)
    _require_expected(found, expected)
    entry = None
    if found.statement.predicate_type in SLSA:
        require_agreement(found.statement.predicate, found.claims)
        entry = entry_of(found.claims, builders)
    return Provenance(
        builder=found.claims.builder,
        source=found.claims.source,
        commit=found.claims.commit,
        level=level_of(entry, builders),
        identity=found.claims.identity,
        issuer=found.claims.issuer,
        logged_at=found.logged_at,
        predicate_type=found.statement.predicate_type,
        entry=entry,
    )


def verify_rebuild(  # noqa: PLR0913 - what the first build was verified with, and the first build
    digest: str, bundle: bytes, trust: Trust, builders: Mapping[str, int], expected: Expected, *, first: Provenance
) -> Provenance:
    """Return who else built the artifact of `digest`, from the same commit, and came to the same bytes.

    Independent is what two different entries of the trusted builders are: two workflows that their owner runs on the
    same hosted runners are one.

    Args:
        digest: see `verify_artifact`.
        bundle: the provenance of the second build.
        trust: of the tenant.
        builders: as for `verify_artifact`.
        expected: as for the first build.
        first: the first build.

    Raises:
        SupplyError: as `verify_artifact`; `same_builder`, `untrusted_builder` or `commit_differs`.
    """
    second = verify_artifact(digest, bundle, trust, builders, expected)
    if second.entry is None or second.level == 0:
        raise SupplyError("untrusted_builder", "nobody trusts who built it again", seen=second.builder or "none")
    if second.entry == first.entry or second.builder == first.builder:
        raise SupplyError("same_builder", "the same builder built it again", seen=second.builder)
    if not second.commit or second.commit != first.commit:
        raise SupplyError(
            "commit_differs", "it was built again from another commit", seen=second.commit, expected=first.commit
        )
    return second


def verify_statement(
    digest: str, bundle: bytes, trust: Trust, predicate_type: str, signers: Collection[str]
) -> dict[str, Any]:
    """Return what the predicate of an attestation says of the artifact of `digest`.

    Args:
        digest: see `verify_artifact`.
        bundle: as it was sent.
        trust: of the tenant.
        predicate_type: that it has to be of.
        signers: who may say so: identities, whole or without the ref behind `@`.

    Raises:
        SupplyError: the bundle does not hold, or holds something else, or somebody else signed it.
    """
    return dict(attested(digest, bundle, trust, predicate_type, signers).statement.predicate)


def attested(digest: str, bundle: bytes, trust: Trust, predicate_type: str, signers: Collection[str]) -> Verified:
    """Return an attestation with who signed it; see `verify_statement`."""
    found = verify_bundle(bundle, trust)
    if found.statement.predicate_type != predicate_type:
        raise SupplyError(
            "other_predicate", "it says something else", seen=found.statement.predicate_type, expected=predicate_type
        )
    found.statement.require(digest)
    if found.claims.identity not in signers and found.claims.identity.partition("@")[0] not in signers:
        raise SupplyError(
            "wrong_signer",
            "somebody else signed it",
            seen=found.claims.identity,
            expected=" ".join(sorted(signers)) or "nobody",
        )
    return found


def verify_bundle(bundle: bytes, trust: Trust) -> Verified:
    """Return the statement in a bundle whose signature, certificate and log entry hold under one trusted root.

    Raises:
        SupplyError: they do not, or it has another form.
    """
    read = parse_bundle(bundle)
    root = trust.root_of(read.log)
    if not read.claims.since <= read.logged_at <= read.until:
        raise SupplyError("certificate_expired", "the certificate did not hold when the log took the entry")
    try:
        payload_type, payload = root.verifier.verify_dsse(read.inner, _Any())
    except Exception as error:
        raise _refused(error) from error
    if payload_type != PAYLOAD_TYPE:
        raise SupplyError("malformed_statement", "it signs something else", seen=payload_type, expected=PAYLOAD_TYPE)
    if read.claims.issuer not in root.issuers:
        raise SupplyError(
            "wrong_issuer",
            "whoever established the signer's identity is not trusted to",
            seen=read.claims.issuer or "none",
            expected=" ".join(sorted(root.issuers)),
        )
    return Verified(statement=parse_statement(payload), claims=read.claims, logged_at=read.logged_at)


class _Any:
    """Sigstore's policy of whose certificate counts: that is decided here, on what the certificate says."""

    def verify(self, cert: Certificate) -> None:
        """Refuse nothing."""


def _refused(error: Exception) -> SupplyError:
    text = str(error) if isinstance(error, SigstoreError) else type(error).__name__
    code = next((code for words, code in _REASONS.items() if words in text), "unverified")
    return SupplyError(code, (text.splitlines() or [""])[0].partition("{")[0])


def _require_expected(found: Verified, expected: Expected) -> None:
    claims = found.claims
    if claims.source:
        if not same_repository(claims.source, expected.repository):
            raise SupplyError(
                "wrong_source", "it is built from another repository", seen=claims.source, expected=expected.repository
            )
    elif claims.identity not in expected.identities:
        raise SupplyError(
            "wrong_identity",
            "somebody else signed it",
            seen=claims.identity,
            expected=" ".join(sorted(expected.identities)) or expected.repository,
        )
    if expected.version is not None and claims.ref.startswith("refs/tags/"):
        tag = claims.ref.removeprefix("refs/tags/")
        if tag.rpartition("/")[2].removeprefix("v") != expected.version:
            raise SupplyError(
                "other_version", "it is built from the tag of another version", seen=tag, expected=expected.version
            )
    if expected.after is not None and found.logged_at <= expected.after:
        raise SupplyError(
            "replayed",
            "it was signed before the newest release",
            seen=str(found.logged_at),
            expected=f"after {expected.after}",
        )
