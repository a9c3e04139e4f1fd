"""Identifiers that states hand out, made from a seed with their check digits; they are nobody's."""

import string
from collections.abc import Iterable
from random import Random


def number(rng: Random, size: int, first: str = string.digits) -> str:
    return rng.choice(first) + "".join(rng.choice(string.digits) for _ in range(size - 1))


def spaced(digits: str, *sizes: int, mark: str = " ") -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return mark.join([*parts, *([digits[at:]] if at < len(digits) else [])])


def luhn_digit(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def verhoeff_digit(digits: str) -> str:
    """Multiply in the dihedral group of order ten, by its definition."""

    def times(a: int, b: int) -> int:
        turned = (a + b if a < 5 else a - b) % 5
        return turned + 5 if (a < 5) != (b < 5) else turned

    def permuted(digit: int, rounds: int) -> int:
        for _ in range(rounds % 8):
            digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
        return digit

    check = 0
    for place, digit in enumerate(reversed(digits), 1):
        check = times(check, permuted(int(digit), place))
    return next(str(each) for each in range(10) if times(check, each) == 0)


def weighed(digits: str, weights: Iterable[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def british(rng: Random) -> str:
    if rng.random() < 0.5:
        return f"{rng.choice('ABCEHJKLMPRSTWXY')}{rng.choice('ABCEHJLMPRSWXYZ')}{number(rng, 6)}{rng.choice('ABCD')}"
    while True:
        body = number(rng, 9, "4567")
        check = 11 - weighed(body, range(10, 1, -1)) % 11
        if check != 10:
            return spaced(f"{body}{check % 11}", 3, 3, 4)


def spanish(rng: Random) -> str:
    body, letters = number(rng, 8), "TRWAGMYFPDXBNJZSQVHLCKE"
    lead = rng.choice("XYZ")
    foreign = lead + body[:7] + letters[int(str("XYZ".index(lead)) + body[:7]) % 23]
    return rng.choice([body + letters[int(body) % 23], foreign])


def french(rng: Random) -> str:
    born = f"{rng.choice('12')}{rng.randrange(40, 99)}{rng.randrange(1, 13):02d}"
    body = f"{born}{rng.randrange(10, 95)}{number(rng, 6)}"
    whole = f"{body}{97 - int(body) % 97:02d}"
    return rng.choice([whole, spaced(whole, 1, 2, 2, 2, 3, 3, 2)])


def indian(rng: Random) -> str:
    body = number(rng, 11, "23456789")
    return spaced(body + verhoeff_digit(body), 4, 4, 4)


def dutch(rng: Random) -> str:
    while True:
        body = number(rng, 8, "12345678")
        check = weighed(body, range(9, 1, -1)) % 11
        if check < 10:
            return f"{body}{check}"


def polish(rng: Random) -> str:
    body = f"{rng.randrange(50, 99)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}{number(rng, 4)}"
    return f"{body}{-weighed(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10}"


def swiss(rng: Random) -> str:
    body = "756" + number(rng, 9)
    return spaced(f"{body}{-weighed(body, (1, 3) * 6) % 10}", 3, 4, 4, 2, mark=".")


NATIONAL = {"gb": british, "es": spanish, "fr": french, "in": indian, "nl": dutch, "pl": polish}


def national_id(rng: Random, locale: str) -> str:
    return NATIONAL.get(locale, swiss)(rng)


def german_tax_id(rng: Random) -> str:
    digits = rng.sample(string.digits, 9)
    while digits[0] == "0":
        digits = rng.sample(string.digits, 9)
    digits.insert(rng.randrange(1, 9), digits[rng.randrange(1, 9)])
    product = 10
    for digit in digits:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return "".join(digits) + str((11 - product) % 10)


def tax_id(rng: Random, locale: str) -> str:
    letters = [rng.choice(string.ascii_uppercase) for _ in range(5)]
    made = {"in": f"{''.join(letters[:3])}P{letters[3]}{number(rng, 4)}{letters[4]}", "de": german_tax_id(rng)}
    return made.get(locale, f"9{number(rng, 2)}-{rng.choice(['70', '72', '81', '88', '94'])}-{number(rng, 4)}")


def passport(rng: Random, locale: str) -> str:
    letters = [rng.choice("CFGHJKLMNPRTVWXYZ") for _ in range(3)]
    return {
        "de": f"{letters[0]}{number(rng, 2)}{letters[1]}{number(rng, 4)}{letters[2]}",
        "fr": f"{number(rng, 2)}{rng.choice('ABCDE')}{rng.choice('FGHIK')}{number(rng, 5)}",
        "es": f"{''.join(letters)}{number(rng, 6)}",
        "in": f"{rng.choice('JKLMNP')}{number(rng, 7, '123456789')}",
    }.get(locale, number(rng, 9, "123456789"))


def licence(rng: Random, locale: str) -> str:
    born = f"{rng.randrange(6, 9)}{rng.randrange(1, 13):02d}{rng.randrange(10, 29)}{rng.randrange(1, 9)}"
    british_one = f"{rng.choice(['MORGA', 'SMITH', 'DAVIE'])}{born}SM9{rng.choice('IJ')}{rng.choice('AB')}"
    return british_one if locale == "gb" else f"{rng.choice('ABCDEFGHIJKLM')}{number(rng, rng.choice([7, 8, 12]))}"
