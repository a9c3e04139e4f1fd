"""POST /oauth2/token: a client that signs for itself gets a token, which is on record before it is given out."""

import asyncio
import json
from urllib.parse import urlencode

import pytest
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from app.authentication.authenticator import Authenticator
from app.authentication.single_use import SingleUse
from app.authentication.token_grants import TokenGrants
from app.jwt_form import IdentityError
from app.pdp.caller_directory import CallerDirectory
from evidence.errors import JournalError
from tests import tokens
from tests.decision_plane.asking import JSON, Plane, body
from tests.pdp.deciding import key
from tests.pdp.shop import CALLERS, stocked
from tests.providing import AUDIENCE, NOW, assertion, jwk, private

PATH = "/oauth2/token"
FORM = (b"content-type", b"application/x-www-form-urlencoded")
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def plane(tmp_path):
    callers = {
        name: CALLERS["marketplace"] | {"tenant": tenant, "keys": [jwk("ES256", of=name)], "limits": {"per_second": 4}}
        for name, tenant in (("marketplace", "default"), ("till", "acme"))
    }
    bundle = stocked(tmp_path / "policies", {"data/callers.json": json.dumps(callers)})
    grants = TokenGrants(
        tokens.KEY,
        issuer=tokens.ISSUER,
        public_url=AUDIENCE,
        used=SingleUse(tmp_path / "used.db"),
        clock=lambda: NOW,
    )
    authenticator = Authenticator(tokens.verifier())

    directory = CallerDirectory(bundle.callers, {})

    def authenticate(presented):
        try:
            return authenticator.authenticate(presented, directory, NOW)
        except IdentityError:
            return None

    return Plane(bundle, tokens=grants, authenticate=authenticate)


def form(text=None, **changed):
    fields = {
        "grant_type": "client_credentials",
        "client_assertion_type": KIND,
        "client_assertion": assertion() if text is None else text,
    } | changed
    return urlencode({name: value for name, value in fields.items() if value is not None}).encode()


def ask(plane, data=None, headers=(FORM,), method="POST"):
    return plane.ask(form() if data is None else data, path=PATH, headers=headers, method=method)


def error(answer):
    assert answer.headers[b"content-type"] == b"application/json"
    assert answer.document.keys() == {"error"}
    return answer.status, answer.document["error"]


def test_a_client_gets_a_token_that_is_good_for_a_decision(plane):
    answer = ask(plane)
    assert answer.status == 200
    assert (answer.document["token_type"], answer.document["expires_in"]) == ("Bearer", 600)
    bearer = (b"authorization", b"Bearer " + answer.document["access_token"].encode())
    assert plane.ask(body(), headers=[bearer, JSON]).document["decision"] is True
    assert plane.log.records[1].body["caller"] == "marketplace"


def test_the_token_is_on_record_and_no_secret_is(plane):
    answer = ask(plane)
    (found,) = plane.log.records
    said = tokens.verifier().verify(answer.document["access_token"], NOW)
    thumbprint = plane.bundle.callers["marketplace"].credentials.keys["k-ES256"].thumbprint
    assert (found.type, found.tenant) == ("token.issued", "default")
    assert dict(found.body) == {
        "caller": "marketplace",
        "token_id": said.token_id,
        "expires": "2026-11-18T11:16:40Z",
        "key": thumbprint,
    }
    assert answer.document["access_token"].encode() not in plane.log.data[0]


def test_the_tenant_of_the_token_is_the_registered_one(plane):
    answer = ask(plane, form(assertion("till", tenant="default")))
    assert plane.log.records[0].tenant == "acme"
    bearer = (b"authorization", b"Bearer " + answer.document["access_token"].encode())
    plane.ask(body(), headers=[bearer, JSON])
    assert (plane.log.records[1].tenant, plane.log.records[1].body["caller"]) == ("acme", "till")


def test_without_evidence_there_is_no_token(plane):
    plane.log.failing = JournalError("the disk is full")
    assert error(ask(plane)) == (503, "temporarily_unavailable")


def test_authlibs_client_gets_one(plane):
    pem = private("ES256", "marketplace").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    text = private_key_jwt_sign(
        ECKey.import_key(pem),
        "marketplace",
        f"{AUDIENCE}{PATH}",
        alg="ES256",
        header={"kid": "k-ES256"},
        issued_at=int(NOW),
        expires_in=300,
    )
    assert ask(plane, form(text)).status == 200


