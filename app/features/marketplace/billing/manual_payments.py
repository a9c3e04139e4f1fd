"""Payments where no provider is configured: for trials. Nothing is moved; everything counts as made outside.

Knows nobody's balance: whoever runs a marketplace this way sees to it by hand that what the books say was paid was.
"""

import hashlib
from typing import Final

from app.features.marketplace.money import Money

OUTSIDE: Final = "outside"
"""What the ids begin with of what was made outside."""


class ManualPayments:
    """Implements `Payments`: the same key is the same id, and nothing else happens."""

    def open_account(self, developer: str, *, country: str, key: str) -> str:  # noqa: ARG002 - the port's
        """See `Payments`."""
        return _id("account", key)

    def charge(self, order: str, amount: Money, *, source: str, key: str) -> str:  # noqa: ARG002 - the port's
        """See `Payments`."""
        return _id("charge", key)

    def refund(self, charge: str, amount: Money, *, key: str) -> str:  # noqa: ARG002 - the port's
        """See `Payments`."""
        return _id("refund", key)

    def transfer(self, account: str, amount: Money, *, group: str, key: str) -> str:  # noqa: ARG002 - the port's
        """See `Payments`."""
        return _id("transfer", key)

    def reverse(self, transfer: str, amount: Money, *, key: str) -> str:  # noqa: ARG002 - the port's
        """See `Payments`."""
        return _id("reversal", key)

    def payout(self, account: str, amount: Money, *, key: str) -> str:  # noqa: ARG002 - the port's
        """See `Payments`."""
        return _id("payout", key)


def _id(kind: str, key: str) -> str:
    return f"{OUTSIDE}_{kind}_{hashlib.sha256(key.encode()).hexdigest()[:24]}"
