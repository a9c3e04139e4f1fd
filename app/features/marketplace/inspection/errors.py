"""What can be wrong with what a developer sends, as far as it can be looked into at all."""

from app.features.marketplace.errors import MarketplaceError


class InspectionError(MarketplaceError):
    """What was sent cannot be looked into, so nothing is known of it; the message quotes nothing of it.

    Attributes:
        code: stable, names the rule that was broken.
        seen: what there was, in words.
        expected: what there has to be, in words.
    """

    problem = "malformed_request"

    def __init__(self, code: str, seen: str, expected: str) -> None:
        super().__init__(f"{seen}; expected: {expected}")
        self.code, self.seen, self.expected = code, seen, expected


class ManifestError(InspectionError):
    """The manifest of an agent is not in its form."""


class ArchiveError(InspectionError):
    """An artifact is no archive that can be opened safely."""


class LockError(InspectionError):
    """A file that says which dependencies an artifact has cannot be read."""


class BomError(InspectionError):
    """A bill of materials is not in its form."""


class AdvisoryError(InspectionError):
    """Advisories, or a snapshot of them, are not in their form."""


class VexError(InspectionError):
    """A statement about whether a vulnerability can be exploited is not in its form."""


class CoverageError(InspectionError):
    """A report of coverage is not in its form."""


class ScanError(InspectionError):
    """The rules that an artifact is looked through with cannot be used."""

    problem = "control_unavailable"
