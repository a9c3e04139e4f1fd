"""The texts that developers and buyers accept, as the policies in force have them, with their versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.features.marketplace.errors import UnknownError
from app.features.marketplace.market_data import table
from app.features.marketplace.rows import PartyKind
from app.pdp.bundle import Bundle
from app.pep import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One version of a text; `sha256` is in hexadecimal, of its UTF-8."""

    side: PartyKind
    version: str
    text: str
    sha256: str
    warranties: bool

    def resource(self) -> Resource:
        """Return it as policies see it."""
        facts = {"sha256": self.sha256, "side": self.side.value, "version": self.version}
        return Resource(type="agreement", id=f"{self.side.value}:{self.version}", properties=facts)


def in_force(bundle: Bundle, side: PartyKind) -> Agreement:
    """Return the version that is to be accepted.

    Raises:
        MarketDataError: policy data name none.
    """
    return version_of(bundle, side, str(_side(bundle, side).get("current")))


def version_of(bundle: Bundle, side: PartyKind, version: str) -> Agreement:
    """Return one version.

    Raises:
        UnknownError: there is none of this name.
        MarketDataError: policy data say nothing of this side.
    """
    own = _side(bundle, side)
    try:
        found = own["versions"][version]
    except KeyError:
        raise UnknownError("there is no such version of the agreement") from None
    return Agreement(
        side=side,
        version=version,
        text=found["text"],
        sha256=found["sha256"],
        warranties=own["ip_warranties"],
    )


def _side(bundle: Bundle, side: PartyKind) -> Mapping[str, Any]:
    return table(bundle, "agreements", side.value)
