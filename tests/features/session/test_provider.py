"""What is asked of an OpenID provider, and what is believed of its answers."""

import base64
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from app.features.session.identified import LoginError
from app.features.session.provider import Leaving, Provider
from evidence.authority import Answer
from evidence.errors import AuthorityError

ISSUER = "https://id.example.org"
NOW = 1_795_356_000
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
OTHER = ECKey.generate_key("P-256", {"kid": "k1"})
LEAVING = Leaving(state="s" * 43, nonce="n" * 43, verifier="v" * 43, place="/policies/")
KNOWN = frozenset({"omega-ciso"})


class Fake:
    """A provider, whose documents and tokens a test changes."""

    def __init__(self):
        self.metadata = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }
        self.claims = {
            "iss": ISSUER,
            "aud": "omega",
            "sub": "maria",
            "iat": NOW,
            "exp": NOW + 300,
            "nonce": LEAVING.nonce,
            "groups": ["omega-ciso", "staff"],
        }
        self.header = {"alg": "ES256", "kid": "k1"}
        self.key = KEY
        self.person = None
        self.status = 200
        self.asked = []
        self.tokens = None
        self.keys = [KEY]
        self.down = False

    def get(self, url, *, limit, deadline):
        assert (limit > 0, deadline) == (True, 10.0)
        self.asked.append(url)
        if self.down:
            raise AuthorityError("down")
        if url.endswith("/keys"):
            return self._answer({"keys": [key.as_dict(private=False) for key in self.keys]})
        return self._answer(self.metadata)

    def post(self, url, body, *, content_type, limit, deadline, headers):  # noqa: ARG002, PLR0913 - as it is called
        self.form, self.headers = parse_qs(body.decode()), headers
        self.asked.append(url)
        if url.endswith("/person"):
            return self._answer(self.person)
        token = jwt.encode(self.header, self.claims, self.key, algorithms=["ES256", "HS256"])
        return self._answer(
            {"id_token": token, "access_token": "an-access-token"} if self.tokens is None else self.tokens
        )

    def _answer(self, document):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return Answer(status=self.status, content_type="application/json", body=body)


@pytest.fixture
def fake():
    return Fake()


@pytest.fixture
def provider(fake):
    return Provider(
        issuer=ISSUER,
        client_id="omega",
        client_secret="a secret",  # noqa: S106 - of a test
        redirect_uri="https://omega.example.org/session/callback",
        ticks=lambda: 0.0,
        now=lambda: NOW,
        get=fake.get,
        post=fake.post,
    )


def code_of(provider, code="a-code"):
    with pytest.raises(LoginError) as caught:
        provider.identified(code, LEAVING, KNOWN)
    return caught.value.code.value


