"""What a detector finds: a stretch of a text, and what kind of personal data stands there."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What kind of personal data stands there; the names are those of tokens, such as `<EMAIL_1>`."""

    BANK_ACCOUNT = "BANK_ACCOUNT"
    BIRTH_DATE = "BIRTH_DATE"
    CARD = "CARD"
    CRYPTO_ADDRESS = "CRYPTO_ADDRESS"
    EMAIL = "EMAIL"
    IBAN = "IBAN"
    IP = "IP"
    LICENCE = "LICENCE"
    LOCATION = "LOCATION"
    MAC = "MAC"
    NATIONAL_ID = "NATIONAL_ID"
    PASSPORT = "PASSPORT"
    PERSON = "PERSON"
    PHONE = "PHONE"
    SECRET = "SECRET"  # noqa: S105 - a word: keys, passwords, tokens
    SSN = "SSN"
    TAX_ID = "TAX_ID"


class Lane(StrEnum):
    """Which detector found it."""

    PATTERNS = "patterns"
    NAMES = "names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A stretch of one text.

    Attributes:
        start: of the first character, counted in code points.
        end: behind the last.
        kind: see `Kind`; a recogniser that an installation added may bring a name of its own, `[A-Z][A-Z0-9_]{0,31}`.
        score: 0 to 1, how sure.
        lane: which detector found it.
        path: of the member in a JSON document (RFC 6901); empty for a text. A number counts as its decimal text.
        in_name: it stands in the name of that member, not in its value.
    """

    start: int
    end: int
    kind: str
    score: float
    lane: Lane
    path: str = ""
    in_name: bool = False
