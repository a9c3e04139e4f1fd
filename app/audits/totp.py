"""Time-based one-time passwords (RFC 6238, over RFC 4226), as authenticator applications have them; pure.

Owns codes, how an authenticator is told of a secret, how a secret is kept, and how long somebody waits who got codes
wrong. Knows neither rows nor people: an auditor is a text here.
"""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

STEP: Final = 30
"""Seconds that a code stands for (RFC 6238, section 4.1)."""

DIGITS: Final = 6
SECRET_BYTES: Final = 20
"""As long as the hash (RFC 4226, section 4, R6)."""

SKEW: Final = 1
"""Steps that a clock may be off, either way (RFC 6238, section 5.2)."""

TRIES: Final = 5
"""Wrong codes in a row, after which somebody waits."""

WAIT: Final = 15 * 60
"""Seconds of the first wait. Each wrong code after it doubles it."""

LONGEST_WAIT: Final = 24 * 3_600
_NONCE_BYTES: Final = 12


class CodeRefusedError(Exception):
    """A code is not one that counts now."""


class SecretError(Exception):
    """What was kept is no secret of this auditor, under this key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Wrong codes since the last right one. `last` is when the newest came, in Unix seconds."""

    failures: int = 0
    last: int = 0

    def wait(self, now: float) -> int:
        """Return the seconds until a code is taken again; 0 if one is taken now."""
        over = self.failures - TRIES
        if over < 0:
            return 0
        pause = min(WAIT << min(over, 16), LONGEST_WAIT)
        return max(0, min(pause, int(self.last + pause - now)))


def code(secret: bytes, step: int) -> str:
    """Return the code of a step: HOTP of its number (RFC 4226, section 5.3), with SHA-1 as authenticators have it."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def verify_code(secret: bytes, given: str, *, now: float, used: int) -> int:
    """Return the step whose code `given` is; it is compared in a time that says nothing of where it differs.

    Args:
        secret: of the auditor.
        given: what was typed.
        now: Unix seconds.
        used: the newest step whose code was taken; no code of it, or of one before, is taken again (section 5.2).

    Raises:
        CodeRefusedError: it is the code of no step that counts now.
    """
    typed = given.encode()
    present = int(now) // STEP
    steps = range(max(0, present - SKEW), present + SKEW + 1)
    right = [step for step in steps if hmac.compare_digest(code(secret, step).encode(), typed)]
    fresh = [step for step in right if step > used]
    if not fresh:
        raise CodeRefusedError("the code is not one that counts now")
    return fresh[0]


def spelled(secret: bytes) -> str:
    """Return a secret as it is typed into an authenticator: base32 in groups of four."""
    text = base64.b32encode(secret).decode("ascii").rstrip("=")
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def link(secret: bytes, *, issuer: str, account: str) -> str:
    """Return a secret as a link that authenticators read, also from a QR code (the form of Google Authenticator)."""
    asked = {"secret": spelled(secret).replace(" ", ""), "issuer": issuer, "digits": str(DIGITS), "period": str(STEP)}
    return f"otpauth://totp/{quote(issuer, safe='')}:{quote(account, safe='')}?{urlencode(asked, quote_via=quote)}"


def seal(secret: bytes, *, key: bytes, auditor: str, random: Callable[[int], bytes]) -> str:
    """Return a secret as it is kept: AES-256-GCM under `key`, for this auditor alone, in base64."""
    nonce = random(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, secret, auditor.encode())).decode("ascii")


def unseal(kept: str, *, key: bytes, auditor: str) -> bytes:
    """Return the secret that `seal` kept.

    Raises:
        SecretError: it is another auditor's, under another key, or changed.
    """
    try:
        data = base64.b64decode(kept, validate=True)
        return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], auditor.encode())
    except (ValueError, InvalidTag):
        raise SecretError("what is kept is no secret of this auditor under this key") from None
