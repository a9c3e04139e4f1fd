"""SLSA provenance: what a predicate says of a build, held against what the signer's certificate says.

Builder, source and commit come from the certificate, which the issuer filled in; the predicate was written by whoever
signed, and has merely to agree (SLSA, "Verifying artifacts": a map of trusted builders to levels). Predicates of v1
and v0.2 are read; what a predicate leaves out says nothing, except the builder, which it must name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.features.marketplace.supply.certificate import Claims
from app.features.marketplace.supply.errors import SupplyError

SLSA_V1: Final = "https://slsa.dev/provenance/v1"
SLSA_V02: Final = "https://slsa.dev/provenance/v0.2"
SLSA: Final = frozenset({SLSA_V1, SLSA_V02})
MAX_LEVEL: Final = 4
SELF_HOSTED: Final = "self-hosted"
"""A runner that whoever owns the repository runs: a builder that isolates nothing there."""

_RELEASED: Final = re.compile(r"refs/tags/v\d+\.\d+\.\d+", re.ASCII)
_SCHEME: Final = re.compile(r"^(git\+)?https://")


def entry_of(claims: Claims, builders: Mapping[str, int]) -> str | None:
    """Return which entry of the trusted builders is the one that a certificate names; None where nobody trusts it.

    An entry is a whole Build Signer URI; or one without its ref, which holds for released versions of it, and not on
    a runner of one's own; or `<issuer>#<runner environment>`, for whatever workflow runs there.
    """
    path, _, ref = claims.builder.partition("@")
    keys = [claims.builder]
    if _RELEASED.fullmatch(ref) and claims.runner != SELF_HOSTED:
        keys.append(path)
    if claims.builder and claims.runner:
        keys.append(f"{claims.issuer}#{claims.runner}")
    return next((key for key in keys if key in builders), None)


def level_of(entry: str | None, builders: Mapping[str, int]) -> int:
    """Return the SLSA build level of an entry of the trusted builders; 0 without one."""
    return 0 if entry is None else min(max(builders[entry], 0), MAX_LEVEL)


def same_repository(one: str, other: str) -> bool:
    """Tell whether two URIs name one repository: scheme, `.git` and a slash at the end make no difference."""
    return _repository(one) == _repository(other) != ""


def require_agreement(predicate: Mapping[str, Any], claims: Claims) -> None:
    """Return if what `predicate` says of builder, source and commit is what the certificate says.

    Raises:
        SupplyError: `builder_differs`, `source_differs` or `commit_differs`.
    """
    builder = _builder(predicate)
    if builder is None or builder != claims.builder:
        raise SupplyError(
            "builder_differs",
            "the provenance names another builder than the certificate",
            seen=builder or "none",
            expected=claims.builder or "none",
        )
    for repository in _repositories(predicate):
        if not same_repository(repository, claims.source):
            raise SupplyError(
                "source_differs",
                "the provenance names another source than the certificate",
                seen=repository,
                expected=claims.source or "none",
            )
    for commit in _commits(predicate, claims.source):
        if commit != claims.commit:
            raise SupplyError(
                "commit_differs",
                "the provenance names another commit than the certificate",
                seen=commit,
                expected=claims.commit or "none",
            )


def _builder(predicate: Mapping[str, Any]) -> str | None:
    match predicate:
        case {"runDetails": {"builder": {"id": str(builder)}}} | {"builder": {"id": str(builder)}}:
            return builder
    return None


def _repositories(predicate: Mapping[str, Any]) -> Iterator[str]:
    match predicate:
        case {"buildDefinition": {"externalParameters": {"workflow": {"repository": str(repository)}}}}:
            yield repository
    match predicate:
        case {"buildDefinition": {"externalParameters": {"source": {"uri": str(uri)}}}}:
            yield uri
    match predicate:
        case {"invocation": {"configSource": {"uri": str(uri)}}}:
            yield uri


def _commits(predicate: Mapping[str, Any], source: str) -> Iterator[str]:
    """Yield the commits that the predicate names of the repository `source`; those of other materials are not asked."""
    for uri, digest in _materials(predicate):
        if same_repository(uri, source):
            yield from (digest[kind] for kind in ("gitCommit", "sha1") if isinstance(digest.get(kind), str))


def _materials(predicate: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    match predicate:
        case {"buildDefinition": {"resolvedDependencies": [*listed]}} | {"materials": [*listed]}:
            pass
        case _:
            listed = []
    match predicate:
        case {"buildDefinition": {"externalParameters": {"source": dict(source)}}}:
            listed = [*listed, source]
    match predicate:
        case {"invocation": {"configSource": dict(source)}}:
            listed = [*listed, source]
    for each in listed:
        match each:
            case {"uri": str(uri), "digest": dict(digest)}:
                yield uri, digest


def _repository(uri: str) -> str:
    bare = _SCHEME.sub("", uri).partition("@")[0]
    return bare.rstrip("/").removesuffix(".git")
