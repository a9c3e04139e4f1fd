"""The chart of accounts. Credit is positive: what we owe and what we earned; what others hold or owe is negative."""

from typing import Final

PROVIDER: Final = "psp:stripe"
"""What the payment provider holds for us, below zero; on its way to a developer's bank, it is still there."""

COMMISSION: Final = "revenue:commission"
PROMOTION: Final = "expense:promotion"
"""Discounts that the platform bears, so that the developer gets what they would have got without."""

PROTECTION: Final = "protection:pool"
"""What developers paid for chargeback protection."""

DISPUTE_FEE: Final = "expense:dispute_fee"
FLOOR: Final = 0
"""What an account of somebody else's money holds at least."""


def escrow(developer: str) -> str:
    """Return the account of what is held until a sale has stood for some days."""
    return f"dev:{developer}:escrow"


def available(developer: str) -> str:
    """Return the account of what may be paid out."""
    return f"dev:{developer}:available"


def reserve(developer: str) -> str:
    """Return the account of what is kept for refunds and disputes."""
    return f"dev:{developer}:reserve"


def in_transit(developer: str) -> str:
    """Return the account of what is on its way to the developer."""
    return f"dev:{developer}:in_transit"


def receivable(developer: str) -> str:
    """Return the account of what a developer owes; zero or below."""
    return f"receivable:{developer}"


def floor(account: str) -> int | None:
    """Return what an account holds at least; None where nothing says so."""
    return FLOOR if account.startswith("dev:") else None
