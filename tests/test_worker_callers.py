"""How a worker finds out who calls, as the settings want it; and what one tenant cannot do to another."""

import asyncio
import json
import time
from functools import partial
from urllib.parse import urlencode

import pytest

from app import activation, identity, keys
from tests.authentication.certificates import certificate, header
from tests.decision_plane.asking import body, received
from tests.node import prepared
from tests.pdp.deciding import Engines
from tests.pdp.shop import CALLERS, FILES, written
from tests.providing import AUDIENCE, ISSUER, access, assertion, jwk
from tests.working import started, work

FORM = (b"content-type", b"application/x-www-form-urlencoded")
JSON = (b"content-type", b"application/json")
PROXY = ("10.0.0.7", 50_000)
TABLE = {
    "marketplace": CALLERS["marketplace"]
    | {
        "oauth": {"issuer": ISSUER, "client_id": "shop-client"},
        "keys": [jwk("ES256", of="marketplace")],
        "certificates": ["dns:shop.example"],
        "limits": {"per_second": 100},
    },
    "till": CALLERS["marketplace"]
    | {
        "tenant": "acme",
        "oauth": {"issuer": ISSUER, "client_id": "till-client"},
        "keys": [jwk("ES256", of="till")],
        "certificates": ["dns:till.example"],
        "limits": {"per_second": 100},
    },
}


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk("ES256")]}))
    node = prepared(
        tmp_path,
        OMEGA_PUBLIC_URL=AUDIENCE,
        OMEGA_IDP_ISSUERS=f"{ISSUER}={tmp_path / 'keys.json'}",
        OMEGA_TRUSTED_PROXIES=PROXY[0],
    )
    written(node.policies, FILES | {"data/callers.json": json.dumps(TABLE)})
    activation.activate(node.policies, node.bundles)
    return node


@pytest.fixture
def working(settings, monkeypatch):
    """Return a way to run something in a worker that decides."""

    async def starting(found, snapshot):
        policies = await started(found, snapshot)
        policies.evaluators.evaluate = Engines(policies.bundle).evaluate
        return policies

    monkeypatch.setattr("app.worker.start_policies", starting)
    return partial(work, settings)


def bearer(token):
    return (b"authorization", f"Bearer {token}".encode())


def outside(client="shop-client", **claims):
    now = int(time.time())
    return bearer(access("ES256", **{"client_id": client, "sub": client, "iat": now, "exp": now + 60} | claims))


def own(settings, subject="marketplace", tenant="default"):
    key = keys.load(settings.keys).token
    given = {"issuer": settings.origin, "lifetime": 60, "now": time.time()}
    return bearer(identity.issue(key, subject=subject, tenant=tenant, **given))


async def ask(plane, *headers, client=None):
    """Return the answer to a question, asked with these headers."""
    return await received(plane, body(), headers=[*headers, JSON], client=client)


async def find(plane, decision_id, *headers):
    return await received(plane, path=f"/v1/decisions/{decision_id}", method="GET", headers=headers)


async def granted(plane, client, of=None):
    now = int(time.time())
    text = assertion(client, of=of, iat=now, exp=now + 60, jti=f"{client}-{of}")
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    fields = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": text}
    return await received(plane, urlencode(fields).encode(), path="/oauth2/token", headers=[FORM])


def caller_of(document):
    record = document["record"]
    return record["tenant"], record["body"]["caller"]


@pytest.mark.parametrize("how", ["a token of ours", "a token of a provider", "a certificate", "an assertion"])
def test_a_caller_proves_itself_in_any_of_these_ways(settings, working, how):
    async def ways(_, plane):
        shown, client = {
            "a token of ours": lambda: (own(settings), None),
            "a token of a provider": lambda: (outside(), None),
            "a certificate": lambda: ((b"client-cert", header(certificate("dns:shop.example", days=9_000))), PROXY),
            "an assertion": lambda: (None, None),
        }[how]()
        if shown is None:
            shown = bearer((await granted(plane, "marketplace")).document["access_token"])
        answer = await ask(plane, shown, client=client)
        found = await find(plane, answer.document["context"]["decision_id"], own(settings))
        return answer.document["decision"], caller_of(found.document)

    assert working(ways) == (True, ("default", "marketplace"))


