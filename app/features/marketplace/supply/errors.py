"""What can be wrong with what vouches for an artifact."""

from typing import Final

from app.features.marketplace.errors import MarketplaceError

_LONGEST: Final = 300


class SupplyError(MarketplaceError):
    """An artifact, or what vouches for it, is not what it has to be; nothing may be concluded from it.

    Attributes:
        code: stable; docs/marketplace.md lists them.
        seen: what was found, as far as it may be shown.
        expected: what should have been found.
    """

    problem = "malformed_request"

    def __init__(self, code: str, detail: str, *, seen: str = "", expected: str = "") -> None:
        self.code, self.seen, self.expected = code, seen[:_LONGEST], expected[:_LONGEST]
        found = f"; seen `{self.seen}`" if seen else ""
        wanted = f"; expected `{self.expected}`" if expected else ""
        super().__init__(f"{code}: {detail[:_LONGEST]}{found}{wanted}")


class AuthorityError(MarketplaceError):
    """The signing authority of this installation is not there, or its keys cannot be trusted."""

    problem = "control_unavailable"
