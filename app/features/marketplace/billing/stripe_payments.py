"""Payments through Stripe, by its official SDK: separate charges and transfers, each call with its idempotency key.

The SDK is imported when the first client is made: it comes with the extra `payments`. No message of Stripe leaves this
module, because some quote keys; what went wrong is a code.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from app.features.marketplace.money import Money
from app.features.marketplace.payments import PaymentError

_T = TypeVar("_T")
_POOR: Final = {"balance_insufficient", "insufficient_funds"}
_BUSY: Final = 429
_FAULT: Final = 500


class NotInstalledError(Exception):
    """The SDK is not installed; the message says how to."""


class StripePayments:
    """Implements `Payments`.

    A charge is a PaymentIntent that is confirmed at once, `source` a payment method of Stripe's.
    """

    def __init__(self, key: str, *, base_url: str | None = None, retries: int = 2) -> None:
        """Make a client.

        Args:
            key: secret key of the platform's account.
            base_url: where the API is, if elsewhere.
            retries: of calls that did not get through; the SDK waits between them.

        Raises:
            NotInstalledError: see there.
        """
        try:
            import stripe  # noqa: PLC0415 - see the module
        except ModuleNotFoundError:
            raise NotInstalledError("the SDK of Stripe is missing; install the extra `payments`") from None
        self._stripe: Any = stripe
        addresses: Any = {} if base_url is None else {"base_addresses": {"api": base_url}}
        self._client = stripe.StripeClient(key, max_network_retries=retries, **addresses)

    def __repr__(self) -> str:
        return "StripePayments()"

    def open_account(self, developer: str, *, country: str, key: str) -> str:
        """See `Payments`."""
        params: Any = {
            "type": "express",
            "country": country,
            "capabilities": {"transfers": {"requested": True}},
            "settings": {"payouts": {"schedule": {"interval": "manual"}}},
            "metadata": {"developer": developer},
        }
        return self._asked(lambda: self._client.v1.accounts.create(params, _once(key))).id

    def charge(self, order: str, amount: Money, *, source: str, key: str) -> str:
        """See `Payments`."""
        params: Any = _amount(amount) | {
            "confirm": True,
            "off_session": True,
            "payment_method": source,
            "transfer_group": order,
            "metadata": {"order": order},
        }
        made = self._asked(lambda: self._client.v1.payment_intents.create(params, _once(key)))
        if made.status == "processing":
            raise PaymentError("unreachable", certain=False)
        if made.status != "succeeded":
            raise PaymentError("declined", certain=True)
        return made.id

    def refund(self, charge: str, amount: Money, *, key: str) -> str:
        """See `Payments`."""
        params: Any = {"payment_intent": charge, "amount": amount.minor}
        return self._asked(lambda: self._client.v1.refunds.create(params, _once(key))).id

    def transfer(self, account: str, amount: Money, *, group: str, key: str) -> str:
        """See `Payments`."""
        params: Any = _amount(amount) | {"destination": account, "transfer_group": group}
        return self._asked(lambda: self._client.v1.transfers.create(params, _once(key))).id

    def reverse(self, transfer: str, amount: Money, *, key: str) -> str:
        """See `Payments`."""
        params: Any = {"amount": amount.minor}
        return self._asked(lambda: self._client.v1.transfers.reversals.create(transfer, params, _once(key))).id

    def payout(self, account: str, amount: Money, *, key: str) -> str:
        """See `Payments`."""
        params: Any = _amount(amount)
        options: Any = _once(key) | {"stripe_account": account}
        return self._asked(lambda: self._client.v1.payouts.create(params, options)).id

    def _asked(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except self._stripe.StripeError as error:
            found = self._meant(error)
        raise found  # outside, so that no chain of exceptions leads to Stripe's message

    def _meant(self, error: Any) -> PaymentError:
        """Return what an error of the SDK means."""
        status = error.http_status or 0
        if isinstance(error, self._stripe.CardError):
            return PaymentError("declined", certain=True)
        if status == _BUSY:
            return PaymentError("unreachable", certain=True)
        if not status or status >= _FAULT or isinstance(error, self._stripe.APIConnectionError):
            return PaymentError("unreachable", certain=False)
        return PaymentError("insufficient" if error.code in _POOR else "refused", certain=True)


def _amount(amount: Money) -> dict[str, Any]:
    return {"amount": amount.minor, "currency": amount.currency.lower()}


def _once(key: str) -> Any:
    return {"idempotency_key": key}
