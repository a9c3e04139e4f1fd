"""An identity provider for tests, and clients that sign for themselves: keys of every kind, any token."""

import base64
import json
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

NOW = 1_795_000_000.5
ISSUER = "https://idp.example/realms/one"
AUDIENCE = "https://omega.example"
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"ES256": (ec.SECP256R1, 32), "ES384": (ec.SECP384R1, 48), "ES512": (ec.SECP521R1, 66)}
KINDS = {"RS": "RSA", "PS": "RSA", "Ed": "Ed25519"}

HEADER = {"alg": "RS256", "kid": "k-RS256", "typ": "at+jwt"}
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "shop-client",
    "client_id": "shop-client",
    "iat": int(NOW),
    "exp": int(NOW) + 600,
    "jti": "t-1",
}


def encoded(part):
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return encoded(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


@cache
def private(algorithm, of="provider"):
    """Return the private key for an algorithm; another one for each `of`, and one for all of RSA."""
    kind = KINDS.get(algorithm[:2], algorithm)
    if kind != algorithm:
        return private(kind, of)
    if kind == "RSA":
        return rsa.generate_private_key(65_537, 2_048)
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(CURVES[kind][0]())


def jwk(algorithm="RS256", of="provider", **changed):
    """Return the public JWK of `private(algorithm, of)`."""
    key = private(algorithm, of).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        found = {"kty": "RSA", "n": number(key.public_numbers().n), "e": number(key.public_numbers().e)}
    elif isinstance(key, ec.EllipticCurvePublicKey):
        size = CURVES[algorithm][1]
        point = key.public_numbers()
        curve = {32: "P-256", 48: "P-384", 66: "P-521"}[size]
        found = {"kty": "EC", "crv": curve, "x": number(point.x, size), "y": number(point.y, size)}
    else:
        found = {"kty": "OKP", "crv": "Ed25519", "x": encoded(key.public_bytes_raw())}
    found |= {"kid": f"k-{algorithm}", **changed}
    return {name: value for name, value in found.items() if value is not None}


def signature(algorithm, text, of="provider"):
    key = private(algorithm, of)
    if algorithm.startswith("Ed"):
        return key.sign(text)
    digest = HASHES[algorithm[2:]]()
    if algorithm.startswith("ES"):
        size = CURVES[algorithm][1]
        r, s = decode_dss_signature(key.sign(text, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    form = padding.PSS(padding.MGF1(digest), digest.digest_size) if algorithm[0] == "P" else padding.PKCS1v15()
    return key.sign(text, form, digest)


def signed(header, claims, algorithm="RS256", of="provider"):
    """Return a token whose signature holds, whatever it says."""
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(signature(algorithm, text.encode(), of))}"


def access(algorithm="RS256", header=None, of="provider", **claims):
    """Return an access token of the provider, changed; None takes something out."""
    said = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    head = {"alg": algorithm, "kid": f"k-{algorithm}", "typ": "at+jwt"} | (header or {})
    return signed({name: value for name, value in head.items() if value is not None}, said, algorithm, of)


def assertion(client="marketplace", algorithm="ES256", header=None, of=None, **claims):
    """Return the assertion of a client, changed; None takes something out."""
    said = {
        "iss": client,
        "sub": client,
        "aud": f"{AUDIENCE}/oauth2/token",
        "iat": int(NOW),
        "exp": int(NOW) + 60,
        "jti": "a-1",
    } | claims
    head = {"alg": algorithm, "kid": f"k-{algorithm}"} | (header or {})
    said = {name: value for name, value in said.items() if value is not None}
    return signed({name: value for name, value in head.items() if value is not None}, said, algorithm, of or client)