def test_somebody_is_sent_there_with_everything_that_binds_the_answer(provider):
    url = provider.authorization_url(LEAVING)
    assert url.startswith(f"{ISSUER}/authorize?")
    asked = {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
    assert asked.pop("code_challenge") not in {"", LEAVING.verifier}
    assert asked == {
        "response_type": "code",
        "client_id": "omega",
        "redirect_uri": "https://omega.example.org/session/callback",
        "scope": "openid",
        "state": LEAVING.state,
        "nonce": LEAVING.nonce,
        "code_challenge_method": "S256",
    }


def test_groups_are_asked_for_where_the_provider_knows_that_scope(provider, fake):
    fake.metadata["scopes_supported"] = ["openid", "groups"]
    assert "scope=openid+groups" in provider.authorization_url(LEAVING)


def test_whoever_comes_back_is_who_the_provider_says(provider, fake):
    found = provider.identified("a-code", LEAVING, KNOWN)
    assert (found.officer, found.groups, found.second_factor, found.method) == (
        "maria",
        ("omega-ciso",),
        False,
        "provider",
    )
    assert found.login == f"provider {LEAVING.state}"
    assert fake.form == {
        "grant_type": ["authorization_code"],
        "code": ["a-code"],
        "redirect_uri": ["https://omega.example.org/session/callback"],
        "client_id": ["omega"],
        "code_verifier": [LEAVING.verifier],
    }
    assert fake.headers == {"authorization": f"Basic {base64.b64encode(b'omega:a%20secret').decode()}"}


def test_the_secret_goes_into_the_form_where_the_provider_wants_it_there(provider, fake):
    fake.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    provider.identified("a-code", LEAVING, KNOWN)
    assert (fake.form["client_secret"], fake.headers) == (["a secret"], {})


def test_a_public_client_has_none(provider, fake):
    replace(provider, client_secret=None).identified("a-code", LEAVING, KNOWN)
    assert ("client_secret" in fake.form, fake.headers) == (False, {})


@pytest.mark.parametrize(
    ("claims", "strong"),
    [
        ({"amr": ["pwd", "otp"]}, True),
        ({"amr": ["mfa"]}, True),
        ({"acr": "phrh"}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": [7, None]}, False),
        ({"acr": "1"}, False),
    ],
    ids=["a password and a code", "more than one", "by its class", "a password", "no methods", "another class"],
)
def test_a_second_factor_is_one_that_the_provider_names(provider, fake, claims, strong):
    fake.claims |= claims
    assert provider.identified("a-code", LEAVING, KNOWN).second_factor is strong


BREACHES = {
    "another issuer": {"iss": "https://evil.example"},
    "another client": {"aud": "another"},
    "another client beside us": {"aud": ["omega", "another"]},
    "somebody else's token": {"azp": "another"},
    "another login": {"nonce": "m" * 43},
    "no login": {"nonce": None},
    "it is over": {"exp": NOW - 60},
    "it is of tomorrow": {"iat": NOW + 3_600, "nbf": NOW + 3_600},
    "no end": {"exp": None},
    "groups that are no list": {"groups": "omega-ciso"},
}


@pytest.mark.parametrize("claims", BREACHES.values(), ids=BREACHES)
def test_a_token_that_is_not_for_this_login_is_refused(provider, fake, claims):
    fake.claims = {name: value for name, value in (fake.claims | claims).items() if value is not None}
    assert code_of(provider) == "token_refused"


@pytest.mark.parametrize(
    ("header", "key"),
    [
        pytest.param({"alg": "ES256", "kid": "k1"}, OTHER, id="a foreign key under a known name"),
        pytest.param({"alg": "ES256", "kid": "k2"}, OTHER, id="an unknown key"),
        pytest.param({"alg": "ES256"}, KEY, id="no name of a key"),
        pytest.param({"alg": "HS256", "kid": "k1"}, OctKey.import_key("a" * 32), id="a shared secret"),
        pytest.param({"alg": "ES256", "kid": "k1", "typ": "at+jwt"}, KEY, id="an access token"),
    ],
)
def test_a_token_that_the_provider_did_not_sign_is_refused(provider, fake, header, key):
    fake.header, fake.key = header, key
    assert code_of(provider) == "token_refused"


def test_a_token_without_a_signature_is_refused(provider, fake):
    parts = (json.dumps({"alg": "none", "kid": "k1"}), json.dumps(fake.claims))
    unsigned = ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)
    fake.tokens = {"id_token": f"{unsigned}."}
    assert code_of(provider) == "token_refused"


@pytest.mark.parametrize("name", ["maria rossi", "", "m" * 129, "märia"], ids=["a space", "empty", "long", "letters"])
def test_a_name_that_no_record_takes_is_refused(provider, fake, name):
    fake.claims["sub"] = name
    assert code_of(provider) == "unusable_name"


@pytest.mark.parametrize("code", ["", "c" * 2_049], ids=["none", "too long"])
def test_a_code_that_cannot_be_one_is_not_sent(provider, fake, code):
    assert code_of(provider, code) == "provider_refused"
    assert fake.asked == []


UNUSABLE = {
    "another issuer": {"issuer": "https://evil.example"},
    "an endpoint in clear text": {"token_endpoint": "http://id.example.org/token"},
    "no endpoint": {"token_endpoint": None},
    "an endpoint that is none": {"jwks_uri": "javascript:1"},
    "a UserInfo endpoint that is none": {"userinfo_endpoint": 7},
}


@pytest.mark.parametrize("said", UNUSABLE.values(), ids=UNUSABLE)
def test_a_provider_that_describes_itself_wrongly_is_not_asked(provider, fake, said):
    fake.metadata |= said
    assert code_of(provider) == "provider_failed"
    assert all(not url.endswith("/token") for url in fake.asked)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("status", 500), ("down", True), ("tokens", []), ("tokens", {}), ("tokens", b"{"), ("keys", [])],
    ids=["an error", "no answer", "no object", "no token", "no JSON", "no keys"],
)
def test_an_answer_that_is_none_signs_nobody_in(provider, fake, attribute, value):
    setattr(fake, attribute, value)
    assert code_of(provider) in {"provider_failed", "token_refused"}


def test_keys_that_are_none_sign_nobody_in(provider, fake):
    def get(url, **options):
        return fake._answer(b"{}") if url.endswith("/keys") else fake.get(url, **options)

    assert code_of(replace(provider, get=get)) == "provider_failed"


def test_what_a_provider_says_of_itself_is_held_for_a_while_and_a_new_key_is_looked_for(fake, provider):
    seconds = [0.0]
    provider = replace(provider, ticks=lambda: seconds[0])
    provider.identified("a-code", LEAVING, KNOWN)
    fake.asked.clear()
    provider.identified("a-code", LEAVING, KNOWN)
    assert fake.asked == [f"{ISSUER}/token"]
    new = ECKey.generate_key("P-256", {"kid": "k2"})
    fake.keys, fake.key, fake.header = [KEY, new], new, {"alg": "ES256", "kid": "k2"}
    assert code_of(provider) == "token_refused"  # asked for again too soon
    seconds[0] = 31
    assert provider.identified("a-code", LEAVING, KNOWN).officer == "maria"
    fake.asked.clear()
    seconds[0] = 700
    provider.identified("a-code", LEAVING, KNOWN)
    assert fake.asked == [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/token", f"{ISSUER}/keys"]


def test_groups_may_stand_beside_the_token(provider, fake):
    del fake.claims["groups"]
    assert provider.identified("a-code", LEAVING, KNOWN).groups == ()
    fake.metadata["userinfo_endpoint"] = f"{ISSUER}/person"
    fake.person = {"sub": "maria", "groups": ["omega-ciso"]}
    asked = replace(provider, _held=type(provider._held)())
    assert asked.identified("a-code", LEAVING, KNOWN).groups == ("omega-ciso",)
    assert fake.headers == {"authorization": "Bearer an-access-token"}
    fake.person = {"sub": "paul", "groups": ["omega-ciso"]}
    assert code_of(asked) == "token_refused"


def test_nothing_of_a_secret_is_shown(provider):
    assert "a secret" not in repr(provider)
