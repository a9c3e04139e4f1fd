"""Mail to the person of a request: the way back to it, a code, or that there is news. Pure.

A letter names the request, and neither the person nor what was asked. Words stand with the others of the pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from typing import Any


class LetterKind(StrEnum):
    """What a letter is about."""

    CONFIRMATION = "confirmation"
    CODE = "code"
    NEWS = "news"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter.

    Attributes:
        request: its id.
        number: of the step that it tells of.
        kind: what it is about.
        to: the address.
        secret: the link of a confirmation, or the code; empty otherwise.
        at: when it was written.
    """

    request: str
    number: int
    kind: LetterKind
    to: str = field(repr=False)
    secret: str = field(default="", repr=False)
    at: datetime


def message(letter: Letter, words: Mapping[str, Any], sender: str) -> bytes:
    """Return an e-mail (RFC 5322) whose Message-ID is the same each time it is sent; `words` are of one language."""
    said = words["letters"][letter.kind.value]
    made = EmailMessage()
    made["From"], made["To"] = sender, letter.to
    made["Subject"] = said["subject"].format(request=letter.request)
    made["Date"] = format_datetime(letter.at)
    made["Message-ID"] = f"<{letter.request}-{letter.number}@{sender.partition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
    text = "\n\n".join(said["text"]).format(request=letter.request, secret=letter.secret)
    made.set_content(text + "\n")
    return made.as_bytes()
