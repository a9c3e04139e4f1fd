"""The port to whoever moves money: six methods, each with a key that makes it happen once.

Separate charges and transfers: the platform takes the buyer's money and passes the developer's share on later. What
becomes of a payment afterwards (it failed, it is disputed) comes as a signed webhook, which `billing/` reads.
"""

from typing import Protocol

from app.features.marketplace.money import Money


class PaymentError(Exception):
    """The provider did not do it, or did not say whether it did.

    Attributes:
        code: stable, `declined`, `unreachable`, `refused`, `insufficient`.
        certain: whether nothing happened for sure; else the same call with the same key tells.
    """

    def __init__(self, code: str, *, certain: bool) -> None:
        super().__init__(f"the payment provider did not do it: {code}")
        self.code, self.certain = code, certain


class Payments(Protocol):
    """Moves money. The same `key` with the same arguments does nothing twice, and returns the same.

    Each raises `PaymentError`.
    """

    def open_account(self, developer: str, *, country: str, key: str) -> str:
        """Return the id of an account that payouts to a developer go through."""

    def charge(self, order: str, amount: Money, *, source: str, key: str) -> str:
        """Take `amount` from the buyer's means of payment `source`; return the id of the charge."""

    def refund(self, charge: str, amount: Money, *, key: str) -> str:
        """Give a part of a charge back; return the id of the refund."""

    def transfer(self, account: str, amount: Money, *, group: str, key: str) -> str:
        """Pass money on to a developer's account; return the id of the transfer."""

    def reverse(self, transfer: str, amount: Money, *, key: str) -> str:
        """Take a part of a transfer back; return the id of the reversal."""

    def payout(self, account: str, amount: Money, *, key: str) -> str:
        """Have the account pay out to the developer's bank; return the id of the payout."""
