"""What an alert says, and how it is written for each kind of target. Pure: bytes out, nothing is sent here.

Webhooks are those of Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks).
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from typing import Any, Final

from app.alert_targets import Mail

MAX_BODY: Final = 16 << 10
"""Bytes of what is sent; what is longer says less."""

_SHORT: Final = 300  # characters of a summary
_PREFIX: Final = "whsec_"
_LEAST_SECRET: Final = 24  # bytes, Standard Webhooks, "Signature scheme"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")


class SecretError(Exception):
    """The secret of a target cannot be used; the message says why, and never what it is."""


class AlertSeverity(StrEnum):
    """How much it matters."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. `id` is the same however often it is told, so that whoever is told twice can see it.

    `detail` is JSON values, without personal data: it leaves the house.
    """

    id: str
    kind: str
    severity: AlertSeverity
    summary: str
    time: datetime
    decision_id: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def webhook_body(alert: Alert) -> bytes:
    """Return what a webhook is sent."""
    data = {
        "id": alert.id,
        "severity": alert.severity.value,
        "summary": alert.summary[:_SHORT],
        "decision_id": alert.decision_id,
        "detail": dict(alert.detail),
    }
    body = _json(alert, data)
    return body if len(body) <= MAX_BODY else _json(alert, data | {"detail": {"left_out": True}})


def _json(alert: Alert, data: Mapping[str, Any]) -> bytes:
    stamp = alert.time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps({"type": alert.kind, "timestamp": stamp, "data": data}, ensure_ascii=False).encode()


def webhook_headers(identifier: str, body: bytes, secret: bytes, now: float) -> dict[str, str]:
    """Return the headers that say who sends `body`, and when: HMAC-SHA256 over id, time stamp and body."""
    stamp = str(int(now))
    signed = b".".join((identifier.encode(), stamp.encode(), body))
    signature = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": identifier, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}


def parse_secret(data: bytes) -> bytes:
    """Return the secret of a webhook: `whsec_` and base64 of 24 bytes or more.

    Raises:
        SecretError: it is none.
    """
    try:
        text = data.decode("ascii").strip()
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (UnicodeDecodeError, binascii.Error, ValueError):
        text, secret = "", b""
    if not text.startswith(_PREFIX) or len(secret) < _LEAST_SECRET:
        raise SecretError("the file holds no secret: write `whsec_` and base64 of 24 random bytes or more")
    return secret


def slack_body(alert: Alert) -> bytes:
    """Return what an incoming webhook of Slack takes, and what takes the same: `text`, and blocks."""
    summary = _escaped(alert.summary[:_SHORT])
    title = f"{alert.severity.value.upper()}: {summary}"
    fields = [f"*{name}*\n{_escaped(value)}" for name, value in _facts(alert).items()]
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{title}*"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": text} for text in fields]},
    ]
    return json.dumps({"text": title, "blocks": blocks}, ensure_ascii=False).encode()


def mail_message(alert: Alert, mail: Mail) -> bytes:
    """Return an e-mail (RFC 5322) whose Message-ID is the same each time."""
    message = EmailMessage()
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.recipients)
    message["Subject"] = _CONTROL.sub(" ", f"[omega] {alert.severity.value}: {alert.summary[:_SHORT]}")
    message["Date"] = format_datetime(alert.time)
    message["Message-ID"] = f"<{alert.id}@{mail.sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
    facts = "\n".join(f"{name}: {value}" for name, value in _facts(alert).items())
    detail = json.dumps(dict(alert.detail), ensure_ascii=False, indent=2)[:MAX_BODY]
    message.set_content(f"{alert.summary[:_SHORT]}\n\n{facts}\n\n{detail}\n")
    return message.as_bytes()


def _facts(alert: Alert) -> dict[str, str]:
    return {
        "kind": alert.kind,
        "time": alert.time.astimezone(UTC).isoformat(timespec="seconds"),
        "decision": alert.decision_id,
        "alert": alert.id,
    }


def _escaped(text: str) -> str:
    """Return text that Slack shows as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
