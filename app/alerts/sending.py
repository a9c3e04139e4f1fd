"""One alert to one target: over HTTP, or by mail. Asks whom the operator named and nobody else; follows nothing.

Owns what counts as told. Secrets are read from their files each time.
"""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.addresses import is_loopback
from app.alert_targets import AlertTarget, Form, Mail, post_url
from app.alerts.alert import (
    Alert,
    SecretError,
    mail_message,
    parse_secret,
    slack_body,
    webhook_body,
    webhook_headers,
)
from evidence import authority
from evidence.errors import AuthorityError

DEADLINE: Final = 10.0
"""Seconds that one target has."""

_ANSWER: Final = 64 << 10  # bytes of an answer, which is thrown away
_SECRET: Final = 4_096  # bytes of a file
_GONE: Final = 410


class SendError(Exception):
    """A target was not told. `code` says why in a word; `hopeless`: it wants to be told nothing any more."""

    def __init__(self, code: str, *, hopeless: bool = False) -> None:
        super().__init__(code)
        self.code, self.hopeless = code, hopeless


Send = Callable[[AlertTarget, Alert, float], None]
"""Tells a target of an alert at a time (Unix seconds), or raises `SendError`."""


def send(target: AlertTarget, alert: Alert, now: float) -> None:
    """See `Send`.

    Raises:
        SendError: the target did not take it, or its secret cannot be used.
    """
    try:
        if target.mail is not None:
            _mail(target.mail, mail_message(alert, target.mail), target)
        elif target.form is Form.SLACK:
            _post(_slack_url(target), slack_body(alert), {})
        else:
            body = webhook_body(alert)
            _post(target.url, body, webhook_headers(alert.id, body, parse_secret(_secret(target)), now))
    except SecretError:
        raise SendError("secret_unusable") from None


def send_mail(target: AlertTarget, address: str, message: bytes) -> None:
    """Send a message to an address through the mail server of a target, which its own recipients do not get.

    Raises:
        SendError: the server did not take it, or its secret cannot be used.
    """
    if target.mail is None:
        raise SendError("no_mail", hopeless=True)
    try:
        _mail(replace(target.mail, recipients=(address,)), message, target)
    except SecretError:
        raise SendError("secret_unusable") from None


def _post(url: str, body: bytes, headers: dict[str, str]) -> None:
    try:
        answer = authority.post(
            url, body, content_type="application/json", limit=_ANSWER, deadline=DEADLINE, headers=headers
        )
    except AuthorityError as error:
        raise SendError("unreachable") from error
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - successful, RFC 9110
        raise SendError(f"status_{answer.status}", hopeless=answer.status == _GONE)


def _slack_url(target: AlertTarget) -> str:
    try:
        return post_url(_secret(target).decode("ascii").strip())
    except ValueError:
        raise SecretError("the file holds no URL") from None


def _mail(mail: Mail, message: bytes, target: AlertTarget) -> None:
    context = ssl.create_default_context()
    try:
        with _connected(mail, context) as server:
            if mail.user is not None:
                server.login(mail.user, _secret(target).decode().strip())
            server.sendmail(mail.sender, list(mail.recipients), message)
    except UnicodeDecodeError:
        raise SecretError("the file holds no password") from None
    except smtplib.SMTPResponseException as error:
        raise SendError(f"smtp_{error.smtp_code}") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise SendError("recipients_refused") from error
    except (OSError, smtplib.SMTPException) as error:
        raise SendError("unreachable") from error


def _connected(mail: Mail, context: ssl.SSLContext) -> smtplib.SMTP:
    """Return a session that nobody on the way can read; on this machine alone it may be in the clear."""
    if mail.tls:
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=DEADLINE, context=context)
    server = smtplib.SMTP(mail.host, mail.port, timeout=DEADLINE)
    try:
        server.ehlo()
        if server.has_extn("starttls") or not is_loopback(mail.host):
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _secret(target: AlertTarget) -> bytes:
    path = target.secret or Path()
    try:
        with path.open("rb") as file:
            return file.read(_SECRET)
    except OSError:
        raise SecretError("the file cannot be read") from None
