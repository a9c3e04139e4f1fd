"""Checks that tell an identifier from digits that look like one.

Each is handed a stretch that has the form, and says how many of its characters, from the first, are the identifier: an
expression cannot count how long the IBAN of a country is. None of them are: 0. Knows no text around it.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

_CARD_RANGES: Final = (  # of issuers: first, last, as many digits as they have, lengths (ISO/IEC 7812 and the networks)
    ("4", "4", {13, 16, 19}),
    ("51", "55", {16}),
    ("2221", "2720", {16}),
    ("34", "34", {15}),
    ("37", "37", {15}),
    ("300", "305", {14}),
    ("36", "36", {14}),
    ("38", "39", {14, 16}),
    ("6011", "6011", {16, 19}),
    ("622126", "622925", {16, 17, 18, 19}),
    ("644", "649", {16, 19}),
    ("65", "65", {16, 19}),
    ("3528", "3589", {16, 17, 18, 19}),
    ("62", "62", {16, 17, 18, 19}),
    ("50", "50", {13, 14, 15, 16, 17, 18, 19}),
    ("56", "58", {13, 14, 15, 16, 17, 18, 19}),
    ("60", "60", {16}),
    ("2200", "2204", {16, 17, 18, 19}),
)
_IBAN_LENGTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        country: int(length)
        for country, length in re.findall(
            r"([A-Z]{2})([0-9]{2})",
            "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 "
            "DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 "
            "IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 "
            "MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 "
            "SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 ",
        )
    }
)
_NOT_MAIL: Final = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "py", "map", "md", "html"})
_NIR_MONTHS: Final = frozenset({*range(1, 13), *range(20, 43), *range(50, 100)})
_LEAST_DIGITS: Final = 1  # that differ: 4444... is no card
_SPLIT: Final = re.compile(r"[^0-9A-Za-z]")


def digits(text: str) -> list[int]:
    """Return the ASCII digits of a text."""
    return [ord(character) - 48 for character in text if "0" <= character <= "9"]


def luhn(text: str) -> bool:
    """Hold the check digit of ISO/IEC 7812-1, annex B."""
    found = digits(text)
    doubled = (each * 2 - 9 * (each > 4) for each in found[-2::-2])  # noqa: PLR2004 - two digits from 5 on
    return (sum(found[-1::-2]) + sum(doubled)) % 10 == 0


def card(text: str) -> int:
    """Return how much of it is a number with a range of an issuer, its length and the check digit."""
    number = "".join(map(str, digits(text)))
    lengths = {each for first, last, some in _CARD_RANGES if first <= number[: len(first)] <= last for each in some}
    for length in sorted(lengths, reverse=True):
        if len(number) >= length and len(set(number[:length])) > _LEAST_DIGITS and luhn(number[:length]):
            size = _prefix(text, length)
            if not text[size : size + 1].isdecimal():
                return size
    return 0


def iban(text: str) -> int:
    """Return how much of it has the length of its country and the check digits of ISO 13616 (ISO 7064, mod 97-10)."""
    length = _IBAN_LENGTHS.get(text[:2].upper(), 0)
    whole = _SPLIT.sub("", text).upper()
    if not length or len(whole) < length:
        return 0
    size = _prefix(text, length)
    number = "".join(str(int(each, 36)) for each in whole[4:length] + whole[:4])
    return 0 if text[size : size + 1].isalnum() or int(number) % 97 != 1 else size


def _prefix(text: str, length: int) -> int:
    """Return how many characters hold so many letters and digits."""
    for place, character in enumerate(text, 1):
        length -= character.isalnum()
        if not length:
            return place
    return len(text)


def mac(text: str) -> bool:
    """Hold an address of one device: not all bits alike."""
    return len(set(text) - set(":-.")) > 1


def credential(text: str) -> bool:
    """Hold letters and digits both, as words do not."""
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def ssn(text: str) -> bool:
    """Hold what the Social Security Administration never hands out: areas 000, 666, 9xx, group 00, serial 0000."""
    number = "".join(map(str, digits(text)))
    return (
        number[:3] not in {"000", "666"}
        and number[0] != "9"
        and number[3:5] != "00"
        and number[5:] != "0000"
        and number not in {"123456789", "111111111", "222222222", "333333333", "078051120"}
    )


def ip_of_somebody(text: str) -> bool:
    """Hold an address of one machine: no loopback, no group of machines, nothing unspecified, no netmask."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    general = found.is_loopback or found.is_unspecified or found.is_multicast
    return any(map(str.isdigit, text)) and not general and not text.startswith("255.") and not text.endswith(".0.0.0")