REFUSED = {
    "no form": (b"", {"headers": [FORM]}, (400, "invalid_request")),
    "a body that is JSON": (b"{}", {"headers": [JSON]}, (400, "invalid_request")),
    "no content type": (form(), {"headers": []}, (400, "invalid_request")),
    "bytes that are no text": (b"grant_type=\xff", {}, (400, "invalid_request")),
    "an escape that is no text": (b"grant_type=%ff", {}, (400, "invalid_request")),
    "a field without a value sign": (b"grant_type", {}, (400, "invalid_request")),
    "too many fields": (form() + b"&a=b" * 20, {}, (400, "invalid_request")),
    "a field that stands twice": (form() + b"&grant_type=client_credentials", {}, (400, "invalid_request")),
    "no grant": (form(grant_type=None), {}, (400, "invalid_request")),
    "an empty grant": (form(grant_type=""), {}, (400, "invalid_request")),
    "another grant": (form(grant_type="password"), {}, (400, "unsupported_grant_type")),
    "a scope": (form(scope="all"), {}, (400, "invalid_scope")),
    "no kind of assertion": (form(client_assertion_type=None), {}, (401, "invalid_client")),
    "another kind of assertion": (form(client_assertion_type=f"{KIND}2"), {}, (401, "invalid_client")),
    "no assertion": (form(client_assertion=None), {}, (401, "invalid_client")),
    "an assertion that is none": (form("x"), {}, (401, "invalid_client")),
    "another client's key": (form(assertion(of="till")), {}, (401, "invalid_client")),
    "another client's id beside it": (form(client_id="till"), {}, (401, "invalid_client")),
    "an assertion that ended": (form(assertion(exp=int(NOW))), {}, (401, "invalid_client")),
    "an assertion for another service": (form(assertion(aud="https://idp.example")), {}, (401, "invalid_client")),
    "a password beside it": (form(), {"headers": [FORM, (b"authorization", b"Basic YTpi")]}, (401, "invalid_client")),
    "another method": (b"", {"method": "GET"}, (405, "invalid_request")),
    "too much": (b"x" * 8_193, {}, (413, "invalid_request")),
}


@pytest.mark.parametrize(("data", "options", "expected"), REFUSED.values(), ids=REFUSED)
def test_gets_no_token(plane, data, options, expected):
    assert error(ask(plane, data, **options)) == expected
    assert all(record.type == "request.refused" for record in plane.log.records)


def test_an_empty_field_is_none(plane):
    assert ask(plane, form(scope="", client_id="marketplace")).status == 200


def test_an_assertion_is_used_once(plane):
    assert ask(plane).status == 200
    assert error(ask(plane)) == (401, "invalid_client")
    assert ask(plane, form(assertion(jti="a-2"))).status == 200
    assert ask(plane, form(assertion("till"))).status == 200  # whose id is another


def test_an_assertion_is_used_once_by_any_worker(plane):
    async def both():
        return await asyncio.gather(*(plane.asking(form(), path=PATH, headers=[FORM]) for _ in range(3)))

    assert sorted(answer.status for answer in asyncio.run(both())) == [200, 401, 401]


def test_a_replay_is_recorded(plane):
    ask(plane)
    ask(plane)
    record = plane.log.records[1]
    assert (record.type, record.body["caller"], record.body["reason"]) == (
        "request.refused",
        "marketplace",
        "assertion_replayed",
    )
    assert key("default", "caller", "marketplace").open(record.sealed[0], place=(record.position.decision_id, 0))


def test_what_a_client_signed_and_is_refused_is_recorded_and_what_anybody_can_send_is_not(plane):
    ask(plane, form(assertion(of="till")))
    ask(plane, form(assertion("thief")))
    assert plane.log.data == []
    ask(plane, form(assertion(exp=int(NOW))))
    assert plane.log.records[0].body["reason"] == "assertion_expired"


def test_a_client_gets_tokens_as_often_as_it_may_ask(plane):
    statuses = [ask(plane, form(assertion(jti=f"a-{number}"))).status for number in range(6)]
    assert statuses == [200] * 4 + [429] * 2
    refused = ask(plane, form(assertion(jti="a-9")))
    assert error(refused) == (429, "temporarily_unavailable")
    assert refused.headers[b"retry-after"] == b"1"
    assert error(ask(plane, form(assertion(exp=1)))) == (429, "temporarily_unavailable")
    assert ask(plane, form(assertion("till"))).status == 200


def test_where_it_cannot_be_told_whether_it_was_used_there_is_no_token(plane, tmp_path):
    (tmp_path / "used.db").write_bytes(b"no database at all, but long enough to be looked at" * 30)
    assert error(ask(plane)) == (503, "temporarily_unavailable")
    assert plane.log.data == []
