"""What is found out about a release when it comes in: by supply who built it, by inspection what it is.

A narrow port: what it returns is all that the catalogue, and so policy, is told of a release.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.features.marketplace.catalogue.upload import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """For whom a release is looked into, and from where it has to come."""

    tenant: str
    developer: str
    agent: str
    repository: str
    previous: Mapping[str, Any] | None  # the manifest of the version on sale


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found out.

    Attributes:
        facts: of `marketplace.publish` and `marketplace.update`, as far as they follow from the files.
        manifest: as it was read.
        level: of SLSA, of the builder that the certificate names.
        provenance: builder, source, commit, level, identity, issuer, as they are shown; empty where nothing holds.
        problems: what was seen and what was expected, by gate, in sentences.
    """

    facts: Mapping[str, Any]
    manifest: Mapping[str, Any]
    level: int
    provenance: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Examiner(Protocol):
    """Looks into releases."""

    def examine(self, upload: Upload, origin: Origin, *, now: int) -> Examined:
        """Return what there is to know of a release; what cannot be verified is no error, but said in its facts.

        Raises:
            SayingError: the manifest is none.
        """
