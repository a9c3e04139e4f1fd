"""What can go wrong with money."""

from app.features.marketplace.errors import MarketplaceError


class ReusedKeyError(MarketplaceError):
    """The same key came with something else than the first time: nothing was done."""

    problem = "conflict"


class RacedError(MarketplaceError):
    """Somebody else was just doing the same; asked again, it is found done or is done then."""

    problem = "conflict"


class OverdrawnError(MarketplaceError):
    """An account would hold less than it may."""

    problem = "conflict"


class UnbalancedError(MarketplaceError):
    """Postings do not sum to zero: code made them up, and nothing was written."""


class WaitingError(MarketplaceError):
    """What was asked for has to wait for something else that is under way."""

    problem = "conflict"
