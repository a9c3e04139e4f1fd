"""Who is told of alerts, as an operator writes it: `webhook=<URL>#<file>`, `slack=<file>`, `mail=<URL>#<file>`.

Owns the form. What is secret stands in files, which are read when something is sent, so that they may be changed.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from app.addresses import is_loopback
from evidence import authority
from evidence.errors import MalformedError

_ADDRESS: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}")
_MAIL_PORTS: Final = {"smtps": 465, "smtp": 587}


class Form(StrEnum):
    """How a target is told."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    MAIL = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A server that takes mail, from whom it is and for whom. `tls` says from the first byte on; else by STARTTLS."""

    host: str
    port: int
    tls: bool
    sender: str
    recipients: tuple[str, ...]
    user: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTarget:
    """One target. `name` tells it from others, and nothing of it is secret.

    `secret` is the file of what signs a webhook, of the URL of a Slack hook, or of the password for a mail server.
    """

    form: Form
    name: str
    url: str
    secret: Path | None
    mail: Mail | None = None


def alert_targets(text: str) -> tuple[AlertTarget, ...]:
    """Return the targets, white space between two.

    Raises:
        ValueError: it is no such list; the message says what is asked for.
    """
    found = tuple(_target(item) for item in text.split())
    if len({each.name for each in found}) != len(found):
        raise ValueError("a target stands there twice")
    return found


def post_url(text: str) -> str:
    """Return a URL that nobody on the way can answer for: https, or this machine.

    Raises:
        ValueError: it is none.
    """
    try:
        parts = urlsplit(authority.parse_url(text))
    except MalformedError as error:
        raise ValueError("it is a URL, such as https://alerts.example.org/omega") from error
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("it is a URL with https, or with http on this machine alone")
    return text


def _target(item: str) -> AlertTarget:
    form, _, rest = item.partition("=")
    url, _, file = rest.partition("#")
    if form == Form.WEBHOOK and url and file:
        return AlertTarget(form=Form.WEBHOOK, name=_name(form, post_url(url)), url=url, secret=_file(file))
    if form == Form.SLACK and url and not file:
        path = _file(url)
        return AlertTarget(form=Form.SLACK, name=f"slack {path.name}", url="", secret=path)
    if form == Form.MAIL and url:
        secret = _file(file) if file else None
        return AlertTarget(form=Form.MAIL, name=_name(form, url), url=url, secret=secret, mail=_mail(url, secret))
    raise ValueError("it is a list of webhook=<URL>#<file>, slack=<file>, mail=<URL>#<file>, with spaces between")


def _mail(url: str, secret: Path | None) -> Mail:
    refusal = ValueError(
        "mail goes to a URL such as smtps://mail.example.org/security@example.org?from=omega@example.org&user=omega"
    )
    try:
        parts = urlsplit(url)
        port = parts.port or _MAIL_PORTS[parts.scheme]
        query = parse_qs(parts.query, strict_parsing=True)
        [sender] = query.pop("from")
        [user] = query.pop("user", [None])
    except (ValueError, LookupError):
        raise refusal from None
    recipients = tuple(parts.path.removeprefix("/").split(","))
    if query or not parts.hostname or "@" in parts.netloc or not all(map(_ADDRESS.fullmatch, (sender, *recipients))):
        raise refusal
    if (user is None) != (secret is None):
        raise ValueError("a user of a mail server has a password, in a file whose path comes after the sign #")
    return Mail(
        host=parts.hostname, port=port, tls=parts.scheme == "smtps", sender=sender, recipients=recipients, user=user
    )


def _file(text: str) -> Path:
    if not text.startswith("/"):  # processes of one service start in different directories
        raise ValueError("the path of a file with a secret begins with /")
    return Path(text)


def _name(form: str, url: str) -> str:
    """Return a name without what may be secret in a URL."""
    return f"{form} {urlsplit(url).hostname} {hashlib.sha256(url.encode()).hexdigest()[:8]}"
