"""What is found out about a release when it comes in: by supply who built it, by inspection what it is.

A narrow port: what it returns is all that the catalogue, and so policy, is told of a release.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.features.marketplace.catalogue.upload import Upload

Breaks = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
"""Tells whether what relies on the first manifest breaks under the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """For whom a release is looked into, and from where it has to come."""

    tenant: str
    developer: str
    agent: str
    repository: str
    previous: Mapping[str, Any] | None  # what was declared of the version on sale
    level: int = 0  # the highest that a release of the agent was listed with


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found out.

    Attributes:
        facts: of `marketplace.publish` and `marketplace.update`, as far as they follow from the files.
        manifest: as it was read.
        level: of SLSA, of the builder that the certificate names.
        provenance: builder, source, commit, level, identity, issuer, as they are shown; empty where nothing holds.
        problems: what was seen and what was expected, by gate, in sentences; what is of no gate alone stands under "".
        bill: the bill of materials to keep: the one that was sent, or one that was made; None where there is none.
    """

    facts: Mapping[str, Any]
    manifest: Mapping[str, Any]
    level: int
    provenance: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bill: bytes | None = None


class Examiner(Protocol):
    """Looks into releases."""

    def examine(self, upload: Upload, origin: Origin, *, now: int) -> Examined:
        """Return what there is to know of a release; what cannot be verified is no error, but said in its facts.

        Raises:
            SayingError: the manifest is none.
        """

    def breaks(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Tell whether what relies on the manifest `before` breaks under the one `after`."""
