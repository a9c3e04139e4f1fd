"""What can go wrong with prices, usage and payments."""

from app.features.marketplace.errors import MarketplaceError


class PlanError(MarketplaceError):
    """A plan, or how much of it is wanted, is not as it has to be; the message names the field, and quotes nothing."""

    problem = "malformed_request"


class CouponError(MarketplaceError):
    """A coupon cannot be had: it is unknown, over, used up, or another's. Which of these, nobody is told."""

    problem = "not_found"


class ReusedKeyError(MarketplaceError):
    """The same id came with something else than the first time."""

    problem = "conflict"


class WebhookError(MarketplaceError):
    """A webhook is not the provider's, too old, or no event; the message says which, and quotes nothing."""

    problem = "malformed_request"
