"""Webhooks of Stripe: whether one is Stripe's, and what it tells.

The rules are those of the official SDK (`stripe.WebhookSignature`): HMAC-SHA256 over the time, a full stop and the
bytes as they came, compared in constant time, no older than 300 seconds. The time is passed in.
"""

import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from app.features.marketplace.billing.errors import WebhookError
from app.features.marketplace.billing.event import About, Event, Status
from app.features.marketplace.money import Money
from app.pdp.errors import MalformedRequestError
from app.pdp.strict_json import parse

PROVIDER: Final = "stripe"
HEADER: Final = "stripe-signature"
TOLERANCE: Final = 300
"""Seconds that a webhook may be old, or that our clock may be behind."""

LARGEST: Final = 64 << 10
"""Bytes of a webhook."""

_TIME: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z0-9_.]{1,128}", re.ASCII)
_SIGNATURES: Final = 8  # in one header: two while a secret is exchanged
_LONGEST_HEADER: Final = 2_048

_ABOUT: Final = {
    "payment_intent": About.PAYMENT,
    "refund": About.REFUND,
    "dispute": About.DISPUTE,
    "payout": About.PAYOUT,
}
_PENDING: Final = ("pending", "in_transit", "processing", "requires_action", "requires_confirmation")
_STATUS: Final[Mapping[About, Mapping[str, Status]]] = {
    About.PAYMENT: dict.fromkeys(_PENDING, Status.PENDING)
    | {"succeeded": Status.SUCCEEDED, "requires_payment_method": Status.FAILED, "canceled": Status.CANCELLED},
    About.REFUND: dict.fromkeys(_PENDING, Status.PENDING)
    | {"succeeded": Status.SUCCEEDED, "failed": Status.FAILED, "canceled": Status.CANCELLED},
    About.DISPUTE: dict.fromkeys(
        ("needs_response", "under_review", "warning_needs_response", "warning_under_review"), Status.OPEN
    )
    | {"won": Status.WON, "warning_closed": Status.WON, "prevented": Status.WON, "lost": Status.LOST},
    About.PAYOUT: dict.fromkeys(_PENDING, Status.PENDING)
    | {"paid": Status.SUCCEEDED, "failed": Status.FAILED, "canceled": Status.CANCELLED},
}


def read_event(body: bytes, header: str | None, secret: str, now: float) -> Event:
    """Return what a webhook tells, once it is shown to be Stripe's.

    Args:
        body: the bytes as they came.
        header: `Stripe-Signature`.
        secret: of the endpoint, which Stripe and we alone know.
        now: Unix seconds.

    Raises:
        WebhookError: it is not theirs, it has been changed, it is too old or too large, or it is no event.
    """
    if len(body) > LARGEST:
        raise WebhookError("the webhook is too large")
    _verify(body, header or "", secret, now)
    return parse_event(body)


def _verify(body: bytes, header: str, secret: str, now: float) -> None:
    if not secret or len(header) > _LONGEST_HEADER:
        raise WebhookError("the webhook has no usable signature")
    times, signatures = _members(header, "t"), _members(header, "v1")[:_SIGNATURES]
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not signatures:
        raise WebhookError("the webhook has no usable signature")
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + body, "sha256").hexdigest().encode()
    if not any([hmac.compare_digest(expected, each.encode()) for each in signatures]):  # noqa: C419 - looks at each
        raise WebhookError("the signature of the webhook is not the provider's")
    if abs(now - int(times[0])) > TOLERANCE:
        raise WebhookError("the webhook is too old")


def _members(header: str, name: str) -> list[str]:
    return [each.removeprefix(f"{name}=") for each in header.split(",") if each.startswith(f"{name}=")]


def age(header: str, now: float) -> int:
    """Return how many seconds ago a header that was verified was made; below zero where its clock is ahead."""
    return int(now) - int(_members(header, "t")[0])


def parse_event(body: bytes) -> Event:
    """Return what an event of Stripe tells; the signature is somebody else's business.

    Raises:
        WebhookError: it is no event.
    """
    try:
        document = parse(body, max_bytes=LARGEST)
        told = document["data"]["object"]
        about = _ABOUT.get(str(told["object"]))
        return Event(
            provider=PROVIDER,
            id=_word(document["id"]),
            about=about,
            subject=_word(told["id"]),
            status=None if about is None else _STATUS[about][told["status"]],
            amount=None if about is None else Money(_currency(told["currency"]), _whole(told["amount"])),
            charge=_optional(told.get("payment_intent")),
            account=_optional(document.get("account")),
            reason=_optional(told.get("reason") or told.get("failure_code") or told.get("failure_reason")),
            at=_whole(document["created"]),
        )
    except (AttributeError, KeyError, MalformedRequestError, TypeError, ValueError):
        raise WebhookError("the webhook is no event that is known") from None


def _word(value: Any) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise ValueError
    return value


def _optional(value: Any) -> str | None:
    return _word(value) if isinstance(value, str) else None


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _currency(value: Any) -> str:
    word = _word(value).upper()
    if len(word) != 3 or not word.isalpha():  # noqa: PLR2004 - ISO 4217
        raise ValueError
    return word