def test_a_client_that_is_taken_out_is_nobody_at_once(settings, working):
    async def swap(worker, plane):
        before = (await ask(plane, outside())).status
        table = {"till": TABLE["till"], "marketplace": CALLERS["marketplace"]}
        written(settings.policies, {"data/callers.json": json.dumps(table)})
        await asyncio.to_thread(activation.activate, settings.policies, settings.bundles)
        await worker._reload()
        return before, (await ask(plane, outside())).status

    assert working(swap) == (200, 401)


def test_a_key_that_is_taken_out_is_trusted_no_more(working, tmp_path):
    async def swap(worker, plane):
        before = (await ask(plane, outside())).status
        (tmp_path / "keys.json").write_text('{"keys": []}')
        (source,) = worker._authentication._sources
        await source.refresh()
        return before, (await ask(plane, outside())).status, worker._health().alarms

    before, after, alarms = working(swap)
    assert (before, after) == (200, 401)
    assert not any("keys of the issuer" in alarm for alarm in alarms)


def test_keys_that_cannot_be_read_are_an_alarm(settings, working, tmp_path):
    (tmp_path / "keys.json").unlink()

    async def health(worker, plane):
        return worker._health(), (await ask(plane, outside())).status, (await ask(plane, own(settings))).status

    found, outsiders, ours = working(health)
    assert any(f"keys of the issuer {ISSUER}: the file cannot be read" in alarm for alarm in found.alarms)
    assert (outsiders, ours) == (401, 200)


TRIES = {
    "a provider's word": lambda _: outside("till-client", tenant="default"),
    "another's name": lambda settings: own(settings, "marketplace", "acme"),
    "its own name there": lambda settings: own(settings, "till", "default"),
}


@pytest.mark.parametrize("trial", TRIES.values(), ids=TRIES)
def test_one_tenant_cannot_read_what_another_asked(settings, working, trial):
    async def read(_, plane):
        theirs = (await ask(plane, own(settings))).document["context"]["decision_id"]
        return await find(plane, theirs, trial(settings))

    answer = working(read)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("subject", "tenant"), [("marketplace", "acme"), ("till", "default")], ids=["the namesake", "the other way round"]
)
def test_a_namesake_in_another_tenant_decides_nothing_and_leaves_its_record_there(settings, working, subject, tenant):
    async def decide(_, plane):
        shown = own(settings, subject, tenant)
        answer = await ask(plane, shown)
        return answer.document, (await find(plane, answer.document["context"]["decision_id"], shown)).document

    answer, found = working(decide)
    assert (answer["decision"], answer["context"]["reasons"]) == (False, [])
    assert [each["code"] for each in answer["context"]["diagnostics"]] == ["caller_not_registered"]
    assert caller_of(found) == (tenant, subject)


def test_a_client_cannot_sign_for_another(working):
    async def sign(_, plane):
        return [
            (await granted(plane, client, of=of)).status for client, of in (("till", "marketplace"), ("till", "till"))
        ]

    assert working(sign) == [401, 200]


def test_a_token_and_anothers_certificate_are_nobody(settings, working):
    async def both(_, plane):
        other = (b"client-cert", header(certificate("dns:till.example", days=9_000)))
        return [
            (await ask(plane, own(settings), other, client=PROXY)).status,
            (await ask(plane, own(settings, "till", "acme"), other, client=PROXY)).status,
            (await ask(plane, own(settings, "till", "acme"), other, client=("10.0.0.8", 1))).status,
        ]

    assert working(both) == [401, 200, 401]


def test_one_tenant_cannot_use_up_what_another_may(settings, working):
    async def flood(_, plane):
        theirs = own(settings, "marketplace", "acme")
        flooded = {(await find(plane, "x", theirs)).status for _ in range(30)}
        malformed = [await received(plane, b"{", headers=[own(settings, "till", "acme"), JSON]) for _ in range(9)]
        first = await received(plane, b"{", headers=[own(settings), JSON])
        return flooded, {each.status for each in malformed}, first.status, (await ask(plane, own(settings))).status

    assert working(flood) == ({404, 429}, {400}, 400, 200)
