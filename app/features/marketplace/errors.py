"""What can go wrong on the marketplace."""


class MarketplaceError(Exception):
    """Something is not done, and nothing was changed.

    The message quotes nothing that was sent; `problem` is the code of what the edge answers (`app/errors.py`).
    """

    problem = "internal"


class UnknownError(MarketplaceError):
    """There is no such thing, or not for whoever asks."""

    problem = "not_found"


class ChangedError(MarketplaceError):
    """What was decided on has changed since: nothing was done."""

    problem = "conflict"


class SayingError(MarketplaceError):
    """What was said is missing, too long or in another form; the message names the field, and quotes nothing."""

    problem = "malformed_request"


class MarketDataError(MarketplaceError):
    """The policies in force do not say what the marketplace needs; the message names the data."""

    problem = "control_unavailable"