def mail(text: str) -> bool:
    """Hold a domain that is none of a file's name, such as `icon@2x.png`, and labels that are none of dots alone."""
    local, _, domain = text.rpartition("@")
    last = domain.rpartition(".")[2].lower()
    named = len(last) > 1 and (last.isalpha() or last.startswith("xn--"))
    return named and len(local) <= 64 and ".." not in text and last not in _NOT_MAIL  # noqa: PLR2004 - RFC 5321


def calendar_date(text: str) -> bool:
    """Hold a day that there was, in any order of its parts, from 1900 to 2099."""
    parts = [int(part) for part in re.findall(r"[0-9]+", text)]
    if len(parts) != 3:  # noqa: PLR2004 - a name of a month
        return True
    year, month, day = parts if parts[0] > 31 else parts[::-1]  # noqa: PLR2004
    year += 1900 * (year < 100)  # noqa: PLR2004
    return 1900 <= year <= 2099 and (_is_day(year, month, day) or _is_day(year, day, month))  # noqa: PLR2004


def fr_nir(text: str) -> bool:
    """Hold the key of a French NIR: 97 less the number modulo 97; Corsica's 2A and 2B count as 19 and 18."""
    whole = _SPLIT.sub("", text).upper()
    number = whole[:13].replace("2A", "19").replace("2B", "18")
    if not number.isdecimal() or int(number[3:5]) not in _NIR_MONTHS:
        return False
    return 97 - int(number) % 97 == int(whole[13:])


def nl_bsn(text: str) -> bool:
    """Hold the test of eleven of a Dutch burgerservicenummer."""
    return _weighed(text, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and any(digits(text))


def br_cpf(text: str) -> bool:
    """Hold both check digits of a Brazilian CPF."""
    number = digits(text)
    first = _weighed(number[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = _weighed(number[:10], range(11, 1, -1)) * 10 % 11 % 10
    return len(set(number)) > 1 and number[9:] == [first, second]


def ean13(text: str) -> bool:
    """Hold the check digit of GS1's numbers of 13 digits, which Swiss AHV numbers have."""
    return _weighed(text, (1, 3) * 6 + (1,)) % 10 == 0


def pt_nif(text: str) -> bool:
    """Hold the check digit of a Portuguese NIF."""
    number = digits(text)
    rest = 11 - _weighed(number[:8], range(9, 1, -1)) % 11
    return number[8] == (0 if rest > 9 else rest)  # noqa: PLR2004


def ie_pps(text: str) -> bool:
    """Hold the check letter of an Irish PPS number."""
    extra = text[8:].upper()
    weighed = _weighed(text[:7], range(8, 1, -1)) + 9 * ("WABCDEFGHI".index(extra) if extra else 0)
    return "WABCDEFGHIJKLMNOPQRSTUV"[weighed % 23] == text[7].upper()


def be_national(text: str) -> bool:
    """Hold the check digits of a Belgian national number, for those born before 2000 and since."""
    whole = "".join(map(str, digits(text)))
    return int(whole[9:]) in {97 - int(whole[:9]) % 97, 97 - int("2" + whole[:9]) % 97}


def _weighed(number: str | list[int], weights: range | tuple[int, ...]) -> int:
    found = digits(number) if isinstance(number, str) else number
    return sum(weight * digit for weight, digit in zip(weights, found, strict=False))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _guarded(check: Callable[[str], int]) -> "Check":
    """Return a check that says no to a stretch of another form than its own: any expression may ask any check."""

    def held(text: str) -> int:
        try:
            found = check(text)
        except (ValueError, IndexError, OverflowError):
            return 0
        return len(text) if found is True else found

    return held


Check = Callable[[str], int]
_WHOLE: Final = (
    luhn,
    ssn,
    ip_of_somebody,
    mail,
    mac,
    credential,
    calendar_date,
    fr_nir,
    nl_bsn,
    br_cpf,
    ean13,
    pt_nif,
    ie_pps,
    be_national,
)
CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {check.__name__: _guarded(check) for check in (card, iban, *_WHOLE)}
)
"""By the names under which recognisers ask for them."""
