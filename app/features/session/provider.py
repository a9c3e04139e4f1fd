"""The identity provider: OpenID Connect, authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9700).

Owns what is asked of the provider and what is believed of its answer. Knows no cookies and no pages.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from app.features.session.identified import Identified, LoginCode, LoginError, groups_of, officer_id
from app.jwt_form import CLOCK_SKEW, TokenError, parse_token
from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.jwk import LONGEST_SET, JwkError, PublicKey, parse_jwk_set
from app.pdp.strict_json import parse
from evidence import authority
from evidence.errors import AuthorityError, MalformedError

_SECONDS: Final = 10.0  # for each answer
_MOST: Final = 64 << 10  # bytes of a document or a token answer
_FRESH: Final = 600.0  # seconds that a provider's metadata and keys are held
_LEAST: Final = 30.0  # seconds between two readings of its keys
_LONGEST_CODE: Final = 2_048
_TYPES: Final = frozenset({"jwt"})
_FORM: Final = "application/x-www-form-urlencoded"
_STRONG: Final = frozenset({"mfa", "otp", "hwk", "swk", "sc", "fpt", "face", "iris", "vbm", "retina"})
"""Values of `amr` (RFC 8176) that stand for a second factor, or for more than one."""

_STRONG_CLASSES: Final = frozenset(
    {"phr", "phrh", "aal2", "aal3", "http://schemas.openid.net/pape/policies/2007/06/multi-factor"}
)
"""Values of `acr` that a second factor is part of."""

_BASIC: Final = ["client_secret_basic"]  # where a provider does not say (Discovery 1.0, section 3)
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What a browser takes along to the provider and back, signed by us; each value is random.

    `place` is the path it wants to see in the end.
    """

    state: str
    nonce: str
    verifier: str
    place: str

    def document(self) -> dict[str, str]:
        """Return it as it stands in the cookie."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metadata:
    """What a provider says of itself (OpenID Connect Discovery 1.0, section 3)."""

    authorization: str
    token: str
    keys: str
    person: str | None  # where it says more of somebody
    scope: str
    basic: bool  # it takes a client's secret as HTTP Basic, and else in the form


@dataclass(slots=True)
class _Held:
    """What was read of a provider, and when (seconds of any clock)."""

    metadata: _Metadata | None = None
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    metadata_at: float = 0.0
    keys_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One identity provider, and who we are there.

    Attributes:
        issuer: its name, and where it describes itself.
        client_id: ours.
        client_secret: ours, if we have one.
        redirect_uri: where it sends people back to, to the letter.
        groups_claim: the claim of the ID token that lists the groups of a person.
        ticks: seconds of a clock that only grows.
        now: Unix seconds.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    ticks: Callable[[], float]
    now: Callable[[], float]
    client_secret: str | None = field(default=None, repr=False)
    groups_claim: str = "groups"
    get: Callable[..., authority.Answer] = authority.get
    post: Callable[..., authority.Answer] = authority.post
    _held: _Held = field(default_factory=_Held, repr=False)

    def authorization_url(self, leaving: Leaving) -> str:
        """Return where a browser goes to sign in.

        Raises:
            LoginError: the provider does not say.
        """
        url: str = prepare_grant_uri(
            self._metadata().authorization,
            self.client_id,
            "code",
            redirect_uri=self.redirect_uri,
            scope=self._metadata().scope,
            state=leaving.state,
            nonce=leaving.nonce,
            code_challenge=create_s256_code_challenge(leaving.verifier),
            code_challenge_method="S256",
        )
        return url

    def identified(self, code: str, leaving: Leaving, known: frozenset[str]) -> Identified:
        """Return whom the provider says that somebody is, who came back with `code`.

        Args:
            code: of one use.
            leaving: what was made when they left.
            known: the groups that matter.

        Raises:
            LoginError: the provider does not say, or says it in a way that is not believed.
        """
        if not 0 < len(code) <= _LONGEST_CODE:
            raise LoginError(LoginCode.PROVIDER_REFUSED)
        answered = self._document(lambda url: self._redeem(url, code, leaving.verifier), self._metadata().token)
        token = answered.get("id_token")
        if not isinstance(token, str):
            raise LoginError(LoginCode.PROVIDER_FAILED)
        claims = self._claims(token, leaving.nonce)
        groups = claims.get(self.groups_claim)
        if groups is None:
            groups = self._person(answered.get("access_token"), claims.get("sub")).get(self.groups_claim, [])
        return Identified(
            officer=officer_id(claims.get("sub")),
            groups=groups_of(groups, known),
            second_factor=_second_factor(claims),
            login=f"provider {leaving.state}",
            method="provider",
        )

    def _redeem(self, url: str, code: str, verifier: str) -> authority.Answer:
        """Return the answer of the token endpoint (RFC 6749, section 4.1.3; RFC 7636, section 4.5)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "client_id": self.client_id,
            "code_verifier": verifier,
        }
        headers = {}
        if self.client_secret is not None and self._metadata().basic:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self.client_secret is not None:
            form["client_secret"] = self.client_secret
        body = urlencode(form).encode()
        return self.post(url, body, content_type=_FORM, limit=_MOST, deadline=_SECONDS, headers=headers)

    def _person(self, token: Any, subject: Any) -> Mapping[str, Any]:
        """Return what the provider says of somebody beside the ID token (OpenID Connect Core 1.0, section 5.3)."""
        place = self._metadata().person
        if place is None or not isinstance(token, str) or not all("!" <= each <= "~" for each in token):
            return {}
        headers = {"authorization": f"Bearer {token}"}
        said = self._document(
            lambda url: self.post(url, b"", content_type=_FORM, limit=_MOST, deadline=_SECONDS, headers=headers), place
        )
        if said.get("sub") != subject:  # section 5.3.2: it may be somebody else
            raise LoginError(LoginCode.TOKEN_REFUSED)
        return said

    def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        """Return what an ID token says (OpenID Connect Core 1.0, section 3.1.3.7).

        The algorithm follows from the provider's key, see `app.pdp.jwk`; times allow for no more than `CLOCK_SKEW`.
        """
        try:
            unverified = parse_token(token)
            algorithm, kid = unverified.verify_header(_TYPES, absent="jwt")
            unverified.verify_signature(self._key(kid), algorithm)
            claims = CodeIDToken(
                unverified.claims,
                unverified.header,
                options={
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self.client_id},
                    "nonce": {"essential": True, "value": nonce},
                },
                params={"nonce": nonce, "client_id": self.client_id},
            )
            claims.validate(now=int(self.now()), leeway=CLOCK_SKEW)
        except (TokenError, JoseError) as error:
            raise LoginError(LoginCode.TOKEN_REFUSED) from error
        return unverified.claims

    def _key(self, kid: str) -> PublicKey | None:
        held, now = self._held, self.ticks()
        age = now - held.keys_at
        if not held.keys or age > _FRESH or (kid not in held.keys and age > _LEAST):
            try:
                answer = self.get(self._metadata().keys, limit=LONGEST_SET, deadline=_SECONDS)
                held.keys = parse_jwk_set(answer.body)
            except (AuthorityError, JwkError) as error:
                raise LoginError(LoginCode.PROVIDER_FAILED) from error
            held.keys_at = now
        return held.keys.get(kid)

    def _metadata(self) -> _Metadata:
        held, now = self._held, self.ticks()
        if held.metadata is None or now - held.metadata_at > _FRESH:
            place = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            said = self._document(lambda url: self.get(url, limit=_MOST, deadline=_SECONDS), place)
            if said.get("issuer") != self.issuer:  # OpenID Connect Discovery 1.0, section 4.3
                raise LoginError(LoginCode.PROVIDER_FAILED)
            held.metadata = _Metadata(
                authorization=self._url(said.get("authorization_endpoint")),
                token=self._url(said.get("token_endpoint")),
                keys=self._url(said.get("jwks_uri")),
                person=self._url(said["userinfo_endpoint"]) if "userinfo_endpoint" in said else None,
                scope="openid groups" if "groups" in _listed(said, "scopes_supported", []) else "openid",
                basic="client_secret_basic" in _listed(said, "token_endpoint_auth_methods_supported", _BASIC),
            )
            held.metadata_at = now
        return held.metadata

    def _url(self, value: Any) -> str:
        """Return an address of the provider; one that is asked over TLS names no place that is not."""
        try:
            url = authority.parse_url(value if isinstance(value, str) else "")
        except MalformedError as error:
            raise LoginError(LoginCode.PROVIDER_FAILED) from error
        if self.issuer.startswith("https:") and not url.startswith("https:"):
            raise LoginError(LoginCode.PROVIDER_FAILED)
        return url

    @staticmethod
    def _document(ask: Callable[[str], authority.Answer], url: str) -> dict[str, Any]:
        try:
            answer = ask(url)
            found = parse(answer.body, max_bytes=_MOST)
        except (AuthorityError, MalformedRequestError, TooLargeError) as error:
            raise LoginError(LoginCode.PROVIDER_FAILED) from error
        if answer.status != _OK or not isinstance(found, dict):
            raise LoginError(LoginCode.PROVIDER_FAILED)
        return found


def _listed(said: Mapping[str, Any], name: str, default: list[str]) -> list[Any]:
    value = said.get(name, default)
    return value if isinstance(value, list) else default


def _second_factor(claims: Mapping[str, Any]) -> bool:
    methods = claims.get("amr")
    strong = isinstance(methods, list) and any(isinstance(each, str) and each in _STRONG for each in methods)
    return strong or claims.get("acr") in _STRONG_CLASSES
