"""The payment provider of an installation: which one it is, and how the routes and jobs of this process reach it.

Without one, payments are booked as made outside (`manual_payments.py`), and there are no webhooks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flask import Flask, current_app

from app.errors import problem
from app.features.marketplace.billing.manual_payments import ManualPayments
from app.features.marketplace.billing.stripe_payments import NotInstalledError, StripePayments
from app.features.marketplace.payments import Payments
from app.pep import RefusedError
from app.settings import PaidBy, Settings, SettingsError

_EXTENSION: Final = "omega.marketplace.provider"
_LONGEST: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who moves money.

    Attributes:
        payments: the port.
        name: of the provider; `none` where payments are made outside.
        webhook_secret: what its webhooks are signed with; empty where it sends none.
    """

    payments: Payments = field(default_factory=ManualPayments)
    name: str = "none"
    webhook_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """What the routes work with: who moves money, and the time, in Unix seconds."""

    provider: Provider
    now: Callable[[], float]


def install(app: Flask, till: Till) -> None:
    """Have the routes of `app` work with `till`."""
    app.extensions[_EXTENSION] = till


def till() -> Till:
    """Return what the application that answers works with."""
    found: Till = current_app.extensions[_EXTENSION]
    return found


def webhook_secret(provider: str) -> str:
    """Return what webhooks of a provider are signed with.

    Raises:
        RefusedError: this installation has another provider, or none.
    """
    found = till().provider
    if found.name != provider or not found.webhook_secret:
        raise RefusedError(problem("not_found"))
    return found.webhook_secret


def open_provider(settings: Settings) -> Provider:
    """Return the provider that `settings` name.

    Raises:
        SettingsError: a key cannot be read, or the SDK is missing.
    """
    if settings.payments is PaidBy.NONE:
        return Provider()
    key = _secret("OMEGA_STRIPE_KEY_FILE", settings.stripe_key)
    secret = _secret("OMEGA_STRIPE_WEBHOOK_SECRET_FILE", settings.stripe_signing)
    try:
        payments = StripePayments(key, base_url=settings.stripe_url)
    except NotInstalledError as error:
        raise SettingsError(f"OMEGA_PAYMENTS: {error}") from None
    return Provider(payments=payments, name="stripe", webhook_secret=secret)


def _secret(name: str, path: Path | None) -> str:
    """Return what a file holds, which is quoted nowhere."""
    if path is None:
        raise SettingsError(f"{name} says where the secret lies; with OMEGA_PAYMENTS=stripe it has to")
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST + 1).strip().decode("ascii")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{name}: `{path}` cannot be read") from None
    if not 0 < len(text) <= _LONGEST or not text.isprintable():
        raise SettingsError(f"{name}: `{path}` holds no secret")
    return text
