"""Tokens for tests: issued, or signed whatever they say."""

import base64
import json
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.identity import OwnTokens, Verifier, issue, key_id
from app.jwt_form import TokenError

NOW = 1_795_000_000.5
SECRET = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SECRET)
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
ISSUER = "omega.example"

HEADER = {"alg": "Ed25519", "kid": key_id(KEY.public_key()), "typ": "JWT"}
CLAIMS = {
    "iss": ISSUER,
    "aud": "omega",
    "sub": "marketplace",
    "tenant": "acme",
    "iat": int(NOW),
    "nbf": int(NOW),
    "exp": int(NOW) + 600,
    "jti": "0" * 32,
}


def issued(key=KEY, **changed):
    claims = {"subject": "marketplace", "tenant": "acme", "issuer": ISSUER, "lifetime": 600, "now": NOW, **changed}
    return issue(key, **claims)


def verifier(*keys, cached=10_000, **options):
    own = OwnTokens(*(key.public_key() for key in keys or [KEY]), issuer=ISSUER, **options)
    return Verifier(own, cached=cached)


def encoded(part):
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header=HEADER, claims=CLAIMS):
    """Return a token whose signature holds, whatever it says."""
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(KEY.sign(text.encode()))}"


def refusal(token, now=NOW, by=None):
    with pytest.raises(TokenError) as caught:
        (by or verifier()).verify(token, now)
    assert token not in "".join(traceback.format_exception(caught.value)) or token == ""
    return caught.value.code.value


TOKEN = issued(random=bytes)
