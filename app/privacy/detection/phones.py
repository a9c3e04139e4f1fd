"""Phone numbers: what may be one by its form, then asked of the numbering plans of the world, region by region.

The library that knows the plans is slow on texts, so it sees candidates alone, and for each only the regions where a
number of that form is dialled. Knows nothing of other kinds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import phonenumbers

from app.privacy.detection.context import Text
from app.privacy.detection.finding import Finding, Kind, Lane
from app.privacy.detection.recogniser import surer

REGIONS: Final = ("US", "GB", "DE", "FR", "ES", "IN", "IT", "NL", "BR", "AU", "CH")
"""Whose numbers are known without a country code, in this order."""
_CANDIDATE: Final = re.compile(
    r"(?<![\w.@/-])(?<!\w#)(?:\+|\(\+?|00)?\d(?:[ \-./()\u00a0\u2011]{0,3}\d){6,16}(?!\w|-\w|\.\d|@)"
)
_NOT_PHONE: Final = re.compile(
    r"(?:19|20)\d\d[-/. ]?[01]\d[-/. ]?[0-3]\d|\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d|\d{1,3}(?:\.\d{1,3}){3}|\d+\.\d+"
    r"|\d{3}[- ]\d{2}[- ]\d{4}"
)
_LONE: Final = re.compile(r"(?<!\d)\d(?!\d)")
_MOST_LONE: Final = 2  # digits by themselves
_CONTEXT: Final = (
    "phone", "tel", "telefon", "telephone", "téléphone", "telefono", "teléfono", "mobile", "mobil", "móvil", "movil",
    "portable", "handy", "cell", "call", "called", "callback", "fax", "whatsapp", "sms", "text me", "ring", "dial",
    "rufnummer", "appeler", "appelez", "llame", "llamar", "contact", "msisdn", "anruf", "anrufen", "reach",
)  # fmt: skip
_UNLESS: Final = (
    "order", "invoice", "ticket", "error", "code", "ref", "reference", "sku", "serial", "case", "batch", "version",
    "build", "part", "isbn", "rechnung", "bestellung", "facture", "commande", "pedido", "factura", "uuid", "hash",
)  # fmt: skip
_SURE, _SAID, _TRUNK, _FORMED = 0.85, 0.8, 0.72, 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """Finds phone numbers.

    Attributes:
        regions: ISO 3166-1 codes whose numbers are known without a country code.
    """

    regions: tuple[str, ...] = REGIONS

    def find(self, text: Text) -> Iterator[Finding]:
        """Yield numbers that a plan knows: international ones, formed ones, and bare digits where a word says so."""
        if not text.has_digits:
            return
        for match in _CANDIDATE.finditer(text.value):
            if _NOT_PHONE.fullmatch(match[0]) or len(_LONE.findall(match[0])) > _MOST_LONE:
                continue
            score = self._score(match[0], text, match.start(), match.end())
            if score:
                yield Finding(start=match.start(), end=match.end(), kind=Kind.PHONE, score=score, lane=Lane.PATTERNS)

    def _score(self, found: str, text: Text, start: int, end: int) -> float:
        digits = re.sub(r"\D", "", found)
        abroad = found.lstrip("(").startswith(("+", "00"))
        near = text.near(_CONTEXT, start, end)
        if text.close_before(_UNLESS, start) or (not near and not abroad and found.isdecimal()):
            return 0
        if abroad:
            number = "+" + (digits if "+" in found[:2] else digits[2:])
            return surer(_SURE, near) if _is_number(number, None, near=near > 0) else 0
        known = any(_is_number(digits, region, near=near > 0) for region in self.regions if _may_dial(digits, region))
        if not known:
            return 0
        formed = 0 if found.isdecimal() else _TRUNK if digits[0] == "0" else _FORMED
        return max(formed, surer(_SAID, near)) if near else formed


def _may_dial(digits: str, region: str) -> bool:
    """Say whether a number of this length and these first digits is one that people of a region write."""
    first, size = digits[0], len(digits)
    match region:
        case "US":
            return (size == 10 and first > "1") or (size == 11 and first == "1")  # noqa: PLR2004
        case "ES":
            return size == 9 and first in "6789"  # noqa: PLR2004
        case "IN":
            return (size == 10 and first > "5") or (size == 11 and first == "0")  # noqa: PLR2004
        case "IT":
            return size in {9, 10, 11} and first in "03"
        case "BR":
            return size in {10, 11, 12} and not digits.startswith("00")
        case _:
            return first == "0" and 9 <= size <= 13  # noqa: PLR2004


def _is_number(number: str, region: str | None, *, near: bool) -> bool:
    """Say whether a plan has it; with a word that says so, whether it could have."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(parsed) if near else phonenumbers.is_valid_number(parsed)
