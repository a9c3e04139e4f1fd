"""Values that look like personal data of somebody, and are nobody's: made from a seed, with their check digits.

The check digits are computed here, apart from the service's own checks.
"""

import base64
import json
import string
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from tests.privacy.detection import labelled_identifiers as identifiers
from tests.privacy.detection.labelled_identifiers import luhn_digit, number, spaced

WORDS = ("north", "lamp", "quiet", "river", "stone", "maple", "orbit", "cedar", "violet", "harbour")
LETTERS = string.ascii_letters + string.digits
CARDS = (
    ("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("2412", 16), ("2699", 16), ("34", 15), ("37", 15),
    ("6011", 16), ("3530", 16), ("36", 14),
)  # fmt: skip


def some(rng: Random, size: int, letters: str = LETTERS) -> str:
    return "".join(rng.choice(letters) for _ in range(size))


def card(rng: Random, _locale: str) -> str:
    prefix, size = rng.choice(CARDS)
    body = prefix + number(rng, size - len(prefix) - 1)
    whole = body + luhn_digit(body)
    groups = {16: (4, 4, 4, 4), 15: (4, 6, 5), 14: (4, 6, 4)}[size]
    return rng.choice([whole, spaced(whole, *groups), spaced(whole, *groups, mark="-")])


def iban(rng: Random, locale: str) -> str:
    country, body = {
        "de": ("DE", number(rng, 18)),
        "fr": ("FR", number(rng, 10) + some(rng, 11, string.digits + "ABCXYZ") + number(rng, 2)),
        "es": ("ES", number(rng, 20)),
        "gb": ("GB", rng.choice(["NWBK", "BARC", "LOYD"]) + number(rng, 14)),
        "it": ("IT", rng.choice("XYZ") + number(rng, 22)),
        "nl": ("NL", "ABNA" + number(rng, 10)),
    }.get(locale, ("BE", number(rng, 12)))
    check = 98 - int("".join(str(int(each, 36)) for each in body + country + "00")) % 97
    whole = f"{country}{check:02d}{body}"
    return rng.choice([whole, spaced(whole, *([4] * (len(whole) // 4)))])


def phone(rng: Random, locale: str) -> str:
    def n(size: int) -> str:
        return number(rng, size, "123456789")

    pairs = [n(2) for _ in range(4)]
    mobile = f"7{rng.choice('45789')}{n(2)}"
    us = (rng.choice(["212", "415", "312", "617", "713", "206", "305", "404"]), "234"[int(n(1)) % 3] + n(2), n(4))
    forms = {
        "gb": (f"+44 {mobile} {n(6)}", f"0{mobile} {n(6)}", f"020 7{n(3)} {n(4)}", f"+4420 7{n(3)} {n(4)}"),
        "de": (f"+49 30 {n(7)}", f"030 {n(7)}", f"0151 {n(8)}", f"+49 (0)89 {n(6)}", f"089/{n(6)}"),
        "fr": (f"+33 6 {' '.join(pairs)}", f"06 {' '.join(pairs)}", f"01.{'.'.join(pairs)}"),
        "es": (f"+34 6{n(2)} {n(3)} {n(3)}", f"91 {n(3)} {n(2)} {n(2)}", f"6{n(2)} {n(2)} {n(2)} {n(2)}"),
        "in": (f"+91 9{n(4)} {n(5)}", f"+91-98{n(8)}", f"9{n(4)}-{n(5)}"),
    }
    others = ("({}) {}-{}", "+1 {} {} {}", "{}-{}-{}", "+1{}{}{}", "{}.{}.{}")
    return rng.choice(forms.get(locale) or [form.format(*us) for form in others])


def ssn(rng: Random, _locale: str) -> str:
    area = rng.choice([each for each in range(100, 899) if each != 666])
    return f"{area}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}"


def ip(rng: Random, _locale: str) -> str:
    four = ".".join(str(rng.randrange(1, 224)) for _ in range(4)).replace("127.", "128.")
    six = f"2001:db8:{rng.randrange(4096, 65535):x}:{rng.randrange(1, 65535):x}::{rng.randrange(1, 65535):x}"
    return rng.choice([four, four, six])


def mac(rng: Random, _locale: str) -> str:
    parts = [f"{rng.randrange(256):02x}" for _ in range(6)]
    return rng.choice([":".join(parts), "-".join(parts).upper()])


def birth_date(rng: Random, locale: str) -> str:
    year, month, day = rng.randrange(1940, 2008), rng.randrange(1, 13), rng.randrange(1, 29)
    written = {"de": f"{day:02d}.{month:02d}.{year}", "us": f"{month:02d}/{day:02d}/{year}"}
    return rng.choice([f"{year}-{month:02d}-{day:02d}", written.get(locale, f"{day:02d}/{month:02d}/{year}")])


def bank_account(rng: Random, _locale: str) -> str:
    return number(rng, rng.choice([8, 10, 12]), "123456789")


def crypto_address(rng: Random, _locale: str) -> str:
    return "0x" + some(rng, 40, "0123456789abcdef")


def secret(rng: Random, _locale: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    token = (
        f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': number(rng, 9), 'iat': 1_700_000_000})}.{some(rng, 43)}"
    )
    aws = "AKIA" + some(rng, 16, string.ascii_uppercase + string.digits)
    slack = f"xoxb-{number(rng, 11)}-{some(rng, 24)}"
    return rng.choice([aws, "ghp_" + some(rng, 36), "sk_live_" + some(rng, 24), slack, "AIza" + some(rng, 35), token])


def password(rng: Random, _locale: str) -> str:
    return "".join(rng.sample(string.ascii_letters, 7)) + number(rng, 3) + rng.choice("!#%+?")


def private_key(rng: Random, _locale: str) -> str:
    lines = "\n".join(some(rng, 64, LETTERS + "+/") for _ in range(4))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----"


def email(rng: Random, _locale: str) -> str:
    one, other = rng.choice(WORDS), rng.choice(WORDS)
    local = rng.choice([f"{one}.{other}", f"{one}{number(rng, 2)}", f"{one}+{other}"])
    return f"{local}@{rng.choice(WORDS)}{rng.choice(['.example', '.co.uk', '.org', '.de', '.fr', '.io', '-mail.com'])}"


STRUCTURED: Final[Mapping[str, tuple[str, Callable[[Random, str], str]]]] = {
    "bank_account": ("BANK_ACCOUNT", bank_account), "birth_date": ("BIRTH_DATE", birth_date), "card": ("CARD", card),
    "crypto": ("CRYPTO_ADDRESS", crypto_address), "email": ("EMAIL", email), "iban": ("IBAN", iban), "ip": ("IP", ip),
    "licence": ("LICENCE", identifiers.licence), "mac": ("MAC", mac), "phone": ("PHONE", phone), "ssn": ("SSN", ssn),
    "national_id": ("NATIONAL_ID", identifiers.national_id), "passport": ("PASSPORT", identifiers.passport),
    "password": ("SECRET", password), "private_key": ("SECRET", private_key), "secret": ("SECRET", secret),
    "tax_id": ("TAX_ID", identifiers.tax_id),
}  # fmt: skip
"""Marks of templates: which kind they are, and who makes one."""

NOISE: Final[Mapping[str, Callable[[Random], str]]] = {
    "order": lambda rng: f"{rng.randrange(2020, 2027)}{rng.randrange(10, 99)}-{number(rng, 5)}",
    "version": lambda rng: f"{rng.randrange(1, 30)}.{rng.randrange(9)}.{rng.randrange(9)}.{rng.randrange(99)}",
    "stamp": lambda rng: f"2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}T09:{rng.randrange(10, 60)}:07Z",
    "hash": lambda rng: some(rng, 40, "0123456789abcdef"),
    "uuid": lambda rng: spaced(some(rng, 32, "0123456789abcdef"), 8, 4, 4, 4, 12, mark="-"),
    "code": lambda rng: f"{rng.randrange(100, 999)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}",
    "amount": lambda rng: f"{rng.randrange(1, 9)},{rng.randrange(100, 999)}.{rng.randrange(10, 99)}",
    "count": lambda rng: str(rng.randrange(1, 99_999)),
}
"""Marks of what looks like personal data and is none."""
